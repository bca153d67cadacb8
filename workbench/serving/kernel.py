"""The kernel of a visitor: bound first, then an ordinary one that remembers nothing."""

from __future__ import annotations

import os


def main() -> None:
    """Become the kernel that the command line describes."""
    from workbench.serving.bounds import Bounds

    Bounds.read(os.environ).hold()
    from ipykernel.kernelapp import launch_new_instance
    from traitlets.config import Config

    # What one visitor did is written nowhere.
    launch_new_instance(config=Config({"HistoryManager": {"enabled": False}}))


if __name__ == "__main__":
    main()
