"""What a damaged journal took: found in the store by what is missing around it, and declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from tapeql.collect.feed import Feed
from tapeql.collect.journal import Damage
from tapeql.collect.rows import plain
from tapeql.collect.trades import ContiguousTrades
from tapeql.connectors.events import Gap, Kept, Kind
from tapeql.storage.stores import Store

REASON: Final = "the journal was damaged"
LOOKED_BACK_US: Final = 2 * 86_400_000_000
"""A journal holds what is not stored yet and a little more: never days."""

_TABLE: Final[dict[Kind, str]] = {"trades": "ticks", "quotes": "quotes", "book": "book"}


def lost_with_the_journal(store: Store, feed: Feed, gaps: Sequence[Gap], damages: Sequence[Damage]) -> list[Kept]:
    """What to keep of frames that could not be read back, and so were never stored. Ids tell of all damages at once."""
    kept: list[Kept] = []
    venue, symbol = feed.venue.name, feed.symbol
    last_us: dict[Kind, int | None] = {
        "trades": feed.trades.last_us,
        "quotes": feed.quotes.last_us,
        "book": feed.books.last_us,
    }
    for n, damage in enumerate(damages):
        for kind in feed.kinds:
            until_us = last_us[kind]
            if until_us is None:
                continue
            if kind == "trades" and isinstance(feed.trades, ContiguousTrades):
                found = list(missing_ids(store, venue, symbol, until_us, gaps)) if n == 0 else []
            else:
                around = stretch(store, venue, symbol, kind, until_us, damage)
                found = [] if around is None else [around]
            for gap in found:
                kept += feed.trades.adopt(gap) if kind == "trades" else [gap]
    return kept


def missing_ids(store: Store, venue: str, symbol: str, last_us: int, gaps: Sequence[Gap]) -> Iterator[Gap]:
    """Gaps in contiguous trade ids that nobody declared, up to the last stored trade."""
    columns = ("ts", "seq")
    batches = store.snapshot().scan("ticks", venue, symbol, last_us - LOOKED_BACK_US, last_us + 1, columns)
    known = [(g.from_id or 0, g.to_id if g.to_id is not None else 2**63 - 1) for g in gaps if g.kind == "trades"]
    before_us, before_id = 0, -1
    for batch in batches:
        instants = batch.column("ts").cast(pa.int64()).to_pylist()
        for ts_us, seq in zip(instants, batch.column("seq").to_pylist(), strict=True):
            if (
                before_id >= 0
                and seq > before_id + 1
                and not any(a <= before_id + 1 and seq - 1 <= b for a, b in known)
            ):
                first, last = before_id + 1, seq - 1
                yield Gap(venue, symbol, f"trades:{first}", "trades", before_us, ts_us, first, last, REASON)
            before_us, before_id = ts_us, seq


def stretch(store: Store, venue: str, symbol: str, kind: Kind, last_us: int, damage: Damage) -> Gap | None:
    """The time between the rows received before and after the damage; None where nothing was received before it.

    A book is known again from its next snapshot on.
    """
    columns = ("ts", "recv_ts", "update_id", "kind") if kind == "book" else ("ts", "recv_ts")
    batches = store.snapshot().scan(_TABLE[kind], venue, symbol, last_us - LOOKED_BACK_US, last_us + 1, columns)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    for batch in batches:
        for row in plain(pa.Table.from_batches([batch])):
            # A position is the time of writing, a moment after the receipt of what the frame holds.
            if row["recv_ts"] is None:
                continue
            if row["recv_ts"] < damage.after:
                before = row
            elif after is None and row.get("kind") != "delta":
                after = row
    if before is None:
        return None
    return Gap(
        venue,
        symbol,
        f"{kind}:{damage.after}:damaged",
        kind,
        before["ts"],
        after["ts"] if after is not None else last_us,
        before["update_id"] + 1 if kind == "book" else None,
        after["update_id"] if kind == "book" and after is not None else None,
        REASON,
    )
