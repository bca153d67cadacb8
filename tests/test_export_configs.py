"""Settings for large trainers, read back and run through the rule that each of them publishes.

The rules below are written from the formulas in these files, at these commits:

- NVIDIA/Megatron-LM 00caa53af30912914981c86f39db123961678bbd, megatron/core/optimizer_param_scheduler.py
- swiss-ai/nanotron 34e0bd034e978f1e0640a9fcf5ed1a6e5e9e6e58, src/nanotron/helpers.py, lr_scheduler_builder
  (as in huggingface/nanotron, where 06e39568b48127d9553f437e0cd0f0eb614ee99b has no 1-sqrt yet)
- NousResearch/torchtitan 7fde5263b1cdbb31eda70b48792eb5d6779f2718 and janEbert/torchtitan
  c9035f56ec76e4895ae58dced5b9ae71f12b8307 (which calls lr_min min_lr_factor), forks of pytorch/torchtitan,
  torchtitan/components/lr_scheduler.py; total_steps is of a later version of that file
- allenai/OLMo-core 014c4c6200ac7bad0f687719d6f1df298de0596b, src/olmo_core/optim/scheduler.py (`warmup` and
  WSDS are of a later version of that file), and 009119b745c1ae26364259c7434afbb42506247a,
  src/olmo_core/train/trainer.py, which adds 1 to its step before the first update
"""

from __future__ import annotations

import ast
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import yaml
from export_cases import SHORT, phase

import workbench as wb
from workbench import Schedule, export
from workbench.export.recognise import outline

Settings = Mapping[str, Any]


# The published rules: rate of update t, the first being 0


def megatron(text: str) -> Callable[[int], float]:
    found = dict(re.findall(r"--([a-z-]+) (\S+)", text))
    top, low, init = (float(found[key]) for key in ("lr", "min-lr", "lr-warmup-init"))
    warmup, decay = int(found["lr-warmup-iters"]), int(found["lr-decay-iters"])
    style, cooldown = found["lr-decay-style"], int(found.get("lr-wsd-decay-iters", 0))
    assert 0 <= low <= top and init <= top and 0 <= warmup < decay
    curves = {
        "linear": lambda x: 1 - x,
        "cosine": lambda x: 0.5 * (math.cos(math.pi * x) + 1),
        "exponential": lambda x: 2 * 0.5**x - 1,
        "minus_sqrt": lambda x: 1 - math.sqrt(x),
    }

    def rate(t: int) -> float:
        if warmup > 0 and t <= warmup:
            return init + (top - init) * t / warmup
        if style == "constant":
            return top
        if t > decay:
            return low
        if style == "inverse-square-root":
            return max(low, top * max(warmup, 1) ** 0.5 / max(t, 1) ** 0.5)
        if style == "WSD":
            into = t - (decay - cooldown)
            share = 1.0 if into <= 0 else curves[found["lr-wsd-decay-style"]](into / cooldown)
        else:
            share = curves[style]((t - warmup) / (decay - warmup))
        return low + share * (top - low)

    return rate


def nanotron(text: str) -> Callable[[int], float]:
    a = yaml.safe_load(text)["optimizer"]["learning_rate_scheduler"]
    top, low, warmup = a["learning_rate"], a["min_decay_lr"], a["lr_warmup_steps"]
    start, length = a["lr_decay_starting_step"], a["lr_decay_steps"]
    assert all(isinstance(each, float) for each in (top, low)) and length > 0

    def rate(t: int) -> float:
        if t <= warmup:
            return top * t / max(warmup, 1) if a["lr_warmup_style"] == "linear" else top
        if t < start:
            return top
        if t >= start + length:
            return low
        x = (t - start) / length
        shares = {"cosine": (1 + math.cos(math.pi * x)) / 2, "linear": 1 - x, "1-sqrt": 1 - math.sqrt(x)}
        return low + (top - low) * shares[a["lr_decay_style"]]

    return rate


def torchtitan(text: str) -> Callable[[int], float]:
    config = tomllib.loads(text)
    a, top, steps = config["lr_scheduler"], config["optimizer"]["lr"], config["training"]["steps"]
    total, warmup = a.get("total_steps", steps), a["warmup_steps"]
    decay = round(total * a["decay_ratio"])
    assert warmup + decay <= total, "torchtitan would shorten the decay"
    stop = warmup + (total + 1 - warmup - decay)

    def factor(t: int) -> float:
        if t < warmup:
            return (t + 1) / warmup
        if t < stop:
            return 1.0
        x = (t + 1 - stop) / decay
        shares = {"linear": 1 - x, "sqrt": 1 - math.sqrt(x), "cosine": 0.5 * (1 + math.cos(math.pi * x))}
        return a["min_lr_factor"] + (1 - a["min_lr_factor"]) * shares[a["decay_type"]]

    return lambda t: top * factor(t)


def olmo(text: str) -> Callable[[int], float]:
    names = {node.targets[0].id: node.value for node in ast.parse(text).body if isinstance(node, ast.Assign)}
    call = names["scheduler"]
    kind, a = call.func.attr, {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    top, total = ast.literal_eval(names["lr"]), ast.literal_eval(names["max_duration"].args[0])
    warmup, lowest = a.get("warmup", 0), a.get("warmup_min_lr", 0.0)
    assert 0 <= lowest < top and total > 0

    def rise(now: int) -> float:
        return lowest + (top - lowest) * min(now, warmup) / warmup

    def rate(now: int) -> float:
        if kind == "ConstantScheduler":
            return top
        if kind == "ConstantWithWarmup":
            return rise(now) if now <= warmup else top
        if now < warmup:
            return rise(now)
        if kind == "WSDS":
            (period,) = a["period_lengths"]
            assert warmup + a["decay"] <= period and a["decay_min_lr"] < top
            left = period - now
            if left <= 0:
                return a["decay_min_lr"]
            return a["decay_min_lr"] + (top - a["decay_min_lr"]) * min(left, a["decay"]) / a["decay"]
        low = top * a["alpha_f"]
        if now >= a["t_max"]:
            return low
        x = (now - warmup) / (a["t_max"] - warmup)
        if kind == "LinearWithWarmup":
            return top - (top - low) * x
        assert kind == "CosWithWarmup"
        return low + (top - low) * (1 + math.cos(math.pi * x)) / 2

    # Its trainer calls the first update step 1.
    return lambda t: rate(t + 1)


RULES = {"megatron": megatron, "nanotron": nanotron, "torchtitan": torchtitan, "olmo": olmo}
RUN = {
    "megatron": lambda text: int(re.findall(r"--train-iters (\d+)", text)[0]),
    "nanotron": lambda text: yaml.safe_load(text)["tokens"]["train_steps"],
    "torchtitan": lambda text: tomllib.loads(text)["training"]["steps"],
    "olmo": lambda text: int(re.findall(r"Duration.steps\((\d+)\)", text)[0]),
}


# Schedules


def trapezoid(
    shape: str, start: float = 0.0, floor: float = 0.0, warmup: int = 13, flat: int = 40, **args: float
) -> Schedule:
    up = wb.ramp(warmup, start, 3e-4, name="warmup") if warmup else None
    parts = [up, wb.hold(flat, 3e-4) if flat else None, wb.ramp(29, 3e-4, floor, shape, name="decay", **args)]
    first, *rest = (part for part in parts if part is not None)
    for part in rest:
        first = first.then(part)
    return first


LONG = 1_000_000
SHAPED = {
    f"{shape} to {floor:g} after {warmup} and {flat}": trapezoid(shape, 0.0, floor, warmup, flat)
    for shape in ("linear", "cosine", "sqrt")
    for floor in (0.0, 3e-5)
    for warmup in (0, 13)
    for flat in (0, 40)
}
MADE = {
    **SHAPED,
    "constant": wb.schedules.constant(total=100),
    "constant after a warmup": wb.schedules.constant(total=100, warmup=0.1),
    "a warmup alone": wb.ramp(50, 0, 1e-3),
    "a warmup cut": wb.ramp(50, 0, 1e-3).until(20),
    "one update": wb.hold(1, 1e-3),
    "warmup from above": trapezoid("linear", 1e-4, 3e-5),
    "warmup from one step": wb.ramp(12, 3e-4 / 13, 3e-4).then(wb.hold(9, 3e-4)).then(wb.ramp(9, 3e-4, 0)),
    "cosine set too long": wb.schedules.cosine(total=100, warmup=0.1).until(70),
    "linear after a stable phase, cut": trapezoid("linear", floor=3e-5).until(70),
    "tail": trapezoid("linear", floor=3e-5).then(wb.hold(20, 3e-5)),
    "cosine and a tail": trapezoid("cosine", floor=3e-5, flat=0).then(wb.hold(20, 3e-5)),
    "sqrt and a tail of 0": trapezoid("sqrt").then(wb.hold(20, 0.0)),
    "half-life": trapezoid("exp", floor=3e-5, ratio=0.5),
    "inverse_sqrt": wb.schedules.inverse_sqrt(total=100),
    "inverse_sqrt cut": wb.schedules.inverse_sqrt(total=100).until(60),
    "inverse_sqrt and a tail": wb.schedules.inverse_sqrt(total=100).then(wb.hold(9, 1e-3 * 0.1**0.5)),
    "cut and joined": trapezoid("cosine", floor=3e-5)
    .until(60)
    .then(trapezoid("cosine", floor=3e-5).after(60)),
    "a long linear": wb.schedules.linear(total=LONG),
    "a long wsd": wb.schedules.wsd(total=LONG, shape="linear"),
    "a long cosine": wb.schedules.cosine(total=LONG),
}
ALL = {**MADE, **{name: SHORT[name] for name in wb.schedules.names()}}
MUST = {
    "megatron": set(MADE),
    "nanotron": {name for name in MADE if not re.search("inverse|half-life|from above|from one step", name)},
    "torchtitan": {
        name for name in MADE if not re.search("inverse|half-life|from above|tail|warmup cut", name)
    },
    "olmo": {
        name
        for name in MADE
        if not re.search("inverse|half-life|sqrt", name) and not re.search("cosine to .* and 40|joined", name)
    },
}
"""What each target has to express; of the registered schedules as many as it can."""


def by_rule(target: str, schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the rates that the target's own rule gives at them."""
    text = export.code(schedule, to=target)
    assert RUN[target](text) == len(schedule)
    edges = [edge for span in schedule.spans() for edge in (span.start, span.stop)]
    near = [edge + shift for edge in edges for shift in range(-3, 4)]
    steps = np.unique([*near, *np.linspace(0, len(schedule) - 1, 400).astype(int)])
    steps = steps[(steps >= 0) & (steps < len(schedule))]
    rule = RULES[target](text)
    return steps, np.array([rule(t) for t in steps.tolist()])


def expressed(target: str, name: str) -> bool:
    try:
        export.code(ALL[name], to=target)
    except export.CannotExport:
        return False
    return True


@pytest.mark.parametrize("target", RULES)
def test_a_target_expresses_what_it_can(target: str) -> None:
    assert MUST[target] <= {name for name in ALL if expressed(target, name)}


@pytest.mark.parametrize("target", ["megatron", "nanotron"])
def test_the_published_rule_gives_the_rates(target: str) -> None:
    for name in ALL:
        if expressed(target, name):
            steps, found = by_rule(target, ALL[name])
            expected = ALL[name](steps)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * ALL[name].peak, err_msg=name)


def warmup_of(schedule: Schedule) -> int:
    rise = outline(schedule, "test").rise
    return rise.steps if rise else 0


def test_torchtitan_gives_the_rates_but_in_a_warmup_those_of_the_step_after() -> None:
    for name in ALL:
        if expressed("torchtitan", name):
            schedule, warmup = ALL[name], warmup_of(ALL[name])
            steps, found = by_rule("torchtitan", schedule)
            same = "same rates at every update" in export.code(schedule, to="torchtitan").split("\n")[0]
            assert same == (warmup == 0 or name == "warmup from one step"), name
            first, peak = schedule(0), outline(schedule, "test").peak
            ahead = first + (steps + 1) * (peak - first) / max(warmup, 1)
            expected = np.where((steps < warmup) & (not same), ahead, schedule(steps))
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * schedule.peak, err_msg=name)


def test_torchtitan_says_how_far_its_warmup_is_off() -> None:
    schedule = trapezoid("linear")
    text = export.code(schedule, to="torchtitan")
    steps, found = by_rule("torchtitan", schedule)
    (said,) = re.findall(r"at most\n# (\S+) more", text)
    assert np.max(found - schedule(steps)) == pytest.approx(float(said), rel=1e-2)


def test_olmo_gives_the_rates_but_in_a_warmup_that_it_cannot_begin() -> None:
    for name in ALL:
        if expressed("olmo", name):
            schedule, warmup = ALL[name], warmup_of(ALL[name])
            text = export.code(schedule, to="olmo")
            steps, found = by_rule("olmo", schedule)
            above = found - schedule(steps)
            rest = above[steps >= warmup]
            np.testing.assert_allclose(rest, 0, atol=1e-12 * schedule.peak, err_msg=name)
            if "Same rates at every update" in text:
                np.testing.assert_allclose(above, 0, atol=1e-12 * schedule.peak, err_msg=name)
            else:
                (said,) = re.findall(r"update 0 has (\S+) more", text)
                assert above[0] == np.max(above) == pytest.approx(float(said), rel=1e-2)
                assert np.all(above[steps < warmup] > 0) and np.all(np.diff(above) <= 1e-18)


def test_olmo_starts_a_warmup_exactly_where_it_can() -> None:
    for start, exact in ((3e-4 / 14, True), (1e-4, True), (2e-5, False), (0.0, False)):
        text = export.code(trapezoid("linear", start), to="olmo")
        assert ("Same rates at every update" in text) == exact, start


def test_nanotron_without_a_warmup_does_not_begin_at_zero() -> None:
    # Its linear warmup of 0 steps gives update 0 the rate 0.
    text = export.code(wb.schedules.constant(total=10), to="nanotron")
    assert nanotron(text)(0) == 1e-3
    assert nanotron(text.replace("lr_warmup_style: constant", "lr_warmup_style: linear"))(0) == 0


# What cannot be expressed

WSD_S = wb.ramp(9, 0, 1e-3, name="warmup").then(
    wb.ramp(9, 1e-3, 1e-4, name="decay").then(wb.hold(9, 1e-3, name="stable again"))
)
REFUSALS = [
    (("megatron", "nanotron", "torchtitan", "olmo"), SHORT["points"], "'decay'", "free-form (points)"),
    (("megatron", "nanotron", "torchtitan", "olmo"), SHORT["product"], "", "free-form (product)"),
    (("megatron", "nanotron", "torchtitan", "olmo"), SHORT["formula"], "'decay'", "free-form (expression)"),
    (
        ("megatron", "nanotron", "torchtitan", "olmo"),
        SHORT["the rest of a cosine"],
        "'decay'",
        "in the middle",
    ),
    (
        ("megatron", "nanotron", "torchtitan", "olmo"),
        WSD_S,
        "'stable again'",
        "0.001 where only a constant 0.0001",
    ),
    (("megatron", "nanotron", "torchtitan", "olmo"), SHORT["one_cycle"], "'warmup'", "not cosine"),
    (("megatron", "nanotron", "torchtitan", "olmo"), trapezoid("rex", d=0.5), "'decay'", "this one is rex"),
    (("megatron",), trapezoid("exp", floor=3e-5, ratio=0.1), "'decay'", "ratio 0.5, not 0.1"),
    (
        ("megatron",),
        trapezoid("inverse_power", floor=1e-4, alpha=8.0, p=0.5),
        "'decay'",
        "inverse square root",
    ),
    (("nanotron",), trapezoid("linear", 1e-4), "'warmup'", "begins at 0, not at 0.0001"),
    (("torchtitan",), trapezoid("linear", 1e-4), "'warmup'", "one step above 0"),
    (("torchtitan",), MADE["tail"], "'decay'", "lasts to the end, and 20 updates follow"),
    (("torchtitan",), MADE["a warmup cut"], "'ramp'", "cut before its end"),
    (("olmo",), trapezoid("cosine"), "'decay'", "after a stable phase its decay is linear"),
    (
        ("megatron", "nanotron", "torchtitan", "olmo"),
        wb.ramp(9, 1e-3, 0, name="fall").until(4).then(wb.hold(9, 1e-4)),
        "'fall'",
        "it is cut before its end, and other phases follow",
    ),
]


@pytest.mark.parametrize("row", range(len(REFUSALS)))
def test_what_cannot_be_said_is_refused_with_the_phase_and_the_reason(row: int) -> None:
    targets, schedule, name, why = REFUSALS[row]
    for target in targets:
        with pytest.raises(ValueError) as error:
            export.code(schedule, to=target)
        assert isinstance(error.value, export.CannotExport)
        sentence = str(error.value)
        assert f"cannot express the phase {name}" in sentence and why in sentence, sentence
        assert "\n" not in sentence


def test_phases_are_read_and_not_the_recipe() -> None:
    named = wb.schedules.wsd(total=100, shape="linear")
    by_hand = wb.ramp(1, 0, 1e-3).then(wb.hold(79, 1e-3)).then(wb.ramp(20, 1e-3, 0))
    lying = Schedule(by_hand.phases, recipe={"name": "cosine", "total": 5})
    for target in RULES:
        assert (
            export.code(named, to=target) == export.code(by_hand, to=target) == export.code(lying, to=target)
        )


def test_the_outline_says_what_was_meant_of_a_cut() -> None:
    found = outline(wb.schedules.cosine(total=100, warmup=0.1).until(40), "test")
    assert (found.warmup, found.stable, found.decay, found.decay_start, found.tail) == (10, 0, 90, 10, 0)
    with pytest.raises(export.CannotExport, match="lasts 40.5 updates, which is no whole number"):
        _ = outline(Schedule((wb.Phase("x", 30, 1e-3, 0.0, span=40.5),)), "test").decay
    assert outline(phase("linear", 1e-3, 1e-3), "test").stable == 400
