"""What a damaged journal took: found in the store by what is missing around it, and declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from tapeql.collect.feed import Feed
from tapeql.collect.journal import Damage
from tapeql.collect.rows import gaps_in, plain
from tapeql.collect.trades import ContiguousTrades
from tapeql.connectors.events import Gap, Kind
from tapeql.storage.store import Store

REASON: Final = "the journal was damaged"
LOOKED_BACK_US: Final = 2 * 86_400_000_000
"""A journal holds what is not stored yet and a little more: never days."""

_TABLE: Final[dict[Kind, str]] = {"trades": "ticks", "quotes": "quotes", "book": "book"}


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a feed had come: the time it last heard of each kind, and the next trade's id where ids are contiguous."""

    last_us: Mapping[Kind, int | None]
    next_id: int | None

    @classmethod
    def by(cls, feed: Feed) -> Reached:
        last_us: dict[Kind, int | None] = {
            "trades": feed.trades.last_us,
            "quotes": feed.quotes.last_us,
            "book": feed.books.last_us,
        }
        return cls(last_us, feed.trades.next if isinstance(feed.trades, ContiguousTrades) else None)


def lost_with_the_journal(store: Store, feed: Feed, reached: Reached, damages: Sequence[Damage]) -> list[Gap]:
    """What was in frames that could not be read back, and so was never stored. Ids tell of all damages at once.

    All else that the feed had heard is stored. Raises StoreError, ConnectionFailed.
    """
    found: list[Gap] = []
    venue, symbol = feed.venue.name, feed.symbol
    gaps = gaps_in(store, venue, symbol)
    for n, damage in enumerate(damages):
        for kind in feed.kinds:
            until_us = reached.last_us[kind]
            if until_us is None:
                continue
            if kind == "trades" and reached.next_id is not None:
                found += missing_ids(store, venue, symbol, until_us, reached.next_id, gaps) if n == 0 else []
            elif (around := stretch(store, venue, symbol, kind, until_us, damage)) is not None:
                found.append(around)
    return found


def missing_ids(
    store: Store, venue: str, symbol: str, last_us: int, next_id: int, gaps: Sequence[Gap]
) -> Iterator[Gap]:
    """Gaps in contiguous trade ids before next_id that nobody declared; last_us is the time of the last trade."""
    columns = ("ts", "seq")
    batches = store.snapshot().scan("ticks", venue, symbol, last_us - LOOKED_BACK_US, last_us + 1, columns)
    # What filled a gap may be lost as well.
    open_gaps = [gap for gap in gaps if gap.kind == "trades" and gap.filled_us is None]
    known = [(gap.from_id or 0, gap.to_id if gap.to_id is not None else 2**63 - 1) for gap in open_gaps]
    stored = ((ts_us, seq) for batch in batches for ts_us, seq in _ids(batch))
    before_us, before_id = 0, -1
    for ts_us, seq in chain(stored, [(last_us, next_id)]):
        first, last = before_id + 1, seq - 1
        if before_id >= 0 and first <= last and not any(a <= first and last <= b for a, b in known):
            yield Gap(venue, symbol, f"trades:{first}", "trades", before_us, ts_us, first, last, REASON)
        before_us, before_id = ts_us, seq


def _ids(batch: pa.RecordBatch) -> Iterator[tuple[int, int]]:
    return zip(batch.column("ts").cast(pa.int64()).to_pylist(), batch.column("seq").to_pylist(), strict=True)


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
