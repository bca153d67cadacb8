"""Published scaling figures come back from public data, within what they are rounded to or with a reason."""

from __future__ import annotations

import math

import pytest

from benchmarks import table_scaling
from benchmarks.reproduced import HEAD, Reproduced


@pytest.fixture(scope="module")
def found(data_folder) -> dict[str, list[Reproduced]]:
    return {name: table_scaling.rows([name]) for name in table_scaling.SETS}


@pytest.mark.parametrize("name", list(table_scaling.SETS))
def test_published_figures_agree_or_the_difference_is_explained(name: str, found) -> None:
    rows = found[name]
    assert rows and all(row.data == name for row in rows)
    for row in rows:
        assert math.isfinite(row.ours) and math.isfinite(row.published), row
        assert row.verdict != "DIFFERS", row
        assert not row.low > row.ours and not row.high < row.ours, "an interval holds its own value"
    assert any(row.agrees for row in rows) or name == "multipower"


def test_ours_is_never_worse_where_there_is_an_objective(found) -> None:
    compared = [
        row for name in ("datablations", "chinchilla") for row in found[name] if "optimum" in row.what
    ]
    objectives = [row for row in compared if "objective" in row.what]
    assert len(objectives) == 2 and all(row.ours < row.published for row in objectives)
    for row in found["multipower"]:
        assert row.ours >= row.published if "R2" in row.what else row.ours <= row.published


def test_verdicts() -> None:
    base = {"data": "d", "where": "w", "what": "x", "published": 1.0, "tolerance": 0.1}
    assert Reproduced(**base, ours=1.05).verdict == "agrees"
    assert Reproduced(**base, ours=1.5, low=0.9, high=2).verdict == "inside the interval"
    assert Reproduced(**base, ours=1.5, why="another unit").cells()[-1] == "explained: another unit"
    assert Reproduced(**base, ours=1.5, low=1.2, high=2).verdict == "DIFFERS"


def test_the_table_is_written_and_bad_arguments_are_named(tmp_path, capsys, data_folder) -> None:
    file = tmp_path / "table.md"
    assert table_scaling.main(["bounds", "--markdown", str(file)]) == 0
    text = file.read_text()
    assert "| " + " | ".join(HEAD) + " |" in text and text.count("\n| bounds |") == 5
    assert table_scaling.main(["kaplan"]) == 2 and "data must be one of" in capsys.readouterr().err
    assert table_scaling.main(["--markdown"]) == 2


def test_a_figure_that_differs_fails_the_run(monkeypatch, capsys) -> None:
    row = Reproduced("d", "w", "x", 1.0, 2.0, 0.1)
    monkeypatch.setattr(table_scaling, "SETS", {"d": lambda: [row]})
    assert table_scaling.main(["d"]) == 1
    assert "1 differ without a reason" in capsys.readouterr().out
