"""A run from its size and tokens: shape, batch, rate, weight decay, schedule, and whose rules said so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench import registry, schedules
from workbench.files import short
from workbench.making import hold
from workbench.params import MAX_STEPS, Param, number
from workbench.plan import Plan
from workbench.scaling import rules
from workbench.scaling.count import Architecture, convention, parameters, shape_for
from workbench.scaling.rules.advice import Advice
from workbench.schedule import Schedule
from workbench.views.table import Table
from workbench.views.words import figure

_COUNTED = {"steplaw": "kaplan", "kaplan_rate": "kaplan", "porian": "last layer"}
"""Which parameters a rule counts, where it is not all of them."""
_BASE_WIDTH = ("minicpm", "power_scheduler")
"""Rules whose rate is that of the base width of muP."""
_LEAST_STEPS = 20
_NEAR = 1.05


@dataclass(frozen=True)
class Recipe:
    """Everything that a run needs.

    Parameters
    ----------
    architecture : Architecture
        A shape of about the size.
    tokens : float
        Tokens of the run.
    sequences : int
        Sequences of `architecture.context` tokens in a batch.
    rate, weight_decay : float
        Peak rate, and decay as AdamW takes it.
    schedule : Schedule
        The learning rate of every update.
    sources : mapping
        Whose rule said "batch", "rate" and "weight decay".
    intervals : mapping
        90 % intervals of those that have one.
    notes : tuple of str
        What to mind.
    """

    architecture: Architecture
    tokens: float
    sequences: int
    rate: float
    weight_decay: float
    schedule: Schedule
    sources: Mapping[str, str]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_params(self) -> int:
        """Parameters of the shape, all of them."""
        return parameters(self.architecture).total

    @property
    def batch_tokens(self) -> int:
        """Tokens of an update."""
        return self.sequences * self.architecture.context

    @property
    def steps(self) -> int:
        """Updates."""
        return len(self.schedule)

    @property
    def plan(self) -> Plan:
        """Rate, weight decay and batch of every update, for `workbench.export`."""
        return Plan(
            self.schedule,
            weight_decay=hold(self.steps, self.weight_decay, name="decay"),
            batch_size=hold(self.steps, float(self.sequences), name="batch"),
        )

    @property
    def table(self) -> Table:
        """The run in rows: what, value, interval, whose rule."""
        a, out = self.architecture, []
        values = {
            "parameters": (self.n_params, "", f"depth {a.depth}, width {a.width}, {a.heads} heads"),
            "tokens": (self.tokens, "tokens", ""),
            "batch": (self.batch_tokens, "tokens", self.sources["batch"]),
            "sequences": (self.sequences, f"of {a.context:,} tokens", ""),
            "updates": (self.steps, "", ""),
            "peak rate": (self.rate, "", self.sources["rate"]),
            "weight decay": (self.weight_decay, "", self.sources["weight decay"]),
        }
        bands = {"batch": "batch_tokens", "peak rate": "rate", "weight decay": "weight_decay"}
        for what, (value, unit, source) in values.items():
            low, high = self.intervals.get(bands.get(what, ""), (math.nan, math.nan))
            out.append({"what": what, "value": value, "unit": unit, "low": low, "high": high, "by": source})
        return Table("The run", tuple(out), self.notes)

    def __str__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        a = self.architecture
        shape = {name: getattr(a, name) for name in ("depth", "width", "heads", "vocab", "context")}
        return {
            "n_params": self.n_params,
            "shape": {**shape, "ffn": a.inner},
            "tokens": self.tokens,
            "batch_tokens": self.batch_tokens,
            "rate": self.rate,
            "weight_decay": self.weight_decay,
            "plan": self.plan.to_dict(),
            "sources": dict(self.sources),
            "notes": list(self.notes),
        }


def recipe(
    n_params: float,
    tokens: float,
    *,
    loss: float | None = None,
    batch: str | float = "steplaw",
    rate: str | float = "steplaw",
    weight_decay: str | float = "power_lines",
    most_batch_tokens: float | None = None,
    schedule: str = "wsd",
    context: int = 2048,
    vocab: int = 50_257,
    **args: Any,
) -> Recipe:
    """A whole run of a size on so many tokens.

    Parameters
    ----------
    n_params : float
        All parameters.
    tokens : float
        Of the run.
    loss : float, optional
        That a law predicts, in nats; rules of the loss need it.
    batch, rate, weight_decay : str or float
        Names of rules (`workbench.scaling.rules`), or values of your own: tokens of an update, peak rate,
        decay as AdamW takes it.
    most_batch_tokens : float, optional
        Largest batch that your machines can hold.
    schedule : str
        Builder of the schedule.
    context, vocab : int
        Tokens of a sequence, and of the vocabulary.
    **args
        Further arguments of the builder, such as ``decay=0.2``.

    Returns
    -------
    Recipe

    Raises
    ------
    ValueError
        For an argument outside its range, a rule that does not say it or lacks a fact, or a run of fewer
        than 20 updates.

    Notes
    -----
    Where the batch is another than the rate's rule would take, the rate follows by the square-root rule.
    """
    n_params = number("n_params", n_params, Param(1e5, 1e13))
    tokens = number("tokens", tokens, Param(1e5, 1e17))
    a = shape_for(n_params, vocab=vocab, context=context)
    known = {"tokens": tokens, "compute": convention("deepseek").compute(a, tokens)}
    if loss is not None:
        known["loss"] = number("loss", loss, Param(0, 100, open_low=True))
    notes: list[str] = []
    sources, intervals = {}, {}

    def ask(what: str, gives: str, rule: str | float, **more: float) -> tuple[float, Advice]:
        if not isinstance(rule, str):
            value = number(what, rule, Param(0, 1e12, open_low=True))
            sources[what.replace("_", " ")] = "yours"
            return value, Advice()
        entry = registry.get("rule", rule)
        if gives not in entry.gives:
            offered = ", ".join(rules.names(gives))
            raise ValueError(f"{what} must be a number or a rule that gives it: {offered}; got {short(rule)}")
        size = convention(_COUNTED.get(rule, "chinchilla")).n_params(a)
        said = rules.advise(rule, **{**known, "n_params": size, **more})
        sources[what.replace("_", " ")] = f"{entry.title} (arXiv {entry.paper})"
        notes.extend(f"{entry.title}: {note}" for note in said.notes)
        if entry.confidence == "low":
            notes.append(f"{entry.title}: low confidence, see its notes")
        if gives in said.intervals:
            intervals[gives] = said.intervals[gives]
        return float(getattr(said, gives)), said

    wanted, _ = ask("batch", "batch_tokens", batch)
    if most_batch_tokens is not None and wanted > number(
        "most_batch_tokens", most_batch_tokens, Param(context, 1e12)
    ):
        notes.append(
            f"batch held at {figure(most_batch_tokens, 3)} tokens where {figure(wanted, 3)} were advised"
        )
        wanted = most_batch_tokens
        intervals.pop("batch_tokens", None)
    sequences = max(1, round(wanted / context))
    if most_batch_tokens is not None:
        sequences = min(sequences, max(1, int(most_batch_tokens // context)))
    size = sequences * context
    steps = math.ceil(tokens / size)
    if not _LEAST_STEPS <= steps <= MAX_STEPS:
        raise ValueError(
            f"tokens must make {_LEAST_STEPS} to {MAX_STEPS:,} updates of {size:,} tokens; got {tokens:g}, "
            f"which makes {steps:,}"
        )
    peak, said = ask("rate", "rate", rate, batch_tokens=size)
    if said.batch_tokens and not 1 / _NEAR < size / said.batch_tokens < _NEAR:
        moved = rules.square_root(peak, said.batch_tokens, size).rate
        assert moved is not None
        notes.append(
            f"rate moved from {figure(peak, 3)} to {figure(moved, 3)} by the square-root rule: its own rule "
            f"advises {figure(said.batch_tokens, 3)} tokens a batch"
        )
        if "rate" in intervals:
            low, high = intervals["rate"]
            intervals["rate"] = (low * moved / peak, high * moved / peak)
        peak = moved
    if rate in _BASE_WIDTH:
        notes.append(
            "the rate is that of the base width under muP: rules.table_for says what each tensor gets"
        )
    decay, _ = ask("weight_decay", "weight_decay", weight_decay, batch_tokens=size, rate=peak)
    critical = rules.critical_batch_data(tokens).batch_tokens
    assert critical is not None
    if size > _NEAR * critical:
        notes.append(
            f"the batch is above {figure(critical, 3)} tokens, from where it takes more than 20 % more data"
        )
    offered = {each.name for each in schedules.get(schedule).fields}
    made = {key: value for key, value in (("total", steps), ("peak", peak)) if key in offered}
    built = schedules.build({"name": schedule, **made, **args})
    return Recipe(a, tokens, sequences, peak, decay, built, sources, intervals, tuple(dict.fromkeys(notes)))
