"""FROM venue:CODE, …: the symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, span_of
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class SymbolPattern:
    """`binance:BTCUSDT`, `binance:*USDT`, one member of `binance:{A,B}`; `venue` None for a bare code."""

    venue: str | None
    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class From(Clause):
    symbols: tuple[SymbolPattern, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(f"{p.venue}:{p.code}" if p.venue else p.code for p in self.symbols)


def from_(c: Children) -> From:
    symbols: list[SymbolPattern] = []
    for child in c[1::2]:
        symbols += child.symbols if isinstance(child, From) else (_symbol(child),)
    return From(tuple(symbols), span(c))


def symbol_set(c: Children) -> From:
    venue = c[0].rstrip("{").rstrip(":")
    return From(tuple(SymbolPattern(venue, str(code), span_of(code)) for code in c[1::2]), span(c))


def _symbol(token: Any) -> SymbolPattern:
    venue, colon, code = token.rpartition(":")
    return SymbolPattern(venue if colon else None, code, span_of(token))


RULES: Final = (from_, symbol_set)
