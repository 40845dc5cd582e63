"""From events in memory to the journal: in order, in frames of a bearable size."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tapeql.collect.counters import Counts
from tapeql.collect.journal import Journal
from tapeql.collect.recorder import Recorder, decode, encode
from tapeql.collect.timing import Timing
from tapeql.connectors.events import BookSnapshot, Kept, Trade
from tapeql.limits import JOURNAL_FRAME_BYTES


def book(number: int, levels: int) -> BookSnapshot:
    bids = [(50_000.0 - n, 1.5) for n in range(levels)]
    asks = [(50_001.0 + n, 1.5) for n in range(levels)]
    return BookSnapshot("x", "A", number, 1_700_000_000_000_000, 1, bids, asks)


def trade(number: int) -> Trade:
    return Trade("x", "A", str(number), number, 1_700_000_000_000_000, 1, 1.0, 1.0)


def recorded(folder: Path, events: Sequence[Kept]) -> tuple[list[list[Kept]], Counts]:
    """The events of each frame the journal has then."""
    counts = Counts()

    async def record(journal: Journal) -> None:
        recorder = Recorder(journal, Timing(), counts, lambda: None)
        running = asyncio.create_task(recorder.run())
        recorder.put(events)
        await asyncio.wait_for(recorder.drained(), 20)
        running.cancel()

    with Journal(folder) as journal:
        asyncio.run(record(journal))
        return [decode(payload) for _, payload in journal.read(0)], counts


def test_deep_books_are_spread_over_frames(tmp_path: Path) -> None:
    """The first snapshots of many deep books at once are more than a frame may have: they take several, in order."""
    events = [*(book(number, 5_000) for number in range(120)), trade(1)]
    assert len(encode(events)) > JOURNAL_FRAME_BYTES
    frames, _ = recorded(tmp_path, events)
    assert len(frames) == 2
    assert [event for frame in frames for event in frame] == events


def test_an_event_too_large_for_any_frame_is_dropped(tmp_path: Path) -> None:
    """It is counted, and what came before and after it is kept."""
    frames, counts = recorded(tmp_path, [trade(1), book(2, 500_000), trade(3)])
    assert [event for frame in frames for event in frame] == [trade(1), trade(3)]
    assert counts.of("x").too_large == 1
    assert counts.of("x").dropped == 0
