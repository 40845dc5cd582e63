"""One symbol of one venue: its trades, quotes and book, and when each was last heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tapeql.collect.books import Books
from tapeql.collect.quotes import Quotes
from tapeql.collect.trades import ContiguousTrades, KeyedTrades, Trades
from tapeql.connectors.events import Gap, Kept, Kind
from tapeql.connectors.venue import Venue


@dataclass(slots=True)
class Feed:
    """`carried` are the kinds that some connection carries live; `heard_s` when each last said something (steady)."""

    venue: Venue
    symbol: str
    kinds: tuple[Kind, ...]
    trades: Trades = field(init=False)
    quotes: Quotes = field(init=False)
    books: Books = field(init=False)
    carriers: dict[Kind, set[int]] = field(init=False)
    heard_s: dict[Kind, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.venue.trade_ids == "contiguous":
            self.trades = ContiguousTrades(self.venue.name, self.symbol)
        else:
            self.trades = KeyedTrades(self.venue.name, self.symbol, int(self.venue.late_s * 1e6))
        self.quotes = Quotes(self.venue.name, self.symbol)
        self.books = Books(self.venue.name, self.symbol)
        self.carriers = {kind: set() for kind in self.kinds}

    def lost(self, reason: str, at_us: int | None = None, kinds: tuple[Kind, ...] | None = None) -> list[Kept]:
        """What to keep when nothing carries these kinds any more."""
        kept: list[Kept] = []
        for kind in kinds or self.kinds:
            match kind:
                case "trades":
                    kept += self.trades.lost(reason)
                case "quotes":
                    kept += self.quotes.lost(reason, at_us)
                case "book":
                    kept += self.books.lost(reason, at_us)
        return kept

    def adopt(self, gaps: Sequence[Gap]) -> list[Kept]:
        """Gaps found by other means."""
        kept: list[Kept] = []
        for gap in gaps:
            match gap.kind:
                case "trades":
                    kept += self.trades.adopt(gap)
                case "book":
                    kept += self.books.adopt(gap)
                case _:
                    kept.append(gap)
        return kept
