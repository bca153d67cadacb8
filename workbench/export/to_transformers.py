"""transformers: arguments of its Trainer where its own schedules can say it, else a Trainer that can."""

from __future__ import annotations

from typing import Any

from workbench import files
from workbench.export.exporter import CannotExport, Exporter, numeral
from workbench.export.recognise import Outline, outline
from workbench.export.source import head
from workbench.export.to_torch import torch
from workbench.schedule import Schedule

_NAME = "transformers"
_DECAYS = {"linear": "linear", "cosine": "cosine", "sqrt": "1-sqrt"}


def transformers_arguments(schedule: Schedule) -> dict[str, Any]:
    """Arguments for ``TrainingArguments`` whose own schedule gives the rates of `schedule`.

    Parameters
    ----------
    schedule : Schedule
        A linear warmup from 0, then constant, linear, cosine (cut short too), polynomial or inverse
        square root; or warmup, stable and decay.

    Returns
    -------
    dict
        ``max_steps``, ``learning_rate``, ``lr_scheduler_type``, ``warmup_steps`` and, where needed,
        ``lr_scheduler_kwargs``.

    Raises
    ------
    CannotExport
        A ``ValueError`` naming the phase that none of them expresses; `transformers_trainer` then does.

    Notes
    -----
    The Trainer counts as we do: the first update is step 0. Its warmup_stable_decay lifts the warmup
    by the floor, so that a floor goes with a warmup only where both begin at the same rate.
    """
    found = outline(schedule, _NAME)
    if found.rise is not None and found.rise.span > found.rise.steps:
        raise found.cannot(found.rise, "it is cut before its end")
    kind, more = _constant(found) if found.fall is None else _decay(found)
    arguments = {
        "max_steps": len(schedule),
        "learning_rate": found.peak,
        "lr_scheduler_type": kind,
        "warmup_steps": found.warmup,
    }
    return {**arguments, "lr_scheduler_kwargs": more} if more else arguments


def transformers_trainer(schedule: Schedule, base: Any = None, relative: bool = False) -> Any:
    """A ``Trainer`` class that trains on `schedule`, whatever its ``TrainingArguments`` say of the rate.

    Parameters
    ----------
    schedule : Schedule
        Any.
    base : type, optional
        The class to extend, ``transformers.Trainer`` or one made from it.
    relative : bool
        Whether ratios between param groups stay, as muP needs it.

    Raises
    ------
    ValueError
        For what is not a schedule.
    ImportError
        Without transformers.

    Notes
    -----
    Its checkpoints hold the scheduler's place, and ``train(resume_from_checkpoint=...)`` goes on from it.
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {files.short(schedule)}")
    if base is None:
        try:
            from transformers import Trainer as base
        except ImportError:
            raise ImportError("export to transformers needs it: pip install transformers") from None

    class ScheduleTrainer(base):
        """A Trainer whose rate is the schedule's."""

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            """The schedule on the trainer's optimizer; made once."""
            if self.lr_scheduler is None:
                self.lr_scheduler = torch(optimizer or self.optimizer, schedule, relative)
                # The Trainer makes a scheduler of its own kind anew for a second train(), and asks this.
                self._created_lr_scheduler = True
            return self.lr_scheduler

    return ScheduleTrainer


def _constant(found: Outline) -> tuple[str, dict[str, Any]]:
    _plain_warmup(found)
    return ("constant_with_warmup", {}) if found.warmup else ("constant", {})


def _plain_warmup(found: Outline) -> None:
    found.rises()
    if found.rise is not None and found.initial != 0:
        raise found.cannot(found.rise, f"its warmups begin at 0, not at {found.initial:g}")


def _decay(found: Outline) -> tuple[str, dict[str, Any]]:
    fall = found.fall
    assert fall is not None
    if found.tail:
        raise found.cannot(fall, "its decays last to the end of the run")
    cut = fall.span > fall.steps * (1 + 1e-12)
    if cut and (fall.shape != "cosine" or found.stable):
        raise found.cannot(fall, "it is cut, which transformers can do with a cosine after a warmup only")
    if found.stable or (found.rise is not None and found.rise.shape != "linear"):
        return _stable(found)
    if fall.shape == "cosine":
        _plain_warmup(found)
        share: dict[str, Any] = {"num_cycles": 0.5 * fall.steps / fall.span} if cut else {}
        if found.floor == 0:
            return "cosine", share
        return "cosine_with_min_lr", {"min_lr": found.floor, **share}
    if fall.shape == "linear" and found.floor == 0:
        _plain_warmup(found)
        return "linear", {}
    if fall.shape in ("linear", "power"):
        _plain_warmup(found)
        return "polynomial", {"lr_end": found.floor, "power": fall.args.get("p", 1.0)}
    if fall.shape == "inverse_power" and fall.args["p"] == 0.5:
        return "inverse_sqrt", {"timescale": _timescale(found)}
    return _stable(found)


def _timescale(found: Outline) -> float:
    """Updates after which the inverse square root has fallen to the root of a half."""
    assert found.fall is not None
    _plain_warmup(found)
    alpha = found.fall.args["alpha"]
    if abs(found.floor / found.peak - (1 + alpha) ** -0.5) > 1e-12:
        raise found.cannot(found.fall, "its inverse square root has no floor of its own")
    return found.fall.span / alpha


def _stable(found: Outline) -> tuple[str, dict[str, Any]]:
    assert found.fall is not None
    kind, warmup = found.falls(_DECAYS), "linear"
    if found.rise is not None:
        shape = found.rises(("linear", "cosine", "power"))
        if shape == "power" and found.rise.args["p"] != 0.5:
            raise found.cannot(found.rise, "of the powers its warmups know 1-sqrt (p = 0.5) only")
        warmup = "1-sqrt" if shape == "power" else shape
        if abs(found.initial - found.floor) > 1e-12 * found.peak:
            why = f"its floor lifts the warmup too, which begins at {found.initial:g}, not {found.floor:g}"
            raise found.cannot(found.rise, why)
    return "warmup_stable_decay", {
        "num_decay_steps": found.decay,
        "warmup_type": warmup,
        "decay_type": kind,
        "min_lr_ratio": found.floor / found.peak,
    }


def _code(schedule: Schedule) -> str:
    try:
        arguments = transformers_arguments(schedule)
    except CannotExport as why:
        return (
            f"from transformers import TrainingArguments\n{head(schedule)}"
            f"# {why}.\n# So this Trainer brings the schedule along; checkpoints and resuming work as ever.\n"
            "ScheduleTrainer = wb.export.transformers_trainer(schedule)\n"
            f'arguments = TrainingArguments("out", max_steps={len(schedule)})\n'
            "# trainer = ScheduleTrainer(model=model, args=arguments, train_dataset=...)\n"
        )
    rows = "".join(f"    {key}={_literal(value)},\n" for key, value in arguments.items())
    return (
        "from transformers import TrainingArguments\n\n"
        "# Step 0 is the first update here and there.\n"
        f'arguments = TrainingArguments(\n    "out",\n{rows})\n'
    )


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {_literal(each)}' for key, each in value.items()) + "}"
    if isinstance(value, str):
        return f'"{value}"'
    return numeral(value) if isinstance(value, float) else repr(value)


EXPORTER = Exporter(_NAME, "transformers Trainer", ".py", "transformers", _code)
