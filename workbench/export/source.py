"""A schedule as a Python expression that makes it again."""

from __future__ import annotations

from pprint import pformat

from workbench.plan import Plan
from workbench.schedule import Schedule


def expression(schedule: Schedule) -> str:
    """A Python expression that makes `schedule` again: its builder's call, or its phases as values.

    It expects ``import workbench as wb``.
    """
    recipe = schedule.recipe
    if recipe is not None and _true(schedule):
        given = ", ".join(f"{key}={value!r}" for key, value in recipe.items() if key != "name")
        return f"wb.schedules.{recipe['name']}({given})"
    return f"wb.Schedule.from_dict({pformat(schedule.to_dict(), sort_dicts=False, width=100)})"


def head(schedule: Schedule) -> str:
    """The lines that most Python exports begin with: the import, and the schedule itself."""
    return f"import workbench as wb\n\nschedule = {expression(schedule)}\n"


def plan_head(plan: Plan) -> str:
    """The same for a bundle of schedules."""
    rows = "".join(f"    {name}={expression(each)},\n" for name, each in plan.quantities.items())
    return f"import workbench as wb\nfrom workbench.plan import Plan\n\nplan = Plan(\n{rows})\n"


def _true(schedule: Schedule) -> bool:
    """Whether the recipe makes the schedule again wherever the package is installed."""
    from workbench import schedules

    recipe = schedule.recipe or {}
    # A builder that somebody registered at home is not there for whoever runs the text.
    if not hasattr(schedules, str(recipe.get("name"))):
        return False
    try:
        return schedules.build(recipe) == schedule
    except ValueError:
        return False
