"""The store gives back what was saved, whole or not at all, and finds it by any field."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench import files

DATA = Path(__file__).parent / "data"


def make(
    peak: float = 1e-3, *, builder: str = "wsd", preset: str = "0.1M", seed: int = 0, **facts: Any
) -> wb.Run:
    schedule = wb.schedules.build({"name": builder, "total": 100, "peak": peak})
    curve = wb.Curve([0, 50, 99], [5.0, 3.0, 2.0 + peak])
    task = {"name": "gpt", "preset": preset, "context": 64}
    parts = {"train": wb.Curve([10, 20], [4.0, 3.5]), "law": wb.Curve([1], [2.0], [1.5], [2.5])}
    return wb.Run(schedule, curve, task, {"seed": seed, "status": "finished", **facts}, parts)


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    return wb.Store(tmp_path / "runs")


LOSS = st.floats(allow_nan=True, allow_infinity=True)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4).filter(lambda key: not key.startswith("$")), inner, max_size=3)
    ),
    max_leaves=6,
)
FACTS = st.dictionaries(st.text(max_size=6).filter(lambda key: not key.startswith("$")), PLAIN, max_size=4)


@st.composite
def curves(draw: st.DrawFn) -> wb.Curve:
    step = sorted(draw(st.sets(st.integers(0, 10**6), max_size=6)))
    columns = [draw(st.lists(LOSS, min_size=len(step), max_size=len(step))) for _ in range(3)]
    return wb.Curve(step, columns[0], *(columns[1:] if draw(st.booleans()) else ()))


@given(curves(), FACTS, FACTS, st.dictionaries(st.text("abc", max_size=3), curves(), max_size=2))
@settings(max_examples=40)
def test_load_equals_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory, curve: wb.Curve, task: Any, facts: Any, parts: Any
) -> None:
    store = wb.Store(tmp_path_factory.mktemp("runs"))
    run = wb.Run(wb.schedules.cosine(total=50), curve, task, facts, parts)
    back = store.load(store.save(run))
    assert back == run
    assert back.schedule.recipe == run.schedule.recipe
    assert list(back.facts) == list(facts) and list(back.parts) == list(parts)
    shutil.rmtree(store.path)


def test_values_that_json_has_not_survive(store: wb.Store) -> None:
    facts = {"nan": math.nan, "inf": math.inf, "low": -math.inf, "pair": (1, (2,)), "numpy": np.float32(0.5)}
    run = make(**facts, flag=np.bool_(True), count=np.int64(3))
    diverged = wb.Run(run.schedule, wb.Curve([0, 1, 2], [3.0, math.inf, math.nan]), run.task, run.facts)
    back = store.load(store.save(diverged))
    assert math.isnan(back.facts["nan"]) and back.facts["inf"] == math.inf and back.facts["low"] == -math.inf
    assert back.facts["pair"] == (1, (2,)) and back.facts["numpy"] == 0.5
    assert back.facts["flag"] is True and back.facts["count"] == 3
    assert back.curve == diverged.curve
    assert math.isnan(store.table()["final_loss"][0])


@pytest.mark.parametrize("schedule", [wb.hold(5, 1.0).then(wb.ramp(5, 1, 0, "exp", ratio=0.1)).until(7)])
def test_custom_schedules_survive(store: wb.Store, schedule: wb.Schedule) -> None:
    run = wb.Run(schedule, wb.Curve([], []))
    assert store.load(store.save(run)) == run
    assert store.table()["schedule"].tolist() == ["custom"] and store.table()["steps"].tolist() == [7]


def test_the_same_run_is_one_file(store: wb.Store) -> None:
    id = store.save(make())
    assert store.save(make()) == id and len(store) == 1
    others = {
        store.save(run)
        for run in (make(2e-3), make(seed=1), make(builder="cosine"), make(preset="1M"), make(note="x"))
    }
    assert len(others | {id}) == len(store) == 6
    assert {path.name for path in store.path.iterdir()} == {f"{i}.parquet" for i in store.ids()}
    assert wb.Store(str(store.path)).ids() == store.ids()


def test_the_file_is_plain_parquet(store: wb.Store) -> None:
    id = store.save(make())
    table = pq.read_table(store.path / f"{id}.parquet")
    assert table.column_names == ["part", "step", "loss", "low", "high"]
    assert table["part"].to_pylist() == ["loss"] * 3 + ["train"] * 2 + ["law"]
    assert table["low"].to_pylist() == [None] * 5 + [1.5]
    about = json.loads(table.schema.metadata[b"workbench"])
    assert about["format"] == files.FORMAT and about["run"]["task"]["preset"] == "0.1M"
    assert wb.Schedule.from_dict(about["run"]["schedule"]) == make().schedule


def test_table_lists_fields_of_schedule_task_and_facts(store: wb.Store) -> None:
    ids = [store.save(make(peak, note={"nested": 1})) for peak in (1e-3, 2e-3)]
    table = store.table()
    assert table["id"].tolist() == store.ids() and set(ids) == set(store.ids())
    assert table["schedule.peak"].tolist() == [1e-3, 2e-3] and table["task.context"].tolist() == [64, 64]
    assert table["final_loss"].tolist() == pytest.approx([2.001, 2.002])
    assert table["task"].tolist() == ["gpt", "gpt"] and table["seed"].tolist() == [0, 0]
    assert "note" not in table.columns
    age = pd.Timestamp.now(tz="UTC") - table["saved"]
    assert age.between(pd.Timedelta(0), pd.Timedelta(minutes=5)).all()


def test_filters_find_runs_by_any_field(store: wb.Store) -> None:
    wsd = [store.save(make(peak, seed=seed)) for peak in (1e-3, 3e-4) for seed in (0, 1)]
    cosine = store.save(make(builder="cosine", preset="1M"))

    def found(**filters: Any) -> set[str]:
        return set(store.table(**filters)["id"])

    assert found(schedule="wsd") == set(wsd)
    assert found(schedule="cosine") == found(preset="1M") == found(**{"task.preset": "1M"}) == {cosine}
    assert found(schedule="wsd", peak=3 * 1e-4) == set(wsd[2:])
    assert found(peak=[3e-4, 5.0], seed=1) == {wsd[3]}
    assert found(schedule=["wsd", "cosine"]) == {*wsd, cosine}
    assert found(decay=None) == {cosine}
    assert found(task="gpt", seed=7) == found(id=[]) == set()
    assert found(id=cosine) == {cosine} and found(steps=100) == {*wsd, cosine}
    assert found(seed=True) == found(seed="0") == set()


def test_unknown_and_ambiguous_filters_are_refused(store: wb.Store) -> None:
    store.save(wb.Run(make().schedule, make().curve, {"name": "x", "peak": 3}))
    with pytest.raises(ValueError, match=r"'peek'.*schedule\.peak.*final_loss"):
        store.table(peek=1)
    with pytest.raises(ValueError, match=r"schedule\.peak or task\.peak"):
        store.table(peak=3)
    assert len(store.table(**{"task.peak": 3})) == 1


def test_a_fact_named_as_a_column_stays_apart(store: wb.Store) -> None:
    store.save(make(steps=7, id="mine", name="first"))
    (row,) = store.table(**{"facts.steps": 7}).to_dict("records")
    assert row["steps"] == 100 and row["facts.id"] == "mine" and row["id"] == store.ids()[0]
    assert len(store.table(name="first")) == 1


def test_an_empty_store_is_an_empty_table(store: wb.Store) -> None:
    assert len(store) == 0 and store.ids() == []
    assert store.table().empty and list(store.table().columns)[:2] == ["id", "schedule"]
    assert store.table(schedule="wsd").empty
    with pytest.raises(ValueError, match="there are id, schedule"):
        store.table(peak=1)


def test_listing_reads_no_points(store: wb.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save(make())

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("points were read")

    monkeypatch.setattr(pq.ParquetFile, "read", refuse)
    monkeypatch.setattr(pq, "read_table", refuse)
    assert len(store.table()) == len(store) == 1


def test_foreign_and_broken_files_are_left_out_and_named(store: wb.Store) -> None:
    id = store.save(make())
    whole = (store.path / f"{id}.parquet").read_bytes()
    broken = {
        "0" * 16: whole[: len(whole) // 2],
        "1" * 16: b"",
        "2" * 16: b"PAR1 nonsense PAR1",
        "my table": whole,
    }
    for name, data in broken.items():
        (store.path / f"{name}.parquet").write_bytes(data)
    pq.write_table(pa.table({"x": [1]}), store.path / f"{'3' * 16}.parquet")
    bad = pa.table({"x": [1]})
    for i, text in enumerate((b"{", b"[]", b"\xff", b'{"format": 99}', b'{"format": 1, "run": 3}')):
        pq.write_table(
            bad.replace_schema_metadata({b"workbench": text}), store.path / f"{'4' * 15}{i}.parquet"
        )
    (store.path / ".0000.tmp").write_bytes(whole)
    (store.path / "notes.txt").write_text("mine")
    with pytest.warns(UserWarning) as warned:
        table = store.table()
    assert table["id"].tolist() == [id]
    told = sorted(str(w.message) for w in warned)
    assert len(told) == len(broken) + 6
    for path in store.path.glob("*.parquet"):
        assert path.stem == id or sum(path.name in sentence for sentence in told) == 1
    for path in store.path.glob("*.parquet"):
        if path.stem != id:
            with pytest.raises(ValueError):
                store.load(path.stem)


def test_damage_inside_a_file_is_seen_at_load(store: wb.Store) -> None:
    id, other = store.save(make()), store.save(make(2e-3))
    path = store.path / f"{id}.parquet"
    shutil.copy(store.path / f"{other}.parquet", path)
    with pytest.raises(ValueError, match="is damaged"):
        store.load(id)
    assert store.save(make()) == id
    assert store.load(id) == make()


@pytest.mark.parametrize(
    "id",
    [
        "",
        "x",
        "../../etc/passwd",
        "..",
        "a/b",
        "0" * 15,
        "0" * 16 + "\n",
        "0" * 16,
        "G" * 16,
        None,
        3,
        b"0" * 16,
    ],
)
def test_ids_name_runs_of_this_store_only(store: wb.Store, id: Any) -> None:
    outside = wb.Store(store.path.parent)
    outside.save(make())
    with pytest.raises(ValueError, match="id must be") as caught:
        store.load(id)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_written_is_refused_and_leaves_nothing(store: wb.Store) -> None:
    run = make()
    for value, place in (
        (object(), r"facts\['x'\]"),
        ({1: 2}, r"facts\['x'\]"),
        ({"$tuple": [1]}, r"\$tuple"),
        ([{"a": Path()}], r"facts\['x'\]\[0\]\['a'\]"),
        (np.zeros(3), r"facts\['x'\]"),
    ):
        with pytest.raises(ValueError, match=place):
            store.save(make(x=value))
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested"):
        store.save(make(x=loop))
    for bad in (
        None,
        run.curve,
        wb.Run(run.schedule, run.curve, parts={"loss": run.curve}),
        wb.Run(run.schedule, run.curve, parts={"x": [1, 2]}),  # type: ignore[dict-item]
        wb.Run(None, run.curve),  # type: ignore[arg-type]
        wb.Run(run.schedule, run.curve, facts=[1]),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError):
            store.save(bad)  # type: ignore[arg-type]
    assert list(store.path.iterdir()) == []


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "runs", "/proc/none/runs", "", None, 3, "a\0b"):
        with pytest.raises(ValueError, match="path must name a folder") as caught:
            wb.Store(path)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


def test_a_folder_that_takes_no_files_is_refused_at_save(store: wb.Store) -> None:
    store.path.rmdir()
    store.path.write_text("a file now")
    with pytest.raises(ValueError, match="could not be written"):
        store.save(make())


def test_a_full_disk_leaves_nothing(store: wb.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValueError, match="No space left on device"):
        store.save(make())
    assert list(store.path.iterdir()) == []


def test_old_leftovers_are_swept_and_nothing_else(store: wb.Store) -> None:
    old, young = (store.path / f".{'0' * 16}.{c * 32}.tmp" for c in "ab")
    theirs = store.path / ".theirs.tmp"
    for path in (old, young, theirs):
        path.write_bytes(b"PAR1")
    for path in (old, theirs):
        os.utime(path, (0, 0))
    wb.Store(store.path)
    assert not old.exists() and young.exists() and theirs.exists()


@pytest.mark.parametrize("version", range(1, files.FORMAT + 1))
def test_saved_runs_of_every_version_stay_readable(tmp_path: Path, version: int) -> None:
    folder = DATA / f"runs_v{version}"
    (path,) = folder.glob("*.parquet")
    store = wb.Store(shutil.copytree(folder, tmp_path / "runs"))
    assert store.ids() == [path.stem]
    run = store.load(path.stem)
    assert run == make(pair=(1, 2), bound=math.inf)
    # Builders gain arguments; what was saved without them means their defaults.
    recipe = run.schedule.recipe
    assert recipe is not None and recipe.items() <= make().schedule.recipe.items()
    assert wb.schedules.build(recipe) == run.schedule
