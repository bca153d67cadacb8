"""Logs as their libraries write them, or as their sources format them: rates, steps and losses come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench as wb
from workbench import logs

TOTAL = 1000
WSD = wb.schedules.build({"name": "wsd", "total": TOTAL, "peak": 1e-3, "warmup": 0.1, "shape": "linear"})
STEPS = np.arange(0, TOTAL, 10)


def loss_of(step: Any) -> Any:
    return 2 + 4 / (1 + np.asarray(step, dtype=float) / 20) ** 0.5


def table(steps: Any = STEPS) -> pd.DataFrame:
    steps = np.asarray(steps)
    return pd.DataFrame({"step": steps, "lr": WSD(steps), "loss": loss_of(steps)})


def one(path: Any, **options: Any) -> wb.Run:
    (run,) = logs.load(path, **options)
    return run


def matches(run: wb.Run, steps: Any = STEPS, rel: float = 1e-9, loss: float = 1e-12) -> None:
    """The run has the losses at these updates, and the rates of WSD at every update up to the last."""
    np.testing.assert_array_equal(run.curve.step, steps)
    np.testing.assert_allclose(run.curve.loss, loss_of(steps), rtol=loss)
    assert len(run.schedule) == steps[-1] + 1
    np.testing.assert_allclose(run.schedule.array(), WSD.array()[: steps[-1] + 1], atol=rel * 1e-3)


def write_lightning(path: Path) -> None:
    """Rates, training losses and validation losses in rows of their own, as the CSVLogger writes them."""
    rows = [{"lr-AdamW": WSD(t), "step": t} for t in STEPS]
    rows += [{"epoch": 0, "step": t, "train_loss": loss_of(t)} for t in STEPS]
    rows += [{"epoch": 0, "step": t, "val_loss": loss_of(t) + 1} for t in STEPS[9::10]]
    frame = pd.DataFrame(rows).sort_values("step", kind="stable")
    frame.to_csv(path, index=False)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "a.csv": lambda p: table().to_csv(p, index=False),
    "a.tsv": lambda p: table().to_csv(p, index=False, sep="\t"),
    "semicolons.csv": lambda p: table().to_csv(p, index=False, sep=";"),
    "indexed.csv": lambda p: table().to_csv(p),
    "a.parquet": lambda p: table().to_parquet(p),
    "a.jsonl": lambda p: table().to_json(p, orient="records", lines=True, double_precision=15),
    "array.json": lambda p: p.write_text(json.dumps(table().to_dict("records"))),
    "lists.json": lambda p: p.write_text(json.dumps(table().to_dict("list"))),
    "nested.jsonl": lambda p: p.write_text(
        "".join(
            json.dumps({"step": int(t), "train": {"loss": loss_of(t), "lr": WSD(t)}}) + "\n" for t in STEPS
        )
    ),
    "crlf.csv": lambda p: table().to_csv(p, index=False, lineterminator="\r\n"),
    "bom.csv": lambda p: table().to_csv(p, index=False, encoding="utf-8-sig"),
    "utf16.csv": lambda p: table().to_csv(p, index=False, encoding="utf-16"),
    "latin.csv": lambda p: table().assign(é=1).to_csv(p, index=False, encoding="latin-1"),
    "metrics.csv": write_lightning,
    "quoted.csv": lambda p: table().astype(str).to_csv(p, index=False, quoting=1),
}


@pytest.mark.parametrize("name", WRITERS)
def test_tables_of_any_form_give_the_same_run(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    run = one(tmp_path / name)
    matches(run)
    assert [phase.shape for phase in run.schedule.phases] == ["linear"] * 3
    assert run.facts["columns"]["rate"] in ("lr", "train/lr", "lr-AdamW")


def test_a_run_from_a_log_is_kept_by_the_store_with_its_sentences(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "a.csv", index=False)
    run = one(tmp_path / "a.csv", task={"name": "gpt", "n_params": 1e6})
    store = wb.Store(tmp_path / "store")
    assert store.load(store.save(run)) == run and run.task["n_params"] == 1e6
    words = logs.describe(run)
    assert all(sentence in words for sentence in run.facts["log"]) and "100 points" in words
    with pytest.raises(ValueError, match=r"wb\.Store"):
        logs.load(next((tmp_path / "store").glob("*.parquet")))
    with pytest.raises(ValueError, match="read from a log"):
        logs.describe(wb.Run(WSD, run.curve))


def test_columns_and_units_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    frame = pd.DataFrame(
        {
            "tick": STEPS + 1,
            "eta": WSD(STEPS),
            "bits": loss_of(STEPS) / np.log(2),
            "seen": (STEPS + 1) * 2**19,
            "bpb": loss_of(STEPS) / np.log(2) / 4.2,
            "ppl": np.exp(loss_of(STEPS)),
        }
    )
    frame.to_csv(path, index=False)
    matches(one(path, step="tick", loss="bits", rate="eta", unit="bits"))
    matches(one(path, step="tick", loss="ppl", rate="eta"))
    matches(one(path, step="tick", loss="bpb", rate="eta", bytes_per_token=4.2))
    matches(one(path, step="TICK", loss="bits", rate="eta", unit="bits", first=1))
    run = one(path, tokens="seen", tokens_per_step=2**19, loss="bits", rate="eta", unit="bits")
    matches(run)
    with pytest.raises(ValueError, match="bytes_per_token"):
        logs.load(path, step="tick", loss="bpb", rate="eta")
    with pytest.raises(ValueError, match=r"loss must be a column of the log, one of .*bits.*; got 'nothing'"):
        logs.load(path, loss="nothing")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"unit": "dB"}, "unit"),
        ({"tokens_per_step": 0}, "tokens_per_step"),
        ({"first": 2}, "first"),
        ({"join": 1}, "join"),
        ({"loss": 3}, "loss"),
        ({"schedule": 3}, "schedule"),
        ({"schedule": {"name": "nothing"}}, "schedule"),
        ({"schedule": {"name": "wsd", "peak": -1}}, "peak"),
        ({"tokens": "seen"}, "tokens_per_step"),
        ({"step": "step", "tokens": "seen", "tokens_per_step": 1}, "step and tokens"),
        ({"step": "tick"}, "step"),
        ({"rate": "eta"}, "rate"),
        ({"task": 3}, "task"),
        ({"schedule": wb.hold(5, 1e-3)}, "schedule must last"),
    ],
)
def test_arguments_are_refused_by_name(tmp_path: Path, options: dict[str, Any], named: str) -> None:
    table().to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(ValueError, match=named) as caught:
        logs.load(tmp_path / "a.csv", **options)
    assert "\n" not in str(caught.value)


def test_a_given_schedule_is_held_against_the_logged_rates(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "a.csv", index=False)
    run = one(tmp_path / "a.csv", schedule=WSD)
    assert run.schedule is WSD and any(
        "differs from the logged rates by at most 0" in s for s in run.facts["log"]
    )
    other = one(tmp_path / "a.csv", schedule={"name": "cosine", "peak": 1e-3})
    assert len(other.schedule) == 991 and other.schedule.recipe and other.schedule.recipe["name"] == "cosine"
    assert any(s.startswith("Caution: it differs") for s in other.facts["log"])
    assert one(tmp_path / "a.csv", schedule=WSD.to_dict()).schedule == WSD


def test_public_curves_are_read_as_the_data_set_reads_them(data_folder: Path) -> None:
    """MultiPowerLaw's own CSVs: the published curve, and its schedule's rates where they are logged."""
    known = {run.facts["name"]: run for run in wb.datasets.load("multipower/25M")}
    for name in ("cosine_24000", "wsd_20000_24000", "wsdcon_9"):
        run = one(data_folder / "multipower/csv_25" / f"{name}.csv")
        assert run.curve == known[name].curve
        t = run.curve.step
        np.testing.assert_allclose(run.schedule(t), known[name].schedule(t), atol=1e-6 * 3e-4)


def test_public_logs_in_nested_json_are_read_as_the_data_set_reads_them(data_folder: Path) -> None:
    """Runs of lr-scheduling as they were logged: validation and training are objects of lists."""
    known = {run.facts["name"]: run for run in wb.datasets.load("schaipp/124M")}
    path = next((data_folder / "schaipp/raw").glob("cos-zero*lr0.001_*iter25000*.json"))
    run = one(path, loss="val_loss", first=1)
    published = known["lr0.001_cos0_25k"]
    assert run.curve == published.curve
    assert run.facts["initial_loss"] == published.facts["initial_loss"]
    # The cosine warmup of 300 updates has six logged rates: straight lines join them.
    off = np.abs(run.schedule.array() - published.schedule.array()[: len(run.schedule)]) / 1e-3
    assert off[:300].max() < 0.02 and off[300:].max() < 1e-4
    assert any("straight lines join them" in sentence for sentence in run.facts["log"])


@pytest.mark.parametrize("every", [7, 50, 90])
def test_rates_that_are_logged_sparsely_are_met_and_never_overshot(tmp_path: Path, every: int) -> None:
    steps = np.arange(0, TOTAL, every)
    table(steps).to_csv(tmp_path / "a.csv", index=False)
    run = one(tmp_path / "a.csv")
    np.testing.assert_allclose(run.schedule(steps), WSD(steps), atol=1e-9)
    assert run.schedule.array().max() <= 1e-3 * (1 + 1e-9) and len(run.schedule) == steps[-1] + 1


def test_rates_without_a_shape_are_joined_by_lines(tmp_path: Path) -> None:
    frame = table().assign(lr=1e-3 * (1 + np.random.default_rng(0).random(len(STEPS))))
    frame.to_csv(tmp_path / "a.csv", index=False)
    run = one(tmp_path / "a.csv")
    expected = np.interp(np.arange(991), STEPS, frame.lr)
    np.testing.assert_allclose(run.schedule.array(), expected, rtol=1e-6)
    assert any("straight lines" in sentence for sentence in run.facts["log"])
