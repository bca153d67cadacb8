"""What `import workbench` costs beyond NumPy, in fresh processes."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.rows import Row, at_most

HEAVY = (
    "torch",
    "plotly",
    "ipywidgets",
    "anywidget",
    "pandas",
    "pyarrow",
    "scipy.optimize",
    "yaml",
    "jax",
    "matplotlib",
)
_PAIRS = 15

_TIMED = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"
_LOADED = "import sys, workbench; print(*[name for name in {!r} if name in sys.modules])"


def rows() -> list[Row]:
    """Median difference of pairs taken in turns, and the heavy modules that were loaded."""
    python("import numpy, workbench")  # writes the byte code and fills the disk cache
    pairs = [(_import("workbench"), _import("numpy")) for _ in range(_PAIRS)]
    differences = sorted(ours - numpys for ours, numpys in pairs)
    loaded = python(_LOADED.format(HEAVY)).split()
    return [
        at_most("import workbench beyond numpy", differences[_PAIRS // 2], 0.1, "s"),
        at_most(f"heavy modules loaded by it ({', '.join(loaded) or 'none'})", len(loaded), 0, "modules"),
    ]


def python(code: str) -> str:
    """What `code` prints in a fresh process."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def _import(name: str) -> float:
    return float(python(_TIMED.format(name)))
