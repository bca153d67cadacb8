"""Parameters put into a notebook, with proof that they are values and nothing but values."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any


def inject(node: Any, parameters: Mapping[str, Any]) -> Any:
    """The notebook with a cell after its parameters that sets `parameters`, as papermill writes it.

    Raises
    ------
    ValueError
        When the cell would do anything else than give these names these values.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    node = load_notebook_node(node)
    if not parameters:
        return node
    node = parameterize_notebook(node, dict(parameters))
    (cell,) = [one for one in node.cells if "injected-parameters" in one.metadata.get("tags", ())]
    if _assigned(cell.source) != dict(parameters):
        raise ValueError("a parameter cannot be written into the notebook as a plain value")
    return node


def _assigned(source: str) -> dict[str, Any] | None:
    """Names and values of a cell of assignments of literals; None for any other."""
    found: dict[str, Any] = {}
    try:
        for statement in ast.parse(source).body:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                return None
            (target,) = statement.targets
            if not isinstance(target, ast.Name):
                return None
            found[target.id] = ast.literal_eval(statement.value)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    return found
