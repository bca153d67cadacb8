"""What the marks `browser` and `gpu` mean: skipped, in one line that says why, where the thing is absent.

With WORKBENCH_BROWSER=required, as on CI, a missing browser is a failure.
"""

from __future__ import annotations

import os
from functools import cache

import pytest

from workbench import doctor

NO_BROWSER = "needs Chromium: apt-get install chromium"
NO_GPU = "needs a CUDA device and a CUDA build of torch"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture is made, so that none fails in its own words."""
    if item.get_closest_marker("browser") and doctor.browser() is None:
        if os.environ.get("WORKBENCH_BROWSER") == "required":
            pytest.fail(NO_BROWSER, pytrace=False)
        pytest.skip(NO_BROWSER)
    if item.get_closest_marker("gpu") and not _has_gpu():
        pytest.skip(NO_GPU)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser, for Playwright's `executable_path`."""
    path = doctor.browser()
    assert path is not None, NO_BROWSER
    return path


@cache
def _has_gpu() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
