"""Typed parameters: every `$name` of a sentence is bound, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tapeql.language import syntax
from tapeql.query.report import Report


def check_parameters(statement: syntax.Statement, params: Mapping[str, object], report: Report) -> None:
    """E108 for a parameter that is missing or that the sentence does not have."""
    written = list(syntax.within(statement, syntax.Parameter))
    names = {parameter.name for parameter in written}
    for parameter in written:
        if parameter.name not in params:
            report.add("E108", f"`${parameter.name}` is not bound", parameter.span, f"bind it: `{parameter.name}=…`")
    for name in params:
        if name not in names:
            has = ", ".join(f"`${known}`" for known in sorted(names)) or "none"
            report.add("E108", f"the query has no parameter `${name}`", statement.span, f"its parameters: {has}")


def plain(params: Mapping[str, object]) -> dict[str, object]:
    """Numbers of other libraries (numpy scalars, Decimals) as Python's own; the rest as it is."""
    from decimal import Decimal

    return {name: float(value) if isinstance(value, Decimal) else _unboxed(value) for name, value in params.items()}


def _unboxed(value: Any) -> object:
    """A numpy number or boolean as Python's; dates are read where they are needed."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return value.item() if kind in ("i", "u", "f", "b", "U") and getattr(value, "shape", None) == () else value
