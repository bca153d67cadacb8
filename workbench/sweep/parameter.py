"""One parameter of a notebook: its type and range, its default, and the check of a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench import params
from workbench.files import short
from workbench.params import Choice, Kind, Numbers, Param
from workbench.sweep.literals import guess, plain

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "a mapping",
    "any": "a plain value",
}
_ANY_NUMBER = Param(-float("inf"), float("inf"))


@dataclass(frozen=True)
class Parameter:
    """What a notebook says of one of its parameters.

    Parameters
    ----------
    name : str
        Its name in the notebook.
    type : str
        "int", "float", "bool", "str", "list", "dict" or "any".
    default : object
        What the notebook has where nothing is given.
    rule : Param, Choice or Numbers, optional
        Its range or its choices.
    options : tuple, optional
        The only values that it may have, where they are not all text.
    item : str
        Type of the items of a list.
    optional : bool
        Whether it may be none.
    help : str
        One line from the notebook.
    """

    name: str
    type: str
    default: Any
    rule: Kind | None = None
    options: tuple[Any, ...] = ()
    item: str = "any"
    optional: bool = False
    help: str = ""

    __hash__ = None  # type: ignore[assignment]

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        words = _WORDS[self.type]
        if self.options:
            words = "one of " + ", ".join(map(str, self.options))
        elif isinstance(self.rule, Param):
            words = f"{words}, {self.rule.allowed}"
        elif self.rule is not None:
            words = self.rule.allowed
        elif self.type == "list" and self.item != "any":
            words = f"a list, each {_WORDS[self.item]}"
        return f"{words}, or none" if self.optional else words

    def check(self, value: Any) -> Any:
        """Return `value` as this parameter takes it.

        Raises
        ------
        ValueError
            Naming the parameter, what is allowed and what came.
        """
        value = plain(self.name, value)
        if value is None and self.optional:
            return None
        if self.options:
            if not any(type(value) is type(one) and value == one for one in self.options):
                raise ValueError(f"{self.name} must be {self.allowed}; got {short(value)}")
            return value
        if isinstance(self.rule, Numbers):
            return list(params.numbers_in(self.name, value, self.rule))
        if isinstance(self.rule, Choice):
            return params.choice(self.name, value, self.rule)
        if self.type == "list" and type(value) is list:
            return [_typed(f"{self.name}[{i}]", item, self.item, None) for i, item in enumerate(value)]
        return _typed(self.name, value, self.type, self.rule if isinstance(self.rule, Param) else None)

    def read(self, text: str) -> Any:
        """The value that `text` (of the command line, or of a CSV) stands for, checked."""
        texts = isinstance(self.rule, Choice) or self.type == "str"
        if self.optional and text.strip().lower() in ("none", "null"):
            return None
        if self.options:
            found = next((one for one in self.options if str(one) == text.strip()), guess(text))
            return self.check(found)
        if isinstance(self.rule, Numbers) or texts:
            return self.check(text)
        return self.check(guess(text))


def _typed(name: str, value: Any, kind: str, rule: Param | None) -> Any:
    if kind in ("int", "float"):
        whole = kind == "int"
        found = params.number(name, value, rule or _ANY_NUMBER, integer=whole)
        return found if whole else float(found)
    expected = {"bool": bool, "str": str, "list": list, "dict": dict}.get(kind)
    if expected is not None and type(value) is not expected:
        raise ValueError(f"{name} must be {_WORDS[kind]}; got {short(value)}")
    return value
