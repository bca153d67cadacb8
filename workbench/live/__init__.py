"""Trainings that one watches, steers and asks about while they go on; nothing here draws.

>>> import tempfile
>>> from workbench import live, schedules, train
>>> session = live.open(tempfile.mkdtemp())
>>> schedule = schedules.constant(total=100, peak=0.1)
>>> (key,) = session.start(train.tasks.quadratic(modes=10), [schedule], wait=True)
>>> session.branch_of(key)
<Branch 1, 'constant': finished, 100 of 100>
>>> session.close()
"""

from __future__ import annotations

from workbench.live.branch import Branch
from workbench.live.opening import Look, look, open
from workbench.live.progress import Progress
from workbench.live.session import Session

__all__ = ["Branch", "Look", "Progress", "Session", "look", "open"]
