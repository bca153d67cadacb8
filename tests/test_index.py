"""The index: every notebook is in it, with its own question, a picture, and a link."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import nbformat
import numpy as np
import papermill
import pytest

import workbench as wb
from workbench.explore import contents, vignettes

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb") if path.stem != "index")
INDEX = nbformat.read(FOLDER / "index.ipynb", 4)


def test_every_notebook_is_in_the_table_once_and_nothing_else() -> None:
    assert sorted(entry.name for entry in contents.TABLE) == NAMES
    assert set(vignettes.PICTURES) == {entry.name for entry in contents.TABLE}
    assert {entry.group for entry in contents.TABLE} == set(contents.GROUPS)


@pytest.mark.parametrize("entry", contents.TABLE, ids=lambda entry: entry.name)
def test_a_title_is_the_question_of_its_notebook(entry: contents.Entry) -> None:
    first = nbformat.read(FOLDER / entry.file, 4).cells[0].source.splitlines()[0]
    assert first == f"# {entry.title}" and entry.title.endswith("?")
    assert entry.sentence.endswith(".") and entry.sentence.count(". ") == 0, "one sentence"


def test_it_reads_without_a_kernel() -> None:
    (listed,) = (cell.source for cell in INDEX.cells if cell.source.startswith("## The same, to read"))
    assert listed.partition("\n\n")[2] == contents.listing()
    links = re.findall(r"\]\(([^)]+)\)", "\n".join(cell.source for cell in INDEX.cells))
    assert {f"{name}.ipynb" for name in NAMES} <= set(links)
    assert all((FOLDER / link).is_file() for link in links)


@pytest.mark.parametrize("name", sorted(vignettes.PICTURES))
def test_a_picture_is_drawn_inside_its_box_in_colours_for_both_themes(name: str) -> None:
    text = vignettes.svg(name, "A < B?")
    assert text == vignettes.svg(name, "A < B?"), "the same whenever it is drawn"
    tree = ET.fromstring(text)
    paths = [path for path in tree.iter() if path.tag.endswith("path")]
    colours = {path.get("stroke") for path in paths}
    assert len(paths) >= 2 and colours <= {"currentColor", *wb.plots.COLORS} and len(colours) >= 2
    for path in paths:
        if path.get("stroke") == "currentColor":
            continue
        at = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d") or ""), dtype=float)
        assert len(at) >= 2 and np.all(np.isfinite(at)) and np.all(at >= 0)
        assert at[:, 0].max() <= vignettes.WIDTH and at[:, 1].max() <= vignettes.HEIGHT
        assert np.ptp(at[:, 0]) > 0.4 * vignettes.WIDTH


def test_pictures_are_of_the_schedules_themselves() -> None:
    drawn = vignettes.PICTURES["start"]()
    rate = next(stroke for stroke in drawn if stroke.part == 0)
    cosine = wb.schedules.cosine(1000, 5e-3, warmup=0.03)
    np.testing.assert_allclose(rate.y, cosine(rate.x), rtol=1e-12)
    loss = next(stroke for stroke in drawn if stroke.part == 1)
    said = wb.defaults.load("gpt/0.1M").predict(cosine, np.asarray(loss.x))
    np.testing.assert_allclose(loss.y, said.loss, rtol=1e-9)


@pytest.mark.parametrize("who", ["everyone", *contents.GROUPS])
def test_each_sees_what_is_theirs(who: str) -> None:
    found = wb.explore.index(who)
    asked = [entry for entry in contents.TABLE if who in ("everyone", entry.group)]
    html = found._repr_html_()
    assert re.findall(r'href="(\w+)\.ipynb"', html) == [
        entry.name for group in contents.GROUPS for entry in asked if entry.group == group
    ]
    assert html.count("<svg") == len(asked) and "script" not in html
    assert all(entry.title in repr(found) for entry in asked)


@pytest.mark.parametrize("who", ["nobody", "", None, 3, []])
def test_an_unknown_reader_is_refused(who: object) -> None:
    with pytest.raises(ValueError, match="who must be one of everyone, engineer, researcher, teacher"):
        wb.explore.index(who)  # type: ignore[arg-type]


@pytest.mark.parametrize("parameters", [{"quick": True}, {"who": "teacher", "quick": True}])
def test_papermill(tmp_path: Path, parameters: dict) -> None:
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        FOLDER / "index.ipynb", out, parameters, cwd=tmp_path, progress_bar=False, kernel_name="python3"
    )
    html = "".join(
        o["data"]["text/html"]
        for c in nbformat.read(out, 4).cells
        for o in c.get("outputs", [])
        if "data" in o
    )
    teacher = sum(entry.group == "teacher" for entry in contents.TABLE)
    assert html.count("<svg") == (teacher if "who" in parameters else len(contents.TABLE))
