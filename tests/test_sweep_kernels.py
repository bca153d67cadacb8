"""Kernels of tasks: values that never become code, warm kernels that know nothing of each other, and glue."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from sweep_cases import Threads, cells_of, notebook

from workbench import sweep
from workbench.sweep import kernels
from workbench.sweep.glue import MIME, recorded
from workbench.sweep.warm import Server, server

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="warm kernels need fork, which Windows has not"
)


def ran(path: Path, out: Path, warm: Any = ("numpy",), **plan: Any) -> sweep.Results:
    return sweep.sweep(sweep.plan(path, **plan), out, engine=Threads(), retries=0, warm=warm)


def attacks(trap: str) -> list[Any]:
    """Values that would make the file `trap` if any layer took them for code."""
    code = f"__import__('pathlib').Path('{trap}').touch()"
    texts = [
        code,
        f'"; {code} #',
        f"'; {code} #",
        f'\\"; {code} #',
        f'""" + {code} + """',
        f'"\n{code}\n"',
        f"\r\n{code}\r\n",
        f"!touch {trap}",
        f"%sx touch {trap}",
        f"\n!touch {trap}\n",
        f"{{{code}}}",
        f"f'{{{code}}}'",
        f"{{x.__class__.__init__.__globals__}} {code}",
        f"${{{code}}}",
        f"`touch {trap}`",
        f"$(touch {trap})",
        f"%%bash\ntouch {trap}",
        f"x?\n{code}",
        f"\u2028{code}\u2029",
        f"\x00{code}",
        f"</script><script>{code}",
        "\\N{QUOTATION MARK}; " + code,
        "\\u0022; " + code,
    ]
    nested = [[texts[1], {texts[2]: [texts[3]]}], {texts[4]: {texts[5]: texts[6]}}, {'"': texts[1]}]
    return [*texts, *nested]


@pytest.mark.parametrize("warm", [False, ("numpy",)], ids=["cold", "warm"])
def test_no_value_can_run_code_in_the_notebook(tmp_path: Path, warm: Any) -> None:
    trap = tmp_path / "trap"
    values = attacks(str(trap))
    # All at once, nested in one list, each alone in another parameter of its own, and each as text.
    texts = [value for value in values if isinstance(value, str)]
    cell = "\n".join(["everything = None", *(f"t{i} = ''" for i in range(len(texts)))])
    path = notebook(
        tmp_path / "a.ipynb",
        cell,
        "from workbench import sweep\n"
        f"sweep.record('got', [everything, [globals()[f't{{i}}'] for i in range({len(texts)})]])",
    )
    fixed = {"everything": values, **{f"t{i}": text for i, text in enumerate(texts)}}
    found = ran(path, tmp_path / "out", warm=warm, fixed=fixed)
    (record,) = found.finished
    # The notebook got every value to the last character, and nothing ran.
    assert record["metrics"]["got"] == json.loads(json.dumps([values, texts]))
    assert not trap.exists()
    (injected,) = [
        c for c in cells_of(tmp_path / "out", record) if "injected-parameters" in c.metadata.get("tags", ())
    ]
    assert len(injected.source.splitlines()) == len(fixed) + 1, "one line for each, and a comment"
    # A report shows them as text.
    sweep.report(tmp_path / "out")
    assert "<script>__import__" not in (tmp_path / "out" / "report.html").read_text()


def test_warm_tasks_do_not_see_each_others_state(tmp_path: Path) -> None:
    look = """
import builtins, gc, json, os, random, sys, threading
import numpy as np
from workbench import sweep
import workbench
seen = {
    "globals": [n for n in ("left", "seen_before") if n in globals()],
    "module": hasattr(np, "left") or hasattr(workbench, "left") or hasattr(json, "left"),
    "builtins": hasattr(builtins, "left"),
    "environment": os.environ.get("LEFT"),
    "folder": os.path.basename(os.getcwd()),
    "modules": "left_module" in sys.modules,
    "path": "/left" in sys.path,
    "print": getattr(print, "__name__", "?"),
    "threads": any(t.name == "left" for t in threading.enumerate()),
    "files": os.path.exists(os.path.join(os.environ["WORKBENCH_RUNS"], "left")),
    "options": np.get_printoptions()["precision"],
    "history": len(In),
    "umask": os.umask(0o22),
}
sweep.record("seen", seen)
sweep.record("drawn", [random.random(), float(np.random.random())])
sweep.record("pid", [os.getpid(), os.getppid()])
"""
    spoil = """
left = seen_before = 1
np.left = workbench.left = json.left = builtins.left = 1
os.environ["LEFT"] = "1"
sys.modules["left_module"] = json
sys.path.append("/left")
builtins.print = len
threading.Thread(target=threading.Event().wait, name="left", daemon=True).start()
os.makedirs(os.environ["WORKBENCH_RUNS"], exist_ok=True)
open(os.path.join(os.environ["WORKBENCH_RUNS"], "left"), "w").close()
np.set_printoptions(precision=2)
np.random.seed(0); random.seed(0)
os.chdir("/"); os.umask(0o77)
"""
    path = notebook(tmp_path / "a.ipynb", "x = 1", look, spoil)
    found = sweep.sweep(
        sweep.plan(path, grid={"x": [1, 2, 3]}),
        tmp_path / "out",
        engine=Threads(1),
        warm=("numpy", "workbench.store"),
    )
    assert len(found.finished) == 3
    metrics = [record["metrics"] for record in found.finished]
    first = metrics[0]["seen"]
    assert all(one["seen"] == first for one in metrics)
    assert first["globals"] == [] and not first["module"] and not first["builtins"] and not first["files"]
    assert first["environment"] is None and first["folder"] == tmp_path.name and not first["modules"]
    assert not first["path"] and first["print"] == "print" and not first["threads"] and first["options"] == 8
    # Each is a process of its own, all of one parent; and none draws another's random numbers.
    assert len({one["pid"][0] for one in metrics}) == 3 and len({one["pid"][1] for one in metrics}) == 1
    assert len({number for one in metrics for number in one["drawn"]}) == 6


def test_a_warm_kernel_gives_what_a_cold_one_gives(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "a.ipynb",
        "x = 2",
        "import numpy as np, sys\nnp.arange(x)",
        "print(__name__, sys.argv[0].split('/')[-1], 'forkserver' in str(sys.modules['__main__']))",
        "get_ipython().run_cell_magic('capture', '', 'print(1)')\n{'a': [x]}",
        "!echo hello",
        "1 / 0",
    )

    def outputs(warm: Any, out: Path) -> list[Any]:
        found = ran(path, out, warm=warm)
        (failed,) = found.failed
        assert failed["tries"][0]["reason"] == "cell 6: ZeroDivisionError: division by zero"
        cells = nbformat.read(out / failed["tries"][0]["output"], 4).cells
        made = [output for cell in cells for output in cell.get("outputs", ())]
        return [o.get("data") or o.get("ename") or o.get("text") for o in made]

    cold, warm = outputs(False, tmp_path / "cold"), outputs(("numpy",), tmp_path / "warm")
    assert warm == cold and len(cold) >= 5


def test_a_module_that_starts_threads_is_left_to_the_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "threads_at_import.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    (tmp_path / "broken_at_import.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = Server(("numpy", "threads_at_import", "broken_at_import", "no_such_module"))
    try:
        assert "threads_at_import" not in made.modules and "numpy" in made.modules
    finally:
        made.close()


def test_a_warm_parent_that_died_is_started_again() -> None:
    first = server(("colorsys",))
    first._process.kill()
    first._process.wait()
    assert server(("colorsys",)) is not first and server(("colorsys",)).lives


@pytest.mark.parametrize(("refused", "finished"), [(1, 3), (99, 0)], ids=["once", "always"])
def test_a_kernel_that_cannot_be_forked_costs_one_try_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: int, finished: int
) -> None:
    # The warm parent imports this, and so it is refused as a system without room for processes refuses.
    (tmp_path / f"room_for_all_but_{refused}.py").write_text(
        "import errno, os\n"
        f"fork, left = os.fork, [{refused}]\n"
        "def refuse():\n"
        "    left[0] -= 1\n"
        "    if left[0] >= 0: raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "    return fork()\n"
        "os.fork = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = notebook(tmp_path / "a.ipynb", "x = 1", "from workbench import sweep; sweep.record('got', x)")
    notes: list[str] = []
    found = sweep.sweep(
        sweep.plan(path, grid={"x": [1, 2, 3]}),
        tmp_path / "out",
        engine=Threads(1),
        retries=1,
        warm=(f"room_for_all_but_{refused}",),
        on_progress=lambda progress: notes.append(progress.note),
    )
    assert len(found.finished) == finished and len(found.failed) == 3 - finished
    sentence = f"no kernel could be forked: [Errno {errno.EAGAIN}] {os.strerror(errno.EAGAIN)}"
    said = [note for note in notes if note]
    assert said and all(note.endswith(sentence) for note in said), said
    assert len(said) == (1 if finished else 6)


def test_a_warm_parent_that_dies_in_the_middle_costs_the_tries_under_way(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal\n"
        f"flag = pathlib.Path({str(tmp_path / 'flag')!r})\n"
        "if not flag.exists(): flag.touch(); os.kill(os.getppid(), signal.SIGKILL)\n"
        "from workbench import sweep; sweep.record('got', x)"
    )
    plan = sweep.plan(notebook(tmp_path / "a.ipynb", "x = 1", code), grid={"x": [1, 2, 3]})
    found = sweep.sweep(plan, tmp_path / "out", engine=Threads(1), retries=1, warm=("colorsys",))
    assert [record["metrics"]["got"] for record in found.finished] == [1, 2, 3] and not found.failed


def test_a_parent_that_dies_before_it_answers_is_a_sentence(tmp_path: Path) -> None:
    made = Server(("colorsys",))
    made._process.kill()
    made._process.wait()
    with pytest.raises(ChildProcessError, match="the warm parent has died"):
        made.fork([], {}, str(tmp_path), str(tmp_path / "log"))
    made.close()


# A kernel whose word that a cell has ended comes late, or never.
SLOW = """
import threading
kernel = get_ipython().kernel
send = kernel.session.send
def slow(stream, message, *rest, **more):
    if message == "status" and more.get("content", rest[:1] and rest[0]).get("execution_state") == "idle":
        if delay:
            threading.Timer(delay, send, (stream, message, *rest), more).start()
        return
    return send(stream, message, *rest, **more)
"""


@pytest.mark.parametrize(("delay", "waits"), [(1.0, 60), (0, 1)], ids=["late", "never"])
def test_what_a_cell_shows_may_come_late_but_not_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delay: float, waits: int
) -> None:
    monkeypatch.setattr(kernels, "SHOWS", waits)
    path = notebook(
        tmp_path / "a.ipynb",
        "delay = 0.0",
        SLOW,
        "print('before'); kernel.session.send = slow",
        "kernel.session.send = send; from workbench import sweep; sweep.record('got', 3)",
    )
    begin = time.monotonic()
    found = ran(path, tmp_path / "out", fixed={"delay": delay})
    if delay:
        (record,) = found.finished
        assert record["metrics"]["got"] == 3 and record["seconds"] > delay
        shown = [o.get("text") for c in cells_of(tmp_path / "out", record) for o in c.get("outputs", ())]
        assert "before\n" in shown
    else:
        (failed,) = found.failed
        reason = "what a cell has shown did not arrive within 1 s of its end"
        assert [one["reason"] for one in failed["tries"]] == [reason]
        # What did arrive is kept.
        assert "before" in (tmp_path / "out" / failed["tries"][0]["output"]).read_text()
        assert time.monotonic() - begin < 40


@pytest.mark.parametrize("warm", [False, ("numpy",)], ids=["cold", "warm"])
def test_what_a_notebook_leaves_for_its_end_is_done_at_its_end(tmp_path: Path, warm: Any) -> None:
    last = tmp_path / "last"
    code = f"import atexit, pathlib\natexit.register(pathlib.Path({str(last)!r}).write_text, 'done')"
    found = ran(notebook(tmp_path / "a.ipynb", "x = 1", code), tmp_path / "out", warm=warm)
    assert len(found.finished) == 1 and last.read_text() == "done"


def test_warm_kernels_end_by_themselves(tmp_path: Path) -> None:
    # Of ten one used to wait for itself, until it was told a second time: that leaves a file here. At its end
    # a kernel has forgotten all names.
    code = (
        "import signal\nfrom pathlib import Path\n"
        f"told = Path({str(tmp_path)!r}, f'told{{x}}')\n"
        "signal.signal(signal.SIGTERM, lambda *_, leave=told.touch: leave())"
    )
    path = notebook(tmp_path / "a.ipynb", "x = 1", code)
    found = ran(path, tmp_path / "out", grid={"x": list(range(30))})
    assert len(found.finished) == 30 and not list(tmp_path.glob("told*"))


def test_record_is_read_back_from_the_output_notebook(tmp_path: Path) -> None:
    path = notebook(
        tmp_path / "a.ipynb",
        "x = 1",
        "from workbench import sweep\nsweep.record('a', 1); sweep.record('a', float('nan'))\n"
        "sweep.record('b', {'c': [1, (2, None)]})",
        "from IPython.display import display\n"
        "scrap = {'name': 's', 'data': [1], 'encoder': 'json', 'version': 1}\n"
        "display({'application/scrapbook.scrap.json+json': scrap}, raw=True)",
    )
    # papermill alone keeps them, too.
    papermill.execute_notebook(path, tmp_path / "out.ipynb", progress_bar=False, cwd=tmp_path)
    found = recorded(nbformat.read(tmp_path / "out.ipynb", 4).cells)
    assert found["a"] != found["a"] and found["b"] == {"c": [1, (2, None)]} and found["s"] == [1]
    assert MIME.endswith("+json")


def test_record_outside_of_a_notebook_checks_and_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    sweep.record("a", 1)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="name must be text"):
        sweep.record("", 1)
    with pytest.raises(ValueError, match="a must be text, a number"):
        sweep.record("a", object())
