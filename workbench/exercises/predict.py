"""Exercises of notebooks/predict.ipynb."""

from __future__ import annotations

from workbench import datasets, schedules
from workbench.curve import Run
from workbench.exercises.exercise import Exercise
from workbench.fitted import Fit
from workbench.fitting import fit

_PEAK = 1e-3


def _named(data: str) -> dict[str, Run]:
    runs = datasets.load(data)
    assert isinstance(runs, list)
    return {run.facts["name"]: run for run in runs}


def _missed(law: str, runs: dict[str, Run], trained: list[str]) -> float:
    """Mean absolute error after the fork, mean over the curves that are held out."""
    held = [run for name, run in runs.items() if name not in trained]
    return fit(law, [runs[name] for name in trained]).report(held).after_fork["mean"]["mae"]


def _one_drop() -> float:
    runs = _named("multipower/25M")
    constant = _missed("multipower", runs, ["constant_24000"])
    return constant / _missed("multipower", runs, ["constant_24000", "wsdcon_9"])


def _other_peak() -> float:
    runs = _named("schaipp/124M")
    trained = [name for name, run in runs.items() if abs(run.schedule.peak / _PEAK - 1) < 1e-6]
    return _missed("multipower", runs, trained) / _missed("effective_rate", runs, trained)


def _longer() -> float:
    runs = _named("multipower/25M")
    fitted = fit("multipower", [runs[name] for name in ("constant_24000", "cosine_24000", "wsdcon_9")])
    short, long = (_width(fitted, total) for total in (24_000, 72_000))
    return long / short


def _width(fitted: Fit, total: int) -> float:
    end = fitted.predict(schedules.wsd(total, 3e-4, warmup=0.09, decay=0.2, floor=0.1))
    assert end.low is not None and end.high is not None
    return float(end.high[-1] - end.low[-1])


EXERCISES = (
    Exercise(
        question="For *25M LLaMA* and the multi-power law, check only `constant_24000`, then `wsdcon_9` "
        "as well. By which factor does the mean absolute error after the fork become smaller, as a mean "
        "over the held-out curves? What is the least that a law must have seen to predict a decay?",
        answer=_one_drop,
        tolerance=0.25,
        hint="The table has a row *mean* in its part *After the fork from the fitted runs*: divide its "
        "MAE of before by that of now.",
        explanation="A constant rate says nothing of what a decay pays, and the law falls back on what it "
        "begins with. One drop of the rate, of whatever form, shows it.",
    ),
    Exercise(
        question="Choose *124M, two peaks*: train on peak 1e-3 and predict 5e-4, with the multi-power law "
        "and with the effective-rate law. By which factor is the mean absolute error after the fork of "
        "the second smaller?",
        answer=_other_peak,
        tolerance=0.3,
        hint="The curves of peak 1e-3 are checked as soon as the data is chosen; divide the two MAE of "
        "the row *mean*.",
        explanation="The multi-power law has nothing that says how its constants move with the peak. The "
        "effective-rate law knows that weights grow under a high rate, and carries over better.",
    ),
    Exercise(
        question="The law has learnt from the three curves of the 25M model that are checked at first. "
        "Make the new schedule, WSD at peak 3e-4 with decay 0.2, warmup 0.09 and floor 0.1, three times "
        "as long as they are: 72,000 instead of 24,000. How many times as wide is the 90 % interval at "
        "its end? Is the warning justified by `constant_72000`?",
        answer=_longer,
        tolerance=0.2,
        hint="Point at the last step of the dashed curve, for both lengths, and divide the widths.",
        explanation="The interval grows with the length beyond the longest fitted run. `constant_72000` "
        "is missed by 0.012 at its end, more than any other held-out curve: the warning is right.",
    ),
)
