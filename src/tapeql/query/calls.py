"""Calls: functions of the registry over rows, aggregates over time, row-wise mathematics."""

from __future__ import annotations

from dataclasses import replace

from tapeql.errors import Fix
from tapeql.functions.registry import Function, find
from tapeql.functions.scalars import is_scalar
from tapeql.functions.windows import AGGREGATES
from tapeql.language import syntax
from tapeql.query.arguments import Arguments, constant, is_constant, sort_arguments, usage
from tapeql.query.arithmetic import resolve_scalar
from tapeql.query.call_names import call_name
from tapeql.query.durations import BadDuration, elapsed_us
from tapeql.query.habits import of_habit
from tapeql.query.nodes import Call, Over, Type
from tapeql.query.reader import Reader
from tapeql.query.units import settle
from tapeql.query.values import Unit, Value, of_column, typed, unknown

_UNITS = {"percent": Unit.PERCENT, "fraction": Unit.FRACTION, "index": Unit.INDEX, "count": Unit.AMOUNT}


def resolve_call(reader: Reader, written: syntax.Call) -> Value:
    """A call that stands for one value."""
    name = written.name.lower()
    if is_scalar(name):
        return resolve_scalar(reader, name, written)
    if _is_bare_aggregate(name, written):
        return _bare_aggregate(reader, name, written)
    entry = find(written.name)
    if entry is None:
        return _unknown(reader, written)
    if len(entry.outputs) > 1:
        outputs = ", ".join(f"`.{output}`" for output in entry.outputs)
        reader.refuse(
            "E111",
            f"`{entry.name}` has {len(entry.outputs)} outputs; one of them must be named",
            written.span,
            f"add {outputs}",
            fix=Fix(written.span, f"{_text(written)}.{entry.outputs[0]}"),
        )
        return unknown(written.span)
    return call(reader, entry, written, entry.outputs[0])


def resolve_output(reader: Reader, written: syntax.Output) -> Value:
    """`macd(12, 26, 9).hist`: one output of several."""
    if not isinstance(written.call, syntax.Call):
        return reader.refuse("E111", "only a function has outputs", written.output_span)
    entry = find(written.call.name)
    if entry is None:
        if is_scalar(written.call.name.lower()):
            return reader.refuse(
                "E111", f"`{written.call.name}` has one output and no names for it", written.output_span
            )
        return _unknown(reader, written.call)
    output = written.output if written.output in entry.outputs else written.output.lower()
    if output not in entry.outputs:
        reader.scope.report.unknown(
            "E111",
            f"`{entry.name}` has no output `{written.output}`",
            written.output_span,
            output,
            entry.outputs,
            "its outputs are " + ", ".join(entry.outputs),
        )
        return unknown(written.span)
    return call(reader, entry, written.call, output)


def resolve_over(reader: Reader, written: syntax.Over) -> Value:
    """`avg(x) OVER 30m`, `avg(x) OVER ALL`."""
    aggregate = written.x
    if not isinstance(aggregate, syntax.Call) or aggregate.name.lower() not in AGGREGATES:
        return reader.refuse("E110", "OVER follows an aggregate: " + ", ".join(AGGREGATES), written.span)
    if reader.scope.row_wise:
        return _one_at_a_time(reader, written)
    name = aggregate.name.lower()
    if len(aggregate.arguments) != 1 or aggregate.arguments[0].keyword is not None:
        return reader.refuse(
            "E110",
            f"`{name}(x) OVER …` takes one series: OVER says how long the window is",
            aggregate.span,
            f"a window of rows is `{name}(x, 20)` without OVER",
        )
    us: int | None = None
    if written.window is not None:
        try:
            us = elapsed_us(written.window, days=True)
        except BadDuration as wrong:
            return reader.refuse("E203", str(wrong), written.window.span, wrong.hint)
    x = settle(reader.number(aggregate.arguments[0].value, f"`{name}`"))
    return Value(Over(name, x.expr, us, written.span), Unit.AMOUNT if name == "count" else x.unit)


def call(reader: Reader, entry: Function, written: syntax.Call, output: str) -> Value:
    """One output of a registry function over its inputs."""
    if reader.scope.row_wise:
        return _one_at_a_time(reader, written)
    arguments = sort_arguments(reader, entry, written)
    if arguments is None:
        return unknown(written.span)
    inputs = _inputs(reader, entry, arguments, written)
    given = [constant(reader, entry, p, a, written) for p, a in zip(entry.params, arguments.params, strict=True)]
    params = tuple(p for p in given if p is not None)
    if inputs is None or len(params) < len(given):
        return unknown(written.span)
    series = tuple(settle(value) for value in inputs)
    expr = Call(entry.name, tuple(value.expr for value in series), params, output, written.span)
    if reader.scope.reasons and arguments.without_series:
        reader.used.append((call_name(reader, entry, arguments, output), expr))
    own = series[0].unit if series else Unit.PLAIN
    return Value(expr, own if entry.unit == "input" else _UNITS.get(entry.unit, Unit.PLAIN))


def _inputs(reader: Reader, entry: Function, arguments: Arguments, written: syntax.Call) -> tuple[Value, ...] | None:
    """The series a call is computed from, those left out taken from the row; None after E110."""
    found: list[Value] = []
    for wanted, given in zip(entry.inputs, arguments.inputs, strict=True):
        if given is not None:
            value = reader.number(given, f"`{entry.name}`")
            found.append(replace(value, expr=typed(value.expr, Type.FLOAT)))
        elif wanted.default is None:
            reader.refuse("E110", f"`{entry.name}` needs `{wanted.name}`", written.span, usage(entry))
            return None
        elif (column := reader.scope.series(wanted.default)) is None:
            reader.refuse(
                "E110",
                f"`{entry.name}` is computed from {', '.join(i.default or i.name for i in entry.inputs)}; "
                f"{reader.scope.rows.name}s have no {wanted.default}",
                written.span,
                f"name the columns: {', '.join(reader.scope.columns)}",
            )
            return None
        else:
            found.append(of_column(replace(column, span=written.name_span)))
    return tuple(found)


def _is_bare_aggregate(name: str, written: syntax.Call) -> bool:
    if name not in AGGREGATES or len(written.arguments) != 1:
        return False
    (argument,) = written.arguments
    return argument.keyword in (None, "x") and not is_constant(argument.value)


def _bare_aggregate(reader: Reader, name: str, written: syntax.Call) -> Value:
    from tapeql.language.writing import format_expr

    inside = format_expr(written.arguments[0].value)
    window, whole = f"{name}({inside}, 20)", f"{name}({inside}) OVER ALL"
    return reader.refuse(
        "E204",
        f"`{name}` of how many rows? A value per row needs a window",
        written.span,
        f"`{window}` is that of the last 20 rows, this one included",
        f"`{whole}` is that of the whole range, which looks ahead",
        fix=Fix(written.span, window),
    )


def _one_at_a_time(reader: Reader, written: syntax.Call | syntax.Over) -> Value:
    return reader.refuse(
        "E207", "TICKS WHERE sees one trade at a time", written.span, "compute over rows in WHERE or ADD instead"
    )


def _unknown(reader: Reader, written: syntax.Call) -> Value:
    from tapeql.functions.registry import functions
    from tapeql.functions.scalars import SCALARS
    from tapeql.language.nearest import nearest

    habit = of_habit(written)
    if habit is not None:
        edit = Fix(written.span, habit)
        return reader.refuse(
            "E102", f"unknown function `{written.name}`", written.name_span, f"write `{habit}`", fix=edit
        )
    known = functions()
    close = nearest(written.name, [*known, *SCALARS])
    told = [f"`{n}` ({known[n].title})" if n in known else f"`{n}`" for n in close]
    hints = [f"did you mean {' or '.join(told)}?"] if told else ["`SHOW functions` lists them"]
    fix = Fix(written.name_span, close[0]) if close else None
    for argument in written.arguments:
        reader.operand(argument.value)  # its own mistakes are told together with this one
    return reader.refuse("E102", f"unknown function `{written.name}`", written.name_span, *hints, fix=fix)


def _text(written: syntax.Call) -> str:
    from tapeql.language.writing import format_expr

    return format_expr(written)
