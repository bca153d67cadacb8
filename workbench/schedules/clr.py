"""Cyclical learning rates: triangular waves between two rates. arXiv 1506.01186."""

from typing import Annotated

from workbench.params import Choice, Param, Peak, Total
from workbench.registry import schedule
from workbench.schedule import Phase, Schedule
from workbench.schedules.parts import join

Cycles = Annotated[int, Param(1, 10, help="how often the rate goes up and down again")]
Base = Annotated[float, Param(0, 1, unit="of peak", help="lowest rate as a share of peak")]
Mode = Annotated[
    str, Choice(("triangular", "triangular2", "exp_range"), help="how the height of the waves shrinks")
]
Height = Annotated[
    float,
    Param(
        1e-6,
        1,
        log=True,
        slider=(1e-3, 1),
        only=("mode", "exp_range"),
        help="share of the height that 'exp_range' has left at the end",
    ),
]


@schedule(title="CLR (cyclical, triangular)", paper="1506.01186", family="cyclic")
def clr(
    total: Total,
    peak: Peak = 1e-3,
    base: Base = 0.25,
    cycles: Cycles = 4,
    mode: Mode = "triangular",
    height: Height = 0.1,
) -> Schedule:
    """Rise and fall in straight lines between a low and a high rate, again and again.

    ``rate = peak * (base + (1 - base) max(0, 1 - u) scale)``, u = abs(t / s - 2 c + 1) in cycle
    c = floor(1 + t / (2 s)), s = total / (2 cycles); ``scale`` is 1 (triangular), ``2^(1 - c)``
    (triangular2) or ``gamma^t`` with gamma^total = height (exp_range).

    Parameters
    ----------
    total : int
        Updates in the whole run.
    peak : float
        Highest rate of the first wave, in the trainer's unit (exp_range lies below it from the start).
    base : float
        Lowest rate as a share of `peak`.
    cycles : int
        Number of whole waves.
    mode : str
        "triangular", "triangular2" or "exp_range".
    height : float
        Share of the height left at the end of an "exp_range", not used by others. It stands for the
        paper's gamma, ``height = gamma^total``, so that the picture does not change with the length.

    Raises
    ------
    ValueError
        For an argument outside its range.

    Notes
    -----
    Use it with the two rates of a range test (`range_test`), a half wave being 2 to 10 epochs. Lower
    end: a third or a quarter of the upper.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, arXiv 1506.01186.
    """
    low = base * peak
    swing = peak - low
    turns = [(i * total + cycles) // (2 * cycles) for i in range(2 * cycles + 1)]
    phases = []
    for c in range(cycles):
        start, top, stop = turns[2 * c : 2 * c + 3]
        scale = height ** (top / total) if mode == "exp_range" else 0.5**c if mode == "triangular2" else 1.0
        for name, n in (("up", top - start), ("down", stop - top)):
            if not n:
                continue
            high = low + swing * scale
            ends = (low, high) if name == "up" else (high, low)
            curve = "linear" if mode != "exp_range" else "exp_rise" if name == "up" else "exp_fall"
            args = {} if curve == "linear" else {"ratio": height ** (n / total)}
            phases.append(Phase(name, n, *ends, curve, args=args))
    return join(*phases)
