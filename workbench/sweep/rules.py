"""What an annotation, a comment or a check says of a parameter, read and never executed.

The grammar is a small part of Python's: ``int``, ``float``, ``str``, ``bool``, ``list[float]``, ``dict``,
``X | None``, ``Optional[X]``, ``Literal["a", "b"]``, ``Annotated[float, Param(0, 1)]``,
``Param(0, 1, log=True)``, ``Choice("a", "b")``, ``Numbers(Param(0, 1))``, a list of literals,
``schedules.names()`` and ``laws.names()``.
Names may be qualified, as in ``wb.Param``. A text annotation is read like the text that it holds.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass, replace
from typing import Any, get_args

from workbench import params
from workbench.params import Choice, Flag, Kind, Numbers, Param, Text

_TYPES = {"int", "float", "str", "bool", "list", "dict"}
_READY = {name: get_args(getattr(params, name)) for name in ("Total", "Peak", "Warmup", "Floor")}
_KINDS = {"Param": Param, "Choice": Choice, "Numbers": Numbers, "Text": Text, "Flag": Flag}
_RULE = re.compile(r"\s*(\w+\.)*(Param|Choice|Numbers|Literal)\s*[(\[]")
_MISSING: Any = object()


@dataclass(frozen=True)
class Rule:
    """A type, a range or a list of values, each where it is known."""

    type: str = ""
    kind: Kind | None = None
    options: tuple[Any, ...] = ()
    item: str = "any"
    optional: bool = False
    help: str = ""


class Unreadable(Exception):
    """Not of the grammar."""


def from_expression(node: ast.expr) -> Rule:
    """The rule of an expression.

    Raises
    ------
    Unreadable
        For an expression outside the grammar.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return from_text(node.value)
    if isinstance(node, ast.Constant) and node.value is None:
        return Rule(optional=True)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = from_expression(node.left), from_expression(node.right)
        kept = right if left == Rule(optional=True) else left
        if left.optional == right.optional:
            raise Unreadable("only a type and None may be joined by |")
        return replace(kept, optional=True)
    if isinstance(node, ast.List | ast.Tuple):
        return _options([_literal(item) for item in node.elts])
    if isinstance(node, ast.Subscript):
        return _subscript(_last(node.value), node.slice)
    if isinstance(node, ast.Call):
        return _call(node)
    name = _last(node)
    if name in _READY:
        kind, param = _READY[name]
        return Rule(type=kind.__name__, kind=param, help=param.help)
    if name in _TYPES:
        return Rule(type=name)
    raise Unreadable(f"{ast.unparse(node)} is no type that is known here")


def from_text(text: str) -> Rule:
    """The rule that `text` spells: one expression, or a type, a comma and a rule."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise Unreadable(f"{text!r} is not an expression: {error}") from None
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _last(node.elts[0]) in _TYPES:
        return _annotated(node.elts)
    return from_expression(node)


def from_comment(comment: str) -> Rule | None:
    """The rule that a comment begins with, and the help after it; None for any other comment.

    Raises
    ------
    Unreadable
        For a comment that begins like a rule and is none.
    """
    if not _RULE.match(comment):
        return None
    ends = [i + 1 for i, character in enumerate(comment) if character in ")]"]
    for end in ends:
        try:
            ast.parse(comment[:end].strip(), mode="eval")
        except SyntaxError:
            continue
        rule = from_text(comment[:end])
        return replace(rule, help=comment[end:].strip(" :,;.-") or rule.help)
    raise Unreadable(f"{comment.strip()!r} is not a whole rule")


def _subscript(name: str, inside: ast.expr) -> Rule:
    items = list(inside.elts) if isinstance(inside, ast.Tuple) else [inside]
    if name == "Literal":
        return _options([_literal(item) for item in items])
    if name == "Annotated" and len(items) == 2:
        return _annotated(items)
    if name == "Optional" and len(items) == 1:
        return replace(from_expression(items[0]), optional=True)
    if name in ("list", "List") and len(items) == 1 and (item := from_expression(items[0])).type:
        return Rule(type="list", item=item.type)
    if name in ("dict", "Dict"):
        return Rule(type="dict")
    raise Unreadable(f"{name}[...] is no type that is known here")


def _annotated(items: list[ast.expr]) -> Rule:
    first, rule = from_expression(items[0]), from_expression(items[1])
    return replace(rule, type=first.type or rule.type, optional=first.optional)


def _call(node: ast.Call) -> Rule:
    name = _last(node.func)
    if name == "names":
        return _names(node)
    if name not in _KINDS:
        raise Unreadable(f"{name}(...) is no rule that is known here")
    given = [_argument(item) for item in node.args]
    named = {word.arg: _argument(word.value) for word in node.keywords if word.arg}
    if name == "Choice":
        return _choice(given, named)
    try:
        inspect.signature(_KINDS[name]).bind(*given, **named)
        kind = _KINDS[name](*given, **named)
        # What Param does not check itself would fail only at the first value.
        if isinstance(kind, Param) and not float(kind.low) <= float(kind.high):
            raise ValueError("low must be at most high")
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{ast.unparse(node)} cannot be used: {error}") from None
    types = {Numbers: "list", Text: "str", Flag: "bool"}
    return Rule(type=types.get(type(kind), ""), kind=kind, help=kind.help)


def _choice(given: list[Any], named: dict[str, Any]) -> Rule:
    options = named.get("options", given[0] if len(given) == 1 and type(given[0]) in (list, tuple) else given)
    if not options:
        raise Unreadable("Choice needs its options")
    return replace(_options(list(options)), help=str(named.get("help", "")))


def _options(values: list[Any]) -> Rule:
    if not values:
        raise Unreadable("a list of values must not be empty")
    if all(type(value) is str for value in values):
        return Rule(type="str", kind=Choice(tuple(values)))
    return Rule(options=tuple(values))


def _names(node: ast.Call) -> Rule:
    """``schedules.names()`` and ``laws.names()``: pure look-ups in the registry."""
    from workbench import laws, schedules

    owner = _last(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    module = {"schedules": schedules, "laws": laws}.get(owner)
    if module is None or node.keywords:
        raise Unreadable(f"{ast.unparse(node)} is no list that is known here")
    try:
        return _options(list(module.names(*[_literal(item) for item in node.args])))
    except TypeError as error:
        raise Unreadable(str(error)) from None


def _argument(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        rule = _call(node)
        return rule.kind if rule.kind is not None else _MISSING
    return _literal(node)


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.UnaryOp | ast.Name | ast.Attribute) and ast.unparse(node).endswith("inf"):
        # Ranges without an end; math.inf and numpy.inf are how people write them.
        return float("-inf") if isinstance(node, ast.UnaryOp) else float("inf")
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise Unreadable(f"{ast.unparse(node)} is not a literal") from None


def _last(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name | ast.Attribute):
            return node.attr
        break
    return node.id if isinstance(node, ast.Name) else ""
