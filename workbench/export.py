"""A schedule as code for somebody's trainer."""

from __future__ import annotations

from pprint import pformat

from workbench.schedule import Schedule


def expression(schedule: Schedule) -> str:
    """A Python expression that makes `schedule` again: its builder's call, or its phases as values."""
    from workbench import schedules

    recipe = schedule.recipe
    if recipe is not None and schedules.build(recipe) == schedule:
        given = ", ".join(f"{key}={value!r}" for key, value in recipe.items() if key != "name")
        return f"wb.schedules.{recipe['name']}({given})"
    return f"wb.Schedule.from_dict({pformat(schedule.to_dict(), sort_dicts=False, width=100)})"


def torch_code(schedule: Schedule) -> str:
    """Python code that runs a PyTorch optimizer on `schedule`; it expects a name ``optimizer``."""
    return f"""import workbench as wb
from torch.optim.lr_scheduler import LambdaLR

schedule = {expression(schedule)}
for group in optimizer.param_groups:
    group["lr"] = group["initial_lr"] = 1.0  # LambdaLR multiplies: the rate is the schedule's own
scheduler = LambdaLR(optimizer, schedule)  # after each optimizer.step(): scheduler.step()
"""
