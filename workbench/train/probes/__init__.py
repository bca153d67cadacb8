"""What can be looked at while a model trains, and between models.

>>> from workbench import schedules, train
>>> task = train.tasks.quadratic(modes=10)
>>> schedule = schedules.constant(total=100, peak=0.1)
>>> run, = train.train(task, [schedule], probes=[train.probes.Sharpness(every=50)])
>>> round(float(run.parts["sharpness"].loss[-1]), 6)
1.0
"""

from workbench.train.probes.between import line, plane
from workbench.train.probes.cooldown import Cooldown
from workbench.train.probes.gradients import Gradients
from workbench.train.probes.preconditioned import PreconditionedSharpness
from workbench.train.probes.sharpness import Sharpness
from workbench.train.probes.updates import Updates
from workbench.train.probes.weights import WeightNorms

__all__ = [
    "Cooldown",
    "Gradients",
    "PreconditionedSharpness",
    "Sharpness",
    "Updates",
    "WeightNorms",
    "line",
    "plane",
]
