"""Runs of a store to other programs and back: CSV for spreadsheets, MLflow for teams that track there.

>>> from workbench import exchange
>>> exchange.to_csv(store, "table")  # doctest: +SKIP
>>> exchange.to_mlflow(store, "sqlite:///mlflow.db")  # doctest: +SKIP
"""

from __future__ import annotations

from workbench.exchange.from_mlflow import from_mlflow
from workbench.exchange.plain_csv import from_csv, to_csv
from workbench.exchange.to_mlflow import to_mlflow

__all__ = ["from_csv", "from_mlflow", "to_csv", "to_mlflow"]
