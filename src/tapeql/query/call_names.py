"""The name of a call's column: `sma(20)` is `sma_20`."""

from __future__ import annotations

import re

from tapeql.functions.registry import Function
from tapeql.language import syntax
from tapeql.query.arguments import Arguments
from tapeql.query.reader import Reader


def call_name(reader: Reader, entry: Function, arguments: Arguments, output: str) -> str:
    """`sma(20)` → sma_20, `sma(volume, 20)` → sma_volume_20, `bbands(20, 1.5).upper` → bbands_upper."""
    if len(entry.outputs) > 1:
        return f"{entry.name}_{output}"
    inputs = ["_".join(i.parts) for i in arguments.inputs if isinstance(i, syntax.Name)]
    params = [_param_name(reader, p) for p in arguments.params if p is not None]
    return "_".join([entry.name, *inputs, *params])


def _param_name(reader: Reader, written: syntax.Expr) -> str:
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
