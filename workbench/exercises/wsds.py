"""Exercises of `wsds`: what a tree of five budgets costs, what WSD-S has for rates, and equal compute."""

from __future__ import annotations

from typing import Any

from workbench.exercises.exercise import Exercise

FIVE = {"total": 3200, "count": 5, "decay": 0.1, "counted": "total"}
FOUR = {"total": 4000, "count": 4, "decay": 0.1, "counted": "segment", "shape": "linear", "warmup": 0.0}


def tree_of_five() -> float:
    """Updates of WSD with five budgets."""
    return float(_way("WSD, a branch each", FIVE).updates)


def sum_of_rates() -> float:
    """Sum of the rates of WSD-S, in percent of that of a rate that stays at the peak."""
    whole = _way("WSD-S", FOUR).schedules[-1]
    return 100 * float(whole.array().sum()) / (whole.peak * len(whole))


def longest_at_equal_compute() -> float:
    """Updates of WSD's longest model where all its models cost what WSD-S costs."""
    return float(max(_way("WSD, a branch each", {"equal": "the same compute"}).budgets))


def _way(name: str, given: dict[str, Any]) -> Any:
    from workbench.explore.budgets_page_ways import Plan

    return Plan(**given).way(name)


EXERCISES = (
    Exercise(
        question="Five budgets that double up to 3,200 updates, each with a cooldown of 10 % of the run so "
        "far (`counted` total). How many updates does WSD make for all five models?",
        answer=tree_of_five,
        tolerance=5.0,
        unit="updates",
        hint="The trunk and the last cooldown are the longest run. Each other budget adds its cooldown.",
        explanation="3,200 and a tenth of 200, 400, 800 and 1,600, which is 300: 3,500, of 6,200 for "
        "separate runs. The tree needs four fewer, as the first update of a cooldown still has the peak, "
        "like the trunk's.",
    ),
    Exercise(
        question="WSD-S over 4,000 updates with budgets 500, 1,000, 2,000 and 4,000, no warmup, a linear "
        "cooldown to a tenth over the last 10 % of each segment. What is its sum of rates, in percent of a "
        "rate that stays at the peak?",
        answer=sum_of_rates,
        tolerance=0.2,
        unit="%",
        hint="A tenth of all updates cools down; what is their mean rate?",
        explanation="The cooldowns are 10 % of all updates at 55 % of the peak on average: 0.9 + 0.1 times "
        "0.55. The river is paid in sum of rates: this is what WSD-S gives up for its models on the way.",
    ),
    Exercise(
        question="Set the page to its first values and then to *the same compute*. WSD-S makes 3,000 "
        "updates and its longest model has had them all. How many has WSD's longest model had?",
        answer=longest_at_equal_compute,
        tolerance=10.0,
        unit="updates",
        hint="Hover over the last point of WSD in the lower figure, or divide 3,000 by what WSD costs for "
        "3,000.",
        explanation="The branches of the shorter budgets cost a tenth more than the longest run alone, and "
        "the longest run pays for them.",
    ),
)
"""In the order of the notebook."""
