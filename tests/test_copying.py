"""`workbench notebook`: a copy that runs where it lies, and originals and files of the user that stay."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench import cli, copying

OURS = Path(__file__).parents[1] / "notebooks"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = cli.main(["notebook", *argv])
    return (code, *capsys.readouterr())


def test_every_notebook_but_the_index_can_be_copied(folder: Path) -> None:
    names = copying.names()
    assert names == sorted(path.stem for path in OURS.glob("*.ipynb") if path.stem != "index")
    for name in names:
        assert copying.copy(name).read_bytes() == (OURS / f"{name}.ipynb").read_bytes()


def test_it_is_said_where_the_copy_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, "start.ipynb", "--to", "new/deep")
    assert (code, err) == (0, "") and "copied: new/deep/start.ipynb" in out and "jupyter lab" in out
    assert (folder / "new/deep/start.ipynb").is_file()


def test_a_file_that_is_there_stays_unless_forced(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = folder / "start.ipynb"
    mine.write_text("mine")
    code, _, err = command(capsys, "start")
    assert (
        code == 2 and "start.ipynb is there already; --force writes over it" in err and err.count("\n") == 1
    )
    assert mine.read_text() == "mine"
    assert command(capsys, "start", "--force")[0] == 0
    assert mine.read_bytes() == (OURS / "start.ipynb").read_bytes() and len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("name", ["nothing", "index", "../start", "", "start.ipynb.ipynb"])
def test_an_unknown_name_lists_all(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, _, err = command(capsys, name)
    assert code == 2 and all(known in err for known in copying.names())
    assert not list(folder.iterdir())


def test_ours_are_never_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (OURS / "start.ipynb").read_bytes()
    for to in (str(OURS), str(OURS / ".." / "notebooks")):
        code, _, err = command(capsys, "start", "--to", to, "--force")
        assert code == 2 and "holds the originals" in err
    (folder / "start.ipynb").symlink_to(OURS / "start.ipynb")
    (folder / "linked").symlink_to(OURS)
    assert command(capsys, "start", "--to", "linked", "--force")[0] == 2
    assert command(capsys, "start", "--force")[0] == 0
    assert not (folder / "start.ipynb").is_symlink(), "the link was replaced, not what it points to"
    assert (OURS / "start.ipynb").read_bytes() == before


def test_a_folder_that_is_none_is_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "file").write_text("")
    code, _, err = command(capsys, "start", "--to", "file")
    assert code == 2 and "--to must be a folder; file is a file" in err
    code, _, err = command(capsys, "start", "--to", "file/below")
    assert code == 2 and "the notebook cannot be written to file/below/start.ipynb" in err


def test_without_a_checkout_it_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = folder / "site" / "workbench" / "copying.py"
    monkeypatch.setattr(copying, "__file__", str(installed))
    code, _, err = command(capsys, "start")
    assert code == 2 and "the notebooks are not installed with the package" in err
    # In a checkout as the current folder an installed package finds them.
    shutil.copytree(OURS, folder / "notebooks", ignore=shutil.ignore_patterns("runs", "takeaway", ".*"))
    assert command(capsys, "start", "--to", "mine")[0] == 0


def test_the_copy_runs_where_it_lies(folder: Path) -> None:
    import nbformat
    import papermill

    there = copying.copy("planner", folder / "far" / "away")
    out = there.with_name("out.ipynb")
    papermill.execute_notebook(
        there, out, {"quick": True}, cwd=there.parent, progress_bar=False, kernel_name="python3"
    )
    last = nbformat.read(out, 4).cells[-1]
    assert "written: " in last.outputs[0]["data"]["text/plain"]
    assert (there.parent / "takeaway" / "planner" / "index.html").is_file()
