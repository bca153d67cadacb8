"""Names to builders: a decorated function gets its arguments checked and appears in every chooser.

`@schedule`, `@law`, `@scaling`, `@task` and `@rule` read the signature: the `Param` or `Choice` beside an
argument's type feeds validation, sliders, docs and the command line.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, get_type_hints

from workbench.files import fields, short
from workbench.params import Choice, Flag, Kind, Numbers, Param, Text, check, known
from workbench.schedule import Schedule

T = TypeVar("T")
_TABLES: dict[str, dict[str, Entry]] = {"schedule": {}, "law": {}, "scaling": {}, "task": {}, "rule": {}}


@dataclass(frozen=True)
class Field:
    """One argument of a builder: its name, type, range and default (`required` when it has none)."""

    name: str
    type: type
    param: Kind
    default: Any = None
    required: bool = False

    def check(self, value: Any) -> Any:
        """Return the validated value, or raise ``ValueError`` naming the argument."""
        return check(self.name, value, self.param, integer=self.type is int)


@dataclass(frozen=True)
class Entry:
    """A registered builder with everything that is shown of it."""

    name: str
    kind: str
    title: str
    paper: str
    function: Callable[..., Any]
    fields: tuple[Field, ...]
    jacobian: Callable[..., Any] | None = None
    family: str = ""
    quantity: str = "learning rate"
    simple: Mapping[str, float] | None = None
    anchors: tuple[str, ...] = ()
    estimator: str = ""
    carry: float | None = None
    gives: tuple[str, ...] = ()
    confidence: str = ""
    form: Any = None

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return _doc(self.function).split("\n")[0]

    @property
    def formula(self) -> str:
        """What the docstring says between its first line and its parameters."""
        return _prose(_doc(self.function).partition("\n")[2].partition("\nParameters\n")[0])

    @property
    def use(self) -> str:
        """When to use it: the notes of the docstring."""
        notes = _doc(self.function).partition("\nNotes\n-----\n")[2]
        return _prose(re.split(r"\n\n\w+\n---", notes)[0])

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All arguments, defaults filled in, each validated."""
        known([field.name for field in self.fields], list(given), self.name)
        for field in self.fields:
            if field.required and field.name not in given:
                raise ValueError(f"{self.name} needs the argument {field.name!r}")
        return {field.name: field.check(given.get(field.name, field.default)) for field in self.fields}


FAMILIES = ("constant", "decay", "wsd", "cyclic", "continual", "step", "free")
"""What schedules are sorted by in the gallery."""


def schedule(
    title: str, paper: str = "", *, family: str, quantity: str = "learning rate"
) -> Callable[[Callable[..., Schedule]], Callable[..., Schedule]]:
    """Register a function that returns a `Schedule`; its result remembers how it was made.

    `quantity` says what is scheduled where it is not the learning rate: laws then say nothing of it.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}; got {short(family)}")

    def decorate(function: Callable[..., Schedule]) -> Callable[..., Schedule]:
        entry = replace(_entry("schedule", function, title, paper), family=family, quantity=quantity)

        @functools.wraps(function)
        def build(*args: Any, **kwargs: Any) -> Schedule:
            checked = entry.check(_bind(entry, args, kwargs))
            built = function(**checked)
            return replace(built, recipe={"name": entry.name, **checked})

        _TABLES["schedule"][entry.name] = replace(entry, function=build)
        return build

    return decorate


def law(
    title: str,
    paper: str = "",
    *,
    jacobian: Callable[..., Any],
    simple: Mapping[str, float] | None = None,
    anchors: tuple[str, ...] = (),
    estimator: str = "",
    carry: float | None = None,
) -> Callable[[T], T]:
    """Register a law, a pure function of inputs and parameters whose ranges are its bounds.

    `jacobian` takes the same arguments and returns the loss (n,) with its derivatives (n, p). `simple`
    holds parameters where the law becomes a simpler one, whose fit tells what the parameters `anchors`
    should be near; `estimator` is the one of `workbench.fitting.estimators` that predicts best; `carry`
    is the relative error per unit of log peak beyond the fitted ones, of a law that carries over.
    """
    more = {"simple": simple, "anchors": anchors, "estimator": estimator, "carry": carry}
    return _plain("law", title, paper, jacobian=jacobian, **more)


def scaling(title: str, paper: str = "", *, form: Any) -> Callable[[T], T]:
    """Register a scaling law, a pure function of a table of runs and parameters.

    `form` says in which coordinates it is fitted; see `workbench.scaling.form`.
    """
    return _plain("scaling", title, paper, form=form)


def task(title: str, paper: str = "") -> Callable[[T], T]:
    """Register a training task, a frozen dataclass whose fields are its arguments."""
    return _plain("task", title, paper)


CONFIDENCES = ("fitted", "theory", "low")
"""How a rule is known: fitted to published runs, derived, or read of in other places than its paper."""


def rule(
    title: str, paper: str = "", *, family: str, gives: tuple[str, ...], confidence: str = "fitted"
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a rule, a function of what is known of a run that returns a frozen value.

    `gives` names what that value says ("rate", "batch_tokens", ...), `confidence` one of `CONFIDENCES`.
    """
    if confidence not in CONFIDENCES:
        raise ValueError(f"confidence must be one of {', '.join(CONFIDENCES)}; got {short(confidence)}")

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        entry = replace(
            _entry("rule", function, title, paper), family=family, gives=gives, confidence=confidence
        )
        checked = _checking(entry, function)
        _TABLES["rule"][entry.name] = replace(entry, function=checked)
        return checked

    return decorate


def names(kind: str) -> list[str]:
    """Every registered name of a kind, in the order of registration."""
    return list(_TABLES[kind])


def get(kind: str, name: Any) -> Entry:
    """The entry called `name`."""
    table = _TABLES[kind]
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{kind} must be one of {', '.join(table)}; got {short(name)}")
    return table[name]


def build(kind: str, spec: Mapping[str, Any]) -> Any:
    """Call the builder that ``spec["name"]`` names with the rest of `spec`."""
    if not isinstance(spec, Mapping) or "name" not in spec:
        fields(spec, f"a {kind}", needs=("name",), may=tuple(spec) if isinstance(spec, Mapping) else ())
    rest = {key: value for key, value in spec.items() if key != "name"}
    entry = get(kind, spec["name"])
    return entry.function(**entry.check(rest))


def _doc(function: Callable[..., Any]) -> str:
    return inspect.getdoc(function) or ""


def _prose(text: str) -> str:
    """Lines of a docstring as one paragraph each."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _plain(kind: str, title: str, paper: str, **more: Any) -> Callable[[T], T]:
    def decorate(function: T) -> T:
        entry = _entry(kind, function, title, paper)  # type: ignore[arg-type]
        _TABLES[kind][entry.name] = replace(entry, **more)
        return function

    return decorate


def _checking(entry: Entry, function: Callable[..., T]) -> Callable[..., T]:
    """The function with its arguments checked first."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> T:
        return function(**entry.check(_bind(entry, args, kwargs)))

    return call


def _bind(entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    if len(args) > len(entry.fields):
        raise ValueError(f"{entry.name} takes {len(entry.fields)} arguments; got {len(args)}")
    given = {field.name: value for field, value in zip(entry.fields, args, strict=False)}
    twice = [name for name in kwargs if name in given]
    if twice:
        raise ValueError(f"{entry.name} got {twice[0]!r} twice")
    return {**given, **kwargs}


def _entry(kind: str, function: Callable[..., Any], title: str, paper: str) -> Entry:
    owner = function.__init__ if isinstance(function, type) else function
    hints = get_type_hints(owner, include_extras=True)
    if isinstance(function, type):
        hints = {**hints, **get_type_hints(function, include_extras=True)}
    rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        metadata = getattr(hints.get(name), "__metadata__", ())
        param = next((m for m in metadata if isinstance(m, Param | Choice | Text | Flag | Numbers)), None)
        if param is None:
            continue
        required = parameter.default is inspect.Parameter.empty
        rows.append(
            Field(name, hints[name].__origin__, param, None if required else parameter.default, required)
        )
    return Entry(function.__name__, kind, title, paper, function, tuple(rows))
