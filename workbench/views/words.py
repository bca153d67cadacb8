"""Numbers and lists in sentences, and tables in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def figure(value: float, digits: int = 4) -> str:
    """A number with `digits` significant digits, whole ones below ten million in full: "24,000", "0.0003"."""
    if float(value).is_integer() and abs(value) < 1e7:
        return f"{int(value):,}"
    return f"{value:,.{digits}g}"


def told(a: float, b: float) -> tuple[str, str]:
    """Both numbers with four significant digits, or as many up to twelve as it takes to tell them apart.

    What agrees to twelve digits differs by rounding, and is shown alike.
    """
    shown = [(figure(a, digits), figure(b, digits)) for digits in range(4, 13)]
    return next(((one, other) for one, other in shown if one != other), (figure(a), figure(a)))


def percent(share: float) -> str:
    """A share as a percentage of three significant digits: "12.5 %"."""
    return f"{100 * share:.3g} %"


def listed(parts: Sequence[str]) -> str:
    """The parts as a list in a sentence: "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def updates(n: int) -> str:
    """A count of updates: "1 update", "2,000 updates"."""
    return f"{n:,} update{'' if n == 1 else 's'}"


def annealing_label(momentum: float, ignore_warmup: bool) -> str:
    """What the annealing area is called, with the settings that it was computed for."""
    return f"annealing area S2 (momentum {momentum:g}{', warmup ignored' if ignore_warmup else ''})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table in the colours of the text around it, so that it suits both themes."""
    cell = 'style="text-align:left;padding:.15em .8em;color:inherit;background:none"'
    first = "".join(f'<th scope="col" {cell}>{escape(text)}</th>' for text in head)
    body = "".join(
        "<tr>" + "".join(f"<td {cell}>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f'<table style="color:inherit"><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>'


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as aligned plain text."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
