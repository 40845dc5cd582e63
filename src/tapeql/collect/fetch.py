"""History on request: a venue's candles or trades from a date on, in batches that stay where the next run goes on."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
from msgspec.structs import replace

from tapeql.calendars.zones import DAY_US
from tapeql.collect.rows import gaps_in, tables, trade_of
from tapeql.connectors.events import Candle, Gap, Trade
from tapeql.connectors.venue import Connector
from tapeql.storage.coverage import end_of, records
from tapeql.storage.schema import COVERAGE
from tapeql.storage.store import Store

Row = TypeVar("Row")

BATCH_ROWS: Final = 20_000
BATCH_S: Final = 5.0
"""Or so long: what a slow venue has given stays, whenever it is stopped."""

NOT_ASKED_FOR: Final = "not asked for: it lies between what was collected and a history fetched later"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a history has been fetched: everything from since_us up to next_us (excluded) is stored."""

    since_us: int
    next_us: int
    next_id: int | None = None
    rows: int = 0


class Bookmark:
    """Where a fetch of one symbol stands, in a small file that is replaced whole."""

    def __init__(self, folder: Path, venue: str, code: str, what: str) -> None:
        name = "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):02X}" for c in f"{venue}_{code}_{what}")
        self._path = folder / f"{name}.json"

    def read(self, since_us: int) -> Progress | None:
        """None where there is nothing to go on with: never begun, or begun later than is asked for now."""
        try:
            progress = Progress(**json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return progress if progress.since_us <= since_us <= progress.next_us else None

    def write(self, progress: Progress) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(progress)))
        draft.replace(self._path)


async def fetch_candles(
    store: Store,
    history: Connector,
    symbol: str,
    interval: str,
    since_us: int,
    until_us: int | None,
    bookmark: Bookmark,
    show: Callable[[Progress], None],
) -> Progress:
    """Stores candles; those there are replaced. Raises VenueError, ConnectionFailed, StoreError; what is stored stays."""
    progress = bookmark.read(since_us) or Progress(since_us, since_us)
    if store.last("ohlcv", history.venue.name, symbol, interval) is None:
        progress = Progress(since_us, since_us)

    def stored(candles: list[Candle]) -> Progress:
        store.write("ohlcv", history.venue.name, symbol, _candles(candles), interval)
        return Progress(progress.since_us, candles[-1].ts_us + 1, None, progress.rows + len(candles))

    pages = history.fetch_candles(symbol, interval, since_us=progress.next_us, until_us=until_us)
    async for batch in _batches(pages):
        progress = stored(batch)
        bookmark.write(progress)
        show(progress)
    _say(store, history.venue.name, symbol, "ohlcv", interval, progress, until_us)
    return progress


def _say(
    store: Store, venue: str, symbol: str, table: str, interval: str, progress: Progress, until_us: int | None
) -> None:
    """Records what a history was asked for and answered in full."""
    end = end_of(table, interval, progress.next_us - 1)
    until = end if until_us is None else max(until_us, end)
    rows = records(table, interval, [(progress.since_us, until)], "backfill")
    if rows.num_rows and store.last(table, venue, symbol, interval) is not None:
        store.write(COVERAGE.name, venue, symbol, rows)


async def fetch_trades(
    store: Store,
    history: Connector,
    symbol: str,
    since_us: int,
    until_us: int | None,
    bookmark: Bookmark,
    show: Callable[[Progress], None],
) -> Progress:
    """Stores trades; known ones stay as they are. Raises VenueError, ConnectionFailed, StoreError; what is stored stays."""
    venue = history.venue
    progress = bookmark.read(since_us) or Progress(since_us, since_us)
    if store.last("ticks", venue.name, symbol) is None:
        progress = Progress(since_us, since_us)
    contiguous = venue.trade_ids == "contiguous"
    before = _end_of(store, venue.name, symbol)
    with store.live() as live:
        pages = history.fetch_ticks(
            symbol, from_id=progress.next_id if contiguous else None, since_us=progress.next_us, until_us=until_us
        )
        async for batch in _batches(pages):
            trades = [each for each in batch if isinstance(each, Trade)]
            if not trades:
                continue
            unknown = [] if before is None else _between(before, trades[0], contiguous)
            live.append(tables([*unknown, *trades]))
            last = before = trades[-1]
            # Where ids are only unique, the last instant is read again: more trades may share it.
            next_us = last.ts_us + 1 if contiguous else last.ts_us
            next_id = last.seq + 1 if contiguous else None
            progress = Progress(progress.since_us, next_us, next_id, progress.rows + len(trades))
            bookmark.write(progress)
            show(progress)
        if filled := list(_filled(store, venue.name, symbol, progress, contiguous)):
            live.append(tables(filled))
        # Days that have ended become one sorted file each; the present one is a collector's.
        live.seal(venue.name, progress.next_us // DAY_US)
    _say(store, venue.name, symbol, "ticks", "", progress, until_us)
    return progress


def _filled(store: Store, venue: str, symbol: str, progress: Progress, contiguous: bool) -> Iterator[Gap]:
    """Gaps in trades of which nothing is missing any more."""
    for gap in gaps_in(store, venue, symbol):
        if gap.kind != "trades" or gap.filled_us is not None or gap.until_us is None:
            continue
        if contiguous and gap.from_id is not None and gap.to_id is not None:
            ids = store.snapshot().scan("ticks", venue, symbol, gap.from_us, gap.until_us + 1, ("seq",))
            stored = {seq for batch in ids for seq in batch.column("seq").to_pylist()}
            whole = stored.issuperset(range(gap.from_id, gap.to_id + 1))
        else:
            whole = not contiguous and progress.since_us <= gap.from_us and gap.until_us < progress.next_us
        if whole:
            yield replace(gap, filled_to_id=gap.to_id, filled_us=gap.until_us)


def _end_of(store: Store, venue: str, symbol: str) -> Trade | None:
    """The last stored trade, unless an open gap tells already that what follows it is missing."""
    row = store.last("ticks", venue, symbol)
    if row is None or any(gap.kind == "trades" and gap.until_us is None for gap in gaps_in(store, venue, symbol)):
        return None
    return trade_of(venue, symbol, row)


def _between(before: Trade, first: Trade, contiguous: bool) -> list[Gap]:
    """A history may begin behind the end of the store. A collector goes on from the new end: this must tell it."""
    if first.ts_us <= before.ts_us or (contiguous and first.seq <= before.seq + 1):
        return []
    from_id, to_id = (before.seq + 1, first.seq - 1) if contiguous else (None, None)
    gap_id = f"trades:{before.ts_us if from_id is None else from_id}"
    times = before.ts_us, first.ts_us
    return [Gap(before.venue, before.symbol, gap_id, "trades", *times, from_id, to_id, NOT_ASKED_FOR)]


async def _batches(pages: AsyncIterator[list[Row]]) -> AsyncIterator[list[Row]]:
    gathered: list[Row] = []
    since_s = time.monotonic()
    async for page in pages:
        gathered += page
        if len(gathered) >= BATCH_ROWS or time.monotonic() - since_s >= BATCH_S:
            yield gathered
            gathered, since_s = [], time.monotonic()
    if gathered:
        yield gathered


def _candles(candles: list[Candle]) -> pa.Table:
    columns: Mapping[str, list[float | int | None]] = {
        "open": [c.open for c in candles],
        "high": [c.high for c in candles],
        "low": [c.low for c in candles],
        "close": [c.close for c in candles],
        "volume": [c.volume for c in candles],
        "trades": [c.trades for c in candles],
        "vwap": [c.vwap for c in candles],
    }
    ts = pa.array([c.ts_us for c in candles], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    return pa.table(
        {"ts": ts}
        | {name: pa.array(values, pa.int64() if name == "trades" else pa.float64()) for name, values in columns.items()}
    )
