"""Runs go to CSV, MLflow and object stores and come back equal; other people's MLflow runs are read, too."""

from __future__ import annotations

import csv
import math
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from test_store import make

import workbench as wb
from workbench import exchange


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    store = wb.Store(tmp_path / "runs")
    base = make(odd='a"b,\n=x', pair=(1, (2,)), nan=math.nan, **{"loss (x)": True})
    diverged = wb.Run(
        base.schedule, wb.Curve([0, 0.5, 2], [3.0, math.inf, math.nan]), facts={"status": "diverged"}
    )
    empty = wb.Run(base.schedule, wb.Curve([], []), {"name": "null"}, {"x": "", "y": "nan"})
    ids = [store.save(run) for run in (base, make(2e-3), diverged, empty)]
    store.tag(ids[0], "good", "two words")
    store.note(ids[0], 'hm, "x"\nsecond line')
    return store


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file of MLflow with its tables, which take seconds to be made."""
    path = tmp_path_factory.mktemp("empty") / "ml.db"
    with exchange.tracking.client(exchange.tracking.address(path)):
        return path


def equal(a: wb.Store, b: wb.Store) -> bool:
    """The same runs, by their content, and what is said of them."""
    said = [
        {
            id: (tags, notes)
            for id, tags, notes in each.table()[["id", "tags", "notes"]].itertuples(index=False)
        }
        for each in (a, b)
    ]
    return repr(sorted(said[0].items())) == repr(sorted(said[1].items())) and a.check().ok and b.check().ok


def test_csv_there_and_back(store: wb.Store, tmp_path: Path) -> None:
    paths = exchange.to_csv(store, tmp_path / "out")
    other = wb.Store(tmp_path / "other")
    assert sorted(exchange.from_csv(tmp_path / "out", other)) == sorted(store.ids()) and equal(store, other)
    with paths[0].open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    table = store.table().set_index("id")
    assert {id: float(row["final_loss"] or "nan") for id, row in rows.items()} == pytest.approx(
        table["final_loss"].to_dict(), nan_ok=True
    )
    assert rows[table.index[0]]["odd"] == 'a"b,\n=x' and rows[table.index[0]]["tags"] == "good, two words"
    with paths[1].open(newline="") as file:
        points = list(csv.DictReader(file))
    assert len(points) == 6 + 6 + 3 + 0
    with pytest.raises(ValueError, match="must not have runs.csv already"):
        exchange.to_csv(store, tmp_path / "out")
    (some,) = exchange.from_csv(exchange.to_csv(store, tmp_path / "one", store.ids()[:1])[0].parent, other)
    assert some == store.ids()[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("runs.csv", "a,b\n1,2\n"),
        ("runs.csv", ""),
        ("runs.csv", "id,run\nx,{\n"),
        ("runs.csv", 'id,run\nx,"{""a"": 1}"\n'),
        ("runs.csv", "id,run\nx\n"),
        ("points.csv", "id,part,step,loss,low,high\nx,loss,one,2,,\n"),
        ("points.csv", "id,part,step\n"),
        ("points.csv", None),
    ],
)
def test_csv_that_is_something_else_is_refused_and_nothing_saved(
    store: wb.Store, tmp_path: Path, name: str, text: str | None
) -> None:
    exchange.to_csv(store, tmp_path / "out")
    (tmp_path / "out" / name).unlink()
    if text is not None:
        (tmp_path / "out" / name).write_text(text)
    other = wb.Store(tmp_path / "other")
    with pytest.raises(ValueError, match="out") as caught:
        exchange.from_csv(tmp_path / "out", other)
    assert "\n" not in str(caught.value) and len(other) == 0


def test_a_value_that_was_changed_in_the_csv_makes_another_run(store: wb.Store, tmp_path: Path) -> None:
    points = exchange.to_csv(store, tmp_path / "out", store.ids()[1:2])[1]
    points.write_text(points.read_text().replace(",5,", ",6,", 1))
    other = wb.Store(tmp_path / "other")
    (id,) = exchange.from_csv(tmp_path / "out", other)
    assert id not in store.ids() and other.load(id).curve.loss[0] == 6.0 and other.check().ok


@pytest.mark.parametrize("place", ["ml.db", "mlruns"])
def test_mlflow_there_and_back(store: wb.Store, tmp_path: Path, place: str, empty: Path) -> None:
    if place == empty.name:
        shutil.copy(empty, tmp_path)
    there = exchange.to_mlflow(store, tmp_path / place)
    assert len(set(there)) == 4 and exchange.to_mlflow(store, tmp_path / place) == there, "nothing twice"
    other = wb.Store(tmp_path / "other")
    assert sorted(exchange.from_mlflow(tmp_path / place, other)) == sorted(store.ids()) and equal(
        store, other
    )
    assert sorted(exchange.from_mlflow(tmp_path / place, other)) == sorted(store.ids()) and equal(
        store, other
    )


def test_what_mlflow_holds_is_what_was_measured(store: wb.Store, tmp_path: Path, empty: Path) -> None:
    """Read from its database, by nobody's library."""
    shutil.copy(empty, tmp_path)
    id = store.ids()[1]
    (there,) = exchange.to_mlflow(store, tmp_path / "ml.db", experiment="mine", ids=[id])
    run = store.load(id)
    with sqlite3.connect(tmp_path / "ml.db") as base:
        metrics = base.execute(
            "select step, value from metrics where key = 'loss' and run_uuid = ? order by step", (there,)
        ).fetchall()
        params = dict(base.execute("select key, value from params where run_uuid = ?", (there,)))
        status = base.execute("select status from runs where run_uuid = ?", (there,)).fetchone()
        names = [name for (name,) in base.execute("select name from experiments")]
    assert metrics == list(zip(run.curve.step.astype(int), run.curve.loss, strict=True))
    assert params["schedule.peak"] == "0.002" and params["task.preset"] == "0.1M" and params["seed"] == "0"
    assert status == ("FINISHED",) and "mine" in names


@pytest.mark.parametrize("place", ["ml.db", "mlruns"])
def test_runs_that_others_logged_are_rebuilt(tmp_path: Path, place: str, empty: Path) -> None:
    from mlflow.entities import Metric

    if place == empty.name:
        shutil.copy(empty, tmp_path)
    schedule = wb.schedules.wsd(total=200, peak=1e-3)
    loss = 2 + np.exp(-np.arange(200) / 50)
    uri = exchange.tracking.address(tmp_path / place)
    with exchange.tracking.client(uri) as client:
        made = client.create_run(
            client.create_experiment("theirs", exchange.tracking.artifacts(uri)), run_name="a"
        )
        for name, values in (("train/loss", loss), ("lr", schedule.array())):
            client.log_batch(made.info.run_id, [Metric(name, float(v), 1, i) for i, v in enumerate(values)])
        client.log_param(made.info.run_id, "seed", 3)
        client.create_run("0", run_name="nothing in it")
    store = wb.Store(tmp_path / "runs")
    with pytest.warns(UserWarning, match="left out: the MLflow run .* cannot be read"):
        (id,) = exchange.from_mlflow(tmp_path / place, store)
    run = store.load(id)
    np.testing.assert_allclose(run.curve.loss, loss)
    np.testing.assert_allclose(run.schedule.array(), schedule.array(), atol=1e-9)
    (row,) = store.table(**{"param.seed": 3}).to_dict("records")
    assert row["mlflow_experiment"] == "theirs" and row["task"] == "theirs"


@pytest.mark.parametrize(
    "uri", ["", None, 3, "http://localhost:5000", "s3://bucket/x", "nowhere", "nowhere.db"]
)
def test_a_tracking_store_that_is_none_is_refused(
    store: wb.Store, uri: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="uri must be"):
        exchange.from_mlflow(uri, store)
    assert not (tmp_path / "nowhere").exists() and not (tmp_path / "nowhere.db").exists()


def test_a_file_that_is_no_tracking_store_is_a_sentence(store: wb.Store, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database, and long enough to be seen as none")
    for call in (
        lambda: exchange.from_mlflow(tmp_path / "x.db", store),
        lambda: exchange.to_mlflow(store, tmp_path / "x.db"),
    ):
        with pytest.raises(ValueError, match="x.db") as caught:
            call()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="ids must be of runs that are there"):
        exchange.to_mlflow(store, tmp_path / "y", ids=["0" * 16])
    exchange.to_mlflow(store, tmp_path / "z", ids=store.ids()[:1])
    with pytest.raises(ValueError, match="experiment must be one of"):
        exchange.from_mlflow(tmp_path / "z", store, experiment="other")


@pytest.fixture
def remote() -> Any:
    fsspec.filesystem("memory").store.clear()
    yield wb.Store("memory://bucket/runs")
    fsspec.filesystem("memory").store.clear()


def test_an_object_store_is_a_store(remote: wb.Store, store: wb.Store) -> None:
    for id in store.ids():
        assert remote.save(store.load(id)) == id
    assert sorted(remote.ids()) == sorted(store.ids()) and remote.load(store.ids()[1]) == store.load(
        store.ids()[1]
    )
    again = wb.Store(remote.address)
    first = remote.ids()[0]
    again.tag(first, "far")
    assert remote.table(tags="far")["id"].tolist() == [first]
    assert remote.curve(store.ids()[1], "train") == store.load(store.ids()[1]).parts["train"]
    assert remote.query("select count(*) as n from points")["n"][0] == 15
    again.bin(first)
    assert len(remote) == 3 and remote.binned()["id"].tolist() == [first]
    again.restore(first)
    assert len(remote) == 4 and remote.check().ok
    fsspec.filesystem("memory").pipe_file(f"/bucket/runs/{'0' * 16}.parquet", b"PAR1")
    with pytest.warns(UserWarning, match="memory://bucket/runs/0000000000000000.parquet is not a whole"):
        assert len(wb.Store(remote.address)) == 4
    assert remote.repair().ok
    with pytest.raises(ValueError, match="is no folder of this machine"):
        _ = remote.path


def test_an_object_store_has_an_index(remote: wb.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench import runfile
    from workbench.store import catalogue

    monkeypatch.setattr(catalogue, "SEGMENT", 3)
    ids = {remote.save(make(seed=seed)) for seed in range(4)}
    assert set(remote.ids()) == ids
    monkeypatch.setattr(runfile, "about", None)
    assert set(wb.Store(remote.address).ids()) == ids


@pytest.mark.parametrize(
    "address", ["ftp://host/runs", "http://host/runs", "sftp://host/x", "://x", "s3://bucket/runs"]
)
def test_addresses_that_cannot_hold_a_store_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address must begin with one of|needs a library"):
        wb.Store(address)
