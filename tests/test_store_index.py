"""The index says what the footers say, is made again where it is missing or wrong, and curves stay unread."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_store import make

import workbench as wb
from workbench import runfile
from workbench.store import catalogue, index

MANY = catalogue.SEGMENT + 6


def fill(store: wb.Store, count: int, start: int = 0) -> list[str]:
    """Many runs, written without waiting for the disk."""
    ids = []
    for seed in range(start, start + count):
        id, data = runfile.pack(make(seed=seed))
        (store.path / f"{id}.parquet").write_bytes(data)
        ids.append(id)
    return ids


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    store = wb.Store(tmp_path / "runs")
    fill(store, MANY)
    return store


def segments(store: wb.Store) -> list[Path]:
    return sorted((store.path / "index").glob("*.parquet"))


def same(a: Any, b: Any) -> bool:
    return a.sort_values("id").reset_index(drop=True).equals(b.sort_values("id").reset_index(drop=True))


def test_a_store_with_an_index_reads_no_run_at_all(store: wb.Store) -> None:
    table = store.table()
    assert len(segments(store)) == 1
    for path in store.path.glob("*.parquet"):
        # As long as before, and nothing in it that could be read.
        path.write_bytes(b"\0" * path.stat().st_size)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(wb.Store(store.path).table(), table)


def test_without_an_index_footers_are_enough(store: wb.Store) -> None:
    table = store.table()
    shutil.rmtree(store.path / "index")
    for path in store.path.glob("*.parquet"):
        data = bytearray(path.read_bytes())
        footer = int.from_bytes(data[-8:-4], "little") + 8
        data[4 : len(data) - footer] = b"\xff" * (len(data) - footer - 4)
        path.write_bytes(bytes(data))
    assert same(wb.Store(store.path).table(), table)
    with pytest.raises(ValueError, match="is damaged"):
        store.load(table["id"][0])


def test_only_what_is_new_is_read(store: wb.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.table()
    new = fill(store, 3, start=10_000)
    read: list[str] = []
    about = runfile.about
    monkeypatch.setattr(
        runfile, "about", lambda source, where: read.append(where.split("/")[-1][:16]) or about(source, where)
    )
    assert set(new) <= set(wb.Store(store.path).ids()) and sorted(read) == sorted(new)
    read.clear()
    again = wb.Store(store.path)
    again.ids()
    read.clear()
    assert len(again.table()) == MANY + 3 and read == []


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "cut", "flipped", "foreign", "newer", "not rows", "folder"]
)
def test_an_index_that_is_missing_or_wrong_is_passed_over(store: wb.Store, damage: str) -> None:
    table = store.table()
    (path,) = segments(store)
    data = path.read_bytes()
    if damage == "missing":
        shutil.rmtree(path.parent)
    elif damage == "foreign":
        pq.write_table(pa.table({"x": [1]}), path)
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage in ("newer", "not rows"):
        path.unlink()
        columns = {"id": table["id"].tolist()[:1], "size": [1], "row": ["3"]}
        meta = {b"workbench index": b"9" if damage == "newer" else b"1"}
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns).replace_schema_metadata(meta), sink)
        made = sink.getvalue().to_pybytes()
        (path.parent / index._named(made)).write_bytes(made)
    else:
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"empty": b"", "cut": data[:middle], "flipped": flipped}[damage])
    assert same(wb.Store(store.path).table(), table)


def test_rows_of_other_files_are_not_believed(store: wb.Store) -> None:
    """A run that is gone is not listed, and one whose file has another length is read again."""
    first, second, *_ = store.table()["id"]
    (store.path / f"{first}.parquet").unlink()
    path = store.path / f"{second}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.warns(UserWarning, match=f"{second}.parquet is not a whole Parquet file"):
        left = wb.Store(store.path).ids()
    assert first not in left and second not in left and len(left) == MANY - 2


def test_segments_are_merged_and_none_of_their_rows_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "SEGMENT", 2)
    store = wb.Store(tmp_path / "runs")
    ids: list[str] = []
    for batch in range(2 * index.MOST_SEGMENTS):
        ids += fill(store, 2, start=2 * batch)
        wb.Store(store.path).ids()
        assert len(segments(store)) <= index.MOST_SEGMENTS
    found = index.load(store._folder, set())
    assert {id for id, _ in found} == set(ids)


def test_openers_that_index_and_merge_at_once_agree(store: wb.Store, tmp_path: Path) -> None:
    code = """
import sys
from workbench.store import Store, catalogue, index
catalogue.SEGMENT, index.MOST_SEGMENTS = 1, 2
for _ in range(6):
    store = Store(sys.argv[1])
    print(len(store), flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(wb.__file__).parents[1])}
    command = [sys.executable, "-W", "error", "-c", code, str(store.path)]
    openers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    fill(store, 5, start=MANY)
    time.sleep(0.3)
    fill(store, 5, start=MANY + 5)
    counts = [list(map(int, opener.communicate()[0].split())) for opener in openers]
    assert all(opener.returncode == 0 for opener in openers)
    assert all(each == sorted(each) and each[0] >= MANY for each in counts)
    assert len(wb.Store(store.path)) == MANY + 10


def test_a_full_disk_or_a_folder_that_cannot_be_written_to_can_still_be_read(
    store: wb.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    assert len(store.table()) == MANY and segments(store) == []
    with pytest.raises(ValueError, match="No space left on device"):
        store.save(make(2e-3))
    for act in (lambda: store.tag(store.ids()[0], "x"), lambda: store.bin(store.ids()[0])):
        with pytest.raises(ValueError, match="No space left on device"):
            act()
    assert len(store.query("select * from runs")) == MANY
    assert not [path for path in store.path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("now", [0.0, 1e6, 9e9])
def test_a_clock_that_is_set_back_or_ahead_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    store = wb.Store(tmp_path / "runs")
    before = store.save(make())
    monkeypatch.setattr(time, "time", lambda: now)
    after = wb.Store(store.path).save(make(2e-3))
    store.tag(after, "late")
    store.untag(after, "late")
    store.tag(after, "kept")
    table = wb.Store(store.path).table()
    assert set(table["id"]) == {before, after}
    assert table.set_index("id")["tags"][after] == ("kept",)
    assert table.set_index("id")["saved"][after].timestamp() == now


def test_a_writer_whose_file_was_taken_for_a_leftover_writes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, replace, lost = wb.Store(tmp_path / "runs"), os.replace, []

    def swept(old: Any, new: Any) -> None:
        if not lost:
            lost.append(old)
            os.unlink(old)
        replace(old, new)

    monkeypatch.setattr(os, "replace", swept)
    id = store.save(make())
    assert lost and store.load(id) == make()


def test_a_store_goes_to_another_process_by_its_address(store: wb.Store) -> None:
    import pickle

    store.table()
    data = pickle.dumps(store)
    assert len(data) < 1_000 and pickle.loads(data).ids() == store.ids()


def test_an_index_of_the_first_version_is_read(tmp_path: Path) -> None:
    saved = Path(__file__).parent / "data" / "store_v1"
    store = wb.Store(shutil.copytree(saved, tmp_path / "runs"))
    (path,) = segments(store)
    ids = {id for id, _ in index.unpack(path.name, path.read_bytes())}
    assert set(store.ids()) <= ids and len(store) == 2
    row = store.table(tags="good").iloc[0]
    assert row["notes"] == "the first" and row["schedule.peak"] == 1e-3
    (binned,) = store.binned()["id"]
    store.restore(binned)
    assert len(store) == 3 and store.check().ok


def test_rows_in_the_index_are_plain_json(store: wb.Store) -> None:
    store.save(make(x=float("nan"), y=float("inf")))
    store.table()
    shutil.rmtree(store.path / "index")
    table = wb.Store(store.path).table()
    again = wb.Store(store.path).table()
    assert same(table, again) and np.isinf(again["y"].max())
    (path,) = segments(store)
    assert all(isinstance(json.loads(text), dict) for text in pq.read_table(path)["row"].to_pylist())
