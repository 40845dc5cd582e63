"""What names mean where an expression stands: the row's columns, session words, parameters, aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tapeql.language import syntax
from tapeql.query.columns import QUOTE_MEASURES, ROW, SESSION_MEASURES
from tapeql.query.nodes import Column, Type, Verb
from tapeql.query.parts import PARTS, PREFIX
from tapeql.query.report import Report

ROW_WISE = ("symbol", "exchange", "ts", "seq", "price", "quantity", "side", "trade_id", "conditions")
"""What a trade is known by before it becomes part of a bar."""

_SERIES = {
    Verb.TICKS: {"close": "price", "volume": "quantity"},
    Verb.QUOTES: {"close": "mid"},
}
"""What the series TA-Lib defaults to are called in rows that are no bars."""


@dataclass(frozen=True, slots=True)
class Alias:
    """An `AS` of ADD or SELECT; `output` names one output of a function with several."""

    value: syntax.Expr
    output: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """verb: what a row is; long: rows of a day or longer; columns: by written name; sessions: their names;
    row_wise: inside TICKS WHERE, where an expression sees one trade alone; aliases: names given by AS."""

    verb: Verb
    long: bool
    columns: Mapping[str, Column]
    sessions: tuple[str, ...]
    zone: str
    now_us: int
    params: Mapping[str, object]
    report: Report
    row_wise: bool = False
    aliases: Mapping[str, Alias] = field(default_factory=dict)

    def series(self, name: str) -> Column | None:
        """The column a left-out input stands for in these rows."""
        return self.columns.get(_SERIES.get(self.verb, {}).get(name, name))

    def names(self) -> Iterable[str]:
        """Everything a bare or qualified name could be, for suggestions."""
        yield from self.columns
        yield from self.aliases
        if not self.row_wise:
            yield "gap_pct"
            yield from self.sessions
            yield from (f"{session}.{measure}" for session in self.sessions for measure in SESSION_MEASURES)


def columns_of(verb: Verb, *, label_close: bool = False, row_wise: bool = False) -> dict[str, Column]:
    """The columns of a verb's rows by the names a sentence calls them.

    With `label_close`, `ts` is the bar's close and `ts_open` its opening; a day's `start` and `end` are its bar's.
    """
    parts = {name: Column(f"{PREFIX}{name}", type) for name, type in PARTS.items()}
    if verb in (Verb.TICKS, Verb.QUOTES):
        del parts["bar_of_day"]
    if row_wise:
        return parts | {name: Column(name, ROW[Verb.TICKS][name]) for name in ROW_WISE}
    columns = parts | {name: Column(name, type) for name, type in ROW[verb].items()}
    if verb in (Verb.CANDLES, Verb.DAYS):
        columns |= {name: Column(name, Type.FLOAT) for name in QUOTE_MEASURES}
    if verb is Verb.DAYS:
        columns |= {"start": Column("ts", Type.INSTANT), "end": Column("ts_close", Type.INSTANT)}
    if label_close:
        columns |= {"ts": Column("ts_close", Type.INSTANT), "ts_open": Column("ts", Type.INSTANT)}
    return columns


def measure_type(measure: str) -> Type:
    return Type.INT if measure == "trades" else Type.FLOAT
