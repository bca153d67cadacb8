"""The instrument: what a page shows of a training that is watched, steered and branched."""

from workbench.explore.studio.bar import Bar
from workbench.explore.studio.page import Studio
from workbench.explore.studio.tracks import Tracks
from workbench.explore.studio.tree import TreeView

__all__ = ["Bar", "Studio", "Tracks", "TreeView"]
