"""Functions that are defined by a formula: understood like any other expression of the language.

The names of the definition are its scope: inputs are columns, parameters the numbers they are given.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

from tapeql.errors import Diagnostics
from tapeql.functions.registry import Function
from tapeql.language.clauses.add import Add
from tapeql.language.statements.query import Query
from tapeql.query.columns import BAR
from tapeql.query.nodes import Column, Expr, Type

INPUT: Final = "input "
"""How the columns of a formula's inputs begin; no column of any row does."""


def formula(entry: Function, params: Sequence[int | float]) -> Expr:
    """The formula of an entry over columns `input x`. Raises QueryError where it is no expression of the language."""
    assert entry.formula is not None
    text = entry.formula
    for param, value in zip(entry.params, params, strict=True):
        text = re.sub(rf"\b{param.name}\b", str(value), text)
    return _understood(text, tuple(i.name for i in entry.inputs))


@functools.lru_cache(maxsize=1024)
def _understood(text: str, inputs: tuple[str, ...]) -> Expr:
    from tapeql.language.parse import parse
    from tapeql.query.expressions import Expressions
    from tapeql.query.report import Report
    from tapeql.query.scope import Scope
    from tapeql.query.units import settle

    (statement,) = parse(f"DAYS ADD {text}").statements
    assert isinstance(statement, Query)
    (clause,) = statement.clauses
    assert isinstance(clause, Add)
    report = Report(Diagnostics(f"DAYS ADD {text}"))
    columns = {name: Column(f"{INPUT}{name}", Type.FLOAT) for name in inputs}
    scope = Scope(BAR, False, columns, (), "UTC", 0, {}, report)
    found = settle(Expressions(scope).number(clause.items[0].value, "a formula"))
    report.found.raise_errors()
    return found.expr
