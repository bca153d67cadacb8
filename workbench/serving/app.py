"""Voila with a door of our own."""

from __future__ import annotations

from typing import Any

from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler

from workbench.serving.door import Door


class Explorer(Voila):
    """Voila lets nothing but a subclass change who opens the page."""

    name = "voila"

    def init_handlers(self) -> list[Any]:  # type: ignore[override]
        """Those of Voila, and `Door` for the page."""
        rules: Any = super().init_handlers()
        return [(path, Door if what is TornadoVoilaHandler else what, *more) for path, what, *more in rules]


def main() -> None:
    """Become Voila."""
    Explorer.launch_instance()


if __name__ == "__main__":
    main()
