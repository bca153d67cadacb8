"""``workbench serve``: options, and what they start."""

from __future__ import annotations

import argparse

from workbench.files import number_or_text
from workbench.serving import served


def options(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--port", type=number_or_text, help="port to use (the first free one from 8866)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="0.0.0.0 shows it to everybody who can reach it",
    )
    parser.add_argument("--visitors", type=number_or_text, default=30, help="most at a time (default 30)")
    parser.add_argument(
        "--memory", type=number_or_text, default=1.0, metavar="GB", help="of each visitor (default 1)"
    )
    parser.add_argument(
        "--cpu",
        type=number_or_text,
        default=20,
        metavar="MINUTES",
        help="of each visitor in all (default 20)",
    )
    parser.add_argument(
        "--idle", type=number_or_text, default=20, metavar="MINUTES", help="until a forgotten page ends"
    )
    parser.add_argument("--no-browser", action="store_true", help="open no browser, as on a remote machine")


def run(given: argparse.Namespace) -> None:
    """Serve until stopped."""
    served.start(
        served.prepare(
            given.port,
            host=given.host,
            visitors=given.visitors,
            memory=given.memory,
            cpu=given.cpu,
            idle=given.idle,
            browser=not given.no_browser,
        )
    )
