"""What a notebook gives to take along: one folder with a page, schedules for a trainer, and runs."""

from workbench.takeaway.taken import Taken
from workbench.takeaway.writing import write

__all__ = ["Taken", "write"]
