"""The report of a sweep: one page that needs nothing from anywhere, and says what failed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import Threads, notebook, saver

from workbench import cli, sweep
from workbench.sweep.chart import Axis, Point, Series, chart

HOSTILE = "<script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of seeds, with a failure whose reason is markup."""
    here = tmp_path_factory.mktemp("report")
    path = saver(here / "a.ipynb")
    text = path.read_text().replace("# What comes of it?", f"# Which is best? {HOSTILE}")
    text = text.replace("time.sleep(0)", f'assert peak < 0.3, \\"{HOSTILE}\\"')
    path.write_text(text)
    plan = sweep.plan(
        path, grid={"peak": [0.1, 0.2, 0.4], "schedule": ["wsd", "cosine"]}, zipped={"seed": [0, 1]}
    )
    sweep.sweep(plan, here / "out", engine=Threads(), warm=("workbench.store",), retries=0)
    assert cli.main(["report", str(here / "out")]) == 0
    return here / "out"


def test_the_page_holds_everything_and_asks_for_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert not re.search(r"(src|href)=[\"']?(https?:)?//|@import|url\(", page)
    for words in ("Which is best?", "8 of 12", "Best, with 90% intervals over seeds", "Environment", "numpy"):
        assert words in page
    assert page.count("<svg") == 3 and "loss (nats per token)" in page
    links = re.findall(r'href="([^"]+)"', page)
    assert links and all((folder / link).exists() for link in links)
    assert any(link.endswith(".failed.ipynb") for link in links)


def test_markup_of_others_is_text(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert HOSTILE not in page and "&lt;script&gt;document.title" in page
    assert page.count("<script>") == 1


def test_the_best_rows_have_their_intervals(folder: Path) -> None:
    best = sweep.results(folder).groups()[0]
    assert best.values == pytest.approx((3.1, 3.101)) and best.low < best.mean < best.high
    row = re.search(r"<tr>((?:(?!</tr>).)*3\.1005.*?)</tr>", (folder / "report.html").read_text())
    assert row and f"{best.low:.5g} to {best.high:.5g}" in row[1]


def test_another_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(tmp_path)]) == 2
    assert "is not the folder of a sweep" in capsys.readouterr().err
    for text in ("{}", "[1]", "{", '{"format": 99}'):
        (tmp_path / "sweep.json").write_text(text)
        assert cli.main(["report", str(tmp_path)]) == 2
        assert "is not the folder of a sweep" in capsys.readouterr().err


def test_points_stand_where_their_values_are() -> None:
    points = tuple(Point(10.0**k, 2.0 * k, tip=f"k={k}") for k in (0, 1, 2))
    svg = chart(Axis("x", log=True), Axis("y"), [Series("s", points)])
    found = [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)]
    (x0, y0), (x1, y1), (x2, y2) = found
    # Even steps of the logarithm and of the value are even steps on the page.
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert x0 < x2 and y2 < y0


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 1.0], [0.0, 0.0], [-1e9, 1e9]])
def test_a_chart_of_any_values_is_whole(values: list[float]) -> None:
    points = tuple(Point(float(i), v) for i, v in enumerate(values))
    svg = chart(Axis("x"), Axis("y"), [Series("s", points)])
    assert svg.count("<circle") == len(values) and "nan" not in svg and "inf" not in svg


@pytest.mark.browser
def test_the_page_in_a_browser(folder: Path, chromium: str) -> None:
    from lab import FLAGS
    from playwright.sync_api import sync_playwright

    problems: list[Any] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.on("pageerror", lambda error: problems.append(error))
        page.on("request", lambda request: request.url.startswith("file:") or problems.append(request.url))
        page.goto(f"file://{folder}/report.html")
        assert page.title().startswith("Which is best?") and page.evaluate("document.title") != "taken"
        # A click on a head sorts by it, another turns it round.
        tasks = page.locator("table").last
        head = tasks.locator("th", has_text="final_loss")
        head.click()
        column = [th.strip() for th in tasks.locator("th").all_inner_texts()].index("final_loss")
        cells = tasks.locator(f"tbody tr td:nth-child({column + 1})")
        rising = [float(text) for text in cells.all_inner_texts()]
        head.click()
        falling = [float(text) for text in cells.all_inner_texts()]
        assert rising == sorted(rising) and falling == rising[::-1] and len(rising) == 8
        width = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1] and not problems
        browser.close()


def test_the_widget_runs_a_sweep_where_nobody_presses_a_button(tmp_path: Path) -> None:
    from workbench.explore.sweeping import Sweeping

    path = notebook(tmp_path / "a.ipynb", "x = 1", "from workbench import sweep; sweep.record('y', 2 * x)")
    shown = Sweeping(
        sweep.plan(path, grid={"x": [1, 2]}), tmp_path / "out", engine=Threads(), warm=("workbench.sweep",)
    )
    bar, line = shown.children[0].children[0], shown.children[1]
    assert (bar.value, bar.max, bar.bar_style) == (2, 2, "success") and "2/2 done" in line.value
    assert [r["metrics"]["y"] for r in shown.results.finished] == [2, 4]
