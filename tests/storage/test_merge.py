"""What is one row, and in which order rows stand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.storage.merge import Merged, difference, merge
from tapeql.storage.rows import conform
from tapeql.storage.schema import OHLCV, QUOTES, TICKS, Table
from tests import tapes

DAY = tapes.us("2025-03-10")
SIDES = st.sampled_from(["buy", "sell", None])
TRADES = st.lists(
    st.tuples(
        st.integers(0, 3).map(lambda t: DAY + t), st.sampled_from([1.0, 2.0]), st.sampled_from([1.0, 5.0]), SIDES
    ),
    min_size=1,
    max_size=14,
)
NAMES = ("ts", "price", "quantity", "side")


def put(table: Table, *sources: Sequence[Sequence[Any]], names: Sequence[str] = NAMES) -> pa.Table:
    """The stored rows after importing sources one after another, each in an import of its own."""
    stored: pa.Table | None = None
    for source in sources:
        if source:
            merged = merge(table, stored, [conform(table, tapes._table(table, names, source))])
            stored = merged.rows if merged.rows is not None else stored
    assert stored is not None
    return stored


def again(table: Table, stored: pa.Table, *sources: Sequence[Sequence[Any]], names: Sequence[str] = NAMES) -> Merged:
    return merge(table, stored, [conform(table, tapes._table(table, names, source)) for source in sources])


def plain(trades: pa.Table, names: Sequence[str] = NAMES) -> list[tuple[Any, ...]]:
    columns = [trades.column("ts").cast(pa.int64()), *(trades.column(name) for name in names[1:])]
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


@given(TRADES)
def test_a_source_keeps_all_its_rows_in_its_order(rows: list[tuple[Any, ...]]) -> None:
    """Repeated trades of one source are different trades; rows of one instant keep their order."""
    stored = put(TICKS, rows)
    assert plain(stored) == sorted(rows, key=lambda row: row[0])
    keys = zip(stored["ts"].to_pylist(), stored["seq"].to_pylist(), strict=True)
    for _, group in itertools.groupby(keys, lambda key: key[0]):
        ranks = [seq for _, seq in group]
        assert ranks == list(range(len(ranks)))


@given(TRADES)
def test_importing_twice_changes_nothing(rows: list[tuple[Any, ...]]) -> None:
    """The second time every row is known."""
    stored = put(TICKS, rows)
    second = again(TICKS, stored, rows)
    assert (second.rows, second.added, second.present) == (None, 0, len(rows))


@given(TRADES, st.randoms())
def test_a_shuffled_copy_changes_nothing(rows: list[tuple[Any, ...]], random: Any) -> None:
    """What a row is does not hang on where it stands in its file."""
    stored = put(TICKS, rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert again(TICKS, stored, shuffled).rows is None


@given(st.data())
def test_overlapping_windows_give_the_whole_in_any_order(data: st.DataObject) -> None:
    """Overlapping pieces of a source without repeated rows give the source itself, whichever comes first."""
    rows = data.draw(
        st.lists(
            st.tuples(st.integers(0, 3).map(lambda t: DAY + t), st.integers(1, 1000).map(float)),
            min_size=2,
            max_size=14,
            unique_by=lambda row: row[1],
        )
    )
    whole = sorted(((ts, price, 1.0, "buy") for ts, price in rows), key=lambda row: row[0])
    middle = data.draw(st.integers(1, len(whole) - 1))
    overlap = data.draw(st.integers(1, middle))
    pieces = [whole[:middle], whole[middle - overlap :]]
    if data.draw(st.booleans()):
        pieces.reverse()
    assert put(TICKS, *pieces).equals(put(TICKS, whole))


@given(TRADES, TRADES)
def test_the_union_holds_the_larger_count_of_each_trade(one: list[tuple[Any, ...]], two: list[tuple[Any, ...]]) -> None:
    """Of k and m equal trades in two sources, max(k, m) are stored, and (ts, seq) stays unique."""
    stored = put(TICKS, one, two)
    expected = {row: max(one.count(row), two.count(row)) for row in {*one, *two}}
    found = plain(stored)
    assert {row: found.count(row) for row in set(found)} == expected
    keys = list(zip(stored["ts"].to_pylist(), stored["seq"].to_pylist(), strict=True))
    assert keys == sorted(set(keys))


def test_a_numeric_trade_id_is_identity_and_order() -> None:
    """Trades with one id are one trade; within an instant the id orders them."""
    names = ("ts", "price", "quantity", "trade_id")
    stored = put(TICKS, [(DAY, 1.0, 1.0, "12"), (DAY, 2.0, 1.0, "7"), (DAY, 2.0, 1.0, "7")], names=names)
    assert stored["seq"].to_pylist() == [7, 12]
    more = again(TICKS, stored, [(DAY, 2.0, 1.0, "8"), (DAY, 1.0, 1.0, "12")], names=names)
    assert more.rows is not None
    assert (more.rows["seq"].to_pylist(), more.added, more.present) == ([7, 8, 12], 1, 1)


def test_a_known_id_with_other_contents_is_counted() -> None:
    """The stored trade stays, and the difference is told."""
    names = ("ts", "price", "quantity", "trade_id")
    stored = put(TICKS, [(DAY, 1.0, 1.0, "a")], names=names)
    merged = again(TICKS, stored, [(DAY, 1.5, 1.0, "a")], names=names)
    assert (merged.rows, merged.present, merged.differing) == (None, 1, 1)


def test_other_trade_ids_identify_without_ordering() -> None:
    """Rows with ids that are no numbers stand in source order."""
    names = ("ts", "price", "quantity", "trade_id")
    rows = [(DAY, 1.0, 1.0, "zz"), (DAY, 1.0, 1.0, "aa"), (DAY, 1.0, 1.0, "007")]
    stored = put(TICKS, rows, names=names)
    assert stored["trade_id"].to_pylist() == ["zz", "aa", "007"]
    assert stored["seq"].to_pylist() == [0, 1, 2]


def test_a_given_seq_is_kept() -> None:
    """A source's own sequence orders its rows and is stored."""
    names = ("ts", "price", "quantity", "seq")
    stored = put(TICKS, [(DAY, 1.0, 1.0, 50), (DAY, 2.0, 1.0, 40)], names=names)
    assert (stored["seq"].to_pylist(), stored["price"].to_pylist()) == ([40, 50], [2.0, 1.0])
    more = again(TICKS, stored, [(DAY, 3.0, 1.0, 45)], names=names)
    assert more.rows is not None
    assert more.rows["seq"].to_pylist() == [40, 45, 50]


def test_zero_has_one_sign_and_null_equals_null() -> None:
    """Quotes are equal where their numbers are, -0.0 and missing ones included."""
    stored = put(QUOTES, [(DAY, 0.0, None)], names=("ts", "bid", "ask"))
    assert again(QUOTES, stored, [(DAY, -0.0, None)], names=("ts", "bid", "ask")).rows is None


def test_a_later_candle_replaces_the_earlier() -> None:
    """A candle is its opening instant; values that changed are counted."""
    names = ("ts", "open", "high", "low", "close", "volume")
    stored = put(OHLCV, [(DAY, 1.0, 2.0, 1.0, 2.0, 10.0), (DAY + 1, 1.0, 2.0, 1.0, 2.0, 10.0)], names=names)
    merged = again(OHLCV, stored, [(DAY, 1.0, 3.0, 1.0, 2.0, 10.0), (DAY + 1, 1.0, 2.0, 1.0, 2.0, 10.0)], names=names)
    assert (merged.added, merged.present, merged.replaced) == (0, 1, 1)
    assert merged.rows is not None
    assert merged.rows["high"].to_pylist() == [3.0, 2.0]
    assert again(OHLCV, merged.rows, [(DAY, 1.0, 3.0, 1.0, 2.0, 10.0)], names=names).rows is None


@given(TRADES, TRADES)
def test_the_difference_turns_the_one_into_the_other(one: list[tuple[Any, ...]], two: list[tuple[Any, ...]]) -> None:
    """Taking away what is gone and adding what is fresh gives the rows after the merge."""
    before, after = put(TICKS, one), put(TICKS, one, two)
    gone, fresh = difference(before, after)
    assert before.num_rows - gone.num_rows + fresh.num_rows == after.num_rows
    rest = [row for row in before.to_pylist() if row not in gone.to_pylist()]
    assert sorted(map(str, [*rest, *fresh.to_pylist()])) == sorted(map(str, after.to_pylist()))


@pytest.mark.parametrize("name", ["nonsense", "symbol"])
def test_unknown_columns_are_refused(name: str) -> None:
    """A column the table does not have is an error, not a loss."""
    from tapeql.errors import DataError

    with pytest.raises(DataError, match=name):
        conform(TICKS, pa.table({name: [1]}))
