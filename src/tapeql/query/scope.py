"""What names mean where an expression stands: the row's columns, session words, parameters, aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tapeql.language import syntax
from tapeql.query.columns import QUOTE_MEASURES, SESSION_MEASURES, TICK, RowKind
from tapeql.query.nodes import Column, Of, Type
from tapeql.query.parts import PARTS
from tapeql.query.report import Report
from tapeql.query.verb import Name


@dataclass(frozen=True, slots=True)
class Alias:
    """An `AS` of ADD or SELECT; `output` names one output of a function with several."""

    value: syntax.Expr
    output: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """rows: what a row is; long: rows of a day or longer; columns: by written name; sessions: their names;
    row_wise: inside TICKS WHERE, where an expression sees one trade alone; reasons: whether calls in conditions are shown; aliases: names given by AS."""

    rows: RowKind
    long: bool
    columns: Mapping[str, Column]
    sessions: tuple[str, ...]
    zone: str
    now_us: int
    params: Mapping[str, object]
    report: Report
    row_wise: bool = False
    reasons: bool = False
    aliases: Mapping[str, Alias] = field(default_factory=dict)

    def series(self, name: str) -> Column | None:
        """The column a left-out input stands for in these rows."""
        return self.columns.get(self.rows.series.get(name, name))

    def names(self) -> Iterable[str]:
        """Everything a bare or qualified name could be, for suggestions."""
        yield from self.columns
        yield from self.aliases
        if not self.row_wise:
            yield "gap_pct"
            yield from self.sessions
            yield from (f"{session}.{measure}" for session in self.sessions for measure in SESSION_MEASURES)


def columns_of(rows: RowKind, names: Iterable[Name] = (), *, label_close: bool = False) -> dict[str, Column]:
    """The columns of rows by the names a sentence calls them; `names` are a verb's own.

    With `label_close`, `ts` is the bar's close and `ts_open` its opening.
    """
    parts = {name: Column(name, type, Of.TIME) for name, type in PARTS.items() if "ts" in rows}
    if not rows.is_bar:
        parts.pop("bar_of_day", None)
    columns = parts | {name: Column(name, type) for name, type in rows.items()}
    if rows.is_bar:
        columns |= {name: Column(name, Type.FLOAT, Of.QUOTES) for name in QUOTE_MEASURES}
    columns |= {own.name: own.column for own in names}
    if label_close:
        columns |= {"ts": Column("ts_close", Type.INSTANT), "ts_open": Column("ts", Type.INSTANT)}
    return columns


def columns_alone() -> dict[str, Column]:
    """What a trade is known by before it becomes part of a bar."""
    alone = {c.name: Column(c.name, c.type) for c in TICK.columns if c.alone}
    return {**{name: column for name, column in columns_of(TICK).items() if name in PARTS}, **alone}


def measure_type(measure: str) -> Type:
    return Type.INT if measure == "trades" else Type.FLOAT
