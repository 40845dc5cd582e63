"""How a collector is doing, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeql.collect.store_writer import CONSUMER

if TYPE_CHECKING:
    from tapeql.collect.collector import Collector
    from tapeql.collect.feed import Feed
    from tapeql.collect.watched import Watched


def status(collector: Collector) -> dict[str, Any]:
    """State, venues with their symbols, journal and store; plain values that JSON can hold."""
    counts = collector.counts
    return {
        "state": collector.state,
        "store": collector.store.name,
        "store_error": counts.store_error,
        "seal_error": counts.seal_error,
        "journalled": counts.journalled,
        "stored": counts.stored,
        "journal_depth_bytes": collector.journal.depth_bytes(CONSUMER),
        "venues": [_venue(collector, each) for each in collector.watched],
    }


def feeds_of(collector: Collector, venue: str) -> list[Feed]:
    return [feed for (name, _), feed in collector.feeds.items() if name == venue]


def repeated(collector: Collector, venue: str) -> int:
    """Trades and quotes that had been seen before."""
    return sum(feed.trades.repeated + feed.quotes.repeated for feed in feeds_of(collector, venue))


def holes(collector: Collector, venue: str) -> int:
    """Holes in trades, those given up too."""
    return sum(len(feed.trades.holes) for feed in feeds_of(collector, venue))


def _venue(collector: Collector, watched: Watched) -> dict[str, Any]:
    venue = watched.settings.venue
    counts, skew_us = collector.counts.of(venue.name), collector.skews[venue.name].us
    backfill = collector.backfills.get(venue.name)
    return {
        "venue": venue.name,
        "connections": counts.connections,
        "connections_wanted": -(-len(watched.symbols) // venue.symbols_per_connection),
        "kinds": list(watched.kinds),
        "frames": counts.frames,
        "events": dict(counts.events),
        "refused": dict(counts.refused),
        "repeated": repeated(collector, venue.name),
        "dropped": counts.dropped,
        "connects": counts.connects,
        "skew_s": None if skew_us is None else skew_us / 1e6,
        "backfilling": backfill.busy() if backfill else [],
        "symbols": [_symbol(feed) for feed in feeds_of(collector, venue.name)],
    }


def _symbol(feed: Feed) -> dict[str, Any]:
    return {
        "symbol": feed.symbol,
        "live": sorted(kind for kind, carriers in feed.carriers.items() if carriers),
        "last_trade_us": feed.trades.last_us,
        "last_quote_us": feed.quotes.last_us,
        "last_book_us": feed.books.last_us,
        "book_known": feed.books.known,
        "missing": len(feed.trades.missing()),
        "given_up": len(feed.trades.holes) - len(feed.trades.missing()),
    }
