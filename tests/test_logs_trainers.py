"""Logs of trainers: written by the real library, or formatted as its source does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_logs import STEPS, TOTAL, WSD, loss_of, matches, one

import workbench as wb
from workbench import logs

DATA = Path(__file__).parent / "data" / "logs"


def test_the_trainer_of_transformers_is_read_exactly(tmp_path: Path) -> None:
    """A real training: rates at all updates are those that the optimizer had, losses those of the history."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(2))

        def forward(self, x: Any, labels: Any = None) -> dict[str, Any]:
            return {"loss": ((x * self.w).sum(-1) ** 2).mean() + 1}

    used: list[float] = []

    class Spy(TrainerCallback):
        def on_pre_optimizer_step(self, *args: Any, optimizer: Any = None, **kwargs: Any) -> None:
            used.append(optimizer.param_groups[0]["lr"])

    arguments = TrainingArguments(
        str(tmp_path),
        max_steps=40,
        logging_steps=4,
        per_device_train_batch_size=1,
        learning_rate=1e-2,
        lr_scheduler_type="cosine",
        warmup_steps=12,
        save_steps=20,
        eval_strategy="steps",
        eval_steps=20,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    data = [{"x": torch.tensor([1.0, i % 3]), "labels": torch.tensor(0)} for i in range(40)]
    trainer = Trainer(Model(), arguments, train_dataset=data, eval_dataset=data[:4], callbacks=[Spy()])
    trainer.train()

    run = one(tmp_path)
    history = trainer.state.log_history
    np.testing.assert_allclose(run.schedule.array(), used, atol=1e-8)
    np.testing.assert_array_equal(run.curve.step, [row["step"] - 1 for row in history if "loss" in row])
    np.testing.assert_array_equal(run.curve.loss, [row["loss"] for row in history if "loss" in row])
    np.testing.assert_array_equal(
        run.parts["eval_loss"].loss, [r["eval_loss"] for r in history if "eval_loss" in r]
    )
    assert run.facts["status"] == "finished" and run.facts["planned"] == 40
    assert any("2 saved states" in sentence for sentence in run.facts["log"])
    early = one(tmp_path / "checkpoint-20")
    assert early.facts["status"] == "stopped" and len(early.schedule) == 20
    asked = one(tmp_path, loss="eval_loss")
    np.testing.assert_array_equal(asked.curve.step, [19, 39])
    assert asked.parts["train"] == run.curve


def state(rates: list[tuple[int, float]], **more: Any) -> str:
    rows = [{"step": t, "loss": loss_of(t), "learning_rate": r, "epoch": 0.1} for t, r in rates]
    return json.dumps(
        {"log_history": [*rows, {"train_loss": 9.9, "train_runtime": 1.0, "step": TOTAL}], **more}
    )


def test_rates_of_old_trainers_are_those_of_the_update_to_come(tmp_path: Path) -> None:
    warm = wb.ramp(100, 0, 1e-3).then(wb.hold(900, 1e-3))
    for shift in (0, 1):
        path = tmp_path / "trainer_state.json"
        path.write_text(
            state([(t, warm(t - 1 + shift)) for t in range(10, TOTAL + 1, 10)], global_step=TOTAL)
        )
        run = one(path)
        np.testing.assert_allclose(run.schedule.array(), warm.array(), atol=1e-12)
        assert any("before 4.51" in sentence for sentence in run.facts["log"]) == bool(shift)
        np.testing.assert_array_equal(run.curve.step, np.arange(9, TOTAL, 10))
        assert run.curve.loss.max() < 9


def test_lightning_is_read_exactly(tmp_path: Path) -> None:
    """A real training: rates at all updates are those that the optimizer had."""
    import lightning
    import torch
    from lightning.pytorch.callbacks import LearningRateMonitor
    from lightning.pytorch.loggers import CSVLogger

    used: list[float] = []

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(()))

        def training_step(self, batch: Any, index: int) -> Any:
            used.append(self.optimizers().param_groups[0]["lr"])  # type: ignore[union-attr]
            loss = (self.w - batch[0].mean()) ** 2 + 1
            self.log("train_loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", self.w**2 + 1)

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.01)
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda t: min((t + 1) / 10, (60 - t) / 30, 1)
            )
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.arange(30.0) / 30), batch_size=1
    )
    trainer = lightning.Trainer(
        max_epochs=2,
        logger=CSVLogger(str(tmp_path)),
        callbacks=[LearningRateMonitor("step")],
        accelerator="cpu",
        log_every_n_steps=2,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(Model(), loader, loader)
    run = one(tmp_path)
    np.testing.assert_allclose(run.schedule.array(), used, atol=1e-10)
    assert run.facts["columns"] == {"step": "step", "loss": "train_loss_step", "rate": "lr-SGD"}
    np.testing.assert_array_equal(run.curve.step, np.arange(1, 60, 2))
    assert set(run.parts) == {"train_loss_epoch", "val_loss"} and len(run.parts["val_loss"]) == 2


def test_the_metrics_of_mlflow(tmp_path: Path) -> None:
    """The folder was written by mlflow 3.17: 20 losses 4 - i/16, rates 2^-15 (i + 1), validation every 5."""
    for path in (DATA, DATA / "mlruns", DATA / "mlruns/1/run"):
        run = next(run for run in logs.load(path) if run.facts["form"] == "MLflow run")
        np.testing.assert_array_equal(run.curve.loss, 4 - np.arange(20) / 16)
        np.testing.assert_allclose(run.schedule.array(), 2.0**-15 * np.arange(1, 21), rtol=1e-12)
        np.testing.assert_array_equal(run.parts["val_loss"].step, [4, 9, 14, 19])
        assert run.facts["name"] == "my run"
    single = one(DATA / "mlruns/1/run/metrics/train/loss", schedule={"name": "cosine"})
    np.testing.assert_array_equal(single.curve.loss, run.curve.loss)


def test_the_csv_of_mlflows_charts(tmp_path: Path) -> None:
    """Header as in chartMetricHistoryToCsv of MLflow: Run, Run ID, metric, step, timestamp, value."""
    lines = ["Run,Run ID,metric,step,timestamp,value"]
    for metric, values in (("loss", loss_of(STEPS)), ("lr", WSD(STEPS))):
        for run, add in (("a", 0.0), ("b", 1.0 if metric == "loss" else 0.0)):
            lines += [
                f"{run},id-{run},{metric},{t},1700000000000,{float(v) + add!r}"
                for t, v in zip(STEPS, values, strict=True)
            ]
    (tmp_path / "chart.csv").write_text("\n".join(lines) + "\n")
    a, b = logs.load(tmp_path / "chart.csv")
    matches(a)
    np.testing.assert_allclose(b.curve.loss, a.curve.loss + 1)
    assert (a.facts["name"], b.facts["name"]) == ("a", "b")


def test_panels_of_wandb_hold_runs_in_columns_and_quantities_in_files(tmp_path: Path) -> None:
    for metric, values in (("train/loss", loss_of(STEPS)), ("train/lr", WSD(STEPS))):
        frame = pd.DataFrame({"Step": STEPS})
        for k, name in enumerate(("glad-sun-1", "run - two")):
            for end in ("", "__MIN", "__MAX"):
                frame[f"{name} - {metric}{end}"] = values + (k if "loss" in metric else 0) + 0.5 * bool(end)
        frame.to_csv(tmp_path / f"{metric.replace('/', '_')}.csv", index=False, quoting=1)
    first, second = logs.load(str(tmp_path / "*.csv"))
    matches(first)
    np.testing.assert_allclose(second.curve.loss, first.curve.loss + 1)
    assert [run.facts["name"] for run in (first, second)] == ["glad-sun-1", "run - two"]
    frame.rename(columns={"Step": "Relative Time (Process)"}).to_csv(tmp_path / "time.csv", index=False)
    with pytest.raises(ValueError, match="horizontal axis"):
        logs.load(tmp_path / "time.csv")


def test_histories_of_wandb_prefer_a_real_step_to_the_count_of_log_calls(tmp_path: Path) -> None:
    t = np.arange(1, TOTAL + 1, 10)
    frame = pd.DataFrame(
        {
            "_step": np.arange(len(t)), "_runtime": 1.0, "_timestamp": 1e9, "train/global_step": t,
            "train/loss": loss_of(t - 1), "train/learning_rate": WSD(t - 1), "train/epoch": 0.1, "note": "x",
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "history.parquet")
    frame.to_csv(tmp_path / "history.csv")
    (tmp_path / "history.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in frame.to_dict("records"))
    )
    for path in sorted(tmp_path.iterdir()):
        run = one(path)
        matches(run, t - 1)
        assert run.facts["columns"]["step"] == "train/global_step"


def nanogpt(rates: bool) -> str:
    out = []
    for t in range(0, TOTAL, 10):
        if t % 100 == 0:
            out.append(
                f"step {t}: train loss {loss_of(t - 1 if t else 0):.4f}, val loss {loss_of(t) + 1:.4f}"
            )
            out.append("saving checkpoint to out")
        end = f"lr {WSD(t):.2e}" if rates else "mfu 32.10%"
        out.append(f"iter {t}: loss {loss_of(t):.4f}, time {250.123:.2f}ms, {end}")
    return "number of parameters: 29.94M\n" + "\n".join(out) + "\n"


def test_text_logs_of_nanogpt(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    path.write_text(nanogpt(rates=False))
    run = one(path, schedule=WSD)
    np.testing.assert_array_equal(run.curve.step, STEPS)
    np.testing.assert_allclose(run.curve.loss, loss_of(STEPS), atol=5.1e-5)
    # Measured before update 100, that is after update 99; before update 0 there is no update.
    np.testing.assert_array_equal(run.parts["val loss"].step, np.arange(99, TOTAL - 1, 100))
    assert run.schedule == WSD
    with pytest.raises(ValueError, match=r"no column of rates; give schedule="):
        logs.load(path)
    path.write_text(nanogpt(rates=True))
    run = one(path)
    np.testing.assert_allclose(run.schedule.array(), WSD.array()[:991], atol=6e-6)
    asked = one(path, loss="val loss")
    assert asked.facts["initial_loss"] == pytest.approx(7.0)


def test_text_logs_of_megatron(tmp_path: Path) -> None:
    """The scheduler has stepped before a line is printed, so its rate is that of the next update."""
    lines = ["using world size: 8", "  learning rate: not one"]
    for k in range(10, TOTAL + 1, 10):
        rate = WSD(k) if k < TOTAL else 0.0
        fields = [
            f" [2024-06-01 12:00:00] iteration {k:8d}/{TOTAL:8d}",
            f" consumed samples: {k * 512:12d}",
            " elapsed time per iteration (ms): 512.3",
            " throughput per GPU (TFLOP/s/GPU): 400.1",
            f" learning rate: {rate:.6E}",
            " global batch size:   512",
            f" lm loss: {loss_of(k - 1):.6E}",
            " loss scale: 1.0 | grad norm: 0.312",
            " number of skipped iterations:   0 | number of nan iterations:   0 |",
        ]
        lines.append(" |".join(fields))
        if k % 100 == 0:
            held = f"{loss_of(k - 1) + 1:.6E}"
            lines += [
                "-" * 80,
                f" validation loss at iteration {k} | lm loss value: {held} | lm loss PPL: 2.2E+01 |",
            ]
    lines.append(
        f" validation loss at iteration {TOTAL} on test set | lm loss value: 9.0E+00 | lm loss PPL: 9 |"
    )
    (tmp_path / "megatron.out").write_text("\n".join(lines) + "\n")
    run = one(tmp_path / "megatron.out")
    matches(run, np.arange(9, TOTAL, 10), rel=1e-4, loss=1e-6)
    assert len(run.parts["validation loss"]) == 10 and run.parts["validation loss"].loss.max() < 8


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("step {t:5d} | loss: {loss:.6f} | lr {rate:.6e} | norm: 0.3 | dt: 10.00ms | tok/sec: 1.0", 0),
        (
            "step {t:4d}/1000 | loss {loss:.6f} (+0.12z)| norm 0.5 (-0.1z)| lr {rate:.6e} | 340.1 ms",
            1,
        ),
        ("s:{t} trl:{loss:.6f} lr:{rate:.9f} norm:0.1", 0),
    ],
)
def test_text_logs_of_llm_c_and_build_nanogpt(tmp_path: Path, line: str, first: int) -> None:
    text = "".join(line.format(t=t + first, loss=loss_of(t), rate=WSD(t)) + "\n" for t in range(TOTAL))
    (tmp_path / "x.log").write_text("hello\n" + text)
    matches(one(tmp_path / "x.log"), np.arange(TOTAL), rel=2e-6, loss=1e-6)
