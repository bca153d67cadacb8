"""Weight decay that follows the rate, for layers before a norm: AdamC. arXiv 2506.02285."""

from __future__ import annotations

from workbench.files import short
from workbench.params import Param, number
from workbench.schedule import Schedule


def adamc(learning_rate: Schedule, weight_decay: float) -> Schedule:
    """Weight decay of normalised layers in proportion to the rate.

    ``lambda_t = lambda rate_t / max rate``.

    Parameters
    ----------
    learning_rate : Schedule
        With a rate above 0 somewhere.
    weight_decay : float
        At the peak, as AdamW takes it; above 0.

    Returns
    -------
    Schedule
        Of the weight decay, for a `workbench.Plan`.

    Raises
    ------
    ValueError
        For something that is no schedule, a rate of 0 throughout, or a decay outside its range.

    Notes
    -----
    Use it where the norm of the gradient rises towards the end of a run with weight decay: the decay of
    layers whose output is normalised should fall with the rate. Other layers keep theirs.

    References
    ----------
    Defazio, "Why Gradients Rapidly Increase Near the End of Training", 2025, arXiv 2506.02285.
    """
    if not isinstance(learning_rate, Schedule):
        raise ValueError(f"learning_rate must be a Schedule; got {short(learning_rate)}")
    decay = number("weight_decay", weight_decay, Param(0, 1e6, open_low=True))
    peak = learning_rate.peak
    if not peak > 0:
        raise ValueError("learning_rate must be above 0 somewhere; got a rate of 0 throughout")
    return learning_rate * (decay / peak)
