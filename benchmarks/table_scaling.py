"""``python -m benchmarks.table_scaling [DATA ...] [--markdown FILE]``: published scaling figures, again.

One row per figure: data set, where it is published, the published value, ours with its interval, the
tolerance, and whether they agree or why not. The exit code is 1 when one differs without a reason.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import reproduced_counting as counting
from benchmarks import reproduced_laws as laws
from benchmarks import reproduced_rules as rules
from benchmarks.reproduced import HEAD, Reproduced, folder
from workbench.views.words import text_table

SETS: Mapping[str, Callable[[], list[Reproduced]]] = {
    "chinchilla": laws.chinchilla,
    "porian": laws.porian,
    "gadre": laws.gadre,
    "datablations": laws.datablations,
    "steplaw": rules.steplaw,
    "critical-batch": rules.critical_batch,
    "marin": rules.marin,
    "multipower": rules.multipower,
    "bounds": rules.bounds,
    "schaipp": rules.schaipp,
}
"""Every data set, and what computes its rows."""


def rows(names: list[str] | None = None) -> list[Reproduced]:
    """The rows of the named data sets, or of all."""
    unknown = [name for name in names or () if name not in SETS]
    if unknown:
        raise ValueError(f"data must be one of {', '.join(SETS)}; got {unknown[0]!r}")
    folder()
    return [row for name in names or SETS for row in SETS[name]()]


def markdown(found: list[Reproduced]) -> str:
    """The table as Markdown, with what it says on top."""
    agree = sum(row.agrees for row in found)
    inside = sum(row.verdict == "inside the interval" for row in found)
    lines = [
        "# Published scaling figures, again",
        "",
        f"Made by `python -m benchmarks.table_scaling --markdown benchmarks/REPRODUCED.md` from public data: "
        f"{agree} of {len(found)} figures agree within the tolerance, {inside} more are inside our interval, "
        "the others say why not.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + " --- |" * len(HEAD),
    ]
    return "\n".join([*lines, *("| " + " | ".join(row.cells()) + " |" for row in found)]) + "\n"


def main(arguments: list[str]) -> int:
    """Print the table or write it; 1 when a figure differs without a reason, 2 for bad arguments."""
    file = None
    if "--markdown" in arguments:
        at = arguments.index("--markdown")
        if at + 1 == len(arguments):
            print("table_scaling: --markdown needs a file", file=sys.stderr)
            return 2
        file = Path(arguments[at + 1])
        arguments = arguments[:at] + arguments[at + 2 :]
    try:
        found = rows(arguments)
    except ValueError as error:
        print(f"table_scaling: {error}", file=sys.stderr)
        return 2
    if file is not None:
        more = "" if arguments else "\n" + counting.markdown()
        file.write_text(markdown(found) + more, encoding="utf-8")
    else:
        print(text_table([HEAD, *(row.cells() for row in found)]))
    differ = [row for row in found if row.verdict == "DIFFERS"]
    agree = sum(row.agrees for row in found)
    print(f"{len(found)} figures, {agree} agree, {len(differ)} differ without a reason")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
