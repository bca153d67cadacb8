"""Which of the kept snapshots a training needs to go on, and which only cost disk."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

from workbench.train.seating import Party, Seating
from workbench.train.snapshots.header import Header

Path = list[tuple[Header, frozenset[int]]]
"""Snapshots, parents first, each with the nodes whose rows are needed."""

Search = Generator["Search", Path | None, Path | None]
"""A search for a path under way."""

Drop = tuple[Header, frozenset[int] | None]
"""A snapshot, and the rows that it keeps when it is dropped (None: not even its curves)."""


def onward(seating: Seating, headers: Iterable[Header], at_once: int) -> Path:
    """The snapshots that lead from the roots to the latest states; a root without any begins anew."""
    kept: dict[Party, list[Header]] = {}
    for header in sorted(headers, key=lambda header: -header.step):
        kept.setdefault(header.party, []).append(header)
    found: Path = []
    for party in seating.parties(seating.tree.roots, at_once):
        found += _result(_from(seating, kept, party, given=True)) or []
    return found


def _from(seating: Seating, kept: Mapping[Party, Sequence[Header]], party: Party, *, given: bool) -> Search:
    """Path of a party; empty when it begins from rows that are `given`, None when it cannot be reached.

    It yields each further search that it needs and is sent what that found, since forks may follow one
    another beyond the depth that Python's own calls can have.
    """
    for header in kept.get(party, ()):
        if not seating.parts(header):
            if set(party) <= set(header.rows):
                return [(header, frozenset(party))]
            continue
        source = seating.follow(party, header.step, header.gone, header.ended)
        wanted, below = frozenset[int](), Path()
        for after in seating.parties(source, header.at_once):
            rows = {source[node] for node in after}
            further = yield _from(seating, kept, after, given=rows <= set(header.rows))
            if further is None:
                break
            wanted |= frozenset() if further else rows
            below += further
        else:
            return [(header, wanted), *below]
    return [] if given else None


def _result(search: Search) -> Path | None:
    waiting, found = [search], None
    while waiting:
        try:
            waiting.append(waiting[-1].send(found))
            found = None
        except StopIteration as end:
            waiting.pop()
            found = end.value
    return found


def spare(seating: Seating, headers: Sequence[Header], at_once: int) -> Iterator[Drop]:
    """What can be dropped, the least useful first.

    First what nothing leads to, then snapshots on the way, such that the gaps between those that stay
    grow evenly with their age; then the ends of lanes that are finished, and last the forks. What the
    training needs to go on, and curves, are never among them.
    """
    needed = dict(onward(seating, headers, at_once))
    latest: dict[Party, int] = {header.party: header.step for header in needed}
    yield from ((header, None) for header in headers if header.party not in latest)
    passed: dict[Party, list[Header]] = {}
    for header in sorted(headers, key=lambda header: header.step):
        if header.party in latest and header not in needed:
            passed.setdefault(header.party, []).append(header)
    while any(passed.values()):
        party, i = min(
            ((party, i) for party, row in passed.items() for i in range(len(row))),
            key=lambda at: _worth([header.step for header in passed[at[0]]], at[1], latest[at[0]]),
        )
        yield passed[party].pop(i), None
    ends = [header for header in needed if seating.parts(header) and set(header.rows) > needed[header]]
    ends.sort(
        key=lambda header: (
            bool(seating.follow(header.party, header.step, header.gone, header.ended)),
            header.step,
        )
    )
    yield from ((header, needed[header]) for header in ends)


def _worth(steps: Sequence[int], i: int, latest: int) -> float:
    """The gap that a snapshot's going would leave, over its distance from the latest."""
    before = steps[i - 1] if i else 0
    after = steps[i + 1] if i + 1 < len(steps) else latest
    return (after - before) / max(1, latest - steps[i])
