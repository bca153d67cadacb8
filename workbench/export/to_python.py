"""A function in pure Python that needs nothing: no workbench, no imports, not even a builtin."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import accumulate

from workbench.export import formula, plain
from workbench.export.exporter import CannotExport, Exporter
from workbench.phase import Phase
from workbench.schedule import Schedule

_MOST_POINTS = 100_000
_PI = repr(math.pi)
_CONSTANTS = {"pi": _PI, "e": repr(math.e)}
_COSINE = f"_cos({_PI} * u)"


def _exp(a: Mapping[str, float]) -> str:
    k = math.log(a["ratio"])
    return f"_expm1({k!r} * u) / {math.expm1(k)!r}" if k else "u"


def _inverse_power(a: Mapping[str, float]) -> str:
    whole = math.expm1(-a["p"] * math.log1p(a["alpha"]))
    return f"_expm1({-a['p']!r} * _log1p({a['alpha']!r} * u)) / {whole!r}"


def _uba(a: Mapping[str, float]) -> str:
    phi = a["phi"]
    return f"{phi!r} * (1 - {_COSINE}) / ({2 * phi!r} + {2 - phi!r} * (1 + {_COSINE}))"


def _cosine_power(a: Mapping[str, float]) -> str:
    k, c = math.log(a["p"]), f"0.5 * (1 + {_COSINE})"
    return f"1 - _expm1({k!r} * ({c})) / {math.expm1(k)!r}" if k else f"1 - {c}"


def _damped_cosine(a: Mapping[str, float]) -> str:
    waves = math.pi * (2 * a["waves"] + 1)
    return f"1 - 0.5 * (1 + _cos({waves!r} * u)) * _exp({-a['damping']!r} * u)"


_SHAPES: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "linear": lambda a: "u",
    "cosine": lambda a: f"0.5 * (1 - {_COSINE})",
    "mirror_cosine": lambda a: f"(2 * u - 0.5 * (1 - {_COSINE}))",
    "square": lambda a: "u * u",
    "sqrt": lambda a: "u ** 0.5",
    "power": lambda a: f"(1 - (1 - u) ** {a['p']!r})",
    "exp": _exp,
    "inverse_power": _inverse_power,
    "rex": lambda a: f"{1 - a['d']!r} * u / (1 - {a['d']!r} * u)",
    "uba": _uba,
    "cosine_power": lambda a: f"({_cosine_power(a)})",
    "damped_cosine": lambda a: f"({_damped_cosine(a)})",
    "exp_rise": lambda a: f"u * {a['ratio']!r} ** (u - 1)",
    "exp_fall": lambda a: f"(1 - (1 - u) * {a['ratio']!r} ** u)",
}
"""Each shape as text in u, in the order of operations of `workbench.shapes`."""


def _code(schedule: Schedule) -> str:
    above: list[str] = []
    body, begin = [], 0
    stops = list(accumulate(phase.steps for phase in schedule.phases))
    for i, (phase, stop) in enumerate(zip(schedule.phases, stops, strict=True)):
        t = f"step - {begin}" if begin else "step"
        last = i == len(stops) - 1
        lines = _lines(phase, t, f"_{i}", above)
        # A name may hold anything, a new line too: as a literal it stays on its own.
        head = [f"    # {phase.name!r}"] if last else [f"    if step < {stop}:  # {phase.name!r}"]
        body += [*head, *(("    " if last else "        ") + line for line in lines)]
        begin = stop
    top = f'def rate(step):\n    """Rate of update `step`, the first being 0; {len(schedule)} updates."""\n'
    ends = f"    step = 0 if step < 0 else step\n    step = {begin - 1} if step > {begin - 1} else step\n"
    text = "\n\n\n".join([*above, top + ends + "\n".join(body)])
    return "\n\n\n".join([*_helpers(text), text]) + "\n"


def _lines(phase: Phase, t: str, name: str, above: list[str]) -> list[str]:
    """Statements that return the rate at the text `t`; what they need beside it goes to `above`."""
    x = f"{t} + {phase.first!r}" if phase.first else t
    args = phase.args
    if phase.shape in ("product", "sum"):
        for side in ("left", "right"):
            inside = "\n    ".join(_lines(args[side], "t", f"{name}_{side}", above))
            above.append(f"def {name}_{side}(t):\n    {inside}")
        sign = "*" if phase.shape == "product" else "+"
        return [f"return {name}_left({x}) {sign} {name}_right({x})"]
    u = f"u = ({x}) / {phase.span!r}" if " " in x else f"u = {x} / {phase.span!r}"
    if phase.shape == "points":
        count = len(args["u"])
        if count > _MOST_POINTS:
            why = f"{count} points make a text that is too long (at most {_MOST_POINTS}); export to csv"
            raise CannotExport(f"python cannot express the phase {phase.name!r}, because its {why}")
        above += [f"_at{name} = {args['u']!r}", f"_rates{name} = {args['rate']!r}"]
        return [u, f"return _between(u, _at{name}, _rates{name}, {count - 1})"]
    if phase.shape == "expression":
        total = repr(float(args["total"]))
        names = {"x": "x", "t": "t", "total": total, "peak": repr(float(args["peak"])), **_CONSTANTS}
        text = formula.python(formula.parse(args["text"]), names)
        steps = f"t = ({x}) * {total} / {phase.span!r}"
        return [steps, f"x = t / {total}", f"return 1.0 * {text}"]
    if phase.start == phase.end:
        return [f"return {phase.start!r}"]
    return [u, f"return {phase.start!r} + {phase.end - phase.start!r} * {_shape(phase)}"]


def _shape(phase: Phase) -> str:
    text = _SHAPES[phase.shape](phase.args)
    return f"({text})" if " " in text and not text.startswith("(") else text


@cache
def _sources() -> dict[str, str]:
    """The text of every function of `plain`, without annotations, whose names are builtins."""
    tree = ast.parse(inspect.getsource(plain))
    out = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for each in node.args.args:
                each.annotation = None
            out[node.name] = ast.unparse(node)
    return out


def _helpers(text: str) -> list[str]:
    """The functions that `text` calls, and those that they call, in the order of their file."""
    sources, needed, looked_at = _sources(), set[str](), [text]
    while looked_at:
        called = set(re.findall(r"\b(_[a-z]\w*)\(", looked_at.pop())) & set(sources) - needed
        needed |= called
        looked_at += [sources[name] for name in called]
    return [source for name, source in sources.items() if name in needed]


EXPORTER = Exporter("python", "Python function without imports", ".py", "", _code)
