"""Slices on threads: the same bits for any number of them, errors and early ends as on one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tapeql
from tapeql import limits
from tapeql.cancel import Cancel
from tapeql.errors import Cancelled
from tapeql.run import lanes
from tapeql.run.lanes import in_order
from tapeql.storage.lake import Lake
from tests import tapes

SENTENCES = (
    "CANDLES 1m FROM x:A ADD sma(20), spread_pct, premarket.high",
    "CANDLES 1d FROM x:A ADD avg(close, 3), sum(volume) OVER 5d",
    "TICKS FROM x:A WHERE quantity > 1 AND price > price[1]",
    "CANDLES 5m FROM x:* ADD rsi(14), gap_pct ORDER BY volume DESC LIMIT 50",
    "CANDLES 1h FROM x:* WHERE symbol != 'A' OR volume > 300",
    "TICKS FROM x:* WHERE quantity > 1 AND side = 'buy' SELECT symbol, ts, price",
    "CANDLES 1h FROM x:* ON DAYS WHERE close > open FILL previous",
    "RANGES 1h FROM x:* WHERE close > open |> CANDLES 1m",
    "CANDLES 1m FROM x:A LIMIT LAST 7",
    "CANDLES 1h FROM x:A SELECT sma(20) WARMUP none",
    "CANDLES 1h FROM x:A SELECT sma(20) WARMUP 5 LIMIT LAST 300",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of two symbols, a file a day."""
    path = tmp_path_factory.mktemp("slices") / "lake"
    store = Lake(path)
    for seed, code in enumerate("AB"):
        for day in range(3, 15):
            store.write("ticks", "x", code, tapes.random_ticks(f"2025-03-{day:02}", 86_400, 700, seed=31 * seed + day))
            store.write("quotes", "x", code, tapes.random_quotes(f"2025-03-{day:02}", 86_400, 300, seed=seed + day))
    return path


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SLICE_ROWS", 500)
    monkeypatch.setattr(limits, "SLICE_AHEAD_BYTES", 1000)


@pytest.mark.parametrize("text", SENTENCES)
def test_threads_do_not_change_a_bit(lake: Path, text: str) -> None:
    """The tables of one, two and five threads are equal, and those of whole plans to the last digits of sums."""
    with tapeql.connect(lake) as db:
        answers = [db.query(f"SET threads = {n}; {text}") for n in (1, 2, 5)]
        assert answers[0].num_rows
        assert answers[0].equals(answers[1])
        assert answers[0].equals(answers[2])
        limits.SLICE_ROWS = 1 << 40  # type: ignore[misc]
        whole = db.query(text)
    for name, kind in zip(whole.schema.names, whole.schema.types, strict=True):
        ours, theirs = answers[0][name], whole[name]
        if pa.types.is_floating(kind):
            np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-12)
        else:
            assert ours.equals(theirs)


@pytest.mark.parametrize("text", [text for text in SENTENCES if ":*" in text])
def test_symbols_with_few_rows_share_a_slice(lake: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of several symbols in one frame are what they are in frames of their own, in the same order."""
    monkeypatch.setattr(limits, "SLICE_ROWS", 1 << 20)
    with tapeql.connect(lake) as db:
        together = db.query(text)
        monkeypatch.setattr(limits, "SLICE_TOGETHER_ROWS", 0)
        assert db.query(text).equals(together)


def test_nothing_stored_in_a_range_is_no_row(lake: Path) -> None:
    """A slice may hold no rows at all."""
    with tapeql.connect(lake) as db:
        assert db.query("CANDLES 1h FROM x:* DURING 2024-12-01").num_rows == 0


def test_too_few_rows_are_told_once(lake: Path) -> None:
    """A function that no slice has rows enough for is told of with the rows of all; one that the whole has is not."""
    with tapeql.connect(lake) as db:
        result = db.run("CANDLES 1d FROM x:A ADD sma(50), sma(9)")
        result.table()
    (note,) = [n for n in result.info["notes"] if n.code == "W401"]
    assert "12 of the 50 rows that sma(close, 50)" in str(note)


def batch(n: int) -> pa.RecordBatch:
    return pa.record_batch({"n": [n]})


def test_an_error_comes_where_its_slice_would() -> None:
    """What lies before it is handed out; slices behind it are not."""

    def breaks() -> Iterator[pa.RecordBatch]:
        yield batch(1)
        raise ValueError("broken")

    batches = in_order([lambda: iter([batch(0)]), breaks, lambda: iter([batch(2)])], 3, Cancel())
    assert [next(batches)["n"].to_pylist(), next(batches)["n"].to_pylist()] == [[0], [1]]
    with pytest.raises(ValueError, match="broken"):
        next(batches)


def test_who_leaves_early_stops_the_threads() -> None:
    """After one batch no thread has started; after the second all have ended when the iterator is closed.

    One of them is at work without a batch in sight: it ends because it looks whether it is still wanted.
    """
    query = Cancel(deadline_s=60)
    part = query.part()

    def endless() -> Iterator[pa.RecordBatch]:
        n = 0
        while True:
            yield batch(n)
            n += 1

    def searching() -> Iterator[pa.RecordBatch]:
        while True:
            part.check()
        yield batch(0)

    before = threading.active_count()
    batches = in_order([endless, searching, endless], 3, part)
    next(batches)
    assert threading.active_count() == before
    next(batches)
    assert threading.active_count() > before
    batches.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert lanes._held.bytes == 0
    assert not query.cancelled


def test_a_part_ends_with_the_whole() -> None:
    query = Cancel()
    part = query.part().part()
    part.check()
    query.cancel()
    with pytest.raises(Cancelled):
        part.check()
