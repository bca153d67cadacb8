"""What a notebook gives to take along: complete, offline, replaced, and never mixed with what is not ours."""

from __future__ import annotations

import json
import os
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import workbench as wb
from workbench import takeaway
from workbench.store.folder import Local
from workbench.takeaway import Taken

WSD, COSINE = wb.schedules.wsd(1000, 1e-3), wb.schedules.cosine(500, 2e-3)


class Drawn:
    """Something with HTML of its own."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


class Framed:
    def to_html(self) -> str:
        return "<table id=framed></table>"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(seed: int = 0) -> wb.Run:
    loss = np.linspace(3, 2 + seed, 5)
    return wb.Run(
        WSD, wb.Curve(np.arange(5.0), loss), {"name": "quadratic"}, {"seed": seed, "status": "finished"}
    )


def figure(name: str = "a"):
    import plotly.graph_objects as go

    return go.Figure(go.Scatter(x=[0, 1], y=[2, 3], name=name))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_one_folder_has_all_of_it(folder: Path) -> None:
    given = {"WSD 20 %": WSD, "cosine": COSINE}
    there = takeaway.write("start", schedules=given, runs=[run(), run(1)], figures={"losses": figure()})
    assert Path(there) == folder / "takeaway" / "start" and there.page == there / "index.html"
    for stem, schedule in (("WSD-20", WSD), ("cosine", COSINE)):
        saved = (there / f"schedules/{stem}.json").read_text()
        assert wb.Schedule.from_json(saved) == schedule
        assert (there / f"schedules/{stem}.py").read_text() == wb.export.code(schedule, "torch")
    store = wb.Store(there / "runs")
    assert [store.load(id) for id in there.ids] == [run(), run(1)] and len(store) == 2
    page = there.page.read_text()
    for said in ("WSD 20 %", "schedules/WSD-20.json", "schedules/cosine.py", *there.ids, "losses"):
        assert said in page, said


def test_the_code_for_torch_runs_as_it_lies_there(folder: Path) -> None:
    import torch

    there = takeaway.write("x", schedules={"wsd": WSD})
    names = runpy.run_path(
        str(there / "schedules/wsd.py"), {"optimizer": torch.optim.SGD([torch.zeros(1)], lr=1.0)}
    )
    (scheduler,) = (v for v in names.values() if isinstance(v, torch.optim.lr_scheduler.LRScheduler))
    rates = []
    for _ in range(1000):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(rates, WSD.array(), rtol=1e-12, atol=1e-18)


def test_the_page_needs_nothing_from_anywhere(folder: Path) -> None:
    figures = {"one": figure(), "two": figure("b"), "own": Drawn("<svg id=own></svg>"), "frame": Framed()}
    text = takeaway.write("x", schedules={"a": WSD}, figures=figures).page.read_text()
    scripts = re.findall(r"<script\b([^>]*)>", text)
    assert not any("src" in attributes for attributes in scripts)
    outside = re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?:[a-z]+:)?//', outside) and "@import" not in outside
    assert "<svg id=own>" in text and "<table id=framed>" in text
    assert len(re.findall(r"plotly\.js v\d", text)) == 1, "the script comes once"
    assert 'id="figure-1"' in text and 'id="figure-2"' in text
    assert "prefers-color-scheme: dark" in text and len(text) < 8e6


def test_without_figures_of_plotly_the_page_is_small(folder: Path) -> None:
    assert takeaway.write("x", schedules={"a": WSD}).page.stat().st_size < 20_000


def test_the_same_gives_the_same_bytes(folder: Path) -> None:
    given = {"schedules": {"a": WSD}, "figures": {"f": figure()}}
    first = files(Path(takeaway.write("x", **given)))
    assert files(Path(takeaway.write("x", **given))) == first


def test_a_second_call_replaces_its_own_and_touches_nothing_else(folder: Path) -> None:
    there = takeaway.write("x", schedules={"a": WSD, "b": COSINE}, runs=[run()])
    (there / "notes.txt").write_text("mine")
    (there / "schedules" / "mine.json").write_text("mine, too")
    again = takeaway.write("x", schedules={"b": WSD}, runs=[run(1)])
    found = files(Path(again))
    assert found["notes.txt"] == b"mine" and found["schedules/mine.json"] == b"mine, too"
    assert "schedules/a.json" not in found and "schedules/a.py" not in found
    assert wb.Schedule.from_json(found["schedules/b.json"].decode()) == WSD
    assert len(wb.Store(again / "runs")) == 2, "runs are added, as in every store"
    page = again.page.read_text()
    assert again.ids[0] in page and there.ids[0] not in page


@pytest.mark.parametrize("mine", ["index.html", "schedules/a.json", "schedules/a.py", "takeaway.json"])
def test_a_file_of_the_user_is_never_written_over(folder: Path, mine: str) -> None:
    place = folder / "takeaway" / "x" / mine
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    with pytest.raises(ValueError, match="choose another name or folder"):
        takeaway.write("x", schedules={"a": WSD}, runs=[run()])
    assert files(folder) == {f"takeaway/x/{mine}": b"mine"}


@pytest.mark.parametrize(
    "text",
    ['{"files": ["../../x"]}', '{"files": ["notes.txt"]}', "[]", "{", '{"files": [3]}', '{"files": 3}'],
)
def test_a_list_that_is_not_ours_is_not_followed(folder: Path, text: str) -> None:
    there = Path(takeaway.write("x", schedules={"a": WSD}))
    (there / "notes.txt").write_text("mine")
    (there / "takeaway.json").write_text(text)
    before = files(folder)
    with pytest.raises(ValueError, match="is not the list of a takeaway"):
        takeaway.write("x", schedules={"b": WSD})
    assert files(folder) == before


def test_a_call_that_died_is_mended_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takeaway.write("x", schedules={"a": WSD})
    whole, calls = Local.write, []

    def dies(self: Local, name: str, data: bytes) -> None:
        calls.append(name)
        if name == "index.html":
            raise OSError(28, "No space left on device")
        whole(self, name, data)

    monkeypatch.setattr(Local, "write", dies)
    with pytest.raises(ValueError, match="folder must be one that can be written to; .*No space left"):
        takeaway.write("x", schedules={"b": COSINE})
    assert calls.index("takeaway.json") < calls.index("schedules/b.json"), "listed before it is written"
    monkeypatch.setattr(Local, "write", whole)
    found = files(Path(takeaway.write("x", schedules={"c": COSINE})))
    assert set(found) == {"index.html", "takeaway.json", "schedules/c.json", "schedules/c.py"}


def test_names_that_would_collide_get_files_of_their_own(folder: Path) -> None:
    names = ["a b", "a/b", "A:B", "../a", "...", "größe", "con", "x" * 100]
    given = {name: wb.hold(10 + i, 1.0) for i, name in enumerate(names)}
    there = takeaway.write("x", schedules=given)
    saved = sorted((there / "schedules").glob("*.json"))
    assert len({path.name.casefold() for path in saved}) == len(names)
    read = [wb.Schedule.from_json(path.read_text()) for path in saved]
    assert sorted(map(len, read)) == [10 + i for i in range(len(names))]
    assert {str(p.relative_to(folder)).split(os.sep)[0] for p in folder.rglob("*")} == {"takeaway"}


def test_what_is_written_on_the_page_is_text(folder: Path) -> None:
    bad = "<script>alert(1)</script>"
    odd = wb.Run(WSD, run().curve, {"name": bad}, {"status": bad, "seed": 0})
    text = takeaway.write("x", schedules={bad: WSD}, runs=[odd], figures={bad: Drawn("")}).page.read_text()
    assert bad not in text and text.count("&lt;script&gt;") >= 4


def test_a_plan_goes_along_as_a_schedule_does(folder: Path) -> None:
    plan = wb.Plan(WSD, weight_decay=wb.hold(1000, 0.1))
    there = takeaway.write("x", schedules={"plan": plan})
    assert wb.Plan.from_json((there / "schedules/plan.json").read_text()).to_dict() == plan.to_dict()
    compile((there / "schedules/plan.py").read_text(), "plan.py", "exec")


def test_a_curve_without_points_and_one_that_diverged_are_listed(folder: Path) -> None:
    none = wb.Run(WSD, wb.Curve([], []), facts={"status": "stopped"})
    diverged = wb.Run(WSD, wb.Curve([0, 1], [3.0, np.inf]), facts={"status": "diverged"})
    there = takeaway.write("x", runs=[none, diverged, none])
    assert len(there.ids) == 2 and "diverged" in there.page.read_text()


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "/etc",
        "../x",
        "a\n",
        "a ",
        "a.",
        ".a",
        "con",
        "NUL.txt",
        "ä",
        "x" * 81,
        3,
    ],
)
def test_an_unsafe_name_is_refused(folder: Path, name: object) -> None:
    with pytest.raises(ValueError, match="name must be the name of one folder"):
        takeaway.write(name, schedules={"a": WSD})  # type: ignore[arg-type]
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "there is nothing to write"),
        ({"schedules": {}, "runs": [], "figures": {}}, "there is nothing to write"),
        ({"schedules": [WSD]}, "schedules must be a mapping"),
        ({"schedules": {"a": 3}}, r"schedules\['a'\] must be a Schedule or a Plan; got 3"),
        ({"schedules": {"": WSD}}, "schedules must have names of 1 to 100 characters"),
        ({"schedules": {"a\nb": WSD}}, "schedules must have names of 1 to 100 characters"),
        ({"schedules": {3: WSD}}, "schedules must have names of 1 to 100 characters"),
        ({"runs": run()}, "runs must be a sequence of runs"),
        ({"runs": "runs"}, "runs must be a sequence of runs"),
        ({"runs": [run(), 3]}, "runs must be a sequence of runs; one of them is 3"),
        ({"figures": [1]}, "figures must be a mapping"),
        ({"figures": {"f": 3}}, r"figures\['f'\] must be a figure of plotly"),
        ({"figures": {"f": Drawn}}, r"figures\['f'\] must be a figure of plotly"),
        ({"schedules": {"a": WSD}, "folder": ""}, "folder must name a folder"),
        ({"schedules": {"a": WSD}, "folder": 3}, "folder must name a folder"),
    ],
)
def test_bad_input_is_a_sentence_and_writes_nothing(folder: Path, given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        takeaway.write("x", **given)
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_made_is_a_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(ValueError, match="folder must be one that can be written to; .*file"):
        takeaway.write("x", schedules={"a": WSD}, folder=folder / "file")


def test_jupyter_shows_a_link_where_it_can_follow_one(folder: Path) -> None:
    inside = takeaway.write("my runs", schedules={"a": WSD})
    assert 'href="takeaway/my%20runs/index.html"' in inside._repr_html_()
    assert repr(inside) == f"written: {folder}/takeaway/my runs/index.html"
    outside = Taken(folder.parent / "elsewhere")
    assert "<a" not in outside._repr_html_() and str(outside.page) in outside._repr_html_()
    assert json.dumps(os.fspath(inside)) == json.dumps(str(folder / "takeaway" / "my runs"))
