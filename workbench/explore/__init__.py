"""Widgets: the outermost layer, and the only one that knows a browser."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from workbench.explore.examples import examples
from workbench.explore.settings import SETTINGS
from workbench.explore.starting import start, studio, watch
from workbench.explore.studio import Bar, Studio, Tracks, TreeView
from workbench.explore.writing import Writing, writing

if TYPE_CHECKING:
    from workbench.explore.atlas import Atlas
    from workbench.explore.batches import BatchPage, batch
    from workbench.explore.board import Board
    from workbench.explore.browsing import browse, compare, draw, gallery, sheet, valley
    from workbench.explore.budgets_page import WsdsPage, wsds
    from workbench.explore.catalogue import Runs, runs
    from workbench.explore.comparison import Comparison
    from workbench.explore.contents import index
    from workbench.explore.cooldowns_page import CooldownPage, cooldown
    from workbench.explore.designer import Designer, design
    from workbench.explore.edge_page import EdgePage, edge
    from workbench.explore.explorer import Explorer
    from workbench.explore.exponents import Exponents, exponent
    from workbench.explore.multiples import Gallery
    from workbench.explore.peaks_page import PeaksPage, peaks
    from workbench.explore.planner import Planner, plan
    from workbench.explore.prediction import Predictor, predict

__all__ = [
    "SETTINGS",
    "Atlas",
    "Bar",
    "BatchPage",
    "Board",
    "Comparison",
    "CooldownPage",
    "Designer",
    "EdgePage",
    "Explorer",
    "Exponents",
    "Gallery",
    "PeaksPage",
    "Planner",
    "Predictor",
    "Runs",
    "Studio",
    "Tracks",
    "TreeView",
    "Writing",
    "WsdsPage",
    "batch",
    "browse",
    "compare",
    "cooldown",
    "design",
    "draw",
    "edge",
    "examples",
    "exponent",
    "gallery",
    "index",
    "peaks",
    "plan",
    "predict",
    "runs",
    "sheet",
    "start",
    "studio",
    "valley",
    "watch",
    "writing",
    "wsds",
]

_PAGES = {
    "Atlas": "atlas",
    "BatchPage": "batches",
    "Board": "board",
    "Comparison": "comparison",
    "CooldownPage": "cooldowns_page",
    "Designer": "designer",
    "EdgePage": "edge_page",
    "Explorer": "explorer",
    "Exponents": "exponents",
    "Gallery": "multiples",
    "PeaksPage": "peaks_page",
    "Planner": "planner",
    "Predictor": "prediction",
    "Runs": "catalogue",
    "WsdsPage": "budgets_page",
    "batch": "batches",
    "browse": "browsing",
    "compare": "browsing",
    "cooldown": "cooldowns_page",
    "design": "designer",
    "draw": "browsing",
    "edge": "edge_page",
    "exponent": "exponents",
    "gallery": "browsing",
    "index": "contents",
    "peaks": "peaks_page",
    "plan": "planner",
    "predict": "prediction",
    "runs": "catalogue",
    "sheet": "browsing",
    "valley": "browsing",
    "wsds": "budgets_page",
}
"""Pages by the module that each is in: what is not looked at is not loaded."""


def __getattr__(name: str) -> Any:
    if name not in _PAGES:
        raise AttributeError(f"module 'workbench.explore' has no attribute {name!r}")
    return getattr(importlib.import_module(f"workbench.explore.{_PAGES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
