"""States of a training on disk, from which it goes on or branches."""

from workbench.train.snapshots.snapshots import Snapshots

__all__ = ["Snapshots"]
