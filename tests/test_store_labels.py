"""Tags and notes stay beside runs that never change; the bin gives back what was put there."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from test_store import make

import workbench as wb
from workbench.store import labels


@pytest.fixture
def store(tmp_path: Path) -> wb.Store:
    return wb.Store(tmp_path / "runs")


@pytest.fixture
def ids(store: wb.Store) -> list[str]:
    return [store.save(make(seed=seed)) for seed in range(3)]


def tags(store: wb.Store) -> dict[str, tuple[str, ...]]:
    table = wb.Store(store.path).table()
    return {id: each for id, each in zip(table["id"], table["tags"], strict=True) if each}


def test_labels_leave_the_run_as_it_was(store: wb.Store, ids: list[str]) -> None:
    before = {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in store.path.glob("*.parquet")
    }
    store.tag(ids[:2], "good", "two words")
    store.tag(ids[0], "good")
    store.note(ids[0], " first\nlook ")
    store.note(ids[0], "second")
    assert tags(store) == {ids[0]: ("good", "two words"), ids[1]: ("good", "two words")}
    assert [note.text for note in store.notes(ids[0])] == ["first\nlook", "second"]
    assert store.table(id=ids[0])["notes"][0] == "first\nlook\nsecond" and store.notes(ids[2]) == ()
    store.untag(ids[0], "good")
    store.unnote(ids[0], "first\nlook")
    assert tags(store) == {ids[0]: ("two words",), ids[1]: ("good", "two words")}
    assert [note.text for note in store.notes(ids[0])] == ["second"]
    store.tag(ids[0], "good")
    assert (
        set(store.table(tags="good")["id"]) == set(ids[:2]) and len(store.table(tags=["two words", "x"])) == 2
    )
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in store.path.glob("*.parquet")}
    assert after == before


def test_writers_at_once_lose_no_tag(store: wb.Store, ids: list[str]) -> None:
    """Two that have both read the store: what one takes away, the other has not given."""
    one, other = wb.Store(store.path), wb.Store(store.path)
    one.tag(ids[0], "a")
    assert len(other.table(tags="a")) == 1
    one.tag(ids[0], "b")
    other.tag(ids[0], "c")
    other.untag(ids[0], "a")
    assert tags(store) == {ids[0]: ("b", "c")}


def test_the_order_of_events_does_not_matter(store: wb.Store, ids: list[str]) -> None:
    store.tag(ids[0], "a")
    store.untag(ids[0], "a")
    store.tag(ids[0], "a")
    store.note(ids[0], "x")
    files = sorted((store.path / "labels").iterdir())
    lines = [path.read_text() for path in files]
    for order in itertools.permutations(range(len(lines))):
        for path, i in zip(files, order, strict=True):
            path.write_text(lines[i])
        assert tags(store) == {ids[0]: ("a",)}


def test_files_of_labels_are_merged_and_say_the_same(store: wb.Store, ids: list[str]) -> None:
    for i in range(labels.MOST_FILES + 3):
        store.tag(ids[i % 3], f"t{i:03d}")
    store.untag(ids[0], "t000")
    before = tags(store)
    assert len(list((store.path / "labels").iterdir())) <= 2
    assert tags(store) == before and sum(map(len, before.values())) == labels.MOST_FILES + 2


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "\0",
        '{"format": 1}',
        '{"format": 9, "event": "a", "written": 0, "runs": [], "tag": "x"}',
        '{"format": 1, "event": "a", "written": 0, "runs": ["../x"], "tag": "x"}',
        '{"format": 1, "event": "a", "written": 0, "runs": 3, "tag": "x"}',
        '{"format": 1, "event": "a", "written": "now", "runs": [], "tag": "x"}',
        '{"format": 1, "event": "a", "written": 0, "runs": [], "tag": "x", "note": "y"}',
        '{"format": 1, "event": "a", "written": 0, "runs": [], "cancel": [3]}',
        '{"format": 1, "event": "a", "written": 0, "runs": [], "tag": "a,b"}',
        '{"format": 1, "event": "a", "written": 0, "runs": [], "note": "\\ud800"}',
        '{"format": 1, "event": ["a"], "written": 0, "runs": [], "tag": "a"}',
    ],
)
def test_a_broken_file_of_labels_is_named_and_the_others_hold(
    store: wb.Store, ids: list[str], text: str
) -> None:
    store.tag(ids[0], "good")
    (store.path / "labels" / "zz.jsonl").write_text(text + "\n")
    again = wb.Store(store.path)
    with pytest.warns(UserWarning, match="zz.jsonl is not a file of tags and notes"):
        assert set(again.table(tags="good")["id"]) == {ids[0]}
    assert not again.check().ok and again.repair().ok
    assert (store.path / "broken" / "zz.jsonl").exists() and tags(store) == {ids[0]: ("good",)}


@pytest.mark.parametrize("tag", ["", "  ", "a,b", "a\nb", "x" * 101, 3, None])
def test_what_cannot_be_a_tag_is_refused(store: wb.Store, ids: list[str], tag: Any) -> None:
    with pytest.raises(ValueError, match="a tag must be"):
        store.tag(ids[0], "fine", tag)
    assert tags(store) == {}
    for unknown in ("0" * 16, "../x", 3, None, [ids[0], "0" * 16]):
        with pytest.raises(ValueError, match="ids must be"):
            store.tag(unknown, "fine")  # type: ignore[arg-type]
    assert tags(store) == {}


def test_what_is_in_the_bin_is_out_of_the_way_and_comes_back(store: wb.Store, ids: list[str]) -> None:
    store.tag(ids[1], "kept")
    run = store.load(ids[1])
    store.bin(ids[:2])
    assert store.ids() == ids[2:] and len(store.query("select * from runs")) == 1
    assert set(store.binned()["id"]) == set(ids[:2]) and store.load(ids[1]) == run
    assert store.save(run) == ids[1] and set(store.ids()) == set(ids[1:])
    store.bin(ids[1])
    store.restore(ids[:2])
    assert set(store.ids()) == set(ids) and len(store.binned()) == 0
    assert tags(store) == {ids[1]: ("kept",)} and store.load(ids[1]) == run
    for act in (store.restore, lambda id: store.bin(["0" * 16, id])):
        with pytest.raises(ValueError, match="ids must be of runs that are there"):
            act(ids[0])
    assert set(store.ids()) == set(ids)
    store.bin(ids[0])
    assert store.empty_bin() == 1 and len(store.binned()) == 0 and set(store.ids()) == set(ids[1:])


def test_a_run_that_another_process_binned_first_is_no_error(
    store: wb.Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, replace = wb.Store(store.path), os.replace

    def late(old: Any, new: Any) -> None:
        monkeypatch.setattr(os, "replace", replace)
        other.bin(ids[0])
        replace(old, new)

    monkeypatch.setattr(os, "replace", late)
    store.bin(ids[0])
    assert set(store.binned()["id"]) == {ids[0]} and len(store) == 2


def test_events_are_lines_of_json(store: wb.Store, ids: list[str]) -> None:
    store.tag(ids, "good")
    (path,) = (store.path / "labels").iterdir()
    (event,) = map(json.loads, path.read_text().splitlines())
    assert event["runs"] == sorted(ids) and event["tag"] == "good" and event["event"] == path.stem
