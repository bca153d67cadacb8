"""nanotron: its YAML (src/nanotron/helpers.py, lr_scheduler_builder)."""

from __future__ import annotations

from workbench.export.exporter import Exporter, numeral
from workbench.export.recognise import outline
from workbench.schedule import Schedule

_NAME = "nanotron"
_DECAYS = {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"}


def _code(schedule: Schedule) -> str:
    found = outline(schedule, _NAME)
    found.rises()
    if found.rise is not None and found.initial != 0:
        raise found.cannot(found.rise, f"its warmup begins at 0, not at {found.initial:g}")
    rows = {
        "learning_rate": numeral(found.peak),
        "lr_warmup_steps": str(found.warmup),
        # Without a warmup its linear one still gives update 0 the rate 0; the constant one does not.
        "lr_warmup_style": "linear" if found.rise else "constant",
        "lr_decay_style": found.falls(_DECAYS) if found.fall else "linear",
        "lr_decay_starting_step": str(found.decay_start if found.fall else found.warmup),
        # A schedule without a decay falls from its peak to its peak.
        "lr_decay_steps": str(found.decay if found.fall else max(1, found.total - found.warmup)),
        "min_decay_lr": numeral(found.floor),
    }
    body = "".join(f"    {key}: {value}\n" for key, value in rows.items())
    return (
        "# nanotron, same rates at every update: there too the first has step 0.\n"
        f"tokens:\n  train_steps: {found.total}\n"
        f"optimizer:\n  learning_rate_scheduler:\n{body}"
    )


EXPORTER = Exporter("nanotron", "nanotron YAML", ".yaml", "", _code)
