"""What can be done with the chosen branches: rename, save, compare, export, stop, go on, drop, restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from workbench.explore.alone import alone
from workbench.explore.parts import note, small_button
from workbench.explore.studio import comparing
from workbench.explore.studio.tree import TreeView
from workbench.export import torch_code
from workbench.live.branch import GOING, HELD

_TEXTS = {
    "branch": ("Branch here", "a new lane from where the chosen one is now, with the sliders' schedule"),
    "change": ("Follow the sliders", "the chosen lane uses the sliders' schedule from its next update on"),
    "stop": ("Stop lane", "end the chosen lanes; what was measured stays"),
    "go_on": ("Go on", "go on with the chosen lanes"),
    "compare": ("Compare", "difference of two chosen lanes, over the seeds that both have"),
    "save": ("Save lane", "write the chosen lanes to the store"),
    "export": ("Code", "show the code of the chosen lane's schedule for a PyTorch trainer"),
    "drop": ("Drop", "move the chosen lanes to the bin of this training"),
    "restore": ("Undo drop", "bring back the lane that was dropped last"),
}


class Actions:
    """Buttons for the branches that are chosen in a tree; `message` is the answer of the last one.

    Parameters
    ----------
    session : Session
        Whose branches they are.
    tree : TreeView
        Says which are chosen.
    store : path
        Where Save writes to.
    branch, change : callable
        Offer a branch, and take the sliders' schedule, for one branch.
    show : callable
        Shows code.
    """

    def __init__(
        self,
        session: Any,
        tree: TreeView,
        store: str | Path,
        branch: Callable[[Any], None],
        change: Callable[[Any], None],
        show: Callable[[str], None],
    ) -> None:
        self.session, self.tree, self.store = session, tree, store
        self._branch, self._change, self._show = branch, change, show
        self.name = widgets.Text(
            description="name",
            continuous_update=False,
            layout={"width": "230px"},
            style={"description_width": "40px"},
            tooltip="name of the chosen lane; Enter renames it",
        )
        self.button = {key: small_button(text) for key, (text, _) in _TEXTS.items()}
        for key, button in self.button.items():
            button.tooltip = _TEXTS[key][1]
            button.on_click(lambda _, key=key: self.do(key))
        self.name.observe(self._rename, "value")
        self._filling = False
        self.message = widgets.HTML()
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.box = widgets.VBox([widgets.HBox([self.name, *self.button.values()], layout=row), self.message])
        self.refresh()

    @property
    def chosen(self) -> list[Any]:
        """The chosen branches, the newest choice first."""
        there = {branch.key: branch for branch in self.session.branches}
        return [there[key] for key in self.tree.chosen if key in there]

    @property
    def dropped(self) -> list[Any]:
        """Branches in the bin that this page would show, the last one last."""
        return [branch for branch in self.session.binned if branch.step and self.tree.shown(branch)]

    @alone
    def refresh(self, *, fill: bool = False) -> None:
        """Enable what does something; `fill` puts the chosen lane's name into the box."""
        chosen = self.chosen
        one = chosen[0] if len(chosen) == 1 else None
        can = {
            "branch": one is not None and one.step > 0,
            "change": one is not None and one.status in (*GOING, *HELD) and one.step < len(one.schedule),
            "stop": any(branch.status in GOING for branch in chosen),
            "go_on": any(branch.status in HELD for branch in chosen),
            "compare": len(chosen) == 2,
            "save": any("loss" in branch.curves for branch in chosen),
            "export": one is not None,
            "drop": bool(chosen) and all(branch.status not in GOING for branch in chosen),
            "restore": bool(self.dropped),
        }
        for key, button in self.button.items():
            if button.disabled == can[key]:
                button.disabled = not can[key]
        if self.name.disabled != (one is None):
            self.name.disabled = one is None
        if fill:
            self._filling = True
            self.name.value = one.name if one is not None else ""
            self._filling = False

    @alone
    def do(self, action: str) -> Any:
        """Do what a button does; an error becomes a sentence."""
        try:
            found = getattr(self, f"_{action}")(self.chosen) if action not in ("branch", "change") else None
            if action in ("branch", "change") and self.chosen:
                found = {"branch": self._branch, "change": self._change}[action](self.chosen[0])
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            self.say(str(error), bad=True)
            return None
        self.tree.refresh(force=True)
        self.refresh()
        return found

    def say(self, sentence: str, *, bad: bool = False) -> None:
        """One sentence under the buttons."""
        self.message.value = note(sentence, bad=bad)

    @alone
    def _rename(self, change: Any) -> None:
        chosen = self.chosen
        if self._filling or len(chosen) != 1:
            return
        try:
            self.session.rename(chosen[0].key, change["new"])
        except ValueError as error:
            self.say(str(error), bad=True)
            self.refresh(fill=True)
            return
        self.say("")
        self.tree.refresh(force=True)

    def _stop(self, chosen: list[Any]) -> None:
        self.session.stop(*[branch.key for branch in chosen if branch.status in GOING])

    def _go_on(self, chosen: list[Any]) -> None:
        self.session.go_on(*[branch.key for branch in chosen if branch.status in HELD])

    def _compare(self, chosen: list[Any]) -> str:
        second, first = chosen[0], chosen[1]
        found = (
            comparing.of_pairs([(first, second)])
            if first.group == second.group
            else comparing.apart(self._seeds(first), self._seeds(second))
        )
        said = comparing.sentence(first.name, second.name, found)
        self.say(said)
        return said

    def _seeds(self, branch: Any) -> list[Any]:
        # A seed that was given another future is no longer one of them.
        every = (each for each in self.session.branches if each.group == branch.group)
        return [each for each in every if each.schedule == branch.schedule]

    def _save(self, chosen: list[Any]) -> list[str]:
        keys = [branch.key for branch in chosen if "loss" in branch.curves]
        ids = self.session.save(*keys, store=self.store)
        self.say(f"Saved {len(ids)} run{'s' * (len(ids) != 1)} to {self.store}: {', '.join(ids)}")
        return list(ids)

    def _export(self, chosen: list[Any]) -> str:
        code = torch_code(chosen[0].schedule)
        self._show(code)
        return code

    def _drop(self, chosen: list[Any]) -> None:
        # A child stays what it is without its parent, the other way round it would be searched for.
        for branch in chosen:
            self.session.drop(branch.key)
        self.say(
            f"Dropped: {', '.join(branch.name for branch in chosen)}. Undo drop brings back the last one."
        )

    def _restore(self, _: list[Any]) -> None:
        last = self.dropped[-1]
        self.session.restore(last.key)
        left = len(self.dropped)
        self.say(f"{last.name} is back{f'; {left} more in the bin' if left else ''}.")
        self.tree.choose(last.key)
