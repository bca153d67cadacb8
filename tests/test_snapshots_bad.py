"""Snapshots that are broken or hostile, and disks that are full: a sentence, and the last good one."""

from __future__ import annotations

import errno
import json
import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from test_snapshots import FORKS, TASK, asked, same

from workbench import train
from workbench.curve import Run
from workbench.train.snapshots import saved


@pytest.fixture
def halfway(tmp_path: Path) -> Path:
    """A folder of a training that was stopped, with several snapshots of one party."""
    progress = train.events(**asked(), snapshots=train.Snapshots(tmp_path / "it", steps=10))
    for event in progress:
        if event.step >= 40:
            break
    return tmp_path / "it"


@pytest.fixture(scope="module")
def whole() -> list[Run]:
    return train.train(**asked())


def latest(folder: Path) -> Path:
    return max(folder.glob("*.safetensors"))


def goes_on(folder: Path, whole: list[Run], sentence: str) -> None:
    """The broken snapshot is named in one sentence, and the training ends as if it had not been there."""
    with pytest.warns(UserWarning, match=sentence) as caught:
        assert same(train.resumed(folder), whole)
    assert len(caught) == 1 and "\n" not in str(caught[0].message)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 0.5, -1])
def test_a_truncated_file_is_not_used(halfway: Path, whole: list[Run], keep: float) -> None:
    path = latest(halfway)
    size = path.stat().st_size
    os.truncate(path, int(keep) if keep >= 1 or keep == 0 else int(size * keep) if keep > 0 else size - 1)
    goes_on(halfway, whole, "is not a sound snapshot")


def test_any_flipped_byte_shows(halfway: Path, whole: list[Run]) -> None:
    path = latest(halfway)
    data = path.read_bytes()
    seating_free = []
    for at in range(0, len(data), max(1, len(data) // 60)):
        broken = bytearray(data)
        broken[at] ^= 0x10
        path.write_bytes(bytes(broken))
        try:
            header = saved.header(path, _mark(data))
            saved.read(header, header.rows)
            seating_free.append(at)
        except ValueError as error:
            assert "is not a sound snapshot" in str(error) and "\n" not in str(error)
    assert seating_free == []
    goes_on(halfway, whole, "is not a sound snapshot")


def _mark(data: bytes) -> str:
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["workbench"])["training"]


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], None]) -> None:
    """A hostile file: its hash fits what was put into it."""
    with safe_open(path, framework="pt") as file:
        about = json.loads(file.metadata()["workbench"])
        tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    change(about, tensors)
    text = json.dumps(about, sort_keys=True)
    save_file(tensors, path, {"workbench": text, "digest": saved._digest(text, tensors)})


def weights(tensors: dict[str, torch.Tensor]) -> str:
    return next(key for key in tensors if key.endswith("/weights"))


def _set(place: str, value: Any) -> Callable[[dict[str, Any], dict[str, torch.Tensor]], None]:
    return lambda about, tensors: about.__setitem__(place, value)


HOSTILE: dict[str, Callable[[dict[str, Any], dict[str, torch.Tensor]], Any]] = {
    "other dtype": lambda a, t: t.update({weights(t): t[weights(t)].half()}),
    "other shape": lambda a, t: t.update({weights(t): t[weights(t)][:-1].clone()}),
    "no weights": lambda a, t: t.pop(weights(t)),
    "more state": lambda a, t: t.update({weights(t).replace("weights", "kept/more"): torch.zeros(3)}),
    "text counters": _set("step", "ten"),
    "NaN step": _set("step", float("nan")),
    "NaN seconds": lambda a, t: a.update(seconds=dict.fromkeys(a["seconds"], float("nan"))),
    "negative step": _set("step", -1),
    "huge step": _set("step", 10**300),
    "bool at_once": _set("at_once", True),
    "party as text": _set("party", "../../etc"),
    "party of nothing": _set("party", []),
    "nodes that are not there": lambda a, t: a.update(rows={"99": {}}),
    "node as a path": lambda a, t: a.update(rows={"../../x": {}}),
    "newer format": _set("format", 99),
    "another training": _set("training", "0" * 32),
    "missing field": lambda a, t: a.pop("gone"),
    "deep": _set("gone", json.loads('{"a":' * 400 + "1" + "}" * 400)),
    "curve that goes back": lambda a, t: t.update(
        {key: value.flip(1).contiguous() for key, value in t.items() if "/curve/" in key}
    ),
    "curve of one row": lambda a, t: t.update(
        {key: x[:1].clone() for key, x in t.items() if "/curve/" in key}
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_not_used(halfway: Path, whole: list[Run], name: str) -> None:
    rewrite(latest(halfway), HOSTILE[name])
    goes_on(halfway, whole, "is not a sound snapshot")


def test_a_huge_header_a_link_and_a_folder_are_not_used(
    halfway: Path, whole: list[Run], tmp_path: Path
) -> None:
    path = latest(halfway)
    data = path.read_bytes()
    path.write_bytes(struct.pack("<Q", 2**62) + data[8:])
    goes_on(halfway, whole, "is not a sound snapshot")
    path.unlink()
    for name in ("link", "folder", "pipe"):
        bad = halfway / f"999999999-{'0' * 16}.safetensors"
        if name == "link":
            (tmp_path / "elsewhere").write_bytes(data)
            bad.symlink_to(tmp_path / "elsewhere")
        elif name == "folder":
            bad.unlink()
            bad.mkdir()
        else:
            bad.rmdir()
            os.mkfifo(bad)
        with pytest.warns(UserWarning, match="not a regular file"):
            assert same(train.resumed(halfway), whole)


def test_a_snapshot_under_another_name_or_of_another_step_is_not_used(
    halfway: Path, whole: list[Run]
) -> None:
    path = latest(halfway)
    path.rename(path.with_name(f"{int(path.name[:9]) + 1:09d}{path.name[9:]}"))
    goes_on(halfway, whole, "not what its name stands for")


def test_where_every_snapshot_is_broken_the_training_begins_again(halfway: Path, whole: list[Run]) -> None:
    for path in halfway.glob("*.safetensors"):
        path.write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="is not a sound snapshot"):
        assert same(train.resumed(halfway), whole)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data.update(format=99), "format"),
        (lambda data: data.update(task={"name": "bert"}), "task must be one of"),
        (lambda data: data.update(task={"name": "quadratic", "modes": -1}), "modes"),
        (lambda data: data.update(seeds=[-1]), "seed must be"),
        (lambda data: data.update(seeds="0"), "seeds must be"),
        (lambda data: data.update(plans=[]), "schedules must be"),
        (lambda data: data.update(optimizer={"name": "os.system"}), "the optimizer must be one of"),
        (lambda data: data["optimizer"].update(beta1=2), "beta1"),
        (lambda data: data["optimizer"].update(evil=2), "may not have 'evil'"),
        (lambda data: data.update(optimizer={"name": "Library", "library": "os.path"}), "library must be"),
        (lambda data: data.update(begin=10**6), "begin"),
        (lambda data: data.update(at_once=0), "at_once"),
        (lambda data: data.pop("share"), "needs 'share'"),
        (lambda data: data.update(more=1), "may not have 'more'"),
    ],
)
def test_a_hostile_training_gives_a_sentence(
    halfway: Path, change: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    path = halfway / "training.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f"training.json cannot be read: .*{sentence}") as caught:
        train.resume(halfway)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\xff", '{"workbench": "x"}', "[" * 10_000])
def test_a_training_that_is_none_gives_a_sentence(halfway: Path, text: str) -> None:
    (halfway / "training.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="training.json cannot be read"):
        train.resume(halfway)


def test_a_full_disk_gives_one_sentence_and_keeps_the_last_good_snapshot(
    tmp_path: Path, whole: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = saved.library()
    written: list[Path] = []

    def save(tensors: Any, path: Path, about: Any) -> None:
        library.save(tensors, path, about)
        written.append(path)
        if len(written) > 3:
            os.truncate(path, 100)
            raise library.error(f"I/O error: {os.strerror(errno.ENOSPC)}")

    monkeypatch.setattr(saved, "library", lambda: library._replace(save=save))
    with pytest.warns(UserWarning, match="could not be written to .*No space left") as caught:
        runs = train.train(**asked(), snapshots=train.Snapshots(tmp_path, steps=5))
    assert len(caught) == 1 and same(runs, whole) and len(written) > 10
    assert "No space left" in runs[0].facts["snapshot_trouble"]
    assert len(list(tmp_path.glob("*.safetensors"))) == 3 and not list(tmp_path.glob(".*.tmp"))
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(train.resumed(tmp_path), whole)


def test_another_version_is_said(halfway: Path, whole: list[Run]) -> None:
    path = halfway / "training.json"
    path.write_text(path.read_text().replace(f'"torch": "{torch.__version__}"', '"torch": "1.0"'))
    with pytest.warns(UserWarning, match="begun with torch 1.0"):
        assert same(train.resumed(halfway), whole)


def test_a_snapshot_needs_no_trust_to_be_read(halfway: Path) -> None:
    for path in halfway.glob("*.safetensors"):
        assert path.read_bytes()[8:9] == b"{"
        with safe_open(path, framework="np") as file:
            assert {"workbench", "digest"} == set(file.metadata())
    assert TASK.problem(torch.device("cpu")).layout.n_params > 0 and len(FORKS) == 3
