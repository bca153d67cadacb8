"""The page of a takeaway: one HTML file that needs nothing else, with figures, schedules and runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from workbench.curve import Run
from workbench.files import short
from workbench.sweep.page_style import STYLE
from workbench.takeaway.taken import RUNS
from workbench.takeaway.taking import Item

_MORE = """
figure { margin: 16px 0; overflow-x: auto; } figure > figcaption { font-size: 14px; font-weight: 600; }
svg { width: auto; max-width: 100%; }
pre { overflow-x: auto; padding: 10px 14px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; font-size: 13px; }
summary { cursor: pointer; color: var(--link); } h3 { font-size: 15px; margin: 22px 0 4px; }
figure table { width: auto; }
"""


def html(title: str, items: Sequence[Item], rows: Sequence[tuple[str, Run]], figures: Sequence[str]) -> str:
    """The page.

    Parameters
    ----------
    title : str
        Its heading.
    items : sequence of Item
        The schedules with their files.
    rows : sequence of (str, Run)
        The runs with their ids.
    figures : sequence of str
        HTML, as of `embedded`.
    """
    sections = [("Figures", "".join(figures)), ("Schedules", _schedules(items)), ("Runs", _runs(rows))]
    body = "".join(f"<section><h2>{head}</h2>{text}</section>" for head, text in sections if text)
    name = escape(title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}{_MORE}</style></head>'
        f"<body><h1>{name}</h1>{body}</body></html>\n"
    )


def embedded(figures: Mapping[str, Any]) -> list[str]:
    """Every figure as HTML under its name; the script of plotly comes with the first that needs it.

    Raises
    ------
    ValueError
        For a figure that has no HTML.
    """
    out, scripted = [], False
    for number, (name, figure) in enumerate(figures.items(), start=1):
        # Of all that have to_html only a figure of plotly may leave its script out.
        if hasattr(figure, "to_plotly_json"):
            drawn = figure.to_html(
                full_html=False,
                include_plotlyjs=not scripted,
                div_id=f"figure-{number}",
                config={"responsive": True, "displaylogo": False},
            )
            scripted = True
        else:
            drawn = _own(figure)
        if not isinstance(drawn, str):
            raise ValueError(
                f"figures[{short(name)}] must be a figure of plotly, or have to_html or _repr_html_; "
                f"got {short(figure)}"
            )
        out.append(f"<figure><figcaption>{escape(name)}</figcaption>{drawn}</figure>")
    return out


def _own(figure: Any) -> Any:
    for method in ("_repr_html_", "to_html"):
        # A class has the methods of its values, and none of them can be called.
        if callable(getattr(figure, method, None)) and not isinstance(figure, type):
            return getattr(figure, method)()
    return None


def _schedules(items: Sequence[Item]) -> str:
    return "".join(_schedule(item) for item in items)


def _schedule(item: Item) -> str:
    links = [f'<a href="{escape(quote(file), quote=True)}">{escape(file)}</a>' for file in item.files]
    code = f"<details><summary>code for torch</summary><pre>{escape(item.code)}</pre></details>"
    words = code if item.code else f'<p class="soft">No code for torch: {escape(item.problem)}</p>'
    picture = item.schedule._repr_html_()
    return f"<h3>{escape(item.name)}</h3>{picture}<p>{' &middot; '.join(links)}</p>{words}"


def _runs(rows: Sequence[tuple[str, Run]]) -> str:
    if not rows:
        return ""
    heads = ("id", "schedule", "task", "seed", "status", "updates", "final loss")
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(*row))}</tr>" for row in rows)
    code = escape(f'runs = workbench.Store("{RUNS}")\nrun = runs.load("{rows[0][0]}")')
    table = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"{table}<p>In this folder, they are read by</p><pre>{code}</pre>"


def _row(id: str, run: Run) -> tuple[str, ...]:
    loss = run.final_loss
    last = f"{run.curve.step[-1]:,.0f}" if len(run.curve) else ""
    facts = (str(run.facts.get(name, "")) for name in ("seed", "status"))
    said = f"{loss:.5g}" if math.isfinite(loss) else str(loss)
    return (id, repr(run.schedule), str(run.task.get("name", "")), *facts, last, said)
