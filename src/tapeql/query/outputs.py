"""The columns of a result: the verb's own, then the measures used, then what was ADDed; or exactly what SELECT says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tapeql.errors import Span
from tapeql.functions.registry import Function
from tapeql.language import syntax
from tapeql.query.arguments import Arguments, sort_arguments
from tapeql.query.calls import find
from tapeql.query.nodes import Expr, OutputColumn
from tapeql.query.scope import Alias

if TYPE_CHECKING:
    from tapeql.query.expressions import Expressions


def resolve_columns(
    reader: Expressions, shows: Sequence[str], add: syntax.Add | None, select: syntax.Select | None
) -> tuple[OutputColumn, ...]:
    """All columns in order, each once; two different ones of a name are E109. `shows` are those of every row.

    Call it after WHERE and ORDER BY have been resolved by `reader`, whose measures are shown.
    """
    if select is not None:
        chosen = [(column, span) for item in select.items for column, span in _item_columns(reader, item)]
        return _distinct(reader, chosen, again="E109")
    at = add.span if add else Span(0, 0)
    fixed = [(OutputColumn(name, reader.scope.columns[name]), at) for name in shows]
    added: list[tuple[OutputColumn, Span]] = []
    if add is not None:
        shown = list(reader.used)
        for item in add.items:
            before = len(reader.used)
            added += _item_columns(reader, item)
            if not _is_measure(item):
                shown += [(name, expr) for name, expr in reader.used[before:] if not _is_call(expr)]
        reader.used[:] = shown
    used = [(OutputColumn(name, expr), expr.span) for name, expr in reader.used]
    return _distinct(reader, [*fixed, *used, *added])


def _is_call(expr: Expr) -> bool:
    """A day's reasons are the calls of its conditions; those inside ADDed columns are not shown again."""
    from tapeql.query.nodes import Call

    return isinstance(expr, Call) and expr.function != "gap_pct"


def aliases_of(items: Sequence[syntax.Item]) -> dict[str, Alias]:
    """The names AS gives, for use in other clauses; a function with several outputs gives one for each."""
    found: dict[str, Alias] = {}
    for item in items:
        if item.alias is None:
            continue
        entry = find(item.value.name) if isinstance(item.value, syntax.Call) else None
        if entry is not None and len(entry.outputs) > 1:
            found |= {f"{item.alias}_{output}": Alias(item.value, output) for output in entry.outputs}
        else:
            found[item.alias] = Alias(item.value, None)
    return found


def call_name(reader: Expressions, entry: Function, arguments: Arguments, output: str) -> str:
    """`sma(20)` → sma_20, `sma(volume, 20)` → sma_volume_20, `bbands(20, 1.5).upper` → bbands_upper."""
    if len(entry.outputs) > 1:
        return f"{entry.name}_{output}"
    inputs = ["_".join(i.parts) for i in arguments.inputs if isinstance(i, syntax.Name)]
    params = [_param_name(reader, p) for p in arguments.params if p is not None]
    return "_".join([entry.name, *inputs, *params])


def _item_columns(reader: Expressions, item: syntax.Item) -> Iterator[tuple[OutputColumn, Span]]:
    """One column, or one for each output of a function with several."""
    entry = find(item.value.name) if isinstance(item.value, syntax.Call) else None
    if isinstance(item.value, syntax.Call) and entry is not None and len(entry.outputs) > 1:
        for output in entry.outputs:
            value = reader.output(syntax.Output(item.value, output, item.value.span, item.value.span))
            yield OutputColumn(f"{item.alias or entry.name}_{output}", value), item.span
        return
    yield OutputColumn(item.alias or _name(reader, item.value), reader.output(item.value)), item.span


def _name(reader: Expressions, written: syntax.Expr) -> str:
    """A name for what has no AS: its own, the call's, or its canonical text."""
    match written:
        case syntax.Name(parts=parts):
            lower = tuple(part.lower() for part in parts)
            return "_".join(parts if parts[0] in reader.scope.columns or parts[0] in reader.scope.aliases else lower)
        case syntax.Call() if (entry := find(written.name)) is not None:
            name = _call_name(reader, entry, written, entry.outputs[0])
        case syntax.Output(call=syntax.Call() as call, output=output) if (entry := find(call.name)) is not None:
            name = _call_name(reader, entry, call, output.lower())
        case _:
            name = None
    if name is not None:
        return name
    from tapeql.language.format import format_expr

    return format_expr(written)


def _call_name(reader: Expressions, entry: Function, written: syntax.Call, output: str) -> str | None:
    arguments = sort_arguments(reader, entry, written)
    if arguments is None or not all(i is None or isinstance(i, syntax.Name) for i in arguments.inputs):
        return None
    return call_name(reader, entry, arguments, output)


def _param_name(reader: Expressions, written: syntax.Expr) -> str:
    """A constant as part of a name: 20, 1p5, m1."""
    match written:
        case syntax.Number(value=number, unit=unit):
            text = f"{number:g}" if isinstance(number, float) else str(number)
            text += {"%": "pct"}.get(unit, unit)
        case syntax.Unary(op="-", x=x):
            text = "m" + _param_name(reader, x)
        case syntax.Unary(x=x):
            text = _param_name(reader, x)
        case syntax.Parameter(name=name):
            bound = reader.scope.params.get(name)
            text = f"{bound:g}" if isinstance(bound, float) else str(bound)
        case _:
            text = "x"
    return re.sub(r"\W", "", text.replace(".", "p").replace("-", "m"))


def _is_measure(item: syntax.Item) -> bool:
    """A measure ADDed by itself is that column, under its own name or another; it is not shown a second time."""
    return isinstance(item.value, syntax.Name)


def _distinct(
    reader: Expressions, columns: Sequence[tuple[OutputColumn, Span]], again: str = ""
) -> tuple[OutputColumn, ...]:
    """Each name once; the same column again is left out, or refused under the code `again`."""
    found: dict[str, OutputColumn] = {}
    for column, span in columns:
        before = found.get(column.name)
        if before is None:
            found[column.name] = column
        elif before != column or again:
            reader.refuse("E109", f"two columns are called `{column.name}`", span, "give one of them a name with `AS`")
    return tuple(found.values())
