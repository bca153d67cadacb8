"""``python -m benchmarks.table_asking``: how often the law's band holds the final loss while a run comes in.

On the public curves a law is fitted to the official three of a size and asked about the six others, one
by one, of which a share of the updates has come in. On the small GPT the shipped fit is asked about
trainings with other seeds and totals (``python -m benchmarks.table_asking gpt`` trains them: 15 minutes
of a core), one by one and all lanes of a seed at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

import workbench as wb
from benchmarks.bench_fit import split
from workbench.curve import Curve
from workbench.live.asking import Answer, ask

SHARES = (0.0, 0.25, 0.5, 0.75, 0.9)
SIZES = ("25M", "100M")
_SEEDS = (1, 2)
_PEAK = 5e-3


@dataclass(frozen=True)
class Case:
    """One final loss, and what was said of it: relative half width of the band, and error."""

    where: str
    share: float
    inside: bool
    half: float
    off: float
    contradicted: bool


def cut(run: wb.Run, share: float) -> wb.Run:
    """What has come in when a share of the updates is done."""
    kept = run.curve.step < share * len(run.schedule)
    return replace(run, curve=Curve(run.curve.step[kept], run.curve.loss[kept]))


def cases(where: str, fit: wb.Fit, runs: Sequence[wb.Run], *, together: bool = False) -> Iterator[Case]:
    """Asked about every run at every share, alone or all at once."""
    groups = [runs] if together else [[run] for run in runs]
    for share in SHARES:
        for group in groups:
            partial = [cut(run, share) for run in group]
            answer = ask(fit, partial, partial)
            yield from (_case(where, share, answer, i, run) for i, run in enumerate(group))


def _case(where: str, share: float, answer: Answer, i: int, run: wb.Run) -> Case:
    end, last = answer.ends[i], run.final_loss
    half = float(np.log(end.high / end.low)) / 2
    off = float(np.log(end.loss / last))
    return Case(where, share, end.low <= last <= end.high, half, abs(off), answer.contradicts)


def public(size: str) -> list[Case]:
    """Six curves of a size by a fit of three others."""
    fitted, held = split(size)
    return list(cases(f"public {size}", wb.fit("multipower", fitted), held))


def gpts() -> dict[str, list[wb.Run]]:
    """Trainings of the small GPT that its shipped fit has not seen."""
    from workbench import train

    task, s = train.tasks.gpt(measurements=80), wb.schedules
    schedules = []
    for total in (1000, 500):
        decays = [s.wsd(total=total, peak=_PEAK, warmup=0.05, decay=decay) for decay in (0.2, 0.5)]
        smooth = [make(total=total, peak=_PEAK, warmup=0.05) for make in (s.cosine, s.linear)]
        schedules += [*decays, *smooth]
    runs = train.train(task, schedules, seed=_SEEDS, device="cpu")
    return {f"seed {seed}": [run for run in runs if run.facts["seed"] == seed] for seed in _SEEDS}


def elsewhere() -> list[wb.Run]:
    """The same model at half and at twice the peak that the fit has seen: what contradicts it."""
    from workbench import train

    task, s = train.tasks.gpt(measurements=80), wb.schedules
    schedules = []
    for peak in (_PEAK / 2, 2 * _PEAK):
        schedules += [s.wsd(total=600, peak=peak, warmup=0.05, decay=0.2), s.cosine(600, peak, 0.05)]
    return train.train(task, schedules, seed=1, device="cpu")


def fresh() -> tuple[list[wb.Run], list[wb.Run]]:
    """Trainings that nothing was chosen on: the eight schedules of the notebook, and two more peaks."""
    from workbench import train
    from workbench.explore.small_gpt import eight

    task, s = train.tasks.gpt(measurements=80), wb.schedules
    schedules = []
    for peak in (3.5e-3, 7e-3):
        schedules += [s.wsd(total=600, peak=peak, warmup=0.05, decay=0.2), s.cosine(600, peak, 0.05)]
    known = train.train(task, list(eight(700, _PEAK).values()), seed=3, device="cpu")
    return known, train.train(task, schedules, seed=3, device="cpu")


def small_gpt(groups: dict[str, list[wb.Run]], far: list[wb.Run]) -> list[Case]:
    """One by one, all lanes of a seed at once, and at other peaks."""
    fit = wb.defaults.load("gpt/0.1M")
    alone = [case for runs in groups.values() for case in cases("small GPT, alone", fit, runs)]
    lanes = [
        case for runs in groups.values() for case in cases("small GPT, 8 lanes", fit, runs, together=True)
    ]
    known, others = fresh()
    last = [
        *cases("fresh, alone", fit, known),
        *cases("fresh, 8 lanes", fit, known, together=True),
        *cases("fresh, other peaks", fit, others),
    ]
    return [*alone, *lanes, *cases("small GPT, other peaks", fit, far), *last]


def table(found: Sequence[Case]) -> str:
    """Markdown: a row for each place and share."""
    lines = [
        "| runs | share seen | n | 90 % band held it | median half width | mean error | contradicted |",
        "|---|---|---|---|---|---|---|",
    ]
    for where in dict.fromkeys(case.where for case in found):
        for share in SHARES:
            rows = [case for case in found if case.where == where and case.share == share]
            held, wide = (np.mean([getattr(row, key) for row in rows]) for key in ("inside", "contradicted"))
            half, off = np.median([row.half for row in rows]), np.mean([row.off for row in rows])
            lines.append(
                f"| {where} | {share:.0%} | {len(rows)} | {held:.0%} | {half:.2%} | {off:.2%} | {wide:.0%} |"
            )
    return "\n".join(lines)


def main(asked: Sequence[str]) -> str:
    """The table of the small GPT where "gpt" is asked for, else that of the public curves."""
    if "gpt" in asked:
        return table(small_gpt(gpts(), elsewhere()))
    return table([case for size in SIZES for case in public(size)])


if __name__ == "__main__":
    print(main(sys.argv[1:]))
