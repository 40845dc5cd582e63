"""What a store holds of one simulated symbol, held against the exchange's ledger."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from tapeql.collect.rows import plain
from tapeql.storage.store import Store
from tests.exchange import verdict
from tests.exchange.market import Tape

FOR_EVER_US = 2**62


@dataclass(slots=True)
class Account:
    """Empty lists everywhere but in `declared` are a tape that can be trusted."""

    symbol: str
    trades_made: int
    trades: verdict.TradesVerdict
    quotes: verdict.QuotesVerdict
    book: verdict.BookVerdict
    undeclared_quotes: list[int]

    @property
    def ok(self) -> bool:
        return self.trades.ok and self.quotes.ok and self.book.ok and not self.undeclared_quotes

    def __str__(self) -> str:
        parts = [f"{self.symbol}: {self.trades_made} trades made"]
        for name, found in (("trades", self.trades), ("quotes", self.quotes), ("book", self.book)):
            for fault in found.__dataclass_fields__:
                value = getattr(found, fault)
                if value and fault not in ("missing", "compared"):
                    parts.append(f"{name}.{fault}: {len(value)} {value[:3]}")
        if self.undeclared_quotes:
            parts.append(f"quotes undeclared: {len(self.undeclared_quotes)} {self.undeclared_quotes[:3]}")
        return ", ".join(parts)


def rows(store: Store, table: str, venue: str, symbol: str) -> list[dict[str, Any]]:
    """Every stored row, instants in microseconds."""
    return plain(store.rows(table, venue, symbol))


def account(
    store: Store, venue: str, symbol: str, tape: Tape, *, every_quote: bool = False, numbered: bool = True
) -> Account:
    """Compares trades, quotes and books. Asked for is what happened from the first stored trade on: a tape begins there.

    `every_quote`: the feed lost none in silence, so what is not stored must be declared. `numbered`: quotes and
    books carry the venue's ids, by which they can be compared one by one.
    """
    ticks = rows(store, "ticks", venue, symbol)
    gaps = rows(store, "gaps", venue, symbol)
    last = tape.trades[-1].trade_id if tape.trades else 0
    missing = [
        (
            gap["from_id"] if gap["filled_to_id"] is None else gap["filled_to_id"] + 1,
            last if gap["to_id"] is None else gap["to_id"],
        )
        for gap in gaps
        if gap["kind"] == "trades" and gap["filled_at"] is None
    ]
    first = min((int(row["trade_id"]) for row in ticks), default=last + 1)
    last_depth = tape.depths[-1].last_id if tape.depths else 0
    book_gaps = [
        (gap["from_id"], last_depth if gap["to_id"] is None else gap["to_id"]) for gap in gaps if gap["kind"] == "book"
    ]
    quotes = [row for row in rows(store, "quotes", venue, symbol) if row["update_id"] is not None]
    return Account(
        symbol,
        len(tape.trades),
        verdict.trades(tape, ticks, [gap for gap in missing if gap[0] <= gap[1]], since=first),
        verdict.quotes(tape, quotes if numbered else []),
        verdict.book(tape, rows(store, "book", venue, symbol) if numbered else [], book_gaps),
        _undeclared(tape, quotes, gaps) if every_quote else [],
    )


def _undeclared(tape: Tape, quotes: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> list[int]:
    """Update ids of quotes that are neither stored nor between two stored ones that a declared gap lies between."""
    known = sorted((row["update_id"], row["ts"]) for row in quotes)
    if not known:
        return []
    ids = [update_id for update_id, _ in known]
    spans = [
        (gap["ts"], FOR_EVER_US if gap["until"] is None else gap["until"]) for gap in gaps if gap["kind"] == "quotes"
    ]
    found = []
    for quote in tape.quotes:
        at = bisect_left(ids, quote.update_id)
        if at == 0 or (at < len(ids) and ids[at] == quote.update_id):
            continue
        before_us, after_us = known[at - 1][1], known[at][1] if at < len(known) else FOR_EVER_US
        if not any(begin <= after_us and end >= before_us for begin, end in spans):
            found.append(quote.update_id)
    return found
