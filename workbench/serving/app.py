"""Voila with one addition: a page that is closed may end its kernel."""

from __future__ import annotations

from typing import Any


def token(handler: Any, notebook: Any, cwd: str) -> None:
    """Give the page the token without which its last word, that it was closed, is refused."""
    # Reading it sets the cookie; Voila itself reads it nowhere.
    _ = handler.xsrf_token


def main() -> None:
    """Become Voila."""
    from traitlets.config import Config
    from voila.app import Voila

    Voila.launch_instance(config=Config({"VoilaConfiguration": {"prelaunch_hook": token}}))


if __name__ == "__main__":
    main()
