"""A sweep as one page of HTML that needs nothing else: question, grid, best rows, plots, failures."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from workbench.sweep import folder as folders
from workbench.sweep.collected import LEVEL, SEED, Results, results
from workbench.sweep.folder import Folder
from workbench.sweep.page_style import SCRIPT, STYLE
from workbench.sweep.plots import figures
from workbench.sweep.progress import duration, metric_of
from workbench.sweep.task import shown, words

NAME = "report.html"
_BEST = 15
_SHOWN = 2_000


def report(out: str | os.PathLike[str]) -> str:
    """Write ``report.html`` into the folder of a sweep, and give its address.

    Raises
    ------
    ValueError
        When it is not the folder of a sweep, or cannot be written.
    """
    folder = folders.at(out)
    folder.write(NAME, html(results(out), folder).encode())
    return f"{folder.address}/{NAME}"


def html(found: Results, folder: Folder) -> str:
    """The page."""
    about, question = found.about, escape(str(found.about["question"]))
    sections = [
        ("", _head(found)),
        ("What was varied", _varied(found)),
        (f"Best, with {LEVEL:.0%} intervals over seeds", _best(found)),
        ("Plots", figures(found, folder)),
        ("What has not finished, and why", _failures(found)),
        ("All tasks", _tasks(found)),
        ("Environment", _environment(about)),
    ]
    body = "".join(
        f"<section><h2>{title}</h2>{text}</section>" if title else text for title, text in sections if text
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{question}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{question}</h1>{body}<script>{SCRIPT}</script></body></html>\n"
    )


def _head(found: Results) -> str:
    about, when = found.about, datetime.datetime.fromtimestamp(found.about["started"], datetime.UTC)
    spent = sum(record["seconds"] for record in found.finished)
    tiles = [
        (f"{len(found.finished)} of {about['total']}", "tasks finished"),
        (str(len(found.failed)), "not finished"),
        (duration(spent), "of computing"),
    ]
    groups = found.groups()
    if groups:
        tiles.insert(0, (f"{groups[0].mean:.5g}", f"best {found.metric}"))
    cells = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in tiles
    )
    older = ""
    if found.older:
        older = f"<p>{found.older} finished tasks of an earlier notebook or code are left out.</p>"
    return (
        f'<p class="soft">{escape(about["notebook"])}, started {when:%Y-%m-%d %H:%M} UTC on '
        f"{escape(about['engine'])}</p><div class='tiles'>{cells}</div>{older}"
    )


def _varied(found: Results) -> str:
    rows = []
    for name in found.names:
        values = list(dict.fromkeys(shown(one["parameters"][name]) for one in found.finished))
        more = f", … ({len(values)} values)" if len(values) > 20 else ""
        rows.append((name, ", ".join(values[:20]) + more))
    kept = {n: v for n, v in found.about["defaults"].items() if n not in found.names}
    rows += [(name, f"{value!r}, as the notebook has it") for name, value in kept.items()]
    return _list(rows)


def _best(found: Results) -> str:
    groups = found.groups()
    if not groups:
        return "<p>No finished task has a figure: record one with <code>workbench.sweep.record</code>.</p>"
    names = [n for n in found.names if n != SEED and len({str(g.parameters[n]) for g in groups}) > 1]
    links = _links_of(found)
    rows = []
    for group in groups[:_BEST]:
        interval = f"{group.low:.5g} to {group.high:.5g}" if math.isfinite(group.low) else "one seed"
        given = [_cell(group.parameters[n]) for n in names]
        figure = _cell(group.mean, f"{group.mean:.5g}")
        rows.append(
            [*given, figure, f"<td>{interval}</td>", _cell(len(group.values)), links(group.parameters)]
        )
    more = f'<p class="soft">The best {_BEST} of {len(groups)}.</p>' if len(groups) > _BEST else ""
    return _table([*names, found.metric, "interval", "seeds", "notebooks"], rows) + more


def _links_of(found: Results) -> Any:
    names = [n for n in found.names if n != SEED]

    def links(parameters: Mapping[str, Any]) -> str:
        own = [r for r in found.finished if all(r["parameters"][n] == parameters[n] for n in names)]
        made = [_link(r["output"], str(r["parameters"].get(SEED, "open"))) for r in own]
        return f"<td>{' '.join(made)}</td>"

    return links


def _tasks(found: Results) -> str:
    names, rows = found.names, []
    for record in found.finished[:_SHOWN]:
        value = metric_of(record, found.about["metric"])[1]
        figure = _cell(value, "" if value is None else f"{value:.5g}")
        files = _link(record["output"], "notebook") + " " + _link(record["log"], "log")
        given = [_cell(record["parameters"][n]) for n in names]
        seconds = _cell(record["seconds"], f"{record['seconds']:.1f}")
        rows.append([*given, figure, seconds, f"<td>{files}</td>"])
    cut = len(found.finished) - _SHOWN
    more = f'<p class="soft">The first {_SHOWN}; {cut} more are in the folder.</p>' if cut > 0 else ""
    return _table([*names, found.metric, "seconds", "files"], rows) + more if rows else ""


def _failures(found: Results) -> str:
    if not found.failed:
        return "<p>Nothing.</p>"
    rows = []
    for task in found.failed[:_SHOWN]:
        said_of = words(task["parameters"]) or task["key"]
        reasons = [_reason(one) for one in task["tries"]]
        said = "<br>".join(reasons) or "not run yet"
        rows.append([f'<td class="long">{escape(said_of)}</td>', f'<td class="long bad">{said}</td>'])
    return _table(["task", "why"], rows)


def _reason(attempt: Mapping[str, Any]) -> str:
    number, files = attempt["attempt"].split("-")[0], [("output", "notebook"), ("log", "log")]
    links = " ".join(_link(attempt.get(name, ""), text) for name, text in files)
    return f"try {escape(number)}: {escape(str(attempt.get('reason', '')))} {links}"


def _environment(about: Mapping[str, Any]) -> str:
    rows = [("code", about["code"]), ("notebook", f"{about['path']} ({about['digest']})")]
    return _list([*rows, *about["environment"].items()])


def _list(rows: Sequence[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in rows) + "</dl>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th class="sorts">{escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: Any, text: str | None = None) -> str:
    seen = escape(shown(value) if text is None else text)
    return f'<td data-value="{escape(str(value), quote=True)}">{seen}</td>'


def _link(name: str, text: str) -> str:
    return f'<a href="{escape(quote(name), quote=True)}">{escape(text)}</a>' if name else ""
