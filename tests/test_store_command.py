"""``workbench runs``: what it prints, what it refuses, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_store import make

import workbench as wb
from workbench import cli


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> wb.Store:
    monkeypatch.setenv("WORKBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    store = wb.Store(tmp_path / "runs")
    for builder in ("wsd", "cosine"):
        for seed in range(3):
            store.save(make(1e-3 * (1 + seed), builder=builder, seed=seed, ok=seed > 0, host="\x1b[31mred"))
    return store


def say(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert cli.main(["runs", *words]) == code
    found = capsys.readouterr()
    assert (found.err == "") == (code == 0) and len(found.err.splitlines()) <= 1
    return found.out + found.err


def test_list_and_its_conditions(store: wb.Store, capsys: pytest.CaptureFixture[str]) -> None:
    out = say(capsys, "list")
    assert all(id in out for id in store.ids()) and out.splitlines()[-1] == f"6 of 6 runs in {store.path}"
    assert say(capsys, "list", "schedule=wsd", "peak=2e-3").splitlines()[-1].startswith("1 of 1")
    assert say(capsys, "list", "ok=true").splitlines()[-1].startswith("4 of 4")
    assert say(capsys, "list", "--last", "2").splitlines()[-1].startswith("2 of 6")
    assert len(say(capsys, "list", "--csv", "--last", "2").splitlines()) == 3
    lines = say(capsys, "list", "--csv", "--columns", "id,peak").splitlines()
    assert lines[0] == "id,schedule.peak" and [line.split(",")[0] for line in lines[1:]] == store.ids()
    assert "\x1b" not in say(capsys, "list", "--columns", "all")
    assert "no run has the field 'peek'" in say(capsys, "list", "peek=1", code=2)
    assert "must be FIELD=VALUE" in say(capsys, "list", "peek", code=2)
    assert "nowhere is not there" in say(capsys, "list", "--store", "nowhere", code=2)
    assert not Path("nowhere").exists()


def test_query(store: wb.Store, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select schedule, count(*) as n from runs group by schedule order by schedule"
    assert say(capsys, "query", sql, "--csv") == "schedule,n\ncosine,3\nwsd,3\n"
    assert "nothing is ever changed" in say(capsys, "query", "drop table runs", code=2)


def test_tag_bin_and_restore(store: wb.Store, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = store.ids()[:2]
    say(capsys, "tag", first[:10], second, "--add", "good", "--note", "look")
    say(capsys, "tag", second, "--remove", "good")
    assert store.table(tags="good")["id"].tolist() == [first] and len(store.notes(second)) == 1
    assert "needs --add, --remove or --note" in say(capsys, "tag", first, code=2)
    assert "there is no such run" in say(capsys, "tag", "zz", "--add", "x", code=2)
    assert "6 runs begin with it" in say(capsys, "tag", "", "--add", "x", code=2)
    say(capsys, "bin", first)
    assert first not in store.ids() and first in say(capsys, "bin")
    say(capsys, "restore", first[:8])
    assert first in store.ids()
    say(capsys, "bin", second)
    assert "takes no ids" in say(capsys, "bin", first, "--empty", code=2)
    assert "deleted for good: 1" in say(capsys, "bin", "--empty") and len(store) == 5


def test_check_and_repair(store: wb.Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(capsys, "check") == "6 sound runs, nothing is wrong\n"
    broken = store.path / f"{store.ids()[0]}.parquet"
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(SystemExit) as ended:
        cli.main(["runs", "check"])
    assert ended.value.code == 1 and broken.name in capsys.readouterr().out
    assert say(capsys, "repair") == "5 sound runs, nothing is wrong\n"
    assert (store.path / "broken" / broken.name).exists()


def test_export_and_import(store: wb.Store, capsys: pytest.CaptureFixture[str]) -> None:
    for form, target in (("csv", "table"), ("mlflow", "mlruns")):
        say(capsys, "export", form, target)
        assert "saved: 6 runs" in say(capsys, "import", form, target, "--store", f"from-{form}")
        assert sorted(wb.Store(f"from-{form}").ids()) == sorted(store.ids())
    say(capsys, "export", "csv", "one", store.ids()[0][:12])
    assert "saved: 1 runs" in say(capsys, "import", "csv", "one", "--store", "one-run")
    assert "cannot be read" in say(capsys, "import", "csv", "nowhere", code=2)
    assert "uri must be" in say(capsys, "import", "mlflow", "nowhere.db", code=2)
