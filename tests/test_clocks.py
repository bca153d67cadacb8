"""Steps, tokens, samples and epochs: exact conversion, rounding, and schedules carried between batches."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workbench as wb
from workbench.clocks import UNITS, Clock, in_steps, rebatch

CLOCK = Clock(batch_size=256, sequence_length=2_048, epoch_samples=1_000_000)
GROWING = wb.hold(10, 32.0).then(wb.ramp(8, 32, 64)).then(wb.hold(5, 64.0))
CHANGING = Clock(batch_size=GROWING, sequence_length=128, epoch_samples=500)
WHOLE = st.integers(1, 100_000)


@given(WHOLE, WHOLE, WHOLE, st.integers(0, 10**5))
def test_whole_numbers_are_exact(batch: int, length: int, epoch: int, k: int) -> None:
    clock = Clock(batch_size=batch, sequence_length=length, epoch_samples=epoch)
    if k * batch * length < 2**53:
        assert clock.from_steps(k, "tokens") == k * batch * length
        assert clock.to_steps(k * batch * length, "tokens", "none") == k
    assert clock.from_steps(k, "samples") == k * batch
    assert clock.from_steps(k, "epochs") == float(Fraction(k * batch, epoch))
    for unit in UNITS:
        for rounding in ("up", "down", "nearest"):
            assert clock.to_steps(clock.from_steps(k, unit), unit, rounding) == k


@given(WHOLE, st.integers(0, 10**11))
def test_rounding_is_that_of_fractions(batch: int, tokens: int) -> None:
    exact, clock = Fraction(tokens, batch), Clock(batch_tokens=batch)
    assert clock.to_steps(tokens, "tokens") == math.ceil(exact)
    assert clock.to_steps(tokens, "tokens", "down") == math.floor(exact)
    assert clock.to_steps(tokens, "tokens", "nearest") == math.floor(exact + Fraction(1, 2))
    assert clock.to_steps(tokens, "tokens", "none") == pytest.approx(float(exact), rel=1e-15)


def test_a_share_of_an_epoch_is_not_one_update_too_many() -> None:
    clock = Clock(batch_size=1, epoch_samples=100)
    assert 0.57 * 100 < 57 and 0.07 * 100 > 7, "else this shows nothing"
    for share, n in ((0.57, 57), (0.07, 7)):
        assert {clock.to_steps(share, "epochs", r) for r in ("up", "down", "nearest")} == {n}


def test_every_pair_of_sizes_gives_the_same_clock() -> None:
    pairs = [
        Clock(batch_size=256, sequence_length=2_048, epoch_samples=1e6),
        Clock(batch_size=256, batch_tokens=2**19, epoch_samples=1e6),
        Clock(sequence_length=2_048, batch_tokens=2**19, epoch_samples=1e6),
        Clock(batch_size=256, sequence_length=2_048, batch_tokens=2**19, epoch_samples=1e6),
    ]
    steps = np.arange(0, 100_000, 777)
    for clock in pairs[:1] + pairs[2:]:
        for unit in UNITS:
            np.testing.assert_array_equal(clock.from_steps(steps, unit), CLOCK.from_steps(steps, unit))
    assert replace(CLOCK, batch_size=512).from_steps(1, "tokens") == 2**20
    # Two sizes that give no length between them still give tokens and samples.
    assert pairs[1].from_steps(3, "tokens") == 3 * 2**19 and pairs[1].from_steps(3, "samples") == 768


def test_arrays_keep_their_shape_and_scalars_their_type() -> None:
    steps = CLOCK.to_steps([[1e6, 2e6], [3e6, 0]], "tokens")
    assert steps.dtype == np.int64 and steps.tolist() == [[2, 4], [6, 0]]
    assert isinstance(CLOCK.to_steps(1e6, "tokens"), int)
    assert isinstance(CLOCK.from_steps(2, "tokens"), float)
    assert isinstance(CLOCK.to_steps(1e6, "tokens", "none"), float)


def test_units_convert_into_one_another() -> None:
    assert CLOCK.convert(2, "epochs", "tokens") == 2 * 1_000_000 * 2_048
    assert CLOCK.convert(2_048 * 500_000, "tokens", "epochs") == 0.5
    assert CHANGING.convert(1, "epochs", "tokens") == pytest.approx(500 * 128, rel=1e-14)


@given(st.integers(0, 60))
def test_a_changing_batch_is_summed(k: int) -> None:
    samples = math.fsum(GROWING(i) for i in range(k))  # after the end the last batch holds
    assert CHANGING.from_steps(k, "samples") == samples
    assert CHANGING.from_steps(k, "tokens") == samples * 128
    assert CHANGING.from_steps(k, "epochs") == pytest.approx(samples / 500, rel=1e-15)
    for unit in UNITS:
        for rounding in ("up", "down", "nearest"):
            assert CHANGING.to_steps(CHANGING.from_steps(k, unit), unit, rounding) == k


@given(st.floats(0, 3_000))
def test_the_inverse_of_a_changing_batch_is_found_by_counting(samples: float) -> None:
    taken, k = 0.0, 0
    while taken + GROWING(k) <= samples:
        taken, k = taken + GROWING(k), k + 1
    exact = k + (samples - taken) / GROWING(k)
    assert CHANGING.to_steps(samples, "samples", "none") == pytest.approx(exact, rel=1e-14)
    up, down = (CHANGING.to_steps(samples, "samples", r) for r in ("up", "down"))
    near = abs(exact - round(exact)) < 1e-9
    assert (up, down) == (math.ceil(exact), math.floor(exact)) or (near and up == down == round(exact))


def test_whole_steps_survive_batches_that_are_fractions() -> None:
    fractions = Clock(batch_size=wb.ramp(100_000, 1_000, 0.37, "exp", ratio=3.7e-4), sequence_length=3)
    steps = np.arange(0, 100_001, 97)
    for rounding in ("up", "down"):
        np.testing.assert_array_equal(
            fractions.to_steps(fractions.from_steps(steps, "tokens"), "tokens", rounding), steps
        )


@pytest.mark.parametrize("factor", [0.25, 0.5, 2, 5])
def test_rebatch_keeps_the_rate_at_every_token(factor: float) -> None:
    s = wb.schedules.wsd(1_000, 1e-3, warmup=0.1, decay=0.2)
    before, after = Clock(batch_tokens=1_000), Clock(batch_tokens=1_000 * factor)
    other = rebatch(s, before, after)
    assert len(other) == 1_000 / factor and [p.shape for p in other.phases] == [p.shape for p in s.phases]
    shared = np.arange(0, 1_000, 5 if factor > 1 else 1)
    there = after.to_steps(before.from_steps(shared, "tokens"), "tokens", "none")
    whole = there == np.rint(there)
    assert whole.sum() >= 100
    np.testing.assert_allclose(other(there[whole]), s(shared[whole]), rtol=1e-12, atol=1e-18)
    back = rebatch(other, after, before)
    np.testing.assert_allclose(back.array(), s.array(), rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("name", ["wsd", "cosine", "one_cycle", "inverse_sqrt"])
def test_a_changing_batch_has_the_rate_of_its_tokens(name: str) -> None:
    s = wb.schedules.build({"name": name, "total": 5_000})
    total = CHANGING.from_steps(60, "tokens")
    got = in_steps(s, CHANGING, total)
    assert len(got) == 60
    for k in range(60):
        # Phases by hand: the rate of the curve at the share of tokens taken before update k.
        at = CHANGING.from_steps(k, "tokens") / total * 5_000
        span, phase = next((sp, ph) for sp, ph in zip(s.spans(), s.phases, strict=True) if at < sp.stop)
        assert got(k) == pytest.approx(float(phase.at(np.array([at - span.start]))[0]), rel=1e-9)


def test_the_end_of_a_coarse_curve_is_not_flattened() -> None:
    s = wb.ramp(4, 1, 0)
    clock = Clock(batch_size=wb.hold(500, 1.0).then(wb.hold(250, 2.0)), sequence_length=1)
    got = in_steps(s, clock, 1_000)
    taken = np.concatenate([np.arange(500), 500 + 2 * np.arange(250)])
    np.testing.assert_allclose(got.array(), 1 - taken / 1_000, rtol=1e-12)
    assert len(got.phases[0].args["u"]) <= 4, "straight lines need few points"


def test_in_steps_and_rebatch_agree() -> None:
    s, before = wb.schedules.cosine(400, 1e-3), Clock(batch_tokens=4_096)
    for after in (Clock(batch_tokens=1_024), CHANGING):
        a, b = in_steps(s, after, 400 * 4_096), rebatch(s, before, after)
        np.testing.assert_allclose(a.array(), b.array(), rtol=1e-11)
    there = rebatch(s, before, CHANGING)
    home = rebatch(there, CHANGING, before)
    assert abs(len(home) - 400) <= 2
    middle = np.arange(40, 360)
    np.testing.assert_allclose(home(middle), s(middle), rtol=0.02)


def test_a_batch_that_stays_keeps_the_phases() -> None:
    flat = Clock(batch_size=wb.hold(7, 32.0), sequence_length=128)
    s = wb.schedules.wsd(1_000, 1e-3)
    assert flat.constant and in_steps(s, flat, 1e6) == in_steps(s, Clock(batch_tokens=4_096), 1e6)
    assert in_steps(s, flat, 1e6) == s.stretch(245) and not CHANGING.constant


def test_clocks_are_values() -> None:
    again = Clock(batch_size=wb.Schedule(GROWING.phases), sequence_length=128, epoch_samples=500)
    assert again == CHANGING
    assert hash(CHANGING) == hash(replace(CHANGING)) and CHANGING != CLOCK


STEPS_ONLY, S = Clock(batch_tokens=64), wb.hold(10, 1.0)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Clock(), "a Clock needs batch_size or batch_tokens; got neither"),
        (lambda: Clock(sequence_length=3), "a Clock needs batch_size or batch_tokens"),
        (lambda: Clock(batch_size=0), "batch_size must be greater than 0"),
        (lambda: Clock(batch_size=True), "batch_size must be a number"),
        (lambda: Clock(batch_size=2, sequence_length="8"), "sequence_length must be a number"),
        (lambda: Clock(batch_size=wb.ramp(5, 0, 1)), "batch_size must be greater than 0 at every step"),
        (lambda: Clock(batch_size=S, batch_tokens=9), "batch_tokens must not be given where batch_size is a"),
        (
            lambda: Clock(batch_size=2, sequence_length=8, batch_tokens=17),
            r"batch_size \* sequence_length = 16; got 17",
        ),
        (
            lambda: STEPS_ONLY.from_steps(1, "samples"),
            "samples need batch_size or sequence_length, which this",
        ),
        (lambda: STEPS_ONLY.to_steps(1, "epochs"), "epochs need epoch_samples, and batch_size or"),
        (lambda: Clock(batch_size=2).from_steps(1, "tokens"), "tokens need sequence_length or batch_tokens"),
        (lambda: Clock(batch_size=S).to_steps(1, "tokens"), "tokens need sequence_length or batch_tokens"),
        (lambda: Clock(batch_size=2).from_steps(1, "epochs"), "epochs need epoch_samples"),
        (
            lambda: CLOCK.from_steps(1, "words"),
            "unit must be one of steps, tokens, samples, epochs; got 'words'",
        ),
        (lambda: CLOCK.from_steps(-1, "tokens"), "steps must be at least 0"),
        (lambda: CLOCK.from_steps("3", "tokens"), "steps must be a number or an array of numbers; got '3'"),
        (lambda: CLOCK.to_steps(math.nan, "tokens"), "amount must be at least 0"),
        (lambda: CLOCK.to_steps([1, math.inf], "tokens"), "amount must be at least 0"),
        (lambda: CLOCK.to_steps(1, "tokens", "even"), "rounding must be one of up, down, nearest, none"),
        (lambda: in_steps(S, CLOCK, 0), "total steps must be at least 1"),
        (lambda: in_steps(S, CHANGING, 1e15), "total steps must be at least 1 and at most 1e"),
        (lambda: in_steps([1], CLOCK, 1e9), "schedule must be a Schedule"),  # type: ignore[arg-type]
        (lambda: in_steps(S, 256, 1e9), "clock must be a Clock; got 256"),  # type: ignore[arg-type]
        (lambda: rebatch(S, CLOCK, None), "after must be a Clock; got None"),  # type: ignore[arg-type]
        (lambda: rebatch(S, CLOCK, STEPS_ONLY, "samples"), "samples need batch_size"),
    ],
)
def test_bad_input_gets_a_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()
