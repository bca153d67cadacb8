"""What the convention of counting does to the exponent of the best size, on the runs of arXiv 2406.19146."""

from __future__ import annotations

from functools import cache

from benchmarks.reproduced import read
from workbench.scaling import count
from workbench.scaling.count import Architecture

VOCAB, CONTEXT = 50_432, 2048
_RUNS = (
    ("long warmup", ("base", "long", "kaplan")),
    ("warmup by size", ("base", "short", "kaplan")),
    ("cosine by length", ("base", "short", "chinchilla")),
    ("tuned by size", ("tuned", "short", "const")),
)


@cache
def shape_of(n: int) -> Architecture:
    """The shape of OpenLM whose blocks and last layer have exactly so many parameters.

    Raises
    ------
    ValueError
        When none of up to 40 blocks and width 3,200 has.
    """
    for depth in range(1, 41):
        for width in range(32, 3201, 32):
            ffn = 256 * ((8 * width // 3 + 255) // 256)
            if (4 * width + 3 * ffn) * width * depth + VOCAB * width == n:
                return Architecture(depth, width, 4, ffn, VOCAB, CONTEXT, gated=True, norm="none")
    raise ValueError(f"n must be the size of one of the shapes; got {n}")


def runs(hparams: str, warmup: str, decay: str) -> tuple[list[Architecture], list[float], list[float]]:
    """Shape, tokens and validation loss of each run of one configuration on RefinedWeb."""
    wanted = {"file": "summary_df", "param_count": "standard"}
    wanted |= {"hparams": hparams, "warmup": warmup, "decay": decay}
    table = read("porian/isoflop_points.csv")
    rows = [row for row in table if all(row[key] == value for key, value in wanted.items())]
    shapes = [shape_of(int(float(row["n"]))) for row in rows]
    return shapes, [float(row["tokens"]) for row in rows], [float(row["loss"]) for row in rows]


def markdown() -> str:
    """A row for each convention, a column for each way of training, exponents with 90 % intervals."""
    found = {label: {row.convention: row for row in count.exponents(*runs(*key))} for label, key in _RUNS}
    head = ("convention", "what it counts", *found)
    lines = [
        "## What counting alone does to the exponent of the best size",
        "",
        "The same losses (arXiv 2406.19146, RefinedWeb) and parabolas, N and C counted as each paper counts.",
        "Published for `last layer`: .7065, .6020, .5715, .4969.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + " --- |" * len(head),
    ]
    for name in count.conventions():
        cells = [found[label][name] for label in found]
        told = [f"{one.exponent:.3f} ({one.low:.3f} to {one.high:.3f})" for one in cells]
        lines.append("| " + " | ".join((name, count.convention(name).about, *told)) + " |")
    return "\n".join(lines) + "\n"
