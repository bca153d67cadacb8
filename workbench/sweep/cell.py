"""The parameters cell of a notebook: which parameters there are, of which types and ranges.

The cell is parsed and never executed. A rule stands, in this order, in the annotation of a parameter, in
the comment on its line, or in the notebook's call of ``wb.notebook.check``; else the default tells the type.
"""

from __future__ import annotations

import ast
import io
import logging
import tokenize
from dataclasses import replace
from typing import Any

from workbench.sweep.literals import plain
from workbench.sweep.notebook_source import Source
from workbench.sweep.parameter import Parameter
from workbench.sweep.rules import Rule, Unreadable, from_comment, from_expression

_HOW = "write it as a literal, with its rule beside it: peak = 1e-3  # Param(0, 1, log=True): highest rate"


def parameters(source: Source) -> dict[str, Parameter]:
    """Every parameter that the notebook declares, by name.

    Parameters
    ----------
    source : Source
        The notebook, from `workbench.sweep.notebook_source.read`.

    Raises
    ------
    ValueError
        When the notebook has no cell tagged ``parameters``, or the cell holds more than literals.
    """
    cells = [cell for cell in source.cells if "parameters" in cell.tags and cell.code]
    if len(cells) != 1:
        raise ValueError(f"{source.name} must have one code cell tagged 'parameters'; it has {len(cells)}")
    text = cells[0].text
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"the parameters cell of {source.name} is not Python: {error}") from None
    comments, checked, helps = _comments(text), _checked(source), _helps(source)
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        name, value, annotation = _assignment(statement, source)
        comment = comments.get(statement.end_lineno or 0, "")
        try:
            rule = _rule(name, annotation, comment, checked)
        except Unreadable as error:
            raise ValueError(
                f"the rule of parameter {name!r} in {source.name} cannot be read: {error}"
            ) from None
        found[name] = _parameter(name, value, rule, helps.get(name, ""), source)
    return found


def _assignment(statement: ast.stmt, source: Source) -> tuple[str, Any, ast.expr | None]:
    target: ast.expr | None = None
    annotation = None
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, annotation = statement.target, statement.annotation
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    if not isinstance(target, ast.Name) or not isinstance(statement, ast.Assign | ast.AnnAssign):
        raise ValueError(
            f"line {statement.lineno} of the parameters cell of {source.name} must set one name; {_HOW}"
        )
    try:
        assert statement.value is not None
        return target.id, plain(target.id, ast.literal_eval(statement.value)), annotation
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"parameter {target.id!r} of {source.name} has no plain default; {_HOW}") from None


def _rule(name: str, annotation: ast.expr | None, comment: str, checked: dict[str, Rule]) -> Rule:
    written = from_comment(comment)
    if annotation is None:
        return written or checked.get(name, Rule())
    try:
        said = from_expression(annotation)
    except Unreadable:
        # A type of somebody else's library says nothing here; a rule of ours that is wrong is an error.
        if any(word in ast.unparse(annotation) for word in ("Param", "Choice", "Numbers", "Literal")):
            raise
        said = Rule()
    if written is not None:
        return replace(written, type=said.type or written.type, optional=said.optional)
    return said if said.kind is not None or said.options else replace(checked.get(name, said), type=said.type)


def _parameter(name: str, default: Any, rule: Rule, help: str, source: Source) -> Parameter:
    kinds = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}
    inferred = kinds.get(type(default), "any")
    item = rule.item
    if inferred == "list" and item == "any" and default:
        items = {kinds.get(type(one), "any") for one in default}
        item = items.pop() if len(items) == 1 else "float" if items == {"int", "float"} else "any"
    parameter = Parameter(
        name=name,
        type=rule.type or inferred,
        default=default,
        rule=rule.kind,
        options=rule.options,
        item=item,
        optional=rule.optional or default is None,
        help=rule.help or help,
    )
    try:
        parameter.check(default)
    except ValueError as error:
        raise ValueError(f"the default in {source.name} is outside its own rule: {error}") from None
    return parameter


def _comments(text: str) -> dict[int, str]:
    """Comments by line, without the ``#``."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, IndentationError):
        return {}
    return {t.start[0]: t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT}


def _checked(source: Source) -> dict[str, Rule]:
    """The rules in the notebook's own ``wb.notebook.check(globals(), ...)``, as far as they are plain."""
    found: dict[str, Rule] = {}
    for call in source.calls("check"):
        for word in call.keywords:
            if word.arg:
                try:
                    found[word.arg] = from_expression(word.value)
                except Unreadable:
                    # The notebook checks it by itself, when it runs.
                    continue
    return found


def _helps(source: Source) -> dict[str, str]:
    import papermill

    # It warns of every line whose comment has an equals sign; what it cannot parse, we have parsed.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    return {name: about["help"] for name, about in papermill.inspect_notebook(source.node()).items()}
