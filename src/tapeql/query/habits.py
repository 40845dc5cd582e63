"""Calls that other languages have for what is an operator here, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tapeql.language import syntax
from tapeql.language.writing import format_expr


def of_habit(written: syntax.Call) -> str | None:
    """What a call of SQL, pandas or Pine is in this language; None where nothing is known."""
    write = _CALLS.get(written.name.lower())
    if write is None or any(argument.keyword is not None for argument in written.arguments):
        return None
    return write([format_expr(argument.value) for argument in written.arguments])


def _before(arguments: list[str]) -> str | None:
    """`lag(close, 1)`"""
    rows = arguments[1] if len(arguments) == 2 else "1"
    return f"{arguments[0]}[{rows}]" if arguments and rows.isdigit() and _is_operand(arguments[0]) else None


def _crossing(word: str) -> Callable[[list[str]], str | None]:
    return lambda arguments: (
        f"{arguments[0]} CROSSES {word} {arguments[1]}".replace("  ", " ") if len(arguments) == 2 else None
    )


def _choice(arguments: list[str]) -> str | None:
    """`iff(a, b, c)`"""
    return "CASE WHEN {} THEN {} ELSE {} END".format(*arguments) if len(arguments) == 3 else None


def _other(name: str) -> Callable[[list[str]], str | None]:
    return lambda arguments: f"{name}({', '.join(arguments)})"


def _is(words: str) -> Callable[[list[str]], str | None]:
    return lambda arguments: f"{arguments[0]} {words}" if len(arguments) == 1 else None


def _is_operand(text: str) -> bool:
    return text.replace("_", "").replace(".", "").isalnum() or text.endswith(")")


_CALLS: Final = {
    **dict.fromkeys(("lag", "shift", "ref", "prev", "previous", "delay"), _before),
    **dict.fromkeys(("crossover", "cross_above", "crosses_above"), _crossing("ABOVE")),
    **dict.fromkeys(("crossunder", "cross_below", "crosses_below"), _crossing("BELOW")),
    "cross": _crossing(""),
    **dict.fromkeys(("iff", "if", "where", "ifelse", "if_else", "iif"), _choice),
    **dict.fromkeys(("ma", "moving_average", "rolling_mean", "movavg", "mavg"), _other("sma")),
    **dict.fromkeys(("ewm", "ewma"), _other("ema")),
    **dict.fromkeys(("std", "stdev", "rolling_std"), _other("stddev")),
    **dict.fromkeys(("mean", "average"), _other("avg")),
    **dict.fromkeys(("rolling_max", "hhv"), _other("highest")),
    **dict.fromkeys(("rolling_min", "llv"), _other("lowest")),
    **dict.fromkeys(("isnull", "isna", "na"), _is("IS NULL")),
    **dict.fromkeys(("notnull", "notna"), _is("IS NOT NULL")),
    **dict.fromkeys(("power",), _other("pow")),
    **dict.fromkeys(("logn", "log_e"), _other("ln")),
}
