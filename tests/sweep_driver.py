"""A driver to be killed: ``python sweep_driver.py NOTEBOOK OUT SCHEDULER TASKS`` sweeps on a Dask cluster."""

from __future__ import annotations

import sys

from workbench import sweep


def main(path: str, out: str, scheduler: str, tasks: int) -> None:
    """Run it, and print how far it is."""
    plan = sweep.plan(path, grid={"seed": list(range(tasks))}, code="chaos")
    engine = sweep.connect(scheduler, patience=60)
    for progress in sweep.events(plan, out, engine=engine, retries=20, warm=("workbench.store",)):
        print(progress.line, progress.note, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
