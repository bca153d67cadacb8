"""The core runs on NumPy alone (with SciPy for laws), and importing it is light."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

HEAVY = (
    "torch",
    "plotly",
    "pandas",
    "ipywidgets",
    "anywidget",
    "pyarrow",
    "yaml",
    "pooch",
    "requests",
    "matplotlib",
    "IPython",
    "transformers",
    "optax",
    "jax",
)

BLOCK = f"""
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Block())
"""


def run(code: str, repo: Path) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def blocked(code: str, repo: Path) -> str:
    return run(BLOCK + textwrap.dedent(code), repo)


def test_the_block_blocks(repo: Path) -> None:
    code = """
    for name in ("torch", "pandas.core"):
        try:
            __import__(name)
        except ImportError as error:
            print(error)
    """
    assert blocked(code, repo).count("is blocked") == 2


def test_schedules_work_with_numpy_alone(repo: Path) -> None:
    code = """
    import workbench as wb
    for name in wb.schedules.names():
        s = wb.schedules.build({"name": name, "total": 1000})
        assert len(s.array()) == 1000 and s(0) >= 0 and s._repr_html_()
        assert wb.Schedule.from_json(s.to_json()) == s
        assert (2 * s.until(500)).then(wb.hold(10, 1e-4))([0, 509]).shape == (2,)
        assert wb.schedules.get(name).fields
    run = wb.Run(s, wb.Curve([1, 2], [3.0, 2.0]), {"name": "x"}, {"seed": 0})
    assert run == run and run.final_loss == 2.0
    print(len(wb.schedules.names()))
    """
    assert int(blocked(code, repo)) >= 6


def test_public_curves_are_read_with_numpy_alone(repo: Path, data_folder: Path) -> None:
    code = """
    import workbench as wb
    print(len(wb.datasets.load("multipower/100M")), len(wb.datasets.load("schaipp/124M")))
    """
    assert blocked(code, repo).split() == ["9", "16"]


def test_laws_and_fits_work_with_numpy_and_scipy_alone(repo: Path, data_folder: Path) -> None:
    code = """
    import numpy as np
    import workbench as wb
    known = ("cosine_24000", "constant_24000", "wsdcon_9")
    runs = [run for run in wb.datasets.load("multipower/100M") if run.facts["name"] in known]
    for name in wb.laws.names():
        assert wb.laws.get(name).fields
    fit = wb.fit(wb.laws.multipower, runs)
    curve = fit.predict(wb.schedules.wsd(total=24_000, peak=3e-4, warmup=0.09))
    assert np.all(np.isfinite(curve.loss))
    print(fit.converged)
    """
    assert blocked(code, repo).strip() == "True"


def test_importing_the_package_loads_nothing_heavy(repo: Path) -> None:
    code = """
    import sys
    import numpy
    before = set(sys.modules)
    import workbench
    workbench.schedules.wsd(total=100).array()
    print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
    print("scipy.optimize" in sys.modules)
    """
    loaded, optimiser = run(textwrap.dedent(code), repo).splitlines()
    assert not set(loaded.split()) & {*HEAVY, "scipy"}
    assert optimiser == "False"


def test_every_public_name_is_there_or_named_in_an_import_error(repo: Path) -> None:
    code = """
    import workbench as wb
    assert "Store" in dir(wb) and wb.Store and wb.datasets.names()
    try:
        wb.nothing_of_that_name
    except AttributeError as error:
        print(error)
    """
    assert "nothing_of_that_name" in blocked(code, repo)
