"""Where a takeaway was written: a path that Jupyter shows as a link."""

from __future__ import annotations

import os
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

PAGE = "index.html"
RUNS = "runs"


@dataclass(frozen=True)
class Taken(os.PathLike[str]):
    """A folder that `workbench.takeaway.write` has written; it goes wherever a path goes.

    Parameters
    ----------
    folder : Path
        Absolute.
    ids : tuple of str
        Of the runs that the page lists, in their order.
    """

    folder: Path
    ids: tuple[str, ...] = ()

    @property
    def page(self) -> Path:
        """The page in it."""
        return self.folder / PAGE

    def __fspath__(self) -> str:
        return str(self.folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def __repr__(self) -> str:
        return f"written: {self.page}"

    def _repr_html_(self) -> str:
        shown = escape(str(self.page))
        try:
            inside = self.page.relative_to(Path.cwd())
        except ValueError:
            # Jupyter serves no file outside its own folder: a link would lead nowhere.
            return f"<div>Written: <code>{shown}</code></div>"
        # Within a sentence its colour alone does not tell a link from the words.
        link = f'<a style="text-decoration:underline" href="{escape(quote(inside.as_posix()), quote=True)}">'
        link += f"{escape(inside.as_posix())}</a>"
        note = "JupyterLab draws its figures after a click on <i>Trust HTML</i>; any browser opens the file."
        return f"<div>Written: {link}. {note}</div>"
