"""The page of runs without a browser: what its table, figures, buttons and notebook say of a store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
from scipy import stats
from test_store import make

import workbench as wb
from workbench.explore import runs_figures, seeds
from workbench.explore.runs_table import PAGE

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> wb.Store:
    return wb.explore.examples(tmp_path_factory.mktemp("page") / "runs", seeds=2)


@pytest.fixture
def page(trained: wb.Store) -> Any:
    return wb.explore.runs(trained)


def wish(of: Any, **changes: Any) -> None:
    of.rows.wish = {**of.rows.wish, **changes}


def shown(page: Any, name: str) -> list[str]:
    sheet = page.rows.sheet
    place = [column["name"] for column in sheet["columns"]].index(name)
    return [row["cells"][place] for row in sheet["rows"]]


def test_the_table_sorts_searches_and_turns_pages(page: Any) -> None:
    assert len(page.table) == 40 and page.rows.sheet["pages"] == 2
    losses = page.table["final_loss"].to_numpy()
    assert (np.diff(losses) >= 0).all() and len(page.rows.sheet["rows"]) == PAGE
    wish(page, page=1)
    assert len(page.rows.sheet["rows"]) == 40 - PAGE
    wish(page, sort="schedule", descending=True, page=0)
    assert shown(page, "schedule") == sorted(shown(page, "schedule"), reverse=True)
    wish(page, search="WSD 0.4")
    assert set(shown(page, "schedule")) == {"wsd"} and "0.4" in shown(page, "schedule.peak")
    wish(page, search="nothing at all")
    assert page.rows.sheet["rows"] == [] and page.rows.sheet["count"] == 0 and page.best() == []
    for odd in (
        {"page": 99},
        {"page": "x"},
        {"page": -3},
        {"sort": "no field"},
        {"search": None, "page": None},
    ):
        wish(page, **odd)
        assert page.rows.sheet["total"] == 40


def test_the_chosen_runs_are_drawn_and_fitted(page: Any, trained: wb.Store) -> None:
    best = page.best()
    lowest = trained.table().nsmallest(5, "final_loss")
    assert set(best) == set(lowest["id"]) and set(page.figure.lines) == set(best)
    line = page.figure.lines[best[0]]
    curve = trained.curve(best[0], points=300)
    np.testing.assert_array_equal(line.y, curve.loss)
    found = page.fit()
    assert found.params == wb.fit("power", [trained.load(id) for id in best]).params
    assert {f"{id} law" for id in best} <= set(page.figure.lines) and page.params.sheet["title"].endswith(
        "5 runs"
    )
    page.choose(best[:1])
    assert set(page.figure.lines) == {best[0]} and page.params.sheet == {}
    page.law.value = "annealing_size"
    assert page.fit() is None and "needs n_params" in page.said.value
    page.choose([])
    assert page.fit() is None and "Choose the runs" in page.said.value
    with pytest.raises(ValueError, match="ids must be of runs that are shown"):
        page.choose(["x"])


def test_a_fit_stays_until_other_runs_are_chosen(page: Any) -> None:
    async def pressed_in_a_hurry() -> None:
        page.rows.selected = page.best()[:4]
        page.best()
        assert page.fit() is not None
        await asyncio.sleep(0.4)

    asyncio.run(pressed_in_a_hurry())
    assert page.params.sheet["title"].endswith("5 runs")
    wish(page, sort="steps")
    page.refresh()
    assert page.params.sheet["title"].endswith("5 runs") and f"{page.selected[0]} law" in page.figure.lines
    page.choose(page.selected[:4])
    assert page.params.sheet == {} and set(page.figure.lines) == set(page.selected)


def test_more_curves_than_can_be_told_apart_are_counted(page: Any) -> None:
    page.choose(page.table["id"].tolist())
    assert len(page.figure.lines) == 12 and page.figure.rest == "12 curves; 28 more are chosen and not drawn"


def test_means_and_intervals_are_students(trained: wb.Store) -> None:
    table = trained.table()
    for group in seeds.groups(table, "schedule.peak", "schedule"):
        rows = table[table["schedule"] == group.name]
        for at, mean, low, high, n in zip(
            group.at, group.mean, group.low, group.high, group.count, strict=True
        ):
            losses = rows[rows["schedule.peak"] == at]["final_loss"]
            assert n == len(losses) == 2 and mean == pytest.approx(losses.mean())
            interval = stats.t.interval(0.9, n - 1, losses.mean(), stats.sem(losses))
            assert (low, high) == pytest.approx(interval)


def test_one_run_has_no_interval_and_what_diverged_is_not_counted() -> None:
    table = pd.DataFrame(
        {"id": list("abcd"), "x": [1, 1, 2, 3], "final_loss": [2.0, np.nan, 3.0, np.inf], "g": list("uuvv")}
    )
    (u, v) = seeds.groups(table, "x", "g")
    assert u.at == (1,) and u.mean.tolist() == [2.0] and np.isnan(u.low).all() and v.at == (2,)
    figure = runs_figures.against(table, "x", "g")
    assert len(figure.data) == 4 and runs_figures.parallel(table).data[0].dimensions[-1].label == "final loss"


def test_what_differs_unsaid_is_said() -> None:
    rows = [(p, s, d) for p in (1, 2) for s in (0, 1) for d in (64, 128)]
    table = pd.DataFrame(rows, columns=["peak", "seed", "width"])
    table["final_loss"], table["id"] = np.arange(8.0), [str(i) for i in range(8)]
    assert seeds.unsaid(table, "peak", None) == ["width"] and seeds.unsaid(table, "peak", "width") == []
    assert seeds.unsaid(table[:0], "peak", None) == []
    assert set(seeds.varying(table)) == {"peak", "seed", "width"} and seeds.varying(table[:1]) == []


def test_every_run_is_a_line_through_axes_that_differ(page: Any) -> None:
    (lines,) = page.parallel().data
    labels = [axis.label for axis in lines.dimensions]
    assert labels[0] == "schedule" and "seed" in labels and labels[-1].startswith("final loss")
    assert all(len(axis["values"]) == 40 for axis in lines.dimensions)
    assert lines.line.showscale
    page.best()
    (lines,) = page.parallel().data
    assert sorted(lines.line.color) == [0] * 35 + [1] * 5
    assert len(page.plots.figures) == 2 and page.plots.figures[1] == page.parallel().to_json()


def test_what_is_marked_on_parallel_axes_is_chosen(page: Any) -> None:
    (lines,) = page.parallel().data
    losses = dict(zip(lines.ids, lines.dimensions[-1]["values"], strict=True))
    table = page.table.set_index("id")["final_loss"]
    log = lines.dimensions[-1].label.endswith("(log)")
    assert {id: 10**loss if log else loss for id, loss in losses.items()} == pytest.approx(table.to_dict())
    some = list(lines.ids[:7])
    page.plots.set_state({"marked": [*some, "of another store"], "figures": []})
    assert page.selected == some and page.plots.figures, "the browser changes nothing else"
    page.plots.set_state({"marked": []})
    assert page.selected == []


def test_buttons_say_what_they_did(tmp_path: Path) -> None:
    store = wb.Store(tmp_path / "runs")
    ids = [store.save(make(peak)) for peak in (1e-3, 2e-3, 3e-3)]
    page = wb.explore.runs(store)
    page.tag()
    assert "Choose some runs first" in page.said.value
    page.choose(ids[:2])
    page.tag()
    assert "a tag must be text" in page.said.value
    page.text.value = "mine"
    page.tag()
    assert len(store.table(tags="mine")) == 2 and "Tagged" in page.said.value
    page.bin()
    assert store.ids() == ids[2:] and page.selected == [] and len(page.table) == 1
    store.save(make(4e-3))
    page.refresh()
    assert len(page.table) == 2
    assert len(wb.explore.runs(store, peak=4e-3).table) == 1
    with pytest.raises(ValueError, match="no run has the field"):
        wb.explore.runs(store, peek=1)


def test_stores_with_little_in_them_make_a_page(tmp_path: Path) -> None:
    store = wb.Store(tmp_path / "runs")
    page = wb.explore.runs(store)
    assert len(page.table) == 0 and "Nothing differs" in page.caution.value and page.best() == []
    base = make()
    store.save(wb.Run(base.schedule, wb.Curve([], [])))
    page.refresh()
    assert len(page.table) == 1 and page.best() == []
    page.choose(page.table["id"].tolist())
    assert page.fit() is None and "lrw-error" in page.said.value
    (id,) = page.selected
    (store.path / f"{id}.parquet").write_bytes(b"\0" * (store.path / f"{id}.parquet").stat().st_size)
    page.choose([id])
    assert "is damaged" in page.drawn.value


def test_the_notebook_runs_without_a_person_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    store = wb.explore.examples(tmp_path / "mine", seeds=1, peaks=(0.2, 0.8))
    out = tmp_path / "out.ipynb"
    given = {"store": str(store.path), "quick": True}
    papermill.execute_notebook(
        FOLDER / "runs.ipynb", out, given, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    cells = nbformat.read(out, 4).cells
    assert not [o for c in cells if c.cell_type == "code" for o in c.outputs if o.output_type == "error"]
    assert len(wb.Store(store.path).table(tags="best five")) == 5
    with pytest.raises(papermill.PapermillExecutionError, match="unknown parameter 'stor'"):
        papermill.execute_notebook(
            FOLDER / "runs.ipynb", None, {"stor": "x"}, progress_bar=False, kernel_name="python3"
        )


def test_the_notebook_asks_and_reads() -> None:
    cells = nbformat.read(FOLDER / "runs.ipynb", 4).cells
    (text,) = [cell.source for cell in cells if cell.source.startswith("## Exercises")]
    exercises = text.split("## Exercises")[1]
    assert [line[0] for line in exercises.strip().split("\n")] == ["1", "2", "3"]
    for i, cell in enumerate(cells):
        if cell.cell_type == "code" and cell.source.startswith("page."):
            assert cells[i + 1].source.startswith("*") or "best" in cell.source, (
                "a figure has its caption below"
            )
