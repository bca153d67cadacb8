"""The planner's controls: law and budget on top, the rules and the schedule of the run below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from workbench import schedules
from workbench.explore import planning
from workbench.explore.closing import close
from workbench.explore.controls import LAYOUT, STYLE, control, read
from workbench.scaling import rules
from workbench.scaling.gpus import GPUS, gpu

_CONTEXTS = (512, 1024, 2048, 4096, 8192, 32_768)
FIRST: Mapping[str, Any] = {
    "gpu": "H100",
    "mfu": 0.4,
    "euros_per_hour": 2.0,
    "served_tokens": 0.0,
    "schedule": "wsd",
    "batch": "steplaw",
    "rate": "steplaw",
    "context": 2048,
}
"""First values of everything but the law and the budget."""


class Budgeting:
    """Controls with their values; `on_change` is called after every change.

    Parameters
    ----------
    law : str
        Chosen first.
    kind : str
        What the budget is in.
    first : mapping
        First values: the budget's under its name, and those of `FIRST`.
    facts : mapping
        What is known of the first run, to see which rules can answer.
    on_change : callable
        Without arguments.
    """

    def __init__(
        self,
        law: str,
        kind: str,
        first: Mapping[str, Any],
        facts: Mapping[str, float],
        on_change: Callable[[], None],
    ) -> None:
        self._amounts = {name: first.get(name, field.default) for name, field in planning.BUDGETS.items()}
        self._on_change = on_change
        look = {"layout": LAYOUT, "style": STYLE}
        self.law = _list("law", [(title, name) for name, title in planning.laws().items()], law)
        self.kind = _list("budget in", [(planning.KINDS[name], name) for name in planning.BUDGETS], kind)
        self.slot = widgets.VBox()
        self.gpu = _list("GPU", list(GPUS), gpu(first["gpu"]).name)
        self.mfu = widgets.FloatSlider(
            value=first["mfu"], min=0.05, max=0.8, step=0.01, description="MFU", **look
        )
        self.price = widgets.BoundedFloatText(
            value=first["euros_per_hour"], min=0.01, max=1e6, description="euros / hour", **look
        )
        served = {0.0: "none", **{10.0**k: f"1e{k}" for k in range(8, 16)}}
        served.setdefault(first["served_tokens"], f"{first['served_tokens']:g}")
        self.served = _list("served", [(served[n], n) for n in sorted(served)], first["served_tokens"])
        names = [(schedules.get(name).title, name) for name in schedules.names("learning rate")]
        self.builder = _list("schedule", names, first["schedule"])
        batches, rates = (
            [(rules.get(name).title, name) for name in rules.compare(gives, **facts)]
            for gives in ("batch_tokens", "rate")
        )
        self.batch = _list("batch by", batches, first["batch"])
        self.rate = _list("rate by", rates, first["rate"])
        self.context = _list("sequence of", sorted({*_CONTEXTS, first["context"]}), first["context"])
        money = [self.gpu, self.mfu, self.price, self.served]
        run = [self.builder, self.batch, self.rate, self.context]
        self.box = widgets.VBox([self.law, self.kind, self.slot, *money, *run])
        self._fill()
        self.kind.observe(self._on_kind, "value")
        for each in (self.law, *money, *run):
            each.observe(self._changed, "value")

    @property
    def budget(self) -> dict[str, Any]:
        """Arguments of `workbench.scaling.plan`, without the law."""
        kind = str(self.kind.value)
        out = {kind: self._amounts[kind], "served_tokens": self.served.value}
        if kind in ("gpu_hours", "euros"):
            out |= {"gpu": self.gpu.value, "mfu": self.mfu.value}
        return out | ({"euros_per_hour": self.price.value} if kind == "euros" else {})

    @property
    def run(self) -> dict[str, Any]:
        """Arguments of `workbench.scaling.recipe.recipe`, without size, tokens and loss."""
        chosen = {"schedule": self.builder, "batch": self.batch, "rate": self.rate, "context": self.context}
        return {name: each.value for name, each in chosen.items()}

    def _fill(self) -> None:
        kind = str(self.kind.value)
        self.amount = control(planning.BUDGETS[kind], self._amounts[kind], {})
        self.amount.observe(self._changed, "value")
        before, self.slot.children = self.slot.children, (self.amount,)
        close(*before)

    def _on_kind(self, _: Any) -> None:
        self._fill()
        self._on_change()

    def _changed(self, _: Any) -> None:
        kind = str(self.kind.value)
        self._amounts[kind] = read(planning.BUDGETS[kind], self.amount.value)
        self._on_change()


def _list(name: str, options: Any, value: Any) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, value=value, description=name, layout=LAYOUT, style=STYLE)
