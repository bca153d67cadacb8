"""Visitors who come in the same moment are let in one after another, and see how many are before them."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any, cast

from voila.tornado.handler import TornadoVoilaHandler

from workbench.serving.places import Places

# What follows it is a whole page, with a head of its own: a browser adds that to what is there.
_WAITING = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Please wait</title><link rel="icon" href="data:,"></head>
<body><p id="waiting" role="status" style="font: 20px sans-serif; margin: 30vh auto; text-align: center">
Many came at once: you are number <b id="number">{number}</b>. This page opens by itself.</p>
"""
_MOVED = '<script>document.getElementById("number").textContent = "{number}"</script>\n'
_INSIDE = '<script>document.querySelectorAll("title, #waiting").forEach(each => each.remove())</script>\n'
# Voila's pages ask a public server for icons that no page of ours shows, and where there is no network
# nothing would be drawn until that was given up.
_ELSEWHERE = re.compile(r'<link\b[^>]*\bhref="https?://[^>]*>')


class Door(TornadoVoilaHandler):
    """The page: promised a place, waited for in line, then Voila's."""

    _gone = False

    @property
    def _places(self) -> Places:
        return cast(Places, self.kernel_manager)

    def on_connection_close(self) -> None:
        """Who closes the page while waiting stands in nobody's way."""
        self._gone = True
        self._places.line.stir()
        super().on_connection_close()

    def write(self, chunk: Any) -> None:
        """A piece of the page, in which nothing is fetched from elsewhere."""
        super().write(_ELSEWHERE.sub("", chunk) if isinstance(chunk, str) else chunk)

    async def get_generator(self, path: str | None = None) -> AsyncGenerator[str, None]:
        """The parts of the page, as they are ready."""
        if path:
            # No page of ours: Voila sends such a visitor on, to where no file is served.
            async for part in super().get_generator(path):
                yield part
            return
        # Reading it sets the cookie without which the page's last word, that it was closed, is refused.
        _ = self.xsrf_token
        places = self._places
        places.promise()
        places.line.join(self)
        try:
            told = 0
            while number := places.line.number(self):
                if self._gone:
                    return
                if number != told:
                    yield (_MOVED if told else _WAITING).format(number=number)
                    told = number
                await places.line.moved()
            if told:
                yield _INSIDE
            async for part in super().get_generator(path):
                yield part
        finally:
            places.line.leave(self)
            places.release()
