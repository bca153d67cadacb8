"""A formula that a person typed, as a function: read by a whitelist of its syntax, never run as code."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short

Array = NDArray[np.float64]

_LONGEST = 500
_DEEPEST = 40
_BLOCK = 32_768
# Python reads other alphabets' letters as if they were ours, and keeps what follows a "#" to itself.
_LETTERS = re.compile(r"[0-9A-Za-z_ \t\r\n.,+\-*/%()<>=]*")
_BINARY: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Mod: np.mod,
    ast.FloorDiv: np.floor_divide,
    ast.Pow: np.power,
}
_UNARY: Mapping[type[ast.AST], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARE: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "sqrt": (1, np.sqrt),
    "exp": (1, np.exp),
    "log": (1, np.log),
    "sin": (1, np.sin),
    "cos": (1, np.cos),
    "tanh": (1, np.tanh),
    "abs": (1, np.abs),
    "floor": (1, np.floor),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
}
"""Functions that a formula may call, with how many arguments each takes."""

NAMES = ("x", "t", "total", "peak", "pi", "e")
"""Names in a formula: x = t / total, the step t, its length, its peak, and two constants."""

ALLOWED = (
    f"a formula of {', '.join(NAMES)}, numbers, + - * / // % **, A if B < C else D, "
    f"and {', '.join(FUNCTIONS)}"
)
"""What a formula may be, in words."""


def check(text: Any) -> str:
    """Return `text` if it is a formula that `evaluate` takes, or raise ``ValueError``."""
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise ValueError(f"formula must be text of 1 to {_LONGEST} characters; got {short(text)}")
    _tree(text)
    return text


def evaluate(text: str, t: Array, total: float, peak: float) -> Array:
    """The formula at the steps `t` (n,) of the length `total` it was written for, x being ``t / total``."""
    if t.size > _BLOCK:
        # Each name and operation makes an array: short ones stay in the cache, and memory bounded.
        parts = (evaluate(text, part, total, peak) for part in np.split(t, range(_BLOCK, t.size, _BLOCK)))
        return np.concatenate(list(parts))
    names = {"x": t / total, "t": t, "total": total, "peak": peak, "pi": np.pi, "e": np.e}
    # What is not finite is refused by the caller with a sentence; a warning would come on top.
    with np.errstate(all="ignore"):
        return np.broadcast_to(np.asarray(_value(_tree(text), names), dtype=float), t.shape)


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.expr:
    odd = text[_LETTERS.match(text).end() :]  # pyright: ignore[reportOptionalMemberAccess], it matches ""
    if odd:
        raise ValueError(f"formula must be {ALLOWED}; got the character {short(odd[0])} in {short(text)}")
    try:
        # What Python only frowns upon, such as "1if x < 1else 2", is a formula here.
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise ValueError(f"formula must be {ALLOWED}; got {short(text)} ({reason})") from None
    _allow(tree, text, 0)
    return tree


def _allow(node: ast.AST, text: str, depth: int) -> None:
    """Raise ``ValueError`` for the first node that is not on the list."""
    if depth > _DEEPEST:
        raise ValueError(f"formula may be nested {_DEEPEST} deep at most; got {short(text)}")
    inside: list[ast.AST]
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            if abs(number) > 1e300:
                raise ValueError(f"formula may hold numbers up to 1e300; got {short(number)}")
            inside = []
        case ast.Name(id=name) if name in NAMES:
            inside = []
        case ast.BinOp(left, op, right) if type(op) in _BINARY:
            inside = [left, right]
        case ast.UnaryOp(op, operand) if type(op) in _UNARY:
            inside = [operand]
        case ast.IfExp(ast.Compare(left, [op], [right]), body, orelse) if type(op) in _COMPARE:
            inside = [left, right, body, orelse]
        case ast.Call(ast.Name(id=name), args, []) if len(args) == FUNCTIONS.get(name, (-1, None))[0]:
            inside = list(args)
        case _:
            what = ast.get_source_segment(text.strip(), node) if isinstance(node, ast.expr) else None
            raise ValueError(f"formula must be {ALLOWED}; got {short(what or type(node).__name__)}")
    for each in inside:
        _allow(each, text, depth + 1)


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]  # a number, as _allow has seen
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left, op, right):
            return _BINARY[type(op)](_value(left, names), _value(right, names))
        case ast.UnaryOp(op, operand):
            return _UNARY[type(op)](_value(operand, names))
        case ast.Compare(left, [op], [right]):
            return _COMPARE[type(op)](_value(left, names), _value(right, names))
        case ast.IfExp(test, body, orelse):
            return np.where(_value(test, names), _value(body, names), _value(orelse, names))
        case ast.Call(ast.Name(id=name), args):
            return FUNCTIONS[name][1](*(_value(each, names) for each in args))
    raise AssertionError(node)
