"""torchtitan: its TOML (torchtitan/components/lr_scheduler.py)."""

from __future__ import annotations

import math

from workbench.export.exporter import Exporter, numeral
from workbench.export.recognise import Outline, outline
from workbench.schedule import Schedule

_NAME = "torchtitan"
_DECAYS = {"linear": "linear", "cosine": "cosine", "sqrt": "sqrt"}


def _code(schedule: Schedule) -> str:
    found = outline(schedule, _NAME)
    warmup, note = _warmup(found)
    if found.tail:
        assert found.fall is not None
        raise found.cannot(found.fall, f"its decay lasts to the end, and {found.tail} updates follow")
    length = found.decay_start + found.decay if found.fall else found.total
    # Steps after which the decay ends; more than are run where it is cut.
    cut = f"total_steps = {length}\n" if length != found.total else ""
    return (
        f"# torchtitan: {note}\n"
        f"[training]\nsteps = {found.total}\n\n"
        f"[optimizer]\nlr = {numeral(found.peak)}\n\n"
        f"[lr_scheduler]\nwarmup_steps = {warmup}\n{cut}"
        f"decay_ratio = {numeral(found.decay / length)}\n"
        f'decay_type = "{found.falls(_DECAYS) if found.fall else "linear"}"\n'
        f"min_lr_factor = {numeral(found.floor / found.peak)}  # lr_min in older versions\n"
    )


def _warmup(found: Outline) -> tuple[int, str]:
    """Steps of its warmup, whose rate is ``peak (t + 1) / warmup_steps``, and what to say of it."""
    found.rises()
    rise, exact = found.rise, "same rates at every update."
    if rise is None:
        return 0, exact
    if rise.span > rise.steps:
        raise found.cannot(rise, "it is cut before its end")
    if found.initial == 0:
        return found.warmup, (
            "its warmup is one step ahead of ours, update t having the rate of t + 1 here: at most\n"
            f"# {found.peak / found.warmup:.3g} more while it lasts. After it the same rates at every update."
        )
    first = found.peak / (found.warmup + 1)
    if math.isclose(found.initial, first, rel_tol=1e-9) and found.stable:
        return found.warmup + 1, exact
    raise found.cannot(rise, f"its warmup begins one step above 0, here at {first:g}, not {found.initial:g}")


EXPORTER = Exporter("torchtitan", "torchtitan TOML", ".toml", "", _code)
