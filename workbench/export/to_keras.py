"""Keras 3: a LearningRateSchedule that is saved and loaded with its model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.export import float32
from workbench.export.exporter import Exporter
from workbench.export.source import head
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from keras.optimizers.schedules import LearningRateSchedule


def keras(schedule: Schedule) -> LearningRateSchedule:
    """The schedule as a Keras 3 ``LearningRateSchedule``, on any of its backends.

    Parameters
    ----------
    schedule : Schedule
        Any.

    Returns
    -------
    LearningRateSchedule
        Whole steps to float32 rates, the first update being step 0. A saved model holds the phases
        themselves; before it is loaded, call ``wb.export.keras_class()`` once, which registers the
        class that reads them.

    Raises
    ------
    ValueError
        For what is not a schedule.
    ImportError
        Without Keras 3.
    """
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule; got {files.short(schedule)}")
    return keras_class()(schedule.to_dict())


@cache
def keras_class() -> Callable[[dict[str, Any]], LearningRateSchedule]:
    """The class of `keras`'s results, registered with Keras as ``workbench>WorkbenchSchedule``."""
    try:
        from keras import ops, saving
        from keras.optimizers.schedules import LearningRateSchedule
    except ImportError:
        raise ImportError("export to keras needs Keras 3: pip install keras") from None

    @saving.register_keras_serializable(package="workbench")
    class WorkbenchSchedule(LearningRateSchedule):
        """A schedule of the workbench; `schedule` is its dict."""

        def __init__(self, schedule: dict[str, Any]):
            self.schedule = Schedule.from_dict(schedule)
            self._rate = float32.function(self.schedule, ops)

        def __call__(self, step: Any) -> Any:
            return self._rate(step)

        def get_config(self) -> dict[str, Any]:
            return {"schedule": self.schedule.to_dict()}

    return WorkbenchSchedule


def _code(schedule: Schedule) -> str:
    return (
        "import keras\n"
        + head(schedule)
        + "# A saved model holds the schedule; to load one, call wb.export.keras_class() first.\n"
        + "learning_rate = wb.export.keras(schedule)\n"
        + "optimizer = keras.optimizers.AdamW(learning_rate=learning_rate)\n"
    )


EXPORTER = Exporter("keras", "Keras 3 LearningRateSchedule", ".py", "keras", _code)
