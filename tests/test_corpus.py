"""Text: what is read, how it is split, and the sentences for what cannot be used."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

import workbench as wb
from workbench import train
from workbench.train import corpus


def test_default_text_is_pythons_own_source() -> None:
    text = corpus.load()
    whole = text.train.tobytes() + text.validation.tobytes()
    source = Path(sysconfig.get_path("stdlib"), "argparse.py").read_bytes()
    assert source in whole
    assert len(text.validation) > 100_000 and len(text.train) > 4 * len(text.validation)
    assert corpus.load() is text


def test_whole_files_go_to_one_side_by_their_name_alone(tmp_path: Path) -> None:
    bodies = {f"{i}.txt": f"<file {i}>".encode() * 50 for i in range(100)}
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    first = corpus.load(str(tmp_path))
    train_side = {name for name, body in bodies.items() if body in first.train.tobytes()}
    other_side = {name for name, body in bodies.items() if body in first.validation.tobytes()}
    assert train_side | other_side == set(bodies) and not train_side & other_side
    assert 2 <= len(other_side) <= 25
    (tmp_path / "new.txt").write_bytes(b"another" * 50)
    again = corpus.load(str(tmp_path)).validation.tobytes()
    assert all((bodies[name] in again) == (name in other_side) for name in bodies)


def test_one_file_is_cut_near_its_end(tmp_path: Path) -> None:
    body = bytes(range(256)) * 40
    (tmp_path / "one.bin").write_bytes(body)
    text = corpus.load(str(tmp_path / "one.bin"))
    assert text.train.tobytes() + text.validation.tobytes() == body
    assert len(text.validation) == len(body) // 10


def test_edited_text_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a" * 1000)
    before = corpus.load(str(file))
    file.write_text("b" * 1001)
    assert corpus.load(str(file)).sha256 != before.sha256


def test_text_that_the_user_names_is_what_is_trained_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abcabcabc" * 400)
    task = train.tasks.gpt(context=16, batch=8, text=str(tmp_path), measurements=2)
    (run,) = train.train(task, [wb.hold(60, 1e-2)], device="cpu")
    assert run.final_loss < 1.5
    assert run.facts["text"] == str(tmp_path)


@pytest.mark.parametrize("name", ["missing", "missing/deep.txt", "a.txt/below", "nul\0"])
def test_missing_text_gives_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(ValueError, match="text must be a readable file or folder"):
        train.events(train.tasks.gpt(text=str(tmp_path / name)), [wb.hold(1, 1e-3)])


def test_a_device_is_not_text() -> None:
    with pytest.raises(ValueError, match="text must be a readable file or folder"):
        corpus.load("/dev/zero")


def test_unreadable_text_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by permissions, which do not bind an administrator, whom tests may run as.
    (tmp_path / "a.txt").write_text("text" * 1000)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match="text must be a readable file or folder; .*: Permission denied"):
        corpus.load(str(tmp_path))


def test_empty_and_short_text_give_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 0 bytes in 0 text files"):
        corpus.load(str(tmp_path), context=64)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match="has 0 bytes in 1 text files"):
        corpus.load(str(tmp_path), context=64)
    (tmp_path / "a.txt").write_text("x" * 600)
    with pytest.raises(ValueError, match="more than 64 bytes"):
        corpus.load(str(tmp_path), context=64)


def test_text_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    for i in range(2):
        with (tmp_path / f"{i}.txt").open("wb") as file:
            file.truncate(40_000_000)
    with pytest.raises(ValueError, match="text must be at most 64 MB"):
        corpus.load(str(tmp_path))
