"""A notebook as it is run: its cells, its question, and what identifies it."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.files import short

_MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Cell:
    """Text of a cell, its tags, and whether it is code."""

    code: bool
    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A notebook without its outputs.

    Parameters
    ----------
    path : Path
        Where it was read.
    text : str
        JSON of the notebook without outputs, which every try starts from.
    cells : tuple of Cell
        Its cells.
    """

    path: Path
    text: str
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """File name."""
        return self.path.name

    @property
    def question(self) -> str:
        """The title, which in this project is a question."""
        lines = [line for cell in self.cells if not cell.code for line in cell.text.splitlines()]
        titles = (line.lstrip("#").strip() for line in lines if line.startswith("#"))
        return next((title for title in titles if title), self.path.stem)

    @property
    def digest(self) -> str:
        """Hash of its code cells: other prose, outputs or metadata leave what it computes as it is."""
        code = [[cell.text, list(cell.tags)] for cell in self.cells if cell.code]
        return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:16]

    def node(self) -> Any:
        """The notebook as nbformat holds it, a new one at each call."""
        import nbformat

        return nbformat.reads(self.text, as_version=4)

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Every call of something called `name` in the code cells."""
        for node in self.syntax():
            if isinstance(node, ast.Call):
                called = node.func
                last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                if last == name:
                    yield node

    def syntax(self) -> Iterator[ast.AST]:
        """All syntax of the code cells, without cells that are not plain Python (such as ``%%bash``)."""
        for cell in self.cells:
            if cell.code:
                try:
                    yield from ast.walk(ast.parse(_without_magics(cell.text)))
                except (SyntaxError, ValueError):
                    continue

    def modules(self) -> tuple[str, ...]:
        """Modules that it imports, with the submodules that it reaches through them."""
        aliases: dict[str, str] = {}
        found: dict[str, None] = {}
        nodes = list(self.syntax())
        for node in nodes:
            if isinstance(node, ast.Import):
                for one in node.names:
                    found[one.name] = None
                    aliases[one.asname or one.name.split(".")[0]] = (
                        one.name if one.asname else one.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
                found |= {f"{node.module}.{one.name}": None for one in node.names if one.name != "*"}
                aliases |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        for node in nodes:
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in aliases
            ):
                found[f"{aliases[node.value.id]}.{node.attr}"] = None
        return tuple(found)


def read(path: str | Path) -> Source:
    """The notebook in a file.

    Raises
    ------
    ValueError
        When it cannot be read, is no notebook, or is not in Python.
    """
    if not isinstance(path, str | Path):
        raise ValueError(f"notebook must be the path of one; got {short(path)}")
    path = Path(path).expanduser().absolute()
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"{path} must be a notebook of at most {_MAX_BYTES // 10**6} MB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"the notebook {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a notebook: {error}") from None
    return _source(path, text)


def from_text(path: str, text: str) -> Source:
    """The notebook in `text`, as `Source.text` holds it."""
    return _source(Path(path), text)


def _source(path: Path, text: str) -> Source:
    import nbformat

    try:
        node: Any = nbformat.reads(text, as_version=4)
        nbformat.validate(node)
    except Exception as error:  # nbformat raises whatever the broken file makes it meet.
        raise ValueError(
            f"{path} is not a notebook: {(str(error) or type(error).__name__).splitlines()[0]}"
        ) from None
    language = node.metadata.get("kernelspec", {}).get("language") or node.metadata.get(
        "language_info", {}
    ).get("name", "python")
    if str(language).lower() != "python":
        raise ValueError(f"{path} must be a Python notebook; its language is {language!r}")
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cells = tuple(
        Cell(c.cell_type == "code", c.source, tuple(c.metadata.get("tags", ())))
        for c in node.cells
        if c.cell_type in ("code", "markdown")
    )
    return Source(path, nbformat.writes(node), cells)


def code_version(source: Source) -> str:
    """Version of the package and of the modules beside the notebook: a hash of their sources.

    Results of other code are another task's results.
    """
    beside = source.path.parent
    tops = sorted({name.split(".")[0] for name in source.modules()})
    files = [path for top in tops for path in _own(beside, top)]
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(path.relative_to(beside).as_posix().encode() + b"\0" + path.read_bytes())
    own = f"+{hashed.hexdigest()[:8]}" if files else ""
    return f"{package_version()}{own}"


def _own(folder: Path, top: str) -> list[Path]:
    single = folder / f"{top}.py"
    package = folder / top
    if top == "workbench":
        return []
    return [single] if single.is_file() else sorted(package.rglob("*.py")) if package.is_dir() else []


@functools.cache
def package_version() -> str:
    """Version of the package, and a hash of its sources as they were when this process first asked."""
    import workbench

    root = Path(workbench.__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        hashed.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{workbench.__version__}-{hashed.hexdigest()[:8]}"


def _without_magics(text: str) -> str:
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())
