"""Hostile and broken files are a sentence each; the rest stays usable, and repair loses nothing."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_store import make

import workbench as wb
from workbench import runcontent, runfile

NAME = "0123456789abcdef"


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    store = wb.Store(tmp_path / "runs")
    store.save(make())
    return store


def crafted(change: Callable[[dict[str, Any]], None], rows: int | None = None) -> bytes:
    """The file of a run whose metadata somebody has changed, in which no hash is right."""
    _, data = runfile.pack(make())
    table = pq.read_table(pa.BufferReader(data))
    about = json.loads(table.schema.metadata[b"workbench"])
    change(about)
    if rows is not None:
        table = pa.table({name: pa.array(np.zeros(rows)) for name in ("step", "loss", "low", "high")})
    sink = pa.BufferOutputStream()
    text = json.dumps(about)
    pq.write_table(table.replace_schema_metadata({b"workbench": text}), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def deep(depth: int) -> Any:
    out: Any = 1
    for _ in range(depth):
        out = [out]
    return out


FOOTERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "saved is text": lambda a: a.update(saved="soon"),
    "saved is far away": lambda a: a.update(saved=1e300),
    "saved is negative": lambda a: a.update(saved=-1),
    "saved is not a number": lambda a: a.update(saved=float("nan")),
    "saved is yes": lambda a: a.update(saved=True),
    "steps is a list": lambda a: a.update(steps=[1]),
    "steps is huge": lambda a: a.update(steps=10**400),
    "final loss is text": lambda a: a.update(final_loss="low"),
    "final loss is a mapping": lambda a: a.update(final_loss={"a": 1}),
    "a recipe that is none": lambda a: a["run"]["schedule"].update(recipe=[1]),
    "facts that are a list": lambda a: a["run"].update(facts=[1]),
    "a task that is text": lambda a: a["run"].update(task="gpt"),
    "nested beyond reason": lambda a: a["run"]["facts"].update(x=deep(900)),
    "another format": lambda a: a.update(format=99),
    "no run": lambda a: a.pop("run"),
    "more than a run has": lambda a: a.update(extra=1),
}


@pytest.mark.parametrize("case", FOOTERS)
def test_a_hostile_footer_is_a_sentence(store: wb.Store, case: str) -> None:
    (store.path / f"{NAME}.parquet").write_bytes(crafted(FOOTERS[case]))
    with pytest.warns(UserWarning, match=f"{NAME}.parquet cannot be read") as told:
        table = wb.Store(store.path).table()
    assert len(table) == 1 and len(told) == 1 and "\n" not in str(told[0].message)
    with pytest.raises(ValueError, match=f"{NAME}.parquet") as caught:
        store.load(NAME)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


CONTENTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "points that are missing": lambda a: a["run"]["parts"][0].update(points=2),
    "negative points": lambda a: a["run"]["parts"][0].update(points=-3),
    "points in words": lambda a: a["run"]["parts"][0].update(points="three"),
    "parts without a name": lambda a: a["run"]["parts"][0].pop("name"),
    "no parts": lambda a: a["run"].update(parts=[]),
    "parts that are text": lambda a: a["run"].update(parts="loss"),
    "a schedule that is none": lambda a: a["run"].update(schedule={}),
    "another peak": lambda a: a["run"]["schedule"]["phases"][0].update(end=9.0),
    "another fact": lambda a: a["run"]["facts"].update(seed=9),
    "a name that is no text": lambda a: a["run"]["task"].update(name={"x": 1}),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_hostile_content_is_a_sentence_when_it_is_loaded(store: wb.Store, case: str) -> None:
    (store.path / f"{NAME}.parquet").write_bytes(crafted(CONTENTS[case]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for as_ in ("pandas", "polars"):
            assert len(wb.Store(store.path).table(as_=as_)) in (1, 2)
    for read in (store.load, store.curve):
        try:
            read(NAME)
        except ValueError as error:
            assert NAME in str(error) and "\n" not in str(error)
        else:
            assert read == store.curve, "whatever is loaded has been compared with its name"
    (problem,) = store.check().problems
    assert problem.name == f"{NAME}.parquet"


def test_a_small_file_that_claims_more_points_than_memory_is_refused(
    store: wb.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runcontent, "MOST_POINTS", 1_000_000)
    parts = [{"name": "loss", "points": 1_000_001, "interval": False}]
    data = crafted(lambda a: a["run"].update(parts=parts), 1_000_001)
    assert len(data) < 100_000
    (store.path / f"{NAME}.parquet").write_bytes(data)
    for read in (store.load, store.curve):
        with pytest.raises(ValueError, match="at most 1,000,000 are read"):
            read(NAME)
    with pytest.raises(ValueError, match="a run must have at most 1,000,000 points"):
        store.save(wb.Run(make().schedule, wb.Curve(np.arange(1_000_001), np.ones(1_000_001))))


def test_what_is_no_plain_file_is_not_waited_for(store: wb.Store) -> None:
    os.mkfifo(store.path / f"{NAME}.parquet")
    (store.path / "fedcba9876543210.parquet").mkdir()
    (store.path / "lost.parquet").symlink_to(store.path / "nowhere")
    with pytest.warns(UserWarning, match="is not a run that a Store saved") as told:
        assert len(wb.Store(store.path).table()) == 1
    assert len(told) == 2
    assert sorted(p.name for p in store.check().problems) == [f"{NAME}.parquet", "fedcba9876543210.parquet"]


def test_texts_that_cannot_be_written_or_are_endless_spoil_no_table(store: wb.Store) -> None:
    odd = {"half": "\ud800", "\udfff": 1, "long": "x" * 10**6, "\n": 2, "": 3, "\0": 4}
    id = store.save(make(**odd))
    for as_ in ("pandas", "polars", "arrow"):
        assert len(store.table(as_=as_)) == 2
    assert len(store.query("select * from runs")) == 2
    assert len(store.table().set_index("id").loc[id, "long"]) == 1_000
    assert store.load(id).facts["long"] == "x" * 10**6


def test_a_flood_of_fields_leaves_a_table_that_can_be_made(store: wb.Store) -> None:
    for seed in range(3):
        store.save(make(seed=seed, **{f"field {seed} {i}": i for i in range(900)}))
    with pytest.warns(UserWarning, match="have 2,7.. fields together; the table holds the 1,000"):
        table = store.table()
    assert table.shape == (4, 1_000) and {"id", "schedule", "final_loss", "seed"} <= set(table.columns)
    assert len(store.table(**{"field 1 7": 7})) == 1


def test_a_flood_of_broken_files_is_summed_up(store: wb.Store) -> None:
    for i in range(200):
        (store.path / f"{i:016x}.parquet").write_bytes(b"PAR1")
    with pytest.warns(UserWarning) as told:
        assert len(store.table()) == 1
    assert len(told) == 21 and "180 more" in str(told[-1].message)


def test_a_half_copied_folder_grows_into_a_whole_one(tmp_path: Path) -> None:
    source, target = wb.Store(tmp_path / "a"), tmp_path / "b"
    ids = [source.save(make(seed=seed)) for seed in range(6)]
    source.tag(ids, "kept")
    shutil.copytree(source.path / "labels", target / "labels")
    for i, id in enumerate(ids):
        data = (source.path / f"{id}.parquet").read_bytes()
        (target / f"{id}.parquet").write_bytes(data[: len(data) * i // 5])
    store = wb.Store(target)
    with pytest.warns(UserWarning, match="is not a whole Parquet file"):
        assert store.ids() == ids[5:] and store.table(tags="kept")["id"].tolist() == ids[5:]
    for id in ids:
        shutil.copy(source.path / f"{id}.parquet", target / f"{id}.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(store.ids()) == set(ids) and len(store.table(tags="kept")) == 6
    assert store.check().ok


def test_a_folder_or_file_that_may_not_be_read_is_a_sentence(
    store: wb.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so that the system's answer is made up here."""
    id = store.save(make(2e-3))
    about = runfile.about

    def forbidden(source: Any, where: str) -> Any:
        if id in where:
            raise PermissionError(13, "Permission denied")
        return about(source, where)

    monkeypatch.setattr(runfile, "about", forbidden)
    with pytest.warns(UserWarning, match=f"{id}.parquet cannot be read: Permission denied"):
        assert len(wb.Store(store.path).table()) == 1
    monkeypatch.setattr(
        Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(ValueError, match="path must name a folder; .* Permission denied"):
        wb.Store(store.path / "new")


@pytest.mark.parametrize("folder", ["", "index", "labels", "bin"])
def test_a_folder_that_may_not_be_listed_is_a_sentence(
    store: wb.Store, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (id,) = store.ids()
    for name in ("scandir", "listdir"):
        listing = getattr(os, name)

        def forbidden(path: Any, listing: Any = listing) -> Any:
            if Path(path) == store.path / folder:
                raise PermissionError(13, "Permission denied")
            return listing(path)

        monkeypatch.setattr(os, name, forbidden)
    store = wb.Store(store.path)
    if not folder:
        with pytest.raises(ValueError, match="cannot be listed: Permission denied"):
            store.table()
        assert store.load(id) == make(), "what is known by its id can be read"
    elif folder == "bin":
        with pytest.raises(ValueError, match="bin cannot be listed"):
            store.binned()
        assert len(store.table()) == 1
    else:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            assert len(store.table()) == 1 and len(store.query("select * from runs")) == 1
        assert all("labels cannot be listed" in str(each.message) for each in told)
        assert bool(told) == (folder == "labels")
        assert any(folder in problem.name for problem in store.check().problems)


@pytest.mark.parametrize("name", ["index", "labels", "bin"])
def test_a_file_in_the_place_of_a_folder_spoils_no_listing(store: wb.Store, name: str) -> None:
    (store.path / name).write_text("in the way")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(wb.Store(store.path).table()) == 1


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "mkdir"])
def test_a_write_that_fails_anywhere_leaves_nothing_behind(
    store: wb.Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(30, "Read-only file system")

    before = sorted(path.name for path in store.path.rglob("*"))
    (id,) = store.ids()
    monkeypatch.setattr(Path if call in ("open", "mkdir") else os, call, refuse)
    acts: list[Callable[[], object]] = [lambda: store.tag(id, "x")]
    acts += [] if call == "mkdir" else [lambda: store.save(make(2e-3))]
    acts += [lambda: store.bin(id)] if call in ("replace", "mkdir") else []
    for act in acts:
        with pytest.raises(ValueError, match="Read-only file system"):
            act()
    monkeypatch.undo()
    after = sorted(path.name for path in store.path.rglob("*"))
    assert [name for name in after if name not in ("labels", "bin")] == before
    assert len(store.table()) == 1 and store.load(id) == make()


def test_check_names_everything_and_repair_loses_nothing(store: wb.Store) -> None:
    ids = [store.save(make(seed=seed)) for seed in range(1, 5)]
    copy = (store.path / f"{ids[0]}.parquet").read_bytes()
    damaged = bytearray((store.path / f"{ids[1]}.parquet").read_bytes())
    damaged[40] ^= 1
    (store.path / f"{ids[1]}.parquet").write_bytes(bytes(damaged))
    (store.path / f"{ids[2]}.parquet").write_bytes(copy)
    (store.path / f"{ids[3]}.parquet").rename(store.path / "my best run.parquet")
    pq.write_table(pa.table({"x": [1]}), store.path / "other.parquet")
    (store.path / "index").mkdir()
    (store.path / "index" / f"{NAME}.parquet").write_bytes(b"PAR1")
    before = {p.read_bytes() for p in store.path.glob("*.parquet")}
    found = store.check()
    names = {"index/" + NAME, ids[1], ids[2], "my best run", "other"}
    assert {problem.name.removesuffix(".parquet") for problem in found.problems} == names and found.runs == 2
    assert not found.ok and str(found).startswith("2 sound runs, 5 problems\n- ")
    assert {p.read_bytes() for p in store.path.glob("*.parquet")} == before, "a check changes nothing"
    left = store.repair()
    assert [problem.name for problem in left.problems] == ["other.parquet"] and left.runs == 3
    assert before <= {p.read_bytes() for p in store.path.rglob("*.parquet")}
    with pytest.warns(UserWarning, match="other.parquet"):
        assert ids[3] in store.ids() and len(store) == 3


def test_an_index_that_lies_is_found_and_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.store import catalogue, index

    monkeypatch.setattr(catalogue, "SEGMENT", 1)
    store = wb.Store(tmp_path / "runs")
    id = store.save(make())
    truth = store.table()
    rows = index.load(store._folder, set())
    lies = {key: {**row, "final_loss": 0.1} for key, row in rows.items()}
    index.clear(store._folder)
    index.add(store._folder, lies, set(), lies)
    assert wb.Store(store.path).table()["final_loss"][0] == 0.1
    (problem,) = store.check().problems
    assert f"says other things of the run {id}" in problem.sentence
    assert store.repair().ok and store.table().equals(truth) and wb.Store(store.path).table().equals(truth)
