"""``python -m benchmarks.play [MINUTES]``: random play on the start page in Chromium, and what it leaves.

Sliders, buttons, lists, drags and clicks on the figure, cells run again, the page reloaded, the kernel
restarted. Printed are the errors that were shown, how far the memory of kernel and browser grew (the kernel's
once a minute, where nothing trains), the threads that outlived their training, and whether every saved run
can be read.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

import workbench as wb
from benchmarks.rows import Row, at_most
from workbench import doctor

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SETTLED = 300.0
"""Seconds of play with one kernel before its memory counts: everything has been loaded and used."""
_ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"
_PAGE = ".jp-OutputArea-output:has(.lrw-figure)"
_TRAINS = ("Train", "Train", "Pause", "Go on", "Step", "Stop", "Branch", "Save")
_TOUR = (*_TRAINS[1:], "Ask the law", "Pin", "Export", "Code", "Train", "Stop")
"""Pressed in turn in every new kernel: what is loaded when it is first used is no growth."""
_THREADS = "[t.name for t in __import__('threading').enumerate() if t.name.startswith('workbench')]"


@dataclass
class Diary:
    """What happened."""

    did: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    console: Counter[str] = field(default_factory=Counter)
    grown: list[float] = field(default_factory=list)
    heap: list[float] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Kernel:
    """The kernel of the open notebook, asked beside the page."""

    def __init__(self, folder: Path) -> None:
        import psutil
        from jupyter_client.blocking.client import BlockingKernelClient

        files = (folder / "JUPYTER_DATA_DIR" / "runtime").glob("kernel-*.json")
        newest = max(files, key=lambda path: path.stat().st_mtime)
        self.client = BlockingKernelClient(connection_file=str(newest))
        self.client.load_connection_file()
        self.client.start_channels()
        self.process = psutil.Process(int(self.value("__import__('os').getpid()")))
        self.since, self.first = time.monotonic(), 0.0

    def value(self, expression: str) -> str:
        """The text of an expression's value."""
        asked = {"value": expression}
        reply = self.client.execute("", silent=True, user_expressions=asked, reply=True, timeout=60)
        return reply["content"]["user_expressions"]["value"]["data"]["text/plain"]

    def memory(self) -> float:
        """MB of its own: pages of files, which other processes may share, do not count."""
        held = self.process.memory_info()
        return (held.rss - held.shared) / 1e6

    def close(self) -> None:
        """Ask no more."""
        self.client.stop_channels()


class Player:
    """Does one random thing after another to the explorer of the start page."""

    def __init__(self, page: Any, folder: Path, seed: int) -> None:
        self.page, self.folder, self.dice, self.diary = page, folder, random.Random(seed), Diary()
        # What cannot be done at once is not done: the page changes under the player.
        page.set_default_timeout(4_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.diary.errors.append(f"page: {error.stack[:400]}"))

    def act(self) -> None:
        """One of the things that people do."""
        acts = (self.slide, self.press, self.choose, self.drag, self.click, self.scroll)
        act = self.dice.choices(acts, (8, 8, 1, 3, 3, 1))[0]
        self.diary.did[act.__name__] += 1
        act()
        self.page.wait_for_timeout(self.dice.choice((20, 100, 400, 1500)))
        self.look()

    def look(self) -> None:
        """Note every error on the page."""
        shown = self.page.locator(_ERRORS)
        for i in range(shown.count()):
            text = shown.nth(i).inner_text()[-400:]
            if text not in self.diary.errors:
                self.diary.errors.append(text)

    def slide(self) -> None:
        """Move a slider by keys."""
        handle = self._some(f"{_PAGE} .noUi-handle")
        if handle is not None:
            handle.focus()
            for _ in range(self.dice.randint(1, 8)):
                self.page.keyboard.press(self.dice.choice(("ArrowRight", "ArrowLeft", "PageUp", "Home")))

    def find(self) -> None:
        """Scroll until the figure is there: what is out of sight, JupyterLab does not render."""
        from lab import run_all

        self.page.get_by_text("| Idle").wait_for(timeout=90_000)
        self.page.mouse.move(700, 600)
        for _ in range(60):
            if self.page.locator(".lrw-figure[data-draws]").count():
                return
            self.page.mouse.wheel(0, 300)
            self.page.wait_for_timeout(500)
        if self._saved():
            self.diary.errors.append("no figure was drawn within 30 s of a reload")
        else:  # it was saved after the cells had begun, and before they had shown anything
            self.diary.did["reloads of a notebook without a figure"] += 1
            run_all(self.page)

    def _saved(self) -> bool:
        """Whether the notebook, as it was saved, has a page in it."""
        notebook = nbformat.read(self.folder / "notebooks" / "start.ipynb", as_version=4)
        outputs = [
            each for cell in notebook.cells for each in cell.get("outputs", ()) if cell.id == "start-04"
        ]
        return any("application/vnd.jupyter.widget-view+json" in each.get("data", {}) for each in outputs)

    def press(self) -> None:
        """Press a button that can be pressed: half of the time one that trains."""
        word = self.dice.choice(_TRAINS) if self.dice.random() < 0.5 else ""
        button = self._some(f"{_PAGE} button:not([disabled]):has-text('{word}')")
        if button is not None:
            self.diary.did[f"button {button.inner_text()[:20]!r}"] += 1
            button.click(timeout=5_000)

    def tour(self) -> None:
        """Press what a person would try first."""
        for word in _TOUR:
            button = self._some(f"{_PAGE} button:not([disabled]):has-text('{word}')")
            if button is not None:
                self.diary.did[f"tour {word!r}"] += 1
                button.click(timeout=5_000)
                self.page.wait_for_timeout(2_000)
        self.look()

    def choose(self) -> None:
        """Choose another entry of a list."""
        chosen = self._some(f"{_PAGE} select:not([disabled])")
        if chosen is not None:
            count = chosen.locator("option").count()
            chosen.select_option(index=self.dice.randrange(count), timeout=5_000)

    def drag(self) -> None:
        """Drag across a panel, sometimes from a handle."""
        handle = self._some(f"{_PAGE} .lrw-handle") if self.dice.random() < 0.7 else None
        start = self._at(handle) if handle is not None else self._inside()
        end = self._inside()
        if start and end:
            self.page.mouse.move(*start)
            self.page.mouse.down()
            self.page.mouse.move(*end, steps=8)
            self.page.mouse.up()

    def click(self) -> None:
        """Click somewhere on a panel."""
        place = self._inside()
        if place:
            self.page.mouse.click(*place)

    def scroll(self) -> None:
        """Back to the figure."""
        self.page.locator(".lrw-figure").first.scroll_into_view_if_needed(timeout=5_000)

    def _inside(self) -> tuple[float, float] | None:
        panel = self._some(".lrw-figure canvas")
        return None if panel is None else self._at(panel)

    def _at(self, element: Any) -> tuple[float, float] | None:
        box = element.bounding_box()
        if box is None:
            return None
        at = box["x"] + self.dice.random() * box["width"], box["y"] + self.dice.random() * box["height"]
        # What is scrolled away lies under JupyterLab's own bars, which are not what is played.
        seen = "([x, y]) => Boolean(document.elementFromPoint(x, y)?.closest('.jp-OutputArea-output'))"
        return at if self.page.evaluate(seen, at) else None

    def _some(self, selector: str) -> Any | None:
        found = [each for each in self.page.locator(selector).all() if each.is_visible()]
        return self.dice.choice(found) if found else None

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self.diary.console[message.text[:160]] += 1


def play(minutes: float, seed: int = 0, headed_path: str | None = None) -> tuple[Diary, Path]:
    """Play, and tell what happened; the folder holds what was saved."""
    from lab import page, run_all, save, server

    chromium = headed_path or doctor.browser()
    if chromium is None:
        raise SystemExit("needs Chromium")
    folder = Path(tempfile.mkdtemp(prefix="play-"))
    with server(folder) as address, page(chromium, address) as opened:
        run_all(opened)
        player, kernel = Player(opened, folder, seed), Kernel(folder)
        player.tour()
        end, turn = time.monotonic() + 60 * minutes, 0
        restart = time.monotonic() + 60 * minutes / 3
        minute = time.monotonic() + 60
        while time.monotonic() < end:
            turn += 1
            try:
                player.act()
                if turn % 60 == 0:
                    player.diary.did["cells run again"] += 1
                    run_all(opened)
                if turn % 100 == 0:
                    player.diary.did["page reloaded"] += 1
                    save(opened)
                    opened.reload()
                    player.find()
            except Exception as error:  # The player's own trouble is noted and does not end the play.
                player.diary.console[f"player: {type(error).__name__} {str(error)[:120]}"] += 1
            if time.monotonic() > minute:
                minute += 60
                _measure(player, kernel)
            if time.monotonic() > restart and end - time.monotonic() > 120:
                restart += 60 * minutes / 3
                player.diary.did["kernel restarted"] += 1
                kernel = _restarted(opened, folder, kernel)
                player.tour()
        _measure(player, kernel)
        kernel.close()
    return player.diary, folder


def _measure(player: Player, kernel: Kernel) -> None:
    # What a training holds while it runs is no leak.
    _stopped(player, kernel)
    memory = kernel.memory()
    if time.monotonic() - kernel.since > SETTLED:
        kernel.first = kernel.first or memory
        player.diary.grown.append(memory - kernel.first)
    player.diary.heap.append(player.page.evaluate("performance.memory.usedJSHeapSize") / 1e6)
    done = sum(player.diary.did.values())
    print(f"kernel {memory:.0f} MB, browser {player.diary.heap[-1]:.0f} MB, {done} acts", flush=True)


def _restarted(opened: Any, folder: Path, before: Kernel) -> Kernel:
    from lab import run_all

    before.close()
    opened.get_by_role("menuitem", name="Kernel", exact=True).click()
    opened.get_by_text("Restart Kernel…", exact=True).click()
    opened.locator(".jp-Dialog button.jp-mod-accept").click()
    opened.get_by_text("| Idle").wait_for(timeout=90_000)
    run_all(opened)
    return Kernel(folder)


def _stopped(player: Player, kernel: Kernel) -> None:
    """Stop what trains; no thread of a training may be left."""
    stop = player.page.locator(f"{_PAGE} button:not([disabled])").get_by_text("Stop", exact=True)
    if stop.count():
        player.diary.did["stopped, to measure"] += 1
        stop.first.click()
    for _ in range(60):
        names = kernel.value(_THREADS)
        if names == "[]":
            return
        time.sleep(0.5)
    player.diary.left.append(names)


def rows(diary: Diary, folder: Path) -> list[Row]:
    """The figures of a play."""
    check = wb.Store(folder / "runs").check() if (folder / "runs").is_dir() else None
    heap = diary.heap
    return [
        Row("things done", sum(diary.did.values()), "acts"),
        at_most("errors shown", len(diary.errors), 0, "errors"),
        at_most("kernel's memory grew by", max(diary.grown, default=0.0), 50, "MB"),
        Row("browser's heap, median and", sorted(heap)[len(heap) // 2], "MB"),
        Row("browser's heap, most", max(heap), "MB"),
        at_most("threads left", len(diary.left), 0, "threads"),
        Row("saved runs that can be read", check.runs if check else 0, "runs"),
        at_most("saved runs that cannot", len(check.problems) if check else 0, 0, "runs"),
    ]


def main() -> None:
    """Play for so many minutes, one hour unless told otherwise."""
    from benchmarks.__main__ import line

    diary, folder = play(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    for row in rows(diary, folder):
        print(line(row))
    print("did:", dict(diary.did.most_common()))
    print("console:", dict(diary.console.most_common(12)))
    for each in (*diary.errors, *diary.left):
        print("shown:", each)


if __name__ == "__main__":
    main()
