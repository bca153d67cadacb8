"""Megatron-LM: the command line of its training scripts (megatron/core/optimizer_param_scheduler.py)."""

from __future__ import annotations

from workbench.export.exporter import Exporter, numeral
from workbench.export.recognise import Outline, outline
from workbench.schedule import Schedule

_NAME = "Megatron-LM"
_WHOLE = {"linear": "linear", "cosine": "cosine"}
_COOLDOWNS = {"linear": "linear", "cosine": "cosine", "exp": "exponential", "sqrt": "minus_sqrt"}


def _code(schedule: Schedule) -> str:
    found = outline(schedule, _NAME)
    found.rises()
    last = found.decay_start + found.decay if found.fall else found.total
    rows = {
        "train-iters": str(found.total),
        "lr": numeral(found.peak),
        "min-lr": numeral(found.floor if found.fall else 0.0),
        "lr-warmup-init": numeral(found.initial if found.rise else 0.0),
        "lr-warmup-iters": str(found.warmup),
        # The warmup must be over before the decay is, also where there is none.
        "lr-decay-iters": str(max(last, found.warmup + 1)),
        **_style(found),
    }
    body = "".join(f"    --{key} {value}\n" for key, value in rows.items())
    return (
        "# Megatron-LM, same rates at every update: there too the first has step 0.\n"
        "# It counts samples: with a batch size that is ramped up, the steps shift.\n"
        f"LEARNING_RATE_ARGS=(\n{body})\n"
    )


def _style(found: Outline) -> dict[str, str]:
    fall = found.fall
    if fall is None:
        return {"lr-decay-style": "constant"}
    if fall.shape == "inverse_power":
        return _inverse(found)
    if not found.stable and fall.shape in _WHOLE:
        return {"lr-decay-style": _WHOLE[fall.shape]}
    style = found.falls({**_COOLDOWNS, "inverse_power": "inverse-square-root"})
    if fall.shape == "exp" and fall.args["ratio"] != 0.5:
        ratio = fall.args["ratio"]
        raise found.cannot(fall, f"its exponential decay has the ratio 0.5, not {ratio:g}")
    return {
        "lr-decay-style": "WSD",
        "lr-wsd-decay-style": style,
        "lr-wsd-decay-iters": str(found.decay),
    }


def _inverse(found: Outline) -> dict[str, str]:
    """Its inverse square root has the warmup for a timescale, and stops at min-lr."""
    fall = found.fall
    assert fall is not None
    scale, p = fall.span / fall.args["alpha"], fall.args["p"]
    natural = found.peak * (1 + fall.args["alpha"]) ** -0.5
    if p != 0.5 or found.stable or abs(scale - max(found.warmup, 1)) > 1e-9 * scale:
        why = "its inverse square root begins after the warmup, with the warmup for a timescale"
        raise found.cannot(fall, why)
    if abs(found.floor - natural) > 1e-12 * found.peak:
        raise found.cannot(fall, "its inverse square root has no floor that it nears")
    return {"lr-decay-style": "inverse-square-root"}


EXPORTER = Exporter("megatron", "Megatron-LM arguments", ".sh", "", _code)
