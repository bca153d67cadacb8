"""The way into the page of predictions: arguments checked, then the page."""

from __future__ import annotations

from collections.abc import Sequence

from workbench import registry
from workbench.explore.predictor import Predictor
from workbench.files import short
from workbench.schedule import Schedule


def predict(
    data: str = "multipower/25M",
    *,
    law: str = "multipower",
    train: Sequence[str] | None = None,
    schedule: str | Schedule = "wsd",
    total: int | None = None,
    peak: float | None = None,
) -> Predictor:
    """Fit a law to some curves, judge it on the others, predict a new schedule: "What will it cost me?"

    Parameters
    ----------
    data : str
        "multipower/25M", "multipower/100M", "schaipp/124M", "own", or the path of one's own logs.
    law : str
        Registered law; see `workbench.laws.names`.
    train : sequence of str, optional
        Names of the curves that train the law, the others being held out; by default the split of the
        data's authors, one peak of several, or all own logs but the longest.
    schedule : str or Schedule
        New schedule to begin with.
    total, peak : int and float, optional
        First values of its sliders; the usual ones of the data where they are not given.

    Raises
    ------
    ValueError
        For an unknown law or schedule, or a total or peak outside its range. What is wrong with the data
        or the split is said on the page, and raised by `Predictor.outcome`.
    """
    registry.get("law", law)
    args = {key: value for key, value in (("total", total), ("peak", peak)) if value is not None}
    if isinstance(schedule, str):
        for field in registry.get("schedule", schedule).fields:
            if field.name in args:
                field.check(args[field.name])
    if not isinstance(data, str):
        raise ValueError(f"data must be a name or a path; got {short(data)}")
    return Predictor(data, law, train, schedule, args)
