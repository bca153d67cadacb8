"""PyTorch: a LambdaLR that survives a restart, and the same for a bundle of schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench import files
from workbench.export.exporter import Exporter
from workbench.export.groups import put, shares
from workbench.export.plan_scheduler import PlanScheduler
from workbench.export.source import head, plan_head
from workbench.plan import Plan
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer


def torch(optimizer: Optimizer, schedule: Schedule | Plan, relative: bool = False) -> Any:
    """Run a PyTorch optimizer on `schedule`; call ``step()`` after each ``optimizer.step()``.

    ``rate of a group at update t = schedule(t)``, or with `relative`
    ``schedule(t) * lr of the group / largest lr of all groups``.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its groups' own rates count with `relative` only.
    schedule : Schedule or Plan
        A plan sets momentum (or the first beta), beta2 and weight decay as well.
    relative : bool
        Whether ratios between groups stay, as muP needs it.

    Returns
    -------
    LambdaLR or PlanScheduler
        Both are saved with ``state_dict()``, which ``torch.load`` reads with ``weights_only=True``, and
        go on to the last bit after ``load_state_dict()``.

    Raises
    ------
    ValueError
        For what is neither a schedule nor a plan, or with `relative` where every rate is 0.
    ImportError
        Without PyTorch.
    """
    if isinstance(schedule, Plan):
        return PlanScheduler(optimizer, schedule, relative)
    if not isinstance(schedule, Schedule):
        raise ValueError(f"schedule must be a Schedule or a Plan; got {files.short(schedule)}")
    try:
        from torch.optim.lr_scheduler import LambdaLR
    except ImportError:
        raise ImportError("export to torch needs PyTorch: pip install torch") from None
    for group, share in zip(optimizer.param_groups, shares(optimizer, relative), strict=True):
        put(group, "lr", share)
        group["initial_lr"] = share

    def rate(step: int) -> float:
        return schedule(step)

    # A plain function: of any other callable LambdaLR saves the attributes, which torch.load refuses.
    return LambdaLR(optimizer, rate)


_TEXT = """# The rate is the schedule's own, whatever lr the optimizer was made with. To keep the ratios
# between its param groups (muP): wb.export.torch(optimizer, {0}, relative=True).
# Save scheduler.state_dict() beside the optimizer's, and load both to go on.
{1}scheduler = wb.export.torch(optimizer, {0})  # after each optimizer.step(): scheduler.step()
"""


def torch_code(schedule: Schedule) -> str:
    """Python code that runs a PyTorch optimizer on `schedule`; it expects a name ``optimizer``."""
    return head(schedule) + _TEXT.format("schedule", "")


def _plan_code(plan: Plan) -> str:
    batch = "# scheduler.values holds what the coming update uses: read the batch size there.\n"
    return plan_head(plan) + _TEXT.format("plan", batch if plan.batch_size else "")


EXPORTER = Exporter("torch", "PyTorch LambdaLR", ".py", "torch", torch_code, _plan_code)
