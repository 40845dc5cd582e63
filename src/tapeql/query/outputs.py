"""The columns of a result: the verb's own, then the measures used, then what was ADDed; or exactly what SELECT says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tapeql.errors import Span
from tapeql.functions.registry import Function, find
from tapeql.language import syntax
from tapeql.language.clauses.add import Add
from tapeql.language.clauses.select import Item, Select
from tapeql.query.arguments import sort_arguments
from tapeql.query.call_names import call_name
from tapeql.query.nodes import Expr, OutputColumn
from tapeql.query.reader import Reader
from tapeql.query.scope import Alias


def resolve_columns(
    reader: Reader, shows: Sequence[str], add: Add | None, select: Select | None
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


def resolve_items(reader: Reader, known: Sequence[OutputColumn], items: Sequence[Item]) -> tuple[OutputColumn, ...]:
    """Columns that are known, and those of some items; two different ones of a name are E109."""
    nowhere = Span(0, 0)
    told = [(column, span) for item in items for column, span in _item_columns(reader, item)]
    return _distinct(reader, [*((column, nowhere) for column in known), *told])


def _is_call(expr: Expr) -> bool:
    """A day's reasons are the calls of its conditions; those inside ADDed columns are not shown again."""
    from tapeql.query.nodes import Call

    return isinstance(expr, Call) and expr.function != "gap_pct"


def aliases_of(items: Sequence[Item]) -> dict[str, Alias]:
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


def _item_columns(reader: Reader, item: Item) -> Iterator[tuple[OutputColumn, Span]]:
    """One column, or one for each output of a function with several."""
    entry = find(item.value.name) if isinstance(item.value, syntax.Call) else None
    if isinstance(item.value, syntax.Call) and entry is not None and len(entry.outputs) > 1:
        for output in entry.outputs:
            value = reader.output(syntax.Output(item.value, output, item.value.span, item.value.span))
            yield OutputColumn(f"{item.alias or entry.name}_{output}", value), item.span
        return
    yield OutputColumn(item.alias or _name(reader, item.value), reader.output(item.value)), item.span


def _name(reader: Reader, written: syntax.Expr) -> str:
    """A name for what has no AS: its own, the call's, or its canonical text."""
    if (own := reader.name_of(written)) is not None:
        return own
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
    from tapeql.language.writing import format_expr

    return format_expr(written)


def _call_name(reader: Reader, entry: Function, written: syntax.Call, output: str) -> str | None:
    arguments = sort_arguments(reader, entry, written)
    if arguments is None or not all(i is None or isinstance(i, syntax.Name) for i in arguments.inputs):
        return None
    return call_name(reader, entry, arguments, output)


def _is_measure(item: Item) -> bool:
    """A measure ADDed by itself is that column, under its own name or another; it is not shown a second time."""
    return isinstance(item.value, syntax.Name)


def _distinct(
    reader: Reader, columns: Sequence[tuple[OutputColumn, Span]], again: str = ""
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
