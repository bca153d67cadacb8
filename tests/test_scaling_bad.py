"""Data that do not determine a law, and tables in another form: a sentence, never a confident number."""

from __future__ import annotations

import numpy as np
import pytest
from scaling_cases import grid, made

import workbench as wb
from workbench import scaling

GOOD = made("chinchilla", 0.003)


def columns(**changed):
    return {"n_params": GOOD.n_params, "tokens": GOOD.tokens, "loss": GOOD.loss, **changed}


def spoiled(name: str, value: float) -> dict:
    column = getattr(GOOD, name).copy()
    column[3] = value
    return columns(**{name: column})


BILLION = 1e9
ONE_SIZE = made("chinchilla", n_params=np.full(20, 7e8), tokens=np.geomspace(1e9, 1e11, 20))
TWO_SIZES = made(
    "chinchilla", n_params=np.repeat([7e8, 2e9], 10), tokens=np.tile(np.geomspace(1e9, 1e11, 10), 2)
)
ONE_TOKENS = made("chinchilla", n_params=np.geomspace(1e8, 1e10, 20), tokens=np.full(20, 2e10))
ONE_BUDGET = made("chinchilla", n_params=(n := np.geomspace(1e8, 1e10, 20)), tokens=1e21 / 6 / n)
TWENTY = made("chinchilla", n_params=n, tokens=20 * n)
ALMOST = made(
    "chinchilla", n_params=n, tokens=20 * n * np.exp(0.02 * np.random.default_rng(0).normal(size=20))
)
BAD = {
    "one size": (ONE_SIZE, "at least 3 sizes .* have one size: add runs"),
    "two sizes": (TWO_SIZES, "at least 3 sizes .* have 2 sizes"),
    "one number of tokens": (ONE_TOKENS, "at least 3 numbers of tokens .* one number of tokens"),
    "one budget": (ONE_BUDGET, "runs of several budgets; all of these have one .*1e\\+21"),
    "twenty tokens per parameter": (TWENTY, "n_params grows with tokens .*vary one of them alone"),
    "nearly so": (ALMOST, "n_params grows with tokens"),
    "fewer points than parameters": (
        GOOD.take(np.arange(4)),
        "5 parameters and needs more runs than that; got 4",
    ),
    "as many": (GOOD.take(np.arange(5)), "got 5"),
    "repeated runs": (GOOD.take(np.repeat([0, 9, 22, 39], 5)), "5 parameters .* 4, repeated"),
    "sizes in billions": (columns(n_params=GOOD.n_params / BILLION), "n_params must be .* another unit"),
    "sizes times a billion": (columns(n_params=GOOD.n_params * BILLION), "n_params must be .* another unit"),
    "tokens in billions": (columns(tokens=GOOD.tokens / BILLION), "tokens must be .* another unit"),
    "tokens times a billion": (columns(tokens=GOOD.tokens * BILLION), "tokens must be .* another unit"),
    "loss in billionths": (columns(loss=GOOD.loss * BILLION), "loss must be .* another unit"),
    "loss times a billion": (columns(loss=GOOD.loss / BILLION), "loss must be .* another unit"),
    "flops in billions": (columns(flops=6 * GOOD.n_params * GOOD.tokens / BILLION), "flops must be"),
    "flops times a billion": (columns(flops=6e9 * GOOD.n_params * GOOD.tokens), "flops must be"),
    "a negative loss": (spoiled("loss", -2.0), "loss must be above 0 nats per token; got -2 in row 3"),
    "a loss of 0": (spoiled("loss", 0.0), "loss must be above 0"),
    "a missing loss": (spoiled("loss", np.nan), "loss is missing or not finite in 1 of 40 rows.*row 3"),
    "an infinite loss": (spoiled("loss", np.inf), "loss is missing or not finite"),
    "a loss that is None": (columns(loss=[None, *GOOD.loss[1:]]), "loss is missing .* row 0"),
    "a negative size": (spoiled("n_params", -1e9), "n_params must be above 0"),
    "text": (columns(loss=["x"] * 40), "loss must be a column of numbers"),
    "another length": (columns(loss=GOOD.loss[:-1]), "loss must have the length of n_params, 40; got 39"),
    "no rows": (columns(n_params=[], tokens=[], loss=[]), "at least one number"),
    "no losses": ({"n_params": GOOD.n_params, "tokens": GOOD.tokens}, "needs a column of losses"),
    "no tokens": ({"n_params": GOOD.n_params, "loss": GOOD.loss}, "needs two of n_params, tokens and flops"),
    "more unique tokens than tokens": (
        columns(unique_tokens=GOOD.tokens * 2),
        "unique_tokens must be at most",
    ),
    "a number": (3, "data must be a table"),
    "a list of numbers": ([1, 2, 3], "data must be a table"),
    "no file": ("nowhere.csv", "must be a CSV file that can be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_are_refused_in_a_sentence(name):
    data, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        scaling.fit("chinchilla", data)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
@pytest.mark.parametrize("name", ["n_params", "tokens", "loss", "flops"])
def test_no_law_takes_a_column_in_another_unit(name, factor):
    table = columns(flops=6 * GOOD.n_params * GOOD.tokens)
    table[name] = table[name] * factor
    for law in ("chinchilla", "kaplan_joint", "kaplan_compute"):
        with pytest.raises(ValueError, match=f"{name} must be"):
            scaling.fit(law, table)


def test_laws_of_one_column_need_no_other():
    assert scaling.fit("kaplan_size", ONE_TOKENS).converged
    with pytest.raises(ValueError, match="at least 2 sizes .* have one size"):
        scaling.fit("kaplan_size", ONE_SIZE)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scaling.fit("chincilla", GOOD), "scaling must be one of .*chinchilla"),
        (lambda: scaling.fit("kaplan_steps", ONE_TOKENS), "needs the column 'steps' for every run"),
        (lambda: scaling.fit("chinchilla", GOOD, fixed={"gamma": 1.0}), "no argument 'gamma'"),
        (lambda: scaling.fit("chinchilla", GOOD, fixed={"alpha": -1.0}), "alpha must be greater than 0"),
        (lambda: scaling.fit("kaplan_size", GOOD, fixed={"N_c": 1e13, "alpha_N": 0.1}), "leave at least one"),
        (lambda: scaling.fit("chinchilla", GOOD, fixed={"alpha": 5}), "hold alpha .*got 5, .*nearest is 3"),
        (lambda: scaling.fit("chinchilla", GOOD, fixed={"E": 1e-9}), "fixed must hold E where a fit"),
        (lambda: scaling.fit("chinchilla", GOOD, starts=0), "starts must be"),
        (
            lambda: scaling.points(GOOD.__dict__ | {"loss": GOOD.loss}, columns={"size": "N"}),
            "columns may name",
        ),
        (lambda: scaling.points(columns(), columns={"loss": "lost"}), "columns\\['loss'\\] must be one of"),
        (
            lambda: scaling.points(columns(), units={"tokens": "billions"}),
            "units\\['tokens'\\] must be a number",
        ),
        (lambda: scaling.points(columns(), units=["tokens"]), "units must map names"),
        (lambda: scaling.points(columns(loss=2.5)), "loss must be a column of numbers; got 2.5"),
        (lambda: GOOD.without_worst(40), "count must be at least 0 and below 40"),
        (lambda: GOOD.column("steps"), None),
        (lambda: scaling.load("chinchila"), "name must be one of"),
        (lambda: scaling.fit("chinchilla", GOOD).bootstrap(50), "count must be"),
        (lambda: scaling.fit("chinchilla", GOOD).bootstrap(kind="jackknife"), "kind must be one of"),
        (
            lambda: scaling.fit("chinchilla", GOOD).predict(-1, 1e9),
            "n_params must be a finite number above 0",
        ),
        (lambda: scaling.fit("chinchilla", GOOD).predict([1e9, 2e9], [1e9] * 3), "shapes that broadcast"),
        (lambda: scaling.fit("chinchilla", GOOD).predict(1e9, 1e9, level=1), "level must be"),
        (lambda: scaling.fit("chinchilla", GOOD).profile("gamma"), "no argument 'gamma'"),
        (lambda: scaling.fit("chinchilla", GOOD).report(by="colour"), "by must be one of"),
        (lambda: scaling.extrapolate(["kaplan_joint"], ONE_SIZE), "no law can be fitted"),
        (lambda: scaling.extrapolate("chinchilla", GOOD), "laws must be a list .*got 'chinchilla'"),
        (lambda: scaling.extrapolate([], GOOD), "laws must be a list of one or more"),
        (lambda: scaling.isoflop(GOOD), "budgets that recur"),
        (lambda: scaling.isoflop(GOOD, budgets=1e19), "at least 3 budgets must have a minimum"),
        (lambda: scaling.isoflop(GOOD, noise=-1), "noise must be at least 0"),
        (lambda: scaling.isoflop(GOOD, seed=-1), "seed must be at least 0"),
        (lambda: scaling.envelope(GOOD, seed=-1), "seed must be at least 0"),
        (lambda: scaling.envelope(ONE_TOKENS), "at least 3 sizes must have two points"),
        (lambda: scaling.parametric(GOOD, "kaplan_size"), "law must be one of size and data"),
        (lambda: scaling.corrections.exponent(warmup=True), "no runs have exactly these corrections"),
        (lambda: scaling.corrections.runs("warmup"), "switches must be Switches"),
        (lambda: scaling.constants.get("chinchilla"), "name must be one of hoffmann"),
        (lambda: scaling.constants.get("kaplan").score(GOOD), "predicts no loss"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(call, message):
    if message is None:
        assert len(call()) == 40
        return
    with pytest.raises(ValueError, match=message):
        call()


def test_a_change_of_the_exponent_may_be_held_below_0():
    fit = scaling.fit("broken", GOOD, fixed={"c1": -0.05})
    assert fit.params["c1"] == -0.05 and fit.score(GOOD) == pytest.approx(fit.objective, rel=1e-6)


def test_a_floor_that_the_data_do_not_show_is_said_to_be_at_its_bound():
    steep = {"E": -0.3, "A": 60.0, "alpha": 0.15, "B": 90.0, "beta": 0.16}
    noise = np.exp(0.002 * np.random.default_rng(0).normal(size=len(GOOD)))
    loss = scaling.laws.chinchilla(GOOD, **steep) * noise
    fit = scaling.fit("chinchilla", columns(loss=loss))
    assert "E" in fit.at_bound and "E" in str(fit.table().notes)


def test_a_floor_a_hair_above_its_bound_is_said_to_be_there():
    # Final losses of five sizes of a small GPT on bytes after five numbers of tokens.
    losses = """
        2.6450 2.3590 2.1508 2.0028 1.8935   2.5089 2.2800 2.0482 1.8595 1.6680
        2.4569 2.1937 1.9866 1.7738 1.5961   2.4282 2.1378 1.9179 1.7279 1.5565
        2.4302 2.1442 1.9098 1.6894 1.5010
    """
    n_params = np.repeat([10_320, 32_928, 67_824, 115_008, 246_240], 5)
    tokens = np.tile([153_600, 266_240, 460_800, 798_720, 1_382_400], 5)
    fit = scaling.fit("chinchilla", {"n_params": n_params, "tokens": tokens, "loss": losses.split()})
    assert fit.at_bound == ("E",)
    without = scaling.laws.chinchilla(fit.points, **{**fit.params, "E": 0.0})
    np.testing.assert_allclose(without, fit.points.loss * np.exp(-fit.residuals), rtol=1e-4)


def test_tables_are_read_from_columns_frames_files_and_runs(tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"N": GOOD.n_params / BILLION, "D": GOOD.tokens / BILLION, "val_loss": GOOD.loss})
    units = {"n_params": BILLION, "tokens": BILLION}
    frame.to_csv(tmp_path / "sweep.csv", index=False)
    for data in (frame, tmp_path / "sweep.csv", str(tmp_path / "sweep.csv"), frame.to_dict("list")):
        read = scaling.points(data, units=units)
        for name in ("n_params", "tokens", "loss"):
            np.testing.assert_allclose(getattr(read, name), getattr(GOOD, name), rtol=1e-12)
    missing = frame.to_csv(index=False).replace(str(frame["val_loss"][2]), "")
    (tmp_path / "hole.csv").write_text(missing)
    with pytest.raises(ValueError, match="loss is missing .* row 2"):
        scaling.points(tmp_path / "hole.csv", units=units)
    by_flops = scaling.points({"params": [1e9], "C": [1.2e20], "loss": [2.5]})
    assert by_flops.tokens[0] == pytest.approx(2e10) and by_flops.facts["tokens"] == "flops / (6 n_params)"


def test_runs_of_a_store_become_points(tmp_path):
    schedule = wb.schedules.constant(100, 1e-3)
    task = {"name": "gpt", "n_params": 120_000, "batch_tokens": 4096}
    curve = wb.Curve(np.arange(100), np.linspace(5, 3, 100))
    run = wb.Run(schedule, curve, task, {"status": "finished"})
    store = wb.Store(tmp_path)
    store.save(run)
    for data in (store, [run]):
        read = scaling.points(data)
        assert read.n_params[0] == 120_000 and read.tokens[0] == 409_600
        assert read.loss[0] == 3 and read.steps[0] == 100
    bare = wb.Run(schedule, curve, {"name": "gpt"}, {})
    with pytest.raises(ValueError, match="run 0 must say n_params"):
        scaling.points([bare])
    for status in ("stopped", "diverged"):
        with pytest.raises(ValueError, match=f"run 1 must be finished; it is '{status}'"):
            scaling.points([run, wb.Run(schedule, curve, task, {"status": status})])
    diverged = wb.Run(schedule, wb.Curve(np.arange(100), np.append(np.linspace(5, 3, 99), np.nan)), task, {})
    with pytest.raises(ValueError, match="loss is missing or not finite in 1 of 2 rows.*row 1"):
        scaling.points([run, diverged])


def test_two_tokens_per_parameter_ratios_are_enough_where_sizes_vary():
    assert scaling.fit("chinchilla", made("chinchilla", 0.001, **grid(8, (5.0, 40.0)))).converged
