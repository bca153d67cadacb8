"""Parameters and FLOPs of a decoder, each convention by its name, and what the choice does to an exponent."""

from __future__ import annotations

from workbench.scaling.count.architecture import KNOWN, Architecture
from workbench.scaling.count.conventions import CONVENTIONS, Convention, convention, conventions
from workbench.scaling.count.exponents import ConventionExponent, exponents, text
from workbench.scaling.count.parameters import Parameters, parameters
from workbench.scaling.count.shaping import shape_for

__all__ = [
    "CONVENTIONS",
    "KNOWN",
    "Architecture",
    "Convention",
    "ConventionExponent",
    "Parameters",
    "convention",
    "conventions",
    "exponents",
    "parameters",
    "shape_for",
    "text",
]
