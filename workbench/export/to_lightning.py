"""Lightning: what configure_optimizers returns, stepped at every update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.export.exporter import Exporter
from workbench.export.source import expression
from workbench.export.to_torch import torch
from workbench.schedule import Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer


def lightning(optimizer: Optimizer, schedule: Schedule, relative: bool = False) -> dict[str, Any]:
    """What a LightningModule's ``configure_optimizers`` returns to train on `schedule`.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Its groups' own rates count with `relative` only.
    schedule : Schedule
        Any. One step of it is one update of the optimizer, whatever the epochs.
    relative : bool
        Whether ratios between param groups stay, as muP needs it.

    Raises
    ------
    ValueError
        For what is not a schedule, or with `relative` where every rate is 0.
    ImportError
        Without PyTorch.

    Notes
    -----
    Lightning steps a scheduler once an epoch unless told otherwise; the result tells it. Its
    checkpoints hold the scheduler's place.
    """
    scheduler = torch(optimizer, schedule, relative)
    return {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": scheduler, "interval": "step", "frequency": 1},
    }


def _code(schedule: Schedule) -> str:
    return f"""# A method of your LightningModule. One step of the schedule is one update of the optimizer.
def configure_optimizers(self):
    import torch
    import workbench as wb

    schedule = {_indented(expression(schedule))}
    optimizer = torch.optim.AdamW(self.parameters())
    return wb.export.lightning(optimizer, schedule)
"""


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


EXPORTER = Exporter("lightning", "Lightning configure_optimizers", ".py", "lightning", _code)
