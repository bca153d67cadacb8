"""OLMo-core: its Python configuration (src/olmo_core/optim/scheduler.py).

Its trainer counts the first update as step 1, so every length that it counts is one more than ours.
"""

from __future__ import annotations

from workbench.export.exporter import Exporter, numeral
from workbench.export.recognise import Outline, outline
from workbench.schedule import Schedule

_NAME = "OLMo-core"
_DECAYS = {"linear": "linear", "cosine": "cosine"}


def _code(schedule: Schedule) -> str:
    found = outline(schedule, _NAME)
    kind, rows, note = _scheduler(found)
    body = "".join(f"    {key}={value},\n" for key, value in rows.items())
    made = f"{kind}(\n{body})" if rows else f"{kind}()"
    return (
        f"from olmo_core.optim import scheduler as schedules\nfrom olmo_core.train import Duration\n\n"
        f"# OLMo-core calls the first update step 1; the lengths below make up for it.\n# {note}\n"
        f"lr = {numeral(found.peak)}  # of the optimizer's configuration\n"
        f"max_duration = Duration.steps({found.total})  # of the trainer's\n"
        f"scheduler = schedules.{made}  # of the train module's\n"
    )


def _scheduler(found: Outline) -> tuple[str, dict[str, str], str]:
    lowest, note = _warmup(found)
    if found.fall is None and found.rise is None:
        return "ConstantScheduler", {}, note
    rows = {"warmup": str(found.warmup + 1), "warmup_min_lr": numeral(lowest)}
    if found.fall is None:
        return "ConstantWithWarmup", rows, note
    kind, end = found.falls(_DECAYS), found.decay_start + found.decay + 1
    if found.stable and kind != "linear":
        raise found.cannot(found.fall, f"after a stable phase its decay is linear, not {kind}")
    if found.stable:
        # WSD ends at the trainer's last step, which cannot be moved; the periods of WSDS can.
        rows |= {
            "period_lengths": f"[{end}]",
            "decay": str(found.decay),
            "decay_min_lr": numeral(found.floor),
        }
        return "WSDS", rows, f"{note}\n# WSDS came to OLMo-core in 2025."
    rows |= {"t_max": str(end), "alpha_f": numeral(found.floor / found.peak)}
    return ("LinearWithWarmup" if kind == "linear" else "CosWithWarmup"), rows, note


def _warmup(found: Outline) -> tuple[float, str]:
    """Where its warmup begins at its step 0, which is one before our first update, and what to say of it."""
    found.rises()
    exact = "Same rates at every update."
    if found.rise is None:
        return 0.0, exact
    before = found.initial - (found.peak - found.initial) / found.warmup
    if before >= -1e-12 * found.peak:
        return max(before, 0.0), exact
    above = found.peak / (found.warmup + 1) - found.initial
    return 0.0, (
        f"Its warmup cannot begin at {found.initial:g}: update 0 has {above:.3g} more, later ones less,\n"
        "# and from the update that reaches the peak on the rates are the same."
    )


EXPORTER = Exporter("olmo", "OLMo-core configuration", ".py", "", _code)
