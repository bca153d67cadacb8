"""Plain files: YAML and JSON that the workbench reads again, and a CSV of every update."""

from __future__ import annotations

from workbench.export.exporter import Exporter
from workbench.plan import Plan
from workbench.schedule import Schedule


def _csv(schedule: Schedule) -> str:
    return _rows("step,rate", [schedule.array().tolist()])


def _plan_csv(plan: Plan) -> str:
    columns = plan.array()
    return _rows(",".join(["step", *columns]), [column.tolist() for column in columns.values()])


def _rows(names: str, columns: list[list[float]]) -> str:
    rows = zip(*(map(repr, column) for column in columns), strict=True)
    return "\n".join([names, *(f"{t},{','.join(row)}" for t, row in enumerate(rows)), ""])


YAML = Exporter("yaml", "YAML", ".yaml", "", Schedule.to_yaml, Plan.to_yaml)
JSON = Exporter("json", "JSON", ".json", "", Schedule.to_json, Plan.to_json)
CSV = Exporter("csv", "CSV of every update", ".csv", "", _csv, _plan_csv)
