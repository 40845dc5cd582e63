"""FROM venue:CODE, 'file.csv', $table, …: the symbols, and rows outside of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, span_of, text
from tapeql.language.syntax import Clause, Parameter, String
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class SymbolPattern:
    """`binance:BTCUSDT`, `binance:*USDT`, one member of `binance:{A,B}`; `venue` None for a bare code."""

    venue: str | None
    code: str
    span: Span

    def write(self) -> str:
        return f"{self.venue}:{self.code}" if self.venue else self.code


@dataclass(frozen=True, slots=True)
class Given:
    """`'trades/*.csv' AS nyse:SPY`, `$df`: rows outside of the store, by the path of their files or handed in."""

    rows: String | Parameter
    name: SymbolPattern | None
    span: Span

    def write(self) -> str:
        return format_expr(self.rows) + (f" AS {self.name.write()}" if self.name else "")


@dataclass(frozen=True, slots=True)
class From(Clause):
    symbols: tuple[SymbolPattern | Given, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(each.write() for each in self.symbols)


def from_(c: Children) -> From:
    symbols: list[SymbolPattern | Given] = []
    for child in c[1::2]:
        match child:
            case From(symbols=members):
                symbols += members
            case Given():
                symbols.append(child)
            case _:
                symbols.append(_symbol(child))
    return From(tuple(symbols), span(c))


def given(c: Children) -> Given:
    at = span_of(c[0])
    rows = Parameter(c[0][1:], at) if c[0].type == "PARAMETER" else String(text(c[0]), at)
    return Given(rows, _symbol(c[2]) if len(c) == 3 else None, span(c))


def symbol_set(c: Children) -> From:
    venue = c[0].rstrip("{").rstrip(":")
    return From(tuple(SymbolPattern(venue, str(code), span_of(code)) for code in c[1::2]), span(c))


def _symbol(token: Any) -> SymbolPattern:
    venue, colon, code = token.rpartition(":")
    return SymbolPattern(venue if colon else None, code, span_of(token))


RULES: Final = (from_, given, symbol_set)
