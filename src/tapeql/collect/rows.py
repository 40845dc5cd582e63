"""Events as rows of the stores' tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pyarrow as pa

from tapeql.connectors.events import BookDelta, BookSnapshot, Correction, Gap, Instrument, Kept, Quote, Trade
from tapeql.storage.schema import TABLES
from tapeql.storage.store import Store

Place = tuple[str, str, str]
"""(table, venue, code)"""

_TABLE_OF: Final[dict[type, str]] = {
    Trade: "ticks",
    Quote: "quotes",
    BookDelta: "book",
    BookSnapshot: "book",
    Correction: "corrections",
    Gap: "gaps",
    Instrument: "instruments",
}


def tables(events: Iterable[Kept]) -> dict[Place, pa.Table]:
    """The rows of the events by table and symbol, in the order they came. Of a gap's records the last counts."""
    found: dict[Place, list[Any]] = {}
    for event in events:
        found.setdefault((_TABLE_OF[type(event)], event.venue, event.symbol), []).append(event)
    return {place: _COLUMNS[place[0]](each) for place, each in found.items()}


def _table(name: str, columns: dict[str, list[Any]]) -> pa.Table:
    schema = TABLES[name].schema
    chosen = pa.schema([schema.field(column) for column in columns])
    arrays = [pa.array(values, field.type) for values, field in zip(columns.values(), chosen, strict=True)]
    return pa.Table.from_arrays(arrays, schema=chosen)


def _received(recv_ns: int) -> int | None:
    return recv_ns // 1000 if recv_ns else None


def _ticks(events: list[Trade]) -> pa.Table:
    return _table(
        "ticks",
        {
            "ts": [e.ts_us for e in events],
            "seq": [e.seq for e in events],
            "price": [e.price for e in events],
            "quantity": [e.quantity for e in events],
            "side": [e.side for e in events],
            "trade_id": [e.trade_id for e in events],
            "buyer_maker": [None if e.side is None else e.side == "sell" for e in events],
            "conditions": [e.conditions for e in events],
            "market": [e.market for e in events],
            "recv_ts": [_received(e.recv_ns) for e in events],
        },
    )


def _quotes(events: list[Quote]) -> pa.Table:
    return _table(
        "quotes",
        {
            "ts": [e.ts_us for e in events],
            # Numbered quotes follow the mark of an outage at the same instant.
            "seq": [e.update_id or 0 for e in events],
            "bid": [e.bid for e in events],
            "bid_size": [e.bid_size for e in events],
            "ask": [e.ask for e in events],
            "ask_size": [e.ask_size for e in events],
            "update_id": [e.update_id for e in events],
            "recv_ts": [_received(e.recv_ns) for e in events],
            "ts_source": [e.ts_source for e in events],
        },
    )


def _book(events: list[BookDelta | BookSnapshot]) -> pa.Table:
    whole = [isinstance(e, BookSnapshot) for e in events]
    return _table(
        "book",
        {
            "ts": [e.ts_us for e in events],
            # A snapshot of an update stands behind the delta that made it.
            "seq": [2 * (e.last_id or 0) + is_whole for e, is_whole in zip(events, whole, strict=True)],
            "kind": ["snapshot" if is_whole else "delta" for is_whole in whole],
            "update_id": [e.last_id for e in events],
            "first_update_id": [e.first_id if isinstance(e, BookDelta) else None for e in events],
            "bid_prices": [[price for price, _ in e.bids] for e in events],
            "bid_sizes": [[size for _, size in e.bids] for e in events],
            "ask_prices": [[price for price, _ in e.asks] for e in events],
            "ask_sizes": [[size for _, size in e.asks] for e in events],
            "recv_ts": [_received(e.recv_ns) for e in events],
        },
    )


def _corrections(events: list[Correction]) -> pa.Table:
    return _table(
        "corrections",
        {
            "ts": [e.ts_us for e in events],
            "seq": [n for n, _ in enumerate(events)],
            "trade_id": [e.trade_id for e in events],
            "kind": [e.kind for e in events],
            "price": [e.price for e in events],
            "quantity": [e.quantity for e in events],
            "conditions": [e.conditions for e in events],
            "original_ts": [e.original_ts_us for e in events],
            "recv_ts": [_received(e.recv_ns) for e in events],
        },
    )


def _gaps(events: list[Gap]) -> pa.Table:
    newest = list({e.gap_id: e for e in events}.values())
    return _table(
        "gaps",
        {
            "ts": [e.from_us for e in newest],
            "seq": [n for n, _ in enumerate(newest)],
            "gap_id": [e.gap_id for e in newest],
            "kind": [e.kind for e in newest],
            "until": [e.until_us for e in newest],
            "from_id": [e.from_id for e in newest],
            "to_id": [e.to_id for e in newest],
            "filled_to_id": [e.filled_to_id for e in newest],
            "reason": [e.reason for e in newest],
            "filled_at": [e.filled_us for e in newest],
        },
    )


def _instruments(events: list[Instrument]) -> pa.Table:
    return _table(
        "instruments",
        {
            "ts": [e.ts_us for e in events],
            "seq": [n for n, _ in enumerate(events)],
            "kind": [e.kind for e in events],
            "base": [e.base for e in events],
            "quote": [e.quote for e in events],
            "price_step": [e.price_step for e in events],
            "quantity_step": [e.quantity_step for e in events],
            "status": [e.status for e in events],
            "native": [e.native for e in events],
        },
    )


_COLUMNS: Final[dict[str, Any]] = {
    "ticks": _ticks,
    "quotes": _quotes,
    "book": _book,
    "corrections": _corrections,
    "gaps": _gaps,
    "instruments": _instruments,
}


def trade_of(venue: str, symbol: str, row: dict[str, Any]) -> Trade:
    """A stored row of ticks, its instants in microseconds."""
    return Trade(
        venue, symbol, row["trade_id"] or "", row["seq"], row["ts"], 0, row["price"], row["quantity"], row["side"]
    )


def _gap(venue: str, symbol: str, row: dict[str, Any]) -> Gap:
    """A stored row of gaps, its instants in microseconds."""
    return Gap(
        venue,
        symbol,
        row["gap_id"],
        row["kind"],
        row["ts"],
        row["until"],
        row["from_id"],
        row["to_id"],
        row["reason"],
        row["filled_to_id"],
        row["filled_at"],
    )


def gaps_in(store: Store, venue: str, symbol: str) -> list[Gap]:
    """All that a store has of a symbol. Raises StoreError, ConnectionFailed."""
    return [_gap(venue, symbol, row) for row in plain(store.rows("gaps", venue, symbol))]


def plain(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as dictionaries, instants as microseconds."""
    columns = {}
    for field in rows.schema:
        column = rows.column(field.name)
        columns[field.name] = (column.cast(pa.int64()) if pa.types.is_timestamp(field.type) else column).to_pylist()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
