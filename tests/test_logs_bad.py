"""Bad logs: one sentence each, in bounded memory and time, and whatever is good in them is kept."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workbench as wb
from workbench import logs

STEPS = range(0, 1000, 10)
GOOD = [(t, 1e-3, 2 + 100 / (t + 100)) for t in STEPS]


def write(path: Path, rows: Any, head: str = "step,lr,loss", end: str = "\n") -> Path:
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + end)
    return path


def changed(place: int, value: Any, *rows: int) -> list[tuple[Any, ...]]:
    return [(*row[:place], value, *row[place + 1 :]) if k in rows else row for k, row in enumerate(GOOD)]


def refusal(path: Any, **options: Any) -> str:
    with pytest.raises(ValueError) as caught:
        logs.load(path, **options)
    text = str(caught.value)
    assert 15 < len(text) < 700 and "\n" not in text and "Traceback" not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return text


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing.csv": (b"", "is empty"),
    "blank.csv": (b" \n\n", "blanks"),
    "header.csv": (b"step,lr,loss\n", "no rows"),
    "row.csv": (b"step,lr,loss\n1,1e-3,3\n", "1 row"),
    "nan.csv": (b"step,lr,loss\n1,1e-3,nan\n2,1e-3,nan\n", "0 can be used"),
    "text.csv": (b"step,lr,loss\n" + b"a,b,c\n" * 50, "no numbers|no column|0 rows"),
    "negative.csv": (b"step,lr,loss\n1,1e-3,-3\n2,1e-3,-4\n", "not above 0"),
    "zero.csv": (b"step,lr,loss\n1,0,3\n2,0,4\n", "rates in its column 'lr' are 0"),
    "norate.csv": (b"step,loss\n1,3\n2,4\n", "no column of rates; give schedule="),
    "noloss.csv": (b"step,lr,speed\n1,3,1\n2,4,1\n", "no column of losses; give loss="),
    "nouse.csv": (b"alpha,beta\n1,3\n2,4\n", "no column of use"),
    "fraction.csv": (b"step,lr,loss\n0.5,1,3\n1.5,1,4\n", "whole numbers"),
    "huge.csv": (b"step,lr,loss\n1e12,1,3\n2e12,1,4\n", "tokens_per_step"),
    "infinite.csv": (b"step,lr,loss\ninf,1,3\nnan,1,4\n", "holds no numbers"),
    "tokens.csv": (b"tokens,lr,loss\n1000,1,3\n2000,1,4\n", "tokens_per_step"),
    "numbers.csv": (b"1,2,3\n4,5,6\n", "none of the forms"),
    "prose.txt": (b"Call me Ishmael. Some years ago\nnever mind how long\n", "none of the forms"),
    "prose.log": (b"Call me Ishmael, Some years ago,\nnever mind how long\n", "no column of use"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "binary"),
    "zip.csv": (b"PK\x03\x04" + bytes(100), "zip"),
    "gzip.jsonl": (b"\x1f\x8b\x08" + bytes(100), "gzip"),
    "events.tfevents": (b"hello" * 10, "first record"),
    "half.parquet": (b"PAR1" + bytes(500), "not a whole Parquet"),
    "no.parquet": (b"hello", "does not begin with PAR1"),
    "cut.json": (b'{"a": [1, 2', "not whole JSON"),
    "list.json": (b"[1, 2, 3]", "no objects"),
    "deep.json": (b"[" * 100_000, "no objects|no JSON objects"),
    "deep.jsonl": (b'{"a":' * 100_000, "not whole JSON"),
    "single.json": (b'{"step": 1, "loss": 3}', "lists of numbers"),
    "uneven.json": (b'{"step": [1, 2], "loss": [3]}', "lists of numbers"),
    "trainer_state.json": (b'{"log_history": [], "max_steps": 10}', "no rows"),
    "trainer.json": (b'{"log_history": [{"step": 1, "grad_norm": 2.0}, {"step": 2}]}', "no column of losses"),
    "junk.jsonl": (b"{\n{\n{\n", "none of its lines"),
    "time.csv": (b"Relative Time (Process),run - train/loss\n1,3\n2,4\n", "horizontal axis"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_log_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    content, words = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    text = refusal(tmp_path / name)
    assert any(word in text for word in words.split("|")), text
    assert str(tmp_path / name) in text
    # Nothing that the user has is touched.
    assert (tmp_path / name).read_bytes() == content


KEPT: dict[str, tuple[list[tuple[Any, ...]], int, str]] = {
    "a NaN": (changed(2, "nan", 50), 99, "1 value of 'loss' not finite"),
    "infinities": (changed(2, "-inf", 50, 51), 98, "2 values of 'loss' not finite"),
    "a negative loss": (changed(2, -1, 50), 99, "1 value of 'loss' not above 0"),
    "a zero loss": (changed(2, 0.0, 50), 99, "1 value of 'loss' not above 0"),
    "a word": (changed(2, "oops", 50), 99, "1 cell of 'loss' not a number, such as 'oops'"),
    "missing losses": (changed(2, "", 50, 60), 98, "98 points"),
    "missing rates": (changed(1, "", *range(3, 90)), 100, "Schedule from 13 rates"),
    "a NaN rate": (changed(1, "nan", 40), 100, "1 rate in 'lr' not finite or negative"),
    "a negative rate": (changed(1, -1e-3, 40), 100, "1 rate in 'lr' not finite or negative"),
    "a lone zero rate": (changed(1, 0, 40), 100, "1 rate in 'lr' 0 between others"),
    "a missing step": (changed(0, "", 50), 99, "1 row of 'loss' without a step"),
    "a step that is far off": (
        changed(0, 10**7, 99),
        99,
        "1 value of 'step' cannot be a step, such as 1e+07",
    ),
    "a step beyond all": (changed(0, 10**12, 50), 99, "1 value of 'step' cannot be a step, such as 1e+12"),
    "a broken step": (changed(0, 500.25, 50), 99, "1 value of 'step' cannot be a step, such as 500.25"),
    "a short row": ([*GOOD[:50], (500, 1e-3), *GOOD[51:]], 99, "1 row without 3 columns"),
    "divergence": (changed(2, "nan", *range(60, 100)), 60, "diverged: from update 600"),
}


@pytest.mark.parametrize("case", KEPT)
def test_what_is_good_in_a_bad_log_is_kept_and_the_rest_is_told(tmp_path: Path, case: str) -> None:
    rows, points, words = KEPT[case]
    (run,) = logs.load(write(tmp_path / "a.csv", rows))
    assert len(run.curve) == points and np.all(np.isfinite(run.curve.loss))
    assert any(words in sentence for sentence in run.facts["log"]), run.facts["log"]
    assert len(run.schedule) in (981, 991) and np.all(run.schedule.array() == 1e-3)
    assert (run.facts.get("status") == "diverged") == (case == "divergence")


def test_a_last_line_that_is_cut_does_not_rewind_the_log(tmp_path: Path) -> None:
    rows = [(loss, rate, t) for t, rate, loss in GOOD]
    for tail, points, words in (
        (["3.0,1e-3,10"], 100, "cut"),
        (["3.0,1e-"], 100, "1 row without"),
        ([], 100, "was kept"),
    ):
        path = tmp_path / "a.csv"
        write(path, rows, "loss,lr,step", end="\n".join(["", *tail]) if tail else "")
        (run,) = logs.load(path)
        assert len(run.curve) == points and any(words in sentence for sentence in run.facts["log"])


def test_json_that_breaks_off_or_has_holes_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    rows = [{"step": t, "lr": r, "loss": v} for t, r, v in GOOD]
    lines = [json.dumps(row) for row in rows]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines)[:-9])
    (run,) = logs.load(path)
    assert len(run.curve) == 99 and any("last line is cut" in s for s in run.facts["log"])
    path.write_text("\n".join([*lines[:20], "oops", "[3]", *lines[20:]]) + "\n")
    (run,) = logs.load(path)
    assert len(run.curve) == 100 and any("2 lines not a JSON object" in s for s in run.facts["log"])
    # What a computer leaves of the end of a file when its power fails.
    path.write_bytes("\n".join(lines).encode() + b"\n" + bytes(5000))
    assert len(logs.load(path)[0].curve) == 100
    values = '{"step": 1, "loss": NaN, "lr": 1}\n{"step": 2, "loss": "Infinity", "lr": 1}\n' + "\n".join(
        lines[1:]
    )
    path.write_text(values)
    (run,) = logs.load(path)
    assert len(run.curve) == 99 and any("2 values of 'loss' not finite" in s for s in run.facts["log"])
    # The Trainer counts updates that are done, so that its step 0 is before the first.
    for text, points in ((json.dumps(rows)[:-30], 99), (json.dumps({"log_history": rows})[:-30], 98)):
        path.write_text(text)
        (run,) = logs.load(path)
        assert len(run.curve) == points and any("end of the file is cut" in s for s in run.facts["log"])


def test_text_logs_survive_their_noise(tmp_path: Path) -> None:
    text = "".join(f"iter {t}: loss {v:.4f}, time 1.00ms, mfu 1%\n" for t, _, v in GOOD)
    path = tmp_path / "a.log"
    path.write_bytes(b"\xfa\xfb noise\n" * 20 + text.encode() + b"iter 9999: lo")
    with pytest.raises(ValueError, match="schedule="):
        logs.load(path)
    path.write_bytes(b"caf\xe9\n" + text.encode() + b"iter 1000: loss oops, time\niter 9999: loss 2.3")
    (run,) = logs.load(path, schedule=wb.hold(2000, 1e-3))
    assert run.curve.step[-1] == 990 and any("latin-1" in s for s in run.facts["log"])


def test_mixed_units_are_cautioned_against(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(2000)
    loss = 2.5 + 4 / (1 + t / 50) ** 0.5 + rng.normal(0, 0.05, len(t))
    late = t >= 1300
    cases: dict[str, tuple[Any, str]] = {
        "nats": (loss, ""),
        "to bits": (np.where(late, loss / np.log(2), loss), "from nats to bits"),
        "to nats": (np.where(late, loss, loss / np.log(2)), "from bits to nats"),
        "to perplexity": (np.where(late, np.exp(loss), loss), "from nats to perplexity"),
        "perplexity": (np.exp(loss), "unit='perplexity'"),
        "a spike": (np.where((t > 900) & (t < 940), 1.44 * loss, loss), ""),
        "a cooldown": (loss - np.where(late, 0.3 * (t - 1300) / 700, 0), ""),
    }
    for name, (values, words) in cases.items():
        rows = [(k, 1e-3, value) for k, value in zip(t, values, strict=True)]
        (run,) = logs.load(write(tmp_path / "a.csv", rows))
        cautions = [s for s in run.facts["log"] if s.startswith("Caution")]
        assert bool(cautions) == bool(words) and words in " ".join(cautions), (name, cautions)


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert "symbolic links" in refusal(tmp_path / "loop")
    assert "no file or folder" in refusal(tmp_path / "missing.csv")
    assert "matches no file" in refusal(str(tmp_path / "*.parquet"))
    assert "holds no log" in refusal(tmp_path / "empty")
    assert "no regular file" in refusal(tmp_path / "pipe.csv")
    assert "no regular file" in refusal("/dev/zero")
    assert "no file or folder" in refusal("a\0b")
    for path in (None, 3, b"a.csv", "", [], [3], {"a": 1}):
        assert "path must be" in refusal(path)


def test_links_that_run_in_circles_have_an_end(tmp_path: Path) -> None:
    write(tmp_path / "deep.csv", GOOD)
    for name in "abc":
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    assert len(logs.load(tmp_path)) == len(logs.load(str(tmp_path / "**/*.csv"))) == 1


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad = write(tmp_path / "good.csv", GOOD), write(tmp_path / "secret.csv", GOOD)
    normal = Path.open

    def guarded(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self == bad:
            raise PermissionError(13, "Permission denied")
        return normal(self, *args, **kwargs)

    # Whoever runs the tests may be allowed to read everything.
    monkeypatch.setattr(Path, "open", guarded)
    assert "secret.csv cannot be read: Permission denied" in refusal(bad)
    with pytest.warns(UserWarning, match=r"left out: .*secret\.csv"):
        (run,) = logs.load(tmp_path)
    assert run.facts["source"] == str(good)


def test_of_several_logs_the_bad_ones_are_left_out_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", GOOD)
    write(tmp_path / "b.csv", GOOD[:1])
    (tmp_path / "c.csv").write_bytes(b"\0" * 100)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (run,) = logs.load(tmp_path)
    assert run.facts["name"] == "a" and [str(w.message)[:8] for w in caught] == ["left out"] * 2
    (tmp_path / "a.csv").unlink()
    assert "1 more could not be read" in refusal(tmp_path)
