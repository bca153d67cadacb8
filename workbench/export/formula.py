"""A typed formula in other words: as Python text without imports, and in the operations of an array library.

The tree has passed the whitelist of `workbench.expression`, so only its nodes occur.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

_SIGN = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.USub: "-", ast.UAdd: "+"}
_COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_HELPER = {ast.Div: "_div", ast.FloorDiv: "_floordiv", ast.Mod: "_mod", ast.Pow: "_pow"}
_CALLS = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Mod: "mod",
    ast.FloorDiv: "floor_divide",
    ast.Pow: "power",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
_OTHER_NAME = {"min": "minimum", "max": "maximum"}


def parse(text: str) -> ast.expr:
    """The tree of a formula that `workbench.expression.check` has taken."""
    return ast.parse(text.strip(), mode="eval").body


def python(node: ast.AST, names: Mapping[str, str]) -> str:
    """The formula as Python text; `names` says what its names are called, helpers begin with ``_``."""
    match node:
        case ast.Constant(value=number):
            return repr(float(number))  # type: ignore[arg-type]  # a number, as the whitelist has seen
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left, op, right) if type(op) in _SIGN:
            return f"({python(left, names)} {_SIGN[type(op)]} {python(right, names)})"
        case ast.BinOp(left, op, right):
            return f"{_HELPER[type(op)]}({python(left, names)}, {python(right, names)})"
        case ast.UnaryOp(op, operand):
            return f"({_SIGN[type(op)]}{python(operand, names)})"
        case ast.Compare(left, [op], [right]):
            return f"({python(left, names)} {_COMPARE[type(op)]} {python(right, names)})"
        case ast.IfExp(test, body, orelse):
            return f"({python(body, names)} if {python(test, names)} else {python(orelse, names)})"
        case ast.Call(ast.Name(id=name), args):
            return f"_{name}({', '.join(python(each, names) for each in args)})"
    raise AssertionError(node)


def arrays(node: ast.AST, names: Mapping[str, Any], xp: Any) -> Any:
    """The value of the formula by the operations of `xp`, NumPy, jax.numpy or keras.ops."""
    match node:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]  # a number, as the whitelist has seen
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
            return getattr(xp, _CALLS[type(op)])(arrays(left, names, xp), arrays(right, names, xp))
        case ast.UnaryOp(op, operand):
            value = arrays(operand, names, xp)
            return -value if isinstance(op, ast.USub) else value
        case ast.IfExp(test, body, orelse):
            return xp.where(*(arrays(each, names, xp) for each in (test, body, orelse)))
        case ast.Call(ast.Name(id=name), args):
            call = getattr(xp, _OTHER_NAME.get(name, name))
            return call(*(arrays(each, names, xp) for each in args))
    raise AssertionError(node)
