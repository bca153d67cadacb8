"""Where the public data lies, and how hypothesis runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
pytest_plugins = ["markers"]
_VARIABLE = "WORKBENCH_DATA_DIR"
_DEFAULT = ROOT.parent / "shared" / "data"

# The same examples in every run of CI, so that what lands was tried; elsewhere new ones each time.
settings.register_profile(
    "workbench", deadline=None, max_examples=60, print_blob=True, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("workbench")


def pytest_configure() -> None:
    # Texts that tests prepare are no business of the user's cache; workers of one run share them.
    os.environ.setdefault("WORKBENCH_CACHE_DIR", str(Path(tempfile.gettempdir()) / "lr-workbench-tests"))
    if not os.environ.get(_VARIABLE) and _DEFAULT.is_dir():
        os.environ[_VARIABLE] = str(_DEFAULT)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data; a test that needs it fails without it."""
    folder = os.environ.get(_VARIABLE)
    if not folder or not Path(folder).is_dir():
        pytest.fail(
            f"this test needs the public data: set {_VARIABLE} to their folder, or put them in {_DEFAULT}"
        )
    return Path(folder)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the repository."""
    return ROOT
