"""Questions in SQL and tables of other libraries say what the runs say, and see nothing beyond them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_store import make

import workbench as wb
from workbench.store.thin import thin


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> wb.Store:
    store = wb.Store(tmp_path_factory.mktemp("query") / "runs")
    for builder in ("wsd", "cosine"):
        for peak in (1e-3, 2e-3):
            for seed in range(3):
                store.save(make(peak, builder=builder, seed=seed))
    store.tag(store.ids()[0], "good")
    return store


def test_a_query_says_what_pandas_says(store: wb.Store) -> None:
    asked = store.query(
        "select peak, avg(final_loss) as mean, count(*) as n "
        "from runs where schedule = 'wsd' group by peak order by peak"
    )
    table = store.table(schedule="wsd").groupby("schedule.peak")["final_loss"].agg(["mean", "count"])
    assert asked["peak"].tolist() == table.index.tolist() and asked["n"].tolist() == table["count"].tolist()
    np.testing.assert_allclose(asked["mean"], table["mean"])
    assert (
        store.query("select id from runs where list_contains(tags, 'good')")["id"].tolist() == store.ids()[:1]
    )
    whole = store.query("select * from runs order by saved, id", as_="polars")
    assert whole.columns == list(store.table().columns) and whole["id"].to_list() == store.ids()
    assert store.query('select "schedule.peak" from runs;').shape == (12, 1)
    assert store.query("with a as (select 1 as x) from a")["x"].tolist() == [1]


def test_points_are_those_of_the_curves(store: wb.Store) -> None:
    id, other = store.ids()[:2]
    run = store.load(id)
    rows = store.query(f"select step, loss from points where id = '{id}' and part = 'loss' order by step")
    assert wb.Curve(rows["step"], rows["loss"]) == run.curve
    everything = store.query("select id, part, count(*) as n from points group by all")
    assert everything["n"].sum() == 12 * 6 and set(everything["part"]) == {"loss", "train", "law"}
    # A run that the query does not name is not opened: here it could not be read.
    path = store.path / f"{other}.parquet"
    whole = path.read_bytes()
    try:
        path.write_bytes(b"\0" * len(whole))
        assert len(store.query(f"select * from points where id in ('{id}')")) == 6
        with pytest.raises(ValueError, match="damaged|refused"):
            store.query("select avg(loss) from points")
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "sql",
    [
        "copy runs to '{out}'",
        "copy (select 1) to '{out}' (format parquet)",
        "select 1; copy runs to '{out}'",
        "attach '{out}' as other",
        "export database '{out}'",
        "create table t as select * from runs",
        "drop view runs",
        "delete from runs",
        "insert into runs values (1)",
        "with a as (insert into runs values (1) returning *) select * from a",
        "update runs set id = 'x'",
        "set enable_external_access = true",
        "reset enable_external_access",
        "pragma enable_external_access",
        "install httpfs",
        "load httpfs",
        "call pragma_version()",
        "explain analyze select 1",
        "prepare x as select 1",
        "checkpoint",
        "vacuum",
        "use memory",
        "select * from read_csv('{secret}')",
        "select * from '{secret}'",
        "select * from read_text('{secret}')",
        "select * from read_blob('{secret}')",
        "select * from glob('{folder}/*')",
        "select * from read_parquet('{run}')",
        "select * from parquet_metadata('{run}')",
        "select * from sniff_csv('{secret}')",
        "select * from read_json('https://example.org/x.json')",
        "select * from query('copy runs to ''{out}''')",
        "select * from query_table('frame')",
        "select * from frame",
        "select * from store",
        "select getenv('HOME')",
        "select nothing from runs",
        "select from",
        "",
        "   ",
        ";",
        None,
        3,
    ],
)
def test_a_query_reads_nothing_else_and_writes_nothing(store: wb.Store, tmp_path: Path, sql: Any) -> None:
    frame = pd.DataFrame({"x": [1]})
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("a,b\n1,2\n")
    names = {"secret": secret, "out": out, "folder": tmp_path, "run": next(store.path.glob("*.parquet"))}
    before = sorted(os.listdir(store.path))
    with pytest.raises(ValueError, match=r"^(sql must be|the query was refused)") as caught:
        store.query(sql.format(**names) if isinstance(sql, str) else sql)
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)
    assert not out.exists() and sorted(os.listdir(store.path)) == before and len(frame) == 1
    assert len(store.query("select * from runs")) == 12


def test_values_of_every_kind_come_through(tmp_path: Path) -> None:
    store = wb.Store(tmp_path / "runs")
    odd = {
        "big": 10**30,
        "mixed": 1,
        "text": "a'b\"c;--",
        "yes": True,
        "none": None,
        "half": "\ud800",
        "a b": 0.5,
    }
    store.save(make(**odd))
    store.save(make(2e-3, mixed="one", yes=False, nan=math.nan))
    table, asked = store.table(), store.query("select * from runs order by id")
    polars, arrow = store.table(as_="polars"), store.table(as_="arrow")
    assert isinstance(polars, pl.DataFrame) and arrow.num_rows == len(polars) == len(table) == 2
    assert polars.columns == arrow.column_names == list(table.columns) == list(asked.columns)
    assert polars["yes"].to_list() == [True, False] and set(polars["mixed"]) == {"1", "one"}
    assert polars["text"][0] == odd["text"] and polars["big"][0] == 1e30
    assert table["mixed"].tolist() == [1, "one"] and table["big"][0] == 10**30
    assert polars["saved"].dtype == pl.Datetime("us", "UTC")
    assert polars["saved"].to_list() == table["saved"].dt.to_pydatetime().tolist()
    assert len(store.query('select "a b", yes, nan from runs')) == 2
    assert len(store.table(as_="polars", mixed="one")) == 1 and len(store.table(as_="arrow", id=[])) == 0
    with pytest.raises(ValueError, match="as_ must be one of pandas, polars, arrow"):
        store.table(as_="excel")


def test_a_table_that_is_changed_changes_no_other(store: wb.Store) -> None:
    table = store.table()
    table["final_loss"] = 0.0
    table.loc[0, "schedule"] = "mine"
    del table["id"]
    again = store.table()
    assert "id" in again and (again["final_loss"] > 0).all() and "mine" not in set(again["schedule"])


def test_one_curve_is_read_without_the_others(store: wb.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id = store.ids()[0]
    run = store.load(id)
    read: list[Any] = []
    original = pq.ParquetFile.read
    monkeypatch.setattr(
        pq.ParquetFile,
        "read",
        lambda self, columns=None, **k: read.append(columns) or original(self, columns, **k),
    )
    assert store.curve(id) == run.curve and store.curve(id, "train") == run.parts["train"]
    assert store.curve(id, "law") == run.parts["law"]
    assert read == [["step", "loss"], ["step", "loss"], ["step", "loss", "low", "high"]]
    read.clear()
    lazily = store.curves(store.ids(), points=10)
    assert read == []
    assert next(lazily) == (id, run.curve) and len(read) == 1
    for part in ("river", "", None):
        with pytest.raises(ValueError, match="part must be one of loss, train, law"):
            store.curve(id, part)  # type: ignore[arg-type]
    for points in (3, 0, -1, 2.5, True, "9"):
        with pytest.raises(ValueError, match="points must be a whole number of at least 4"):
            store.curve(id, points=points)  # type: ignore[arg-type]


LOSSES = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=0, max_size=300)


@given(LOSSES, st.integers(4, 60))
@settings(max_examples=300)
def test_fewer_points_are_measured_ones_and_keep_the_extremes(losses: list[float], points: int) -> None:
    curve = wb.Curve(np.arange(len(losses)) * 2.0, losses)
    few = thin(curve, points)
    assert len(few) == len(curve) if len(curve) <= points else len(few) <= points
    place = (few.step / 2).astype(int)
    np.testing.assert_array_equal(curve.loss[place], few.loss)
    if len(curve):
        assert few.step[0] == curve.step[0] and few.step[-1] == curve.step[-1]
        whole, kept = (np.where(np.isfinite(each.loss), each.loss, np.inf) for each in (curve, few))
        assert kept.min() == whole.min() and kept.max() == whole.max()
    assert thin(curve, None) is curve
