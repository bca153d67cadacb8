"""What an exporter is: a name, a title, and a function that writes a schedule as text for one framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench import files
from workbench.plan import Plan
from workbench.schedule import Schedule


class CannotExport(ValueError):
    """A target that has no way to express what it was given; the sentence says what does not fit."""


@dataclass(frozen=True)
class Exporter:
    """One target of an export.

    Parameters
    ----------
    name : str
        What the target is called: "torch", "csv".
    title : str
        The same in words, for choosers.
    extension : str
        How a file with its text ends, ".py".
    needs : str
        Package that its text needs where it is used, "" for none.
    write : callable
        A `Schedule` to text.
    write_plan : callable, optional
        A bundle of schedules to text, where the target has a place for each of them.
    """

    name: str
    title: str
    extension: str
    needs: str
    write: Callable[[Schedule], str]
    write_plan: Callable[[Plan], str] | None = None

    def code(self, schedule: Any) -> str:
        """Text to paste or save that runs `schedule`, or a bundle of schedules, on this target.

        Raises
        ------
        CannotExport
            A ``ValueError`` that says what the target cannot express, and why.
        """
        if isinstance(schedule, Schedule):
            return self.write(schedule)
        if not isinstance(schedule, Plan):
            raise ValueError(f"export needs a Schedule or a Plan; got {files.short(schedule)}")
        if self.write_plan is None:
            held = ", ".join(schedule.quantities)
            raise CannotExport(
                f"{self.name} cannot express a plan of {held}, because it has room for one schedule; export "
                "plan.learning_rate alone, or the plan to torch"
            )
        return self.write_plan(schedule)


def numeral(value: float) -> str:
    """A number that Python, YAML and TOML all read as the same float: ``1.0e-05``, with its point."""
    text = repr(float(value))
    return text if "e" not in text or "." in text else text.replace("e", ".0e")
