"""A law is judged on the scale that it has not seen: fitted to the smaller runs, tried on the largest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.files import short
from workbench.params import Choice, Param, choice, number
from workbench.scaling.fit import fit
from workbench.scaling.reading import points
from workbench.scaling.result import ScalingFit
from workbench.scaling.table import Points
from workbench.views.table import Table

Array = NDArray[np.float64]
BY = Choice(("compute", "n_params", "tokens"))
_ALIKE = 0.02
_SHARE = Param(0.02, 0.8)


@dataclass(frozen=True, eq=False)
class Extrapolation:
    """How laws did on runs larger than those that they were fitted to.

    Parameters
    ----------
    by : str
        What "larger" means.
    cut : float
        The largest that was fitted.
    beyond : float
        The largest that was predicted, as a multiple of `cut`.
    rows : mapping of law to mapping
        ``mean_relative`` and ``worst_relative`` (absolute errors over the loss), ``bias`` (mean signed
        relative error, above 0 when the law says too high a loss), ``coverage`` (share of runs inside the
        90 % interval of a run), ``fitted_mean_relative`` (the same error on the runs that were fitted).
    fits : mapping of law to ScalingFit
        The fits to the smaller runs.
    heldout : Points
        The larger runs.
    refused : mapping of law to str
        Why a law could not be fitted to the smaller runs.
    """

    by: str
    cut: float
    beyond: float
    rows: Mapping[str, Mapping[str, float]]
    fits: Mapping[str, ScalingFit]
    heldout: Points
    refused: Mapping[str, str]

    @property
    def best(self) -> str:
        """The law with the smallest mean error on the larger runs."""
        return min(self.rows, key=lambda name: self.rows[name]["mean_relative"])

    def table(self) -> Table:
        """Rows for people, the best law first."""
        order = sorted(self.rows, key=lambda name: self.rows[name]["mean_relative"])
        rows = tuple(
            {
                "law": name,
                "mean error": f"{self.rows[name]['mean_relative']:.2%}",
                "worst": f"{self.rows[name]['worst_relative']:.2%}",
                "bias": f"{self.rows[name]['bias']:+.2%}",
                "inside 90 %": f"{self.rows[name]['coverage']:.0%}",
                "mean error where fitted": f"{self.rows[name]['fitted_mean_relative']:.2%}",
            }
            for name in order
        )
        fitted = len(next(iter(self.fits.values())).points)
        larger = len(self.heldout)
        title = f"Fitted to {fitted} runs of {self.by} up to {self.cut:.3g}, tried on {larger} larger ones"
        notes = [f"the largest is {self.beyond:.3g} times beyond what was fitted"]
        notes += [f"{name}: {why}" for name, why in self.refused.items()]
        return Table(title, rows, tuple(notes))

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def extrapolate(
    laws: Sequence[str | Callable[..., Any]],
    data: Any,
    *,
    by: str = "compute",
    share: float = 0.2,
    fixed: Mapping[str, float] | None = None,
) -> Extrapolation:
    """Leave out the largest runs, fit each law to the others, and compare on those left out.

    Parameters
    ----------
    laws : sequence of str or law
        Laws of `workbench.scaling.laws`.
    data : Points, or anything that `points` reads
        All runs.
    by : str
        "compute", "n_params" or "tokens": what the largest are largest in.
    share : float
        Of the runs that are left out, at least; runs within 2 % of each other stay together.
    fixed : mapping, optional
        Parameters that are held, where there is one law.

    Raises
    ------
    ValueError
        When no law can be fitted to the smaller runs, with the reason.

    Notes
    -----
    The default of `ScalingFit.report`. Errors on runs like the fitted ones say little: laws that agree
    there to 0.1 % differ by 5 % ten times further.
    """
    if isinstance(laws, str) or not laws:
        raise ValueError(
            f"laws must be a list of one or more laws, such as ['chinchilla']; got {short(laws)}"
        )
    table = points(data)
    by, share = choice("by", by, BY), number("share", share, _SHARE)
    small, large = split(table, by, share)
    fits, rows, refused = {}, {}, {}
    for law in laws:
        name = law if isinstance(law, str) else getattr(law, "__name__", str(law))
        try:
            fits[name] = fit(law, small, fixed=fixed)
        except ValueError as error:
            refused[name] = str(error)
            continue
        rows[name] = _scores(fits[name], large)
    if not fits:
        raise ValueError(
            f"no law can be fitted to the {len(small)} smaller runs: {'; '.join(refused.values())}"
        )
    cut = float(small.column(by).max())
    return Extrapolation(by, cut, float(large.column(by).max()) / cut, rows, fits, large, refused)


def split(table: Points, by: str, share: float) -> tuple[Points, Points]:
    """The smaller and the larger runs."""
    log = np.log(table.column(by))
    order = np.argsort(log, kind="stable")
    first = len(table) - max(1, int(np.ceil(share * len(table))))
    # A budget or a size is left out whole.
    while first > 0 and log[order[first]] - log[order[first - 1]] < _ALIKE:
        first -= 1
    if first < 1:
        raise ValueError(f"these runs all have one {by}: there is no larger scale to leave out")
    return table.take(np.sort(order[:first])), table.take(np.sort(order[first:]))


def _scores(fitted: ScalingFit, large: Points) -> dict[str, float]:
    beside = {name: getattr(large, name) for name in ("unique_tokens", "steps", "flops")}
    said = fitted.predict(large.n_params, large.tokens, **beside, run=True)
    error = said.loss / large.loss - 1
    inside = (said.low <= large.loss) & (large.loss <= said.high)
    return {
        "mean_relative": float(np.mean(np.abs(error))),
        "worst_relative": float(np.max(np.abs(error))),
        "bias": float(np.mean(error)),
        "coverage": float(np.mean(inside)),
        "fitted_mean_relative": float(np.mean(np.abs(np.expm1(-fitted.residuals)))),
    }
