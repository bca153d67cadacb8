"""A schedule from a file: ours, logs as trainers write them, and anything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import workbench as wb
from workbench.imports import from_file

MADE = wb.schedules.wsd(total=400, peak=6e-4, warmup=0.1, decay=0.25)
RATES = MADE.array()


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def csv(rows: Any, header: str = "step,lr") -> str:
    return header + "\n" + "\n".join(",".join(str(cell) for cell in row) for row in rows) + "\n"


def same(schedule: wb.Schedule, share: float = 1e-9) -> None:
    np.testing.assert_allclose(schedule.array(), RATES[: len(schedule)], rtol=0, atol=share * 6e-4)
    assert [phase.name for phase in schedule.phases] == ["warmup", "stable", "decay"]


def trainer_state(every: int, shift: int, **more: Any) -> str:
    """As transformers writes it; `shift` is 1 where the rate of the update just made is logged."""
    history: list[dict[str, Any]] = [
        {"epoch": s / 100, "grad_norm": 1.0, "learning_rate": float(MADE(s - shift)), "loss": 2.0, "step": s}
        for s in range(every, 401, every)
    ]
    history.append({"epoch": 4.0, "eval_loss": 2.1, "step": 400})
    history.append({"step": 400, "total_flos": 1e9, "train_loss": 2.0, "train_runtime": 9.0})
    return json.dumps({"global_step": 400, "max_steps": 400, "log_history": history, **more})


def test_our_own_files_come_back_equal(tmp_path: Path) -> None:
    for name, text in {"s.json": MADE.to_json(), "s.yaml": MADE.to_yaml(), "noname": MADE.to_yaml()}.items():
        found = from_file(write(tmp_path, name, text))
        assert found.schedule == MADE
        assert found.deviation == 0


@pytest.mark.parametrize(
    ("step", "rate"),
    [
        *(("step", "lr"), ("global_step", "learning_rate"), ("_step", "train/learning_rate")),
        *(("iter", "rate"), ("Iteration", "LR"), ("trainer/global_step", "lr-AdamW/pg1"), ("it", "optim.lr")),
    ],
)
def test_the_usual_column_names_are_found_and_said(tmp_path: Path, step: str, rate: str) -> None:
    rows = [(t, 2.5, RATES[t], "x") for t in range(400)]
    found = from_file(write(tmp_path, "log.csv", csv(rows, f"{step},loss,{rate},note")))
    same(found.schedule)
    assert repr(step) in found.words
    assert repr(rate) in found.words


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", csv([(t, 1e-9, t, RATES[t]) for t in range(400)], "step,lr,n,mine"))
    same(from_file(path, step="n", rate="mine").schedule)
    with pytest.raises(ValueError, match="rate must be a column of log.csv"):
        from_file(path, rate="nope")


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_separators_comments_and_a_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeff# my run\n" + csv([(t, RATES[t]) for t in range(400)]).replace(",", delimiter)
    same(from_file(write(tmp_path, "log.txt", text)).schedule)


def test_bare_numbers_are_step_and_rate(tmp_path: Path) -> None:
    same(from_file(write(tmp_path, "a.csv", csv([(t, RATES[t]) for t in range(400)], "").lstrip())).schedule)
    same(from_file(write(tmp_path, "b.txt", "\n".join(map(str, RATES)))).schedule)
    same(from_file(write(tmp_path, "c.json", json.dumps(RATES.tolist()))).schedule)


def test_a_nanogpt_log_in_json_lines_with_six_digits(tmp_path: Path) -> None:
    rows = [{"iter": t, "train": {"loss": 3.1, "lr": float(f"{RATES[t]:.6g}")}} for t in range(0, 400, 10)]
    text = "\n".join(json.dumps(row) for row in rows)
    found = from_file(write(tmp_path, "log.jsonl", text))
    same(found.schedule, 2e-6)
    assert len(found.schedule) == 391
    assert "logged every 10 steps" in found.words


def test_json_columns_and_rows(tmp_path: Path) -> None:
    data = {"step": list(range(400)), "lr": RATES.tolist(), "name": "run"}
    same(from_file(write(tmp_path, "a.json", json.dumps(data))).schedule)
    rows = [{"step": t, "lr": RATES[t]} for t in range(400)]
    same(from_file(write(tmp_path, "b.json", json.dumps(rows))).schedule)


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("every", [1, 10])
def test_a_trainer_state_of_either_age_gives_the_rates_of_the_updates(
    tmp_path: Path, every: int, shift: int
) -> None:
    found = from_file(write(tmp_path, "trainer_state.json", trainer_state(every, shift)))
    assert len(found.schedule) == 400
    same(found.schedule)
    assert ("next update" in found.words) == (shift == 0)
    assert "2 rows without a rate skipped" in found.words


def test_a_trainer_state_is_followed_to_max_steps(tmp_path: Path) -> None:
    found = from_file(write(tmp_path, "trainer_state.json", trainer_state(7, 1)))
    assert len(found.schedule) == 400
    same(found.schedule)


def test_offset_moves_the_steps_and_updates_from_one_are_seen(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv([(t + 1, RATES[t]) for t in range(400)]))
    found = from_file(path)
    same(found.schedule)
    assert "counted from 1" in found.words
    later = write(tmp_path, "b.csv", csv([(10 * t + 5, RATES[10 * t]) for t in range(40)]))
    same(from_file(later, offset=-5).schedule)
    with pytest.raises(ValueError, match="offset must not move the first step"):
        from_file(path, offset=-2)


def test_of_a_resumed_run_the_later_rows_count(tmp_path: Path) -> None:
    old = [(t, 9e-4) for t in range(100, 150)]
    rows = [(t, RATES[t]) for t in range(100)] + old + [(t, RATES[t]) for t in range(100, 400)]
    found = from_file(write(tmp_path, "log.csv", csv(rows)))
    same(found.schedule)
    assert "50 rows replaced" in found.words


def test_rows_without_a_rate_are_skipped(tmp_path: Path) -> None:
    rows = [(t, RATES[t] if t % 3 else "", 1.0) for t in range(400)]
    same(from_file(write(tmp_path, "log.csv", csv(rows, "step,lr,loss"))).schedule)


BAD: dict[str, tuple[str | bytes, str]] = {
    "nan": ("step,lr\n0,1\n1,nan\n", "line 3: lr must be at least 0"),
    "negative": ("step,lr\n0,1\n1,-1\n", "line 3: lr must be at least 0"),
    "huge": ("step,lr\n0,1e999\n", "line 2: lr must be at least 0"),
    "text": ("step,lr\n0,fast\n", "line 2: lr must be a number"),
    "half a step": ("step,lr\n0.5,1\n", "line 2: step must be a whole number"),
    "no step": ("step,lr\n,1\n", "line 2: step must be a number"),
    "backward": ("step,lr\n0,1\n10,1\n5,1\n", "line 4: step must increase"),
    "no column": ("step,loss\n0,1\n", "needs a column with the rate"),
    "no rows": ("step,lr\n", "no row|needs a column"),
    "only empty rates": ("step,lr\n0,\n", "no row with a number"),
    "too many cells": ("step,lr\n0,1,2\n", "line 2 must have 2 values"),
    "quote": ('step,lr\n0,"1\n', "is not CSV"),
    "empty": ("", "is empty"),
    "blank": (" \n\n ", "is empty"),
    "binary": (b"\x7fELF\0\0\0", "binary"),
    "latin 1": (b"step,lr\n0,1\n1,\xe9\n", "line 3 must be UTF-8"),
    "utf 16": ("step,lr\n0,1\n".encode("utf-16"), "UTF-16"),
    "broken json line": ('{"step": 0, "lr": 1}\n{"step": 1,\n', "line 2 must be a JSON object"),
    "not an object": ('{"step": 0, "lr": 1}\n3\n', "line 2 must be a JSON object"),
    "true": ('{"step": 0, "lr": true}\n', "line 1: lr must be a number"),
    "deep json": ("[" * 100_000, "must be a JSON object"),
    "other json": ('{"a": {"b": 1}, "c": [1], "d": [1, 2]}', "must hold a schedule"),
    "broken schedule": ('{"phases": [{"name": "a"}]}', "phase 0"),
    "broken yaml": ("phases: [\n", "not YAML"),
    "far step": ("step,lr\n1e18,1\n", "line 2: step"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_with_their_name_and_line(tmp_path: Path, case: str) -> None:
    text, message = BAD[case]
    with pytest.raises(ValueError, match=message) as error:
        from_file(write(tmp_path, "log.txt", text))
    assert "log.txt" in str(error.value)


def test_missing_files_folders_and_non_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        from_file(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="is a folder"):
        from_file(tmp_path)
    with pytest.raises(ValueError, match="path must be a file name"):
        from_file(3)  # type: ignore[arg-type]


def test_gigantic_files_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(ValueError, match="at most"):
        from_file(path)


_CELL = st.one_of(
    st.text(max_size=6),
    st.integers(-5, 50).map(str),
    st.floats().map(str),
    st.sampled_from(["", "1e-3", "{}"]),
)
_LIKE_CSV = st.lists(st.lists(_CELL, min_size=1, max_size=3).map(",".join), max_size=8).map(
    lambda rows: ("step,lr\n" + "\n".join(rows)).encode("utf-8", "replace")
)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["step", "lr", "phases", "log_history", "name", "steps"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())
_MUTATED = st.tuples(
    st.sampled_from([MADE.to_json().encode(), MADE.to_yaml().encode(), trainer_state(40, 1).encode()]),
    st.integers(0, 400),
    st.binary(max_size=3),
).map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + len(parts[2]) :])


@given(
    st.one_of(st.binary(max_size=200), _LIKE_CSV, _JSON, _MUTATED),
    st.sampled_from(["a.csv", "a.json", "a.yaml"]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_schedule_or_a_value_error(tmp_path: Path, data: bytes, name: str) -> None:
    path = write(tmp_path, name, data)
    try:
        found = from_file(path)
    except ValueError as error:
        assert str(error)
    else:
        assert np.isfinite(found.schedule.array()).all()
