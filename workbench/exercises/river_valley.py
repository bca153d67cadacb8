"""Exercises of the notebook on river and hill."""

from __future__ import annotations

from typing import Any

from workbench.exercises.exercise import Exercise

_HIGH, _LOW = 0.02, 0.005


def _straight() -> Any:
    """The page's valley with its bends taken out."""
    from workbench.train.tasks import valley

    return valley(bed="plane", slope=0.2, noise=8.0, bends=0.0)


def _settled() -> float:
    return float(_straight().excess(_HIGH))


def _updates() -> float:
    from workbench import schedules

    run = schedules.wsd(total=2000, peak=_HIGH, warmup=0.0, decay=0.2, shape="linear")
    return float(run.array().sum()) / _LOW


def _overtakes() -> float:
    task = _straight()
    higher = float(task.excess(_HIGH) - task.excess(_LOW))
    # On a straight river an update at rate r lowers the river by slope^2 r.
    return higher / (task.slope**2 * (_HIGH - _LOW))


EXERCISES = (
    Exercise(
        question=(
            "Set `bends` to 0 and leave the rest as it was. At which height over the river, in nats, do the "
            "walkers stay before the cooldown, at a rate of 0.02?"
        ),
        answer=_settled,
        tolerance=0.02,
        unit="nats",
        hint="Read the dashed line in the panel of the hill, or put q = 1 into the formula.",
        explanation=(
            "0.02 x 8^2 / (4 (1 - 0.02 x 30 / 2)): the last factor, close to 1 at small rates, is what "
            "`noise^2 rate / 4` leaves out. It is 0.7 here, and the hill is higher by almost a half."
        ),
    ),
    Exercise(
        question=(
            "WSD with a peak of 0.02, 2,000 updates and a linear decay over the last 20 % has come to its "
            "end. How many updates would a constant rate of 0.005 need to come equally far along the river?"
        ),
        answer=_updates,
        tolerance=100,
        unit="updates",
        hint="Choose `sum of rates` for the x axis. What is the sum of the WSD's rates?",
        explanation=(
            "The river knows the sum of rates only: 1,600 x 0.02 + 400 x 0.01 = 36, and 36 / 0.005 updates. "
            "The noise helps a little more at the high rate; the closed form leaves that out."
        ),
    ),
    Exercise(
        question=(
            "`bends` is 0 again. Some walkers keep a rate of 0.005, others one of 0.02, and none ever cools "
            "down. From which update on is the mean loss at 0.02 the lower one?"
        ),
        answer=_overtakes,
        tolerance=100,
        unit="updates",
        hint="Both hills settle at once. An update at rate r lowers the river by slope^2 r: 0.04 r.",
        explanation=(
            "The higher rate pays 0.371 nats more for its hill and gains 0.0006 nats an update along the "
            "river. Until then the loss calls the wrong one better; a cooldown at any moment would have told."
        ),
    ),
)
