"""A live figure on a plain page: its messages are carried between Python and Chromium by hand."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab import FLAGS

from workbench.explore.figure import LiveFigure

_PAGE = """<!doctype html><html lang="en"><title>figure</title>
<style>
  body { margin: 12px; color: #222; background: #fff; }
  body.dark { color: #ddd; background: #111; }
</style>
<body><main><div id="box" style="width: 820px"></div></main></body></html>"""

# What anywidget gives to `render`, with a box for what goes out and a door for what comes in.
_BRIDGE = """async ([code, css]) => {
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  window.views = [];
  window.open_view = (box) => {
    const calls = new Set(), out = [];
    const model = {
      get: () => window.summary || '', on: (_, call) => calls.add(call), off: (_, call) => calls.delete(call),
      send: (message) => out.push(message),
    };
    const close = module.default.render({ model, el: box });
    window.views.push({ calls, out, close });
  };
  window.deliver = (views, messages) => {
    for (const [message, buffers] of messages) {
      const bytes = buffers.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
      for (const i of views) for (const call of window.views[i].calls)
        call(structuredClone(message), bytes.map((each) => new DataView(each.buffer)));
    }
  };
  window.open_view(document.getElementById('box'));
}"""

TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Bridge:
    """A figure and the page that shows it; `pump` carries what both have to say."""

    def __init__(self, page: Any, figure: LiveFigure) -> None:
        self.page, self.figure = page, figure
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self.heard: list[dict[str, Any]] = []
        self._carried = 0
        figure.send = lambda content, buffers=None: self.sent.append((content, list(buffers or [])))
        page.set_content(_PAGE)
        page.evaluate(_BRIDGE, [figure._esm, figure._css])
        self.pump()

    def pump(self, views: list[int] | None = None) -> None:
        """Carry messages both ways until there are none; of Python's only to `views`, if given."""
        self.figure.flush()
        while True:
            out = self.page.evaluate("window.views.flatMap((view) => view.out.splice(0))")
            self.heard += out
            for message in out:
                self.figure._heard(None, message, [])
            new = self.sent[self._carried :]
            self._carried = len(self.sent)
            if not new:
                break
            coded = [[message, [base64.b64encode(b).decode() for b in buffers]] for message, buffers in new]
            every = self.page.evaluate("window.views.map((_, i) => i)") if views is None else views
            self.page.evaluate("([views, messages]) => window.deliver(views, messages)", [every, coded])
        self.frame()

    def lose(self) -> None:
        """What Python has said and nobody has heard yet never arrives."""
        self.figure.flush()
        self._carried = len(self.sent)

    def frame(self) -> None:
        """Wait until what is asked for is painted."""
        frames = "await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame)"
        self.page.evaluate(f"async () => {{ {frames}; await new Promise((done) => setTimeout(done, 20)) }}")

    def data(self, name: str, view: int = 0) -> str:
        """A data attribute of a figure, once what is under way is drawn."""
        self.page.evaluate(TWO_FRAMES)
        return self.page.locator(".lrw-figure").nth(view).get_attribute(f"data-{name}") or ""


@contextmanager
def browser(chromium: str) -> Iterator[Any]:
    """A running headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield running
        finally:
            running.close()
