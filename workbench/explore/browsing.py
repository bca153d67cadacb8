"""Schedules on a page: browsed, compared, drawn, printed, and set to walk in a valley."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.explore.atlas import Atlas
from workbench.explore.board import Board
from workbench.explore.comparison import Comparison
from workbench.explore.multiples import Gallery
from workbench.explore.settings import SETTINGS
from workbench.explore.thumbnails import Sheet, budget, every
from workbench.params import known
from workbench.registry import FAMILIES
from workbench.schedule import Schedule


def browse(
    schedule: str = "wsd", *, total: int | None = None, peak: float | None = None, setting: str = "gpt"
) -> Atlas:
    """All registered schedules, and the chosen one with its sliders: "Which shapes has the field tried?"

    Parameters
    ----------
    schedule : str
        Builder to begin with.
    total, peak : int and float, optional
        Budget of the gallery and first values of the sliders; those of the setting where they are not given.
    setting : str
        Which law predicts the loss; see `start`.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or a total or peak outside its range.
    """
    return Atlas(schedule, _known(setting), _given(total, peak))


def compare(
    a: str | Schedule = "cosine",
    b: str | Schedule = "wsd",
    *,
    total: int | None = None,
    peak: float | None = None,
    setting: str = "gpt",
) -> Comparison:
    """Two schedules side by side: rates, areas, predicted losses, and in words how they differ.

    Parameters
    ----------
    a, b : str or Schedule
        Names of builders, or schedules; one with a recipe comes with its sliders.
    total, peak, setting
        As in `browse`, for what is given by name.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or a total or peak outside its range.
    """
    return Comparison(a, b, _known(setting), _given(total, peak))


def draw(
    schedule: str | Schedule = "wsd",
    *,
    total: int | None = None,
    peak: float | None = None,
    setting: str = "gpt",
) -> Board:
    """A canvas on which a schedule is drawn with the mouse, its predicted loss beside it.

    Parameters
    ----------
    schedule : str or Schedule
        Where the drawing begins, and what it is compared with.
    total, peak, setting
        As in `browse`, for what is given by name.

    Raises
    ------
    ValueError
        For an unknown setting or schedule, or a total or peak outside its range.
    """
    return Board(schedule, _known(setting), _given(total, peak))


def gallery(total: int = 1000, peak: float = 1e-3) -> Gallery:
    """Small multiples of all registered schedules, filtered by family and words; see `sheet` for print."""
    return Gallery(total, peak)


def sheet(total: int = 1000, peak: float = 1e-3, *, families: Sequence[str] = (), search: str = "") -> Sheet:
    """The gallery as plain HTML, for people who only read.

    Parameters
    ----------
    total, peak : int and float
        Budget of every schedule.
    families : sequence of str
        Families that are shown; all where it is empty.
    search : str
        Words that title, paper, summary or use must have.

    Raises
    ------
    ValueError
        For a total or peak outside its range, or an unknown family.
    """
    known(FAMILIES, families, "sheet's families")
    cells = every(*budget(total, peak))
    return Sheet(tuple(cell for cell in cells if cell.matches(families, search)))


def valley(
    schedule: str | Schedule = "wsd",
    *,
    peak: float | None = None,
    total: int | None = None,
    walkers: int = 24,
    seed: int = 0,
    **land: Any,
) -> Any:
    """Walkers in the river valley: "What does a large learning rate do that the loss does not show?"

    Parameters
    ----------
    schedule : str or Schedule
        Where the sliders begin; one without a recipe is drawn by hand.
    peak, total : float and int, optional
        Highest rate and number of updates, for a schedule that is given by its name.
    walkers : int
        How many start together, each with noise of its own.
    seed : int
        Of the first walker; the others have the seeds that follow.
    **land
        Of `workbench.train.tasks.valley`, such as ``noise=4.0`` or ``bed="bowl"``.

    Returns
    -------
    Valley
        The page: `schedule`, `task` and `flock` are what it shows, `pin` keeps walkers to compare with.

    Raises
    ------
    ValueError
        For an unknown schedule or argument, or one outside its range.
    """
    from workbench.explore.valley_page import Valley

    return Valley(schedule, {"peak": peak, "total": total}, walkers, seed, land)


def _known(setting: str) -> str:
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {', '.join(SETTINGS)}; got {setting!r}")
    return setting


def _given(total: int | None, peak: float | None) -> dict[str, Any]:
    return {key: value for key, value in (("total", total), ("peak", peak)) if value is not None}
