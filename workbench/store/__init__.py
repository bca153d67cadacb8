"""Runs on disk: one Parquet file per run, written whole or not at all, and a catalogue of all of them."""

from __future__ import annotations

from workbench.store.integrity import Check, Problem
from workbench.store.labels import Note
from workbench.store.store import Store

__all__ = ["Check", "Note", "Problem", "Store"]
