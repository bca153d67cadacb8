"""A schedule as a picture in a file (needs matplotlib)."""

from __future__ import annotations

from pathlib import Path

from workbench.schedule import Schedule
from workbench.sketch import spread

FORMATS = (".png", ".svg", ".pdf")
"""Endings of the files that can be written."""
_SAMPLES = 4000


def save(schedule: Schedule, path: str | Path, *, log: bool = False, label: str = "learning rate") -> Path:
    """Draw the rate over the steps, with the phases named, into a file.

    Parameters
    ----------
    schedule : Schedule
        What is drawn.
    path : path
        Ends in .png, .svg or .pdf.
    log : bool
        Whether the rate has a logarithmic axis; rates of 0 are not drawn then.
    label : str
        What is scheduled.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For another ending, a folder that cannot be written, or where matplotlib is missing.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"the picture must be a file that ends in {', '.join(FORMATS)}; got {path.name!r}")
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ValueError("pictures need matplotlib: pip install 'lr-workbench[lab]'") from None
    figure = Figure(figsize=(7.2, 3.6), dpi=150, layout="constrained")
    axes = figure.subplots()
    at = spread(0, len(schedule) - 1, _SAMPLES)
    axes.plot(at, schedule(at.astype(float)), color="#0072B2", linewidth=1.8)
    axes.set_yscale("log" if log else "linear")
    # The names of the phases need room above the curve.
    if log:
        axes.set_ylim(top=3 * (schedule.peak or 1.0))
    else:
        axes.set_ylim(0, 1.12 * (schedule.peak or 1.0))
        axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3), useMathText=True)
    axes.set_xlim(0, max(len(schedule), 1))
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    axes.set_xlabel("step (updates)")
    axes.set_ylabel(label)
    name = str(schedule.recipe["name"]) if schedule.recipe else "schedule"
    axes.set_title(f"{name}: {len(schedule):,} steps, peak {schedule.peak:.4g}", fontsize=10, loc="left")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    wide = [span for span in schedule.spans() if span.stop - span.start >= len(schedule) / 12]
    for span in schedule.spans()[1:]:
        axes.axvline(span.start, color="grey", linewidth=0.7, linestyle=":")
    for span in wide:
        axes.annotate(
            span.name,
            ((span.start + span.stop) / 2, 0.965),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=8,
            color="grey",
        )
    try:
        figure.savefig(path)
    except OSError as error:
        raise ValueError(f"the picture cannot be written: {error}") from None
    return path
