"""Gallery, chooser and comparison without a browser, and their notebook without a person."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

import workbench as wb
from workbench import registry
from workbench.explore import thumbnails
from workbench.explore.card import card, figures, prose
from workbench.explore.controls import read
from workbench.explore.thumbnails import HEIGHT, WIDTH
from workbench.params import Peak, Total

NAMES = wb.schedules.names()
NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "schedules.ipynb"


@pytest.fixture
def atlas():
    return wb.explore.browse("wsd")


@pytest.fixture
def newcomer():
    """A schedule that is registered while the test runs."""

    @registry.schedule(title="Hill of a test", paper="2401.00001, 10.1000/xyz", family="free")
    def hill_of_a_test(total: Total, peak: Peak = 1e-3) -> wb.Schedule:
        """Go up, then down.

        Notes
        -----
        Use it where hedgehogs <b>live</b>.
        """
        if total < 3:
            raise ValueError(f"total must be at least 3; got {total}")
        return wb.ramp(total // 2, 0.0, peak).then(wb.ramp(total - total // 2, peak, 0.0))

    yield "hill_of_a_test"
    registry._TABLES["schedule"].pop("hill_of_a_test")


def corners(path: str) -> np.ndarray:
    """Points of an SVG path, shape (n, 2)."""
    return np.array(re.findall(r"-?[\d.]+", path), dtype=float).reshape(-1, 2)


def test_every_registered_schedule_has_its_picture() -> None:
    cells = thumbnails.every(1000, 1e-3)
    assert sorted(cell.name for cell in cells) == sorted(NAMES)
    families = [cell.family for cell in cells]
    assert families == sorted(families, key=registry.FAMILIES.index), "one family after the other"
    for cell in cells:
        assert cell.path and not cell.problem, cell.problem
        at = corners(cell.path)
        assert np.all(np.diff(at[:, 0]) >= 0) and at[:, 0].min() >= 0 and at[:, 0].max() <= WIDTH
        assert at[:, 1].min() >= 0 and at[:, 1].max() <= HEIGHT


def test_pictures_share_budget_and_scale() -> None:
    half = wb.Schedule((wb.Phase("flat", 100, 5e-4, 5e-4),))
    assert corners(thumbnails.plot(half, 1e-3))[0, 1] == pytest.approx((HEIGHT - 3 + 5) / 2)
    step = wb.hold(50, 1e-3).then(wb.hold(50, 0.0))
    at = corners(thumbnails.plot(step, 1e-3))
    down = np.flatnonzero(np.diff(at[:, 1]) > 1)
    assert len(down) == 1 and np.diff(at[:, 0])[down[0]] < 2, "a jump is drawn as a jump"


def test_what_is_registered_later_appears(newcomer: str, atlas) -> None:
    atlas.gallery.refresh()
    (cell,) = [cell for cell in atlas.gallery.cells if cell["name"] == newcomer]
    assert cell["papers"] == [
        ["arXiv 2401.00001", "https://arxiv.org/abs/2401.00001"],
        ["10.1000/xyz", "https://doi.org/10.1000/xyz"],
    ]
    atlas.gallery.search = "HEDGEHOGS 2401.00001"
    assert atlas.gallery.shown() == [newcomer]
    atlas.gallery.selected = newcomer
    assert atlas.schedule.recipe["name"] == newcomer
    assert "hedgehogs &lt;b&gt;live" in atlas.card.value
    assert "Hill of a test" in wb.explore.sheet()._repr_html_()
    assert wb.explore.draw(newcomer).reference.recipe["name"] == newcomer


def test_a_schedule_that_the_budget_refuses_keeps_its_place_with_the_reason(newcomer: str) -> None:
    (cell,) = [cell for cell in thumbnails.every(2, 1e-3) if cell.name == newcomer]
    assert cell.path == "" and "at least 3" in cell.problem
    assert "at least 3" in wb.explore.sheet(total=2, search="hedgehogs")._repr_html_()


def test_families_and_words_filter(atlas) -> None:
    gallery = atlas.gallery
    assert sorted(gallery.shown()) == sorted(NAMES)
    gallery.families = ["step", "cyclic"]
    assert {wb.schedules.get(name).family for name in gallery.shown()} == {"step", "cyclic"}
    gallery.search = "SGDR"
    assert gallery.shown() == ["sgdr"]
    gallery.families, gallery.search = [], "no such word anywhere"
    assert gallery.shown() == []
    assert len(wb.explore.sheet(families=["wsd"]).cells) == sum(
        wb.schedules.get(name).family == "wsd" for name in NAMES
    )
    with pytest.raises(ValueError, match="families"):
        wb.explore.sheet(families=["wds"])


def test_the_sheet_suits_both_themes_and_runs_no_script() -> None:
    html = wb.explore.sheet()._repr_html_()
    assert html.count("<svg") == len(NAMES) and "currentColor" in html
    assert not re.search(r"#[0-9a-f]{3,6}|rgb\(|<script| on\w+=", html)


@pytest.mark.parametrize("name", NAMES)
def test_every_schedule_can_be_chosen_and_comes_back_from_its_controls(name: str, atlas) -> None:
    atlas.gallery.selected = name
    chooser, recipe = atlas.chooser, atlas.schedule.recipe
    assert recipe["name"] == name and chooser.error == ""
    for field in chooser._fields():
        back = field.check(read(field, chooser.sliders.controls[field.name].value))
        assert back == recipe[field.name] or np.allclose(back, recipe[field.name], rtol=2e-3), field.name
    entry = wb.schedules.get(name)
    assert entry.title.split(" ")[0] in card(name) and "When to use it" in card(name)
    assert "area S1" in figures(atlas.schedule)


def test_a_moved_slider_moves_rate_loss_and_figures(atlas) -> None:
    rate, loss = (atlas.figure.lines[f"now {what}"].y.copy() for what in ("rate", "loss"))
    said = atlas.figures.value
    atlas.chooser.sliders.controls["decay"].value = 0.5
    assert atlas.schedule.recipe["decay"] == 0.5 and atlas.figures.value != said
    assert not np.array_equal(atlas.figure.lines["now rate"].y, rate)
    assert not np.array_equal(atlas.figure.lines["now loss"].y, loss)
    assert f"{atlas.fit.predict(atlas.schedule).loss[-1]:.4f}" in atlas.figure.summary


def test_a_bad_list_of_numbers_is_said_and_the_picture_stays(atlas) -> None:
    atlas.gallery.selected = "multi_step"
    good, line = atlas.schedule, atlas.figure.lines["now rate"].y.copy()
    atlas.chooser.sliders.controls["milestones"].value = "0.5, banana"
    assert "milestones" in atlas.chooser.problem.value and "lrw-error" in atlas.chooser.problem.value
    assert atlas.schedule is good and np.array_equal(atlas.figure.lines["now rate"].y, line)
    atlas.take_a()
    assert "First mend the sliders" in atlas.said.value
    atlas.chooser.sliders.controls["milestones"].value = "0.25, 0.5"
    assert atlas.chooser.problem.value == "" and atlas.schedule.recipe["milestones"] == (0.25, 0.5)


def test_two_schedules_are_taken_from_the_gallery(atlas) -> None:
    atlas.take_a()
    atlas.gallery.selected = "cosine"
    atlas.take_b()
    comparison = atlas.comparison
    assert [s.recipe["name"] for s in (comparison.a, comparison.b)] == ["wsd", "cosine"]
    assert comparison.box in atlas.below.children


def test_a_comparison_overlays_rates_areas_and_losses_and_says_them() -> None:
    comparison = wb.explore.compare("cosine", "wsd", total=1000, peak=5e-3)
    lines = comparison.figure.lines
    assert set(lines) == {f"{side} {what}" for side in "AB" for what in ("rate", "area", "loss")}
    for side, schedule in (("A", comparison.a), ("B", comparison.b)):
        assert lines[f"{side} area"].y[-1] == pytest.approx(schedule.array().sum())
        assert lines[f"{side} loss"].y[-1] == pytest.approx(comparison.fit.predict(schedule).loss[-1])
        np.testing.assert_array_equal(lines[f"{side} rate"].y, schedule(lines[f"{side} rate"].x))
    assert "A (cosine) and B (wsd)" in comparison.words.value
    told = wb.views.compare(comparison.a, comparison.b)
    assert f"step {told.parts_at}" in comparison.words.value
    comparison.take("B", comparison.a)
    assert "equal at every step" in comparison.words.value
    with pytest.raises(ValueError, match="side must be A or B"):
        comparison.take("C", comparison.a)


def test_a_comparison_takes_what_has_no_sliders() -> None:
    drawn = wb.hold(300, 1e-3).then(wb.ramp(200, 1e-3, 0.0))
    comparison = wb.explore.compare(drawn, "linear", total=1000)
    assert comparison.a is drawn and comparison._chooser["A"].sliders.controls == {}
    comparison._chooser["A"].list.value = "rex"
    assert comparison.a.recipe["name"] == "rex"
    comparison._chooser["A"].list.value = comparison._chooser["A"].list.options[0][1]
    assert comparison.a is drawn, "what was given is still in the list"


def test_a_docstring_becomes_html() -> None:
    assert prose("``a < b`` and `c`.\n\nNext") == "<code>a &lt; b</code> and <code>c</code>.<br>Next"


def run(tmp_path: Path, **parameters) -> nbformat.NotebookNode:
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        NOTEBOOK, out, parameters, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    return nbformat.read(out, 4)


def test_the_notebook_runs_without_a_person(tmp_path) -> None:
    notebook = run(tmp_path, schedule="sgdr", setting="llama", total=9000, peak=3e-4, quick=True)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    html = "".join(output.data.get("text/html", "") for output in outputs if "data" in output)
    assert html.count("<svg") >= len(NAMES), "who only reads sees every schedule"
    assert not any(output.output_type == "error" for output in outputs)


def test_bad_parameters_of_the_notebook_are_refused(tmp_path) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match="schedule must be one of"):
        run(tmp_path, schedule="x")
