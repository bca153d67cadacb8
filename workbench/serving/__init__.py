"""The explorer for people who only watch and slide: served by Voila, a small kernel for each of them."""

from __future__ import annotations

from workbench.serving.served import Served, prepare, start

__all__ = ["Served", "prepare", "start"]
