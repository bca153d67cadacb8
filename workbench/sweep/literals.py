"""Values of parameters: plain literals and nothing else, so that no value can become code."""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np

from workbench.files import short

ALLOWED = "a number, text, true, false, none, or a list or mapping of these"
_DEPTH = 20
_DIGITS = 10**300


def plain(name: str, value: Any) -> Any:
    """Return `value` if it is a plain literal.

    Types are compared exactly: a subclass of ``str`` may write itself down as anything. NumPy's scalars
    become Python's, tuples become lists.

    Raises
    ------
    ValueError
        For anything else, for numbers that are not finite, and for text that UTF-8 cannot hold.
    """
    return _plain(name, value, _DEPTH)


def guess(text: str) -> Any:
    """The literal that `text` spells in Python, YAML's true/false/null included; else the text itself."""
    word = {"true": True, "false": False, "null": None, "none": None}.get(text.strip().lower(), text)
    if word is not text:
        return word
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text


def _plain(name: str, value: Any, depth: int) -> Any:
    if depth == 0:
        raise ValueError(f"{name} must be nested at most {_DEPTH} deep")
    if isinstance(value, np.generic):
        value = value.item()
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        if abs(value) >= _DIGITS:
            raise ValueError(f"{name} must be a number of at most 300 digits; got a longer one")
        return value
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number; got {value}")
        return value
    if kind is str:
        return _text(name, value)
    if kind in (list, tuple):
        return [_plain(f"{name}[{i}]", item, depth - 1) for i, item in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise ValueError(f"names in {name} must be text; got {short(key)}")
            _text(f"a name in {name}", key)
        return {key: _plain(f"{name}[{short(key)}]", item, depth - 1) for key, item in value.items()}
    raise ValueError(f"{name} must be {ALLOWED}; got {kind.__name__}")


def _text(name: str, value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError(f"{name} must be text that UTF-8 can hold; got {short(value)}") from None
    return value
