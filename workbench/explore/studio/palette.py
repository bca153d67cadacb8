"""Colours that stay with a schedule: told apart by colour-blind eyes, in shades where eight are too few."""

from __future__ import annotations

from workbench.explore.pins import COLORS
from workbench.schedule import Schedule

_SHADES = (0.0, 0.35, -0.3, 0.6)
"""Share of white (or, below 0, of black) in the first eight colours, the next eight and so on."""


class Palette:
    """Which colour a group of lanes has, from when it is first asked for until it is freed."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._schedules: dict[str, Schedule] = {}

    def of(self, group: str, schedule: Schedule) -> str:
        """Colour of a group; that of a group with an equal schedule where there is one."""
        if group not in self._of:
            self._of[group] = self._like(schedule)
            self._schedules[group] = schedule
        return color(self._of[group])

    def group(self, group: str) -> str:
        """What lines of equal colour share: a key for their button in the legend."""
        return f"colour{self._of[group]}"

    def free(self, group: str) -> None:
        """Give the colour of a group to others."""
        self._of.pop(group, None)
        self._schedules.pop(group, None)

    def _like(self, schedule: Schedule) -> int:
        for group, known in self._schedules.items():
            if known == schedule:
                return self._of[group]
        taken = set(self._of.values())
        return next(i for i in range(len(taken) + 1) if i not in taken)


def color(i: int) -> str:
    """The i-th colour, ``#rrggbb``."""
    base, share = COLORS[i % len(COLORS)], _SHADES[i // len(COLORS) % len(_SHADES)]
    towards = 255 if share > 0 else 0
    parts = (int(base[k : k + 2], 16) for k in (1, 3, 5))
    return "#" + "".join(f"{round(part + abs(share) * (towards - part)):02X}" for part in parts)
