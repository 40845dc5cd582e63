"""The arguments of a registry call, sorted into series and constants: series may be left out, as in `sma(20)`."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql.functions.registry import Function, Param
from tapeql.language import syntax
from tapeql.query.nodes import Literal, Type
from tapeql.query.reader import Reader
from tapeql.query.values import Moment, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was written for each input and each parameter of a function; None where it was left out."""

    inputs: tuple[syntax.Expr | None, ...]
    params: tuple[syntax.Expr | None, ...]

    @property
    def without_series(self) -> bool:
        """Nothing but constants was written."""
        return not any(self.inputs)


def usual_call(entry: Function) -> str:
    """A call as people mostly write it, for hints: `rsi(14)`."""
    params = [str(20 if param.default is None else param.default) for param in entry.params]
    needed = [i.name if i.default is None else None for i in entry.inputs]
    series = ["close" if name is not None else None for name in needed]
    inputs = [s for s in series if s is not None]
    call = f"{entry.name}({', '.join([*inputs, *params])})"
    return f"{call}.{entry.outputs[0]}" if len(entry.outputs) > 1 else call


def sort_arguments(reader: Reader, entry: Function, written: syntax.Call) -> Arguments | None:
    """Each argument to its place, or E110 and None.

    Positional arguments begin with the series, all of them or none: they are there when the first argument is no
    constant, or when there are as many arguments as inputs and parameters together.
    """
    places = [i.name for i in entry.inputs] + [p.name for p in entry.params]
    positional = [a for a in written.arguments if a.keyword is None]
    leading = len(places) if positional and len(positional) == len(places) else 0
    if positional and not is_constant(positional[0].value):
        leading = len(places)
    free = places if leading else places[len(entry.inputs) :]
    if len(positional) > len(free):
        _refuse(reader, entry, written, f"`{entry.name}` takes at most {len(free)} of these, not {len(positional)}")
        return None
    found = dict(zip(free, (a.value for a in positional), strict=False))
    for argument in written.arguments:
        if argument.keyword is None:
            continue
        name = argument.keyword if argument.keyword in places else argument.keyword.lower()
        if name not in places:
            reader.scope.report.unknown(
                "E110",
                f"`{entry.name}` has no argument `{argument.keyword}`",
                argument.span,
                name,
                places,
                usage(entry),
            )
            return None
        if name in found:
            reader.refuse("E110", f"`{name}` of `{entry.name}` is given twice", argument.span, usage(entry))
            return None
        found[name] = argument.value
    inputs = tuple(found.get(i.name) for i in entry.inputs)
    if any(inputs) and len(positional) and leading and len(positional) < len(entry.inputs):
        names = ", ".join(i.name for i in entry.inputs)
        _refuse(reader, entry, written, f"`{entry.name}` takes all of {names}, or none of them")
        return None
    return Arguments(inputs, tuple(found.get(p.name) for p in entry.params))


def constant(
    reader: Reader, entry: Function, param: Param, written: syntax.Expr | None, call: syntax.Call
) -> int | float | None:
    """A parameter's value, typed and in its range; None after E110 or E208."""
    if written is None:
        if param.default is None:
            _refuse(reader, entry, call, f"`{entry.name}` needs `{param.name}`")
        return param.default
    if isinstance(written, syntax.Parameter) and written.name not in reader.scope.params:
        return None  # told already, as a missing parameter
    number = _number(reader, written)
    place = f"`{param.name}` of `{entry.name}`"
    if number is None:
        reader.refuse("E208", f"{place} is a constant number, the same for every row", written.span, usage(entry))
        return None
    if param.kind is int:
        if number != int(number):
            reader.refuse("E208", f"{place} is a whole number, not {number:g}", written.span)
            return None
        number = int(number)
    else:
        number = float(number)
    if not param.minimum <= number <= param.maximum:
        reader.refuse(
            "E208", f"{place} lies between {param.minimum:g} and {param.maximum:g}, not {number:g}", written.span
        )
        return None
    return number


def usage(entry: Function) -> str:
    """How a function is called: ``call it `atr([high, low, close,] n = 14)` ``."""
    optional = bool(entry.inputs) and all(i.default is not None for i in entry.inputs)
    inputs = ", ".join(i.default or i.name for i in entry.inputs)
    params = ", ".join(p.name if p.default is None else f"{p.name} = {p.default:g}" for p in entry.params)
    if optional and params:
        return f"call it `{entry.name}([{inputs},] {params})`"
    series = f"[{inputs}]" if optional else inputs
    return f"call it `{entry.name}({', '.join(filter(None, (series, params)))})`"


def is_constant(written: syntax.Expr) -> bool:
    """A number or a parameter, signed or not: the same for every row."""
    match written:
        case syntax.Number() | syntax.Parameter():
            return True
        case syntax.Unary(x=x):
            return is_constant(x)
        case _:
            return False


def _number(reader: Reader, written: syntax.Expr) -> int | float | None:
    from tapeql.query.units import settle

    if not is_constant(written):
        return None
    match reader.operand(written):
        case Moment():
            return None
        case Value() as value:
            match settle(value).expr:
                case Literal(value=int() | float() as number, type=Type.INT | Type.FLOAT):
                    return number
                case _:
                    pass
    return None


def _refuse(reader: Reader, entry: Function, written: syntax.Call, reason: str) -> None:
    reader.refuse("E110", reason, written.span, usage(entry))
