"""Exercises of notebooks/chinchilla.ipynb."""

from __future__ import annotations

from workbench import scaling
from workbench.exercises.exercise import Exercise
from workbench.scaling import Points

_WORST = 5
_FLOOR = 1.69


def _runs(dropped: int = _WORST) -> Points:
    return scaling.load("chinchilla/all").without_worst(dropped)


def _moves() -> str:
    from workbench.explore.replication import BUDGETS

    found = []
    for runs in (_runs(), _runs(0)):
        all_three = (
            scaling.envelope(runs),
            scaling.isoflop(runs, budgets=BUDGETS),
            scaling.parametric(scaling.fit("chinchilla", runs)),
        )
        found.append({one.method: one.exponent_n for one in all_three})
    before, after = found
    return max(before, key=lambda method: abs(after[method] - before[method]))


def _grows() -> float:
    runs = _runs()
    free, held = (scaling.fit("chinchilla", runs, fixed=fixed) for fixed in ({}, {"E": _FLOOR}))
    return 100 * (held.objective / free.objective - 1)


def _served() -> float:
    fit = scaling.fit("chinchilla", _runs())
    return scaling.plan(fit, target_loss=2.0, served_tokens=1e13).tokens_per_param


EXERCISES = (
    Exercise(
        question="Set `dropped` to 0 and run again. Which of the three approaches moves (`envelope`, "
        "`isoflop` or `parametric`), and why not the other two?",
        answer=_moves,
        hint="Compare the exponents of size in the cell under *Three approaches, one answer*.",
        explanation="The five runs have so few tokens that they are on no frontier and in no parabola's "
        "bottom. A law of all runs must pass near them, and bends its data term.",
    ),
    Exercise(
        question="Hold the floor at Hoffmann's value, `scaling.fit(\"chinchilla\", runs, fixed={'E': "
        '1.69})`. By how many percent does the objective grow? Is `fit.profile("E").interval` in '
        "agreement?",
        answer=_grows,
        tolerance=0.5,
        unit="%",
        hint="`.objective` of both fits; the runs are those without the five highest losses.",
        explanation="A lower floor makes both exponents smaller. The profile interval does not hold 1.69: "
        "the data refuse it.",
    ),
    Exercise(
        question="Ask for a model that will serve 1e13 tokens: `scaling.plan(fit, target_loss=2.0, "
        "served_tokens=1e13)`. How many tokens per parameter are best then, and what does half the size "
        "cost?",
        answer=_served,
        tolerance=3,
        unit="tokens per parameter",
        hint="The plan has `tokens_per_param`, and `other_size(0.5)`.",
        explanation="Serving costs 2 FLOPs per parameter and token, so that a small model trained for "
        "long pays. Half of that size costs several times the compute: the basin is steep on the side of "
        "small models.",
    ),
)
