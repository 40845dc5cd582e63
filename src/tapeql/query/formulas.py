"""Functions that are defined by a formula: understood like any other expression of the language.

The names of its inputs are the columns in scope, and its parameters are typed parameters, `$n`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from tapeql.errors import Diagnostics
from tapeql.functions.registry import Function
from tapeql.language import syntax
from tapeql.language.clauses.add import Add
from tapeql.query.columns import BAR
from tapeql.query.nodes import Column, Expr, Type
from tapeql.query.parameters import check_parameters

INPUT: Final = "input "
"""How the columns of a formula's inputs begin; no column of any row does."""


def formula(entry: Function, params: Sequence[int | float]) -> Expr:
    """The formula of an entry over columns `input x`. Raises QueryError where it is no expression of the language."""
    assert entry.formula is not None
    given = tuple((param.name, value) for param, value in zip(entry.params, params, strict=True))
    return _understood(entry.formula, tuple(i.name for i in entry.inputs), given)


@functools.lru_cache(maxsize=1024)
def _understood(text: str, inputs: tuple[str, ...], given: tuple[tuple[str, int | float], ...]) -> Expr:
    from tapeql.query.expressions import Expressions
    from tapeql.query.report import Report
    from tapeql.query.scope import Scope
    from tapeql.query.units import settle

    written = _parsed(text)
    params, report = dict(given), Report(Diagnostics(written.source))
    check_parameters(written.statements[0], params, report)
    columns = {name: Column(f"{INPUT}{name}", Type.FLOAT) for name in inputs}
    scope = Scope(BAR, False, columns, (), "UTC", 0, params, report)
    (clause,) = syntax.within(written.statements, Add)
    found = settle(Expressions(scope).number(clause.items[0].value, "a formula"))
    report.found.raise_errors()
    return found.expr


@functools.cache
def _parsed(text: str) -> syntax.Script:
    from tapeql.language.parse import parse

    return parse(f"DAYS ADD {text}")
