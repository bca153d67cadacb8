"""Text: what is read, how it is split, kept and mixed, and the sentences for what cannot be used."""

from __future__ import annotations

import builtins
import math
import os
import shutil
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
import torch

import workbench as wb
from workbench import train
from workbench.train.corpora import Corpus, cache, grammar, load, source
from workbench.train.corpora.tokenizer import encoder, learn
from workbench.train.language import share


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))


def one(text: str, **more: int) -> Corpus:
    (corpus,) = load([text], **more)
    return corpus


def words(seed: int, size: int) -> str:
    draw = np.random.default_rng(seed)
    return " ".join("".join(chr(97 + c) for c in draw.integers(6, size=3)) for _ in range(size)) + "\n"


def test_default_text_is_pythons_own_source() -> None:
    text = one("")
    whole = text.train.tobytes() + text.validation.tobytes()
    path = Path(sysconfig.get_path("stdlib"), "argparse.py")
    assert path.read_bytes() in whole
    assert len(text.validation) > 100_000 and len(text.train) > 4 * len(text.validation)
    assert np.array_equal(one("python").train, text.train)


def test_installed_packages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pkg" / "tests").mkdir(parents=True)
    (tmp_path / "pkg" / "a.py").write_text("kept = 1\n" * 100)
    (tmp_path / "pkg" / "tests" / "b.py").write_text("left_out = 1\n" * 100)
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    whole = one("packages")
    text = whole.train.tobytes() + whole.validation.tobytes()
    assert b"kept" in text and b"left_out" not in text


def test_whole_files_go_to_one_side_by_their_name_alone(tmp_path: Path) -> None:
    bodies = {f"{i}.txt": f"<file {i}>".encode() * 50 for i in range(100)}
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    first = one(str(tmp_path))
    train_side = {name for name, body in bodies.items() if body in first.train.tobytes()}
    other_side = {name for name, body in bodies.items() if body in first.validation.tobytes()}
    assert train_side | other_side == set(bodies) and not train_side & other_side
    assert 2 <= len(other_side) <= 25
    (tmp_path / "new.txt").write_bytes(b"another" * 50)
    again = one(str(tmp_path)).validation.tobytes()
    assert all((bodies[name] in again) == (name in other_side) for name in bodies)


@pytest.mark.parametrize("size", [10_240, 3_000_000])
def test_one_file_is_cut_near_its_end(tmp_path: Path, size: int) -> None:
    body = np.random.default_rng(0).integers(256, size=size, dtype=np.uint8).tobytes()
    (tmp_path / "one.bin").write_bytes(body)
    text = one(str(tmp_path / "one.bin"))
    assert text.train.tobytes() + text.validation.tobytes() == body
    assert len(text.validation) == size // 10


def test_a_few_files_are_joined_by_newlines_and_cut(tmp_path: Path) -> None:
    for name in "bcd":
        (tmp_path / f"{name}.txt").write_text(name * 500)
    text = one(str(tmp_path))
    whole = text.train.tobytes() + text.validation.tobytes()
    assert whole == b"\n".join(name.encode() * 500 for name in "bcd")
    assert len(text.validation) == len(whole) // 10


def test_edited_text_is_prepared_again_and_the_same_text_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a" * 1000)
    seen: list[tuple[int, int]] = []
    (before,) = load([str(file)], progress=lambda *done: seen.append(done))
    assert seen == [(900, 1000), (1000, 1000)]
    (again,) = load([str(file)], progress=lambda *done: seen.append(done))
    assert len(seen) == 2 and again.sha256 == before.sha256
    file.write_text("b" * 1001)
    assert one(str(file)).sha256 != before.sha256


def test_tokens_lie_in_a_memory_map() -> None:
    text = one("grammar")
    assert isinstance(text.train, np.memmap) and isinstance(text.validation, np.memmap)
    assert Path(str(text.train.filename)).is_relative_to(cache.root())


def test_a_damaged_cache_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words(0, 400))
    before = one(str(tmp_path)).train.tobytes()
    for file in cache.root().rglob("train.bin"):
        os.truncate(file, 100)
    assert one(str(tmp_path)).train.tobytes() == before
    for file in cache.root().rglob("about.json"):
        file.write_text("{")
    assert one(str(tmp_path)).train.tobytes() == before


def test_what_was_broken_off_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(words(0, 400))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load([str(tmp_path)], progress=stop)
    assert list(cache.root().iterdir()) == []
    assert len(one(str(tmp_path)).train) > 1000


@pytest.fixture(scope="module")
def learned() -> tuple[str, source.Source]:
    found = source.find("text", "grammar")
    return learn([found], 320), found


def test_byte_pairs_come_back_to_the_text(learned: tuple[str, source.Source]) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    text = "the dogs that sleep.\n\tdef f(x): return 'ä€😀'\n" * 2000
    ids = encoder(learned[0])(text.encode())
    assert tokenizers.Tokenizer.from_str(learned[0]).decode(ids.tolist()) == text
    assert ids.dtype == np.uint16 and ids.max() < 320


def test_byte_pairs_shorten_the_text_that_they_were_learned_from(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(words(0, 20_000))
    plain, pairs = one(str(tmp_path)), one(str(tmp_path), vocab=320)
    assert len(pairs.train) < 0.7 * len(plain.train)
    assert pairs.vocab == 320 and pairs.sha256 == plain.sha256


def test_two_texts_share_one_vocabulary(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1)):
        (tmp_path / f"{name}.txt").write_text(words(seed, 2000))
    both = load([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")], vocab=300)
    assert len(list(cache.root().rglob("tokenizer.json"))) == 1
    assert [part.vocab for part in both] == [300, 300]


def test_a_vocabulary_too_large_for_the_text_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc " * 500)
    with pytest.raises(ValueError, match=r"vocab must be at most 2\d\d, all that .* finds in .*; got 5000"):
        one(str(tmp_path), vocab=5000)
    with pytest.raises(ValueError, match="vocab must be at least 256 and at most 65536; got 100"):
        train.tasks.gpt(vocab=100)


def test_a_missing_library_gives_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match="pip install tokenizers"):
        one("grammar", vocab=300)


def log_probability(sentence: str) -> float:
    """Of the only derivation of a sentence, found by looking one word ahead."""
    rules = grammar.rules()
    left = [*sentence.replace(".", " .").split()]

    def begins(symbol: str, ahead: list[str]) -> bool:
        if symbol not in rules:
            return bool(ahead) and ahead[0] == symbol
        return any(begins(way[0], ahead) for _, way in rules[symbol])

    def parse(symbol: str, words: list[str]) -> list[tuple[float, list[str]]]:
        if symbol not in rules:
            return [(0.0, words[1:])] if words and words[0] == symbol else []
        found = []
        for p, way in rules[symbol]:
            states = [(math.log(p), words)]
            for part in way:
                states = [(a + b, rest) for a, at in states for b, rest in parse(part, at)]
            found += states
        return found

    ends = [value for value, rest in parse("sentence", left) if not rest]
    assert len(ends) == 1, sentence
    return ends[0]


def test_the_grammars_entropy_is_that_of_its_sentences() -> None:
    text = next(grammar.pieces()).decode()
    sentences = [part.strip() + "." for part in text.split(".")[:-1]][:3000]
    nats = np.array([-log_probability(sentence) for sentence in sentences])
    length = np.array([len(sentence) + 1 for sentence in sentences])
    # The rate is a ratio of means; so is its standard error.
    rate = nats.sum() / length.sum()
    error = np.std(nats - rate * length) / length.mean() / math.sqrt(len(nats))
    assert abs(rate - grammar.entropy()) < 4 * error
    assert error < 0.02 * rate


def test_the_share_of_a_mixture_follows_its_steps() -> None:
    steps, shares = (0.0, 100.0, 200.0), (0.0, 0.0, 1.0)
    assert [share(t, steps, shares) for t in (0, 100, 150, 175, 200, 999)] == [0, 0, 0.5, 0.75, 1, 1]


def test_a_mixture_takes_sequences_by_their_share(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * 4000)
    (tmp_path / "b.txt").write_text("b" * 9000)
    task = train.tasks.gpt(
        text=str(tmp_path / "a.txt"),
        second=str(tmp_path / "b.txt"),
        mix_steps=(0, 10, 20),
        mix=(0, 0, 0.6),
        context=8,
        batch=2000,
    )
    problem = task.problem(torch.device("cpu"))
    for step, expected in ((0, 0.0), (10, 0.0), (15, 0.3), (20, 0.6), (30, 0.6)):
        windows = problem.batch(step, [7]).windows[0]
        first = windows[:, 0]
        assert torch.all(windows == first[:, None])
        found = (first == ord("b")).double().mean().item()
        assert found == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 2000))
    again = problem.batch(15, [7]).windows
    assert torch.equal(again, problem.batch(15, [7]).windows)
    parts = problem.measure(problem.first(0)[None])
    assert parts["loss"].item() == pytest.approx((parts["old"].item() + parts["new"].item()) / 2)


def test_a_mixture_needs_a_share_for_every_step() -> None:
    with pytest.raises(ValueError, match="one share for each of mix_steps; got 2 shares for 1 steps"):
        train.tasks.gpt(second="grammar", mix=(0.1, 0.2))


def test_text_that_the_user_names_is_what_is_trained_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abcabcabc" * 400)
    task = train.tasks.gpt(context=16, batch=8, text=str(tmp_path), measurements=2)
    (run,) = train.train(task, [wb.hold(60, 1e-2)], device="cpu")
    assert run.final_loss < 1.5
    assert run.facts["text"] == str(tmp_path)


@pytest.mark.parametrize("name", ["missing", "missing/deep.txt", "a.txt/below", "nul\0"])
@pytest.mark.parametrize("argument", ["text", "second"])
def test_missing_text_gives_one_sentence(tmp_path: Path, name: str, argument: str) -> None:
    (tmp_path / "a.txt").write_text("text")
    task = train.tasks.gpt(**{argument: str(tmp_path / name)})
    with pytest.raises(ValueError, match=f"{argument} must be python, .*, or a readable file or folder"):
        train.train(task, [wb.hold(1, 1e-3)])


def test_a_device_is_not_text() -> None:
    with pytest.raises(ValueError, match="text must be .* or a readable file or folder"):
        one("/dev/zero")


def test_unreadable_text_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not by permissions, which do not bind an administrator, whom tests may run as.
    (tmp_path / "a.txt").write_text("text" * 1000)

    def refuse(path: object, *rest: object, **more: object) -> object:
        if str(path).endswith("a.txt"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **more)  # type: ignore[arg-type]

    opened = builtins.open
    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(ValueError, match="text must be .* readable file or folder; .*: Permission denied"):
        one(str(tmp_path))


def test_empty_and_short_text_give_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 0 in 0 text files"):
        one(str(tmp_path), context=64)
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(ValueError, match="has 0 in 1 text files"):
        one(str(tmp_path), context=64)
    (tmp_path / "a.txt").write_text("x" * 600)
    with pytest.raises(ValueError, match=r"more than 64 tokens \(the context\) .* has 600"):
        one(str(tmp_path), context=64)


def test_text_without_end_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "0.txt").open("wb") as file:
        file.truncate(source.MAX_BYTES + 1)
    with pytest.raises(ValueError, match="text must be at most 100 GB"):
        one(str(tmp_path))


def test_a_full_disk_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text(words(0, 400))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 0, 10))  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="cache folder .* needs .* GB for this text and has 1e-08 GB free"):
        one(str(tmp_path))


def test_a_cache_that_cannot_be_written_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text(words(0, 400))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.FOLDER_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ValueError, match=f"{cache.FOLDER_VARIABLE} for another. cannot be written"):
        one(str(tmp_path))
