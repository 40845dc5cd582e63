"""What the terminal shows of a result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from tapeql.shell.candles import Candle, candles, draw
from tapeql.shell.table import render

T0 = datetime(2025, 3, 10, 13, 30, tzinfo=UTC)


def bars(n: int) -> pa.Table:
    return pa.table(
        {
            "symbol": ["AAPL"] * n,
            "ts": pa.array([T0 + timedelta(hours=i) for i in range(n)], pa.timestamp("us", tz="UTC")),
            "open": [100.0 + i for i in range(n)],
            "high": [102.0 + i for i in range(n)],
            "low": [99.0 + i for i in range(n)],
            "close": [101.5 + i for i in range(n)],
            "sma_20": pa.array([None if i < 20 else 100.125 for i in range(n)], pa.float64()),
        }
    )


def test_control_characters_are_written_out() -> None:
    """What data says to a terminal is shown and not obeyed, in cells, names, constant columns and lines."""
    wild = "a\x1b[31m\x07\x7f\x9b2J\rb"
    tame = "a\\x1b[31m\\x07\\x7f\\x9b2J\\x0db"
    table = pa.table({wild: [wild, wild], "trade_id": [wild, "t2"]})
    for width in (None, 30):
        text = render(table.schema, table.to_batches(), width)
        assert tame in text
        assert text.replace("\n", "").isprintable()
    explained = pa.table({"line": [f"\t{wild}"]})
    assert render(explained.schema, explained.to_batches()) == f"\t{tame}\n"


def shown(table: pa.Table, width: int | None = None, batch_rows: int = 7) -> list[str]:
    return render(table.schema, table.to_batches(batch_rows), width).splitlines()


def test_numbers_stand_right_with_one_count_of_decimals() -> None:
    """A column of numbers is aligned at its decimal points; NULL is a dot."""
    lines = shown(pa.table({"x": [1.5, 10.25, None], "name": ["a", None, "c"]}))
    assert lines == ["    x  name", "─────  ────", " 1.50  a", "10.25  ·", "    ·  c", "(3 rows)"]


def test_a_long_result_shows_its_ends_and_its_count() -> None:
    """Head and tail are shown, the rows between are counted, and only the shown ones are kept."""
    lines = shown(bars(5000))
    assert lines[-1] == "(5,000 rows)"
    assert "… 4,960 more rows …" in lines
    assert lines[2].startswith("AAPL    2025-03-10T13:30Z")
    assert lines[-2].startswith("AAPL    2025-10-04T20:30Z")
    assert len(lines) == 2 + 30 + 1 + 10 + 1


def test_a_result_of_exactly_the_shown_rows_is_not_cut() -> None:
    """Forty rows are all shown."""
    assert len(shown(bars(40))) == 43
    assert any("1 more rows" in line for line in shown(bars(41)))


def test_a_wide_table_fits_the_terminal() -> None:
    """Constant columns move above the table; what is too wide still is named below it."""
    lines = shown(bars(3), width=46)
    assert lines[0] == "symbol=AAPL"
    assert max(map(len, lines[:-1])) <= 46
    narrow = shown(bars(3), width=30)
    assert max(map(len, narrow[:-1])) <= 30
    assert "not shown: " in narrow[-1]


def test_no_rows_still_show_the_columns() -> None:
    """An empty result has a header and says 0 rows."""
    assert shown(bars(0), width=20)[-1].startswith("(0 rows")


def test_lines_are_printed_as_they_are() -> None:
    """EXPLAIN's text is not framed and not cut."""
    table = pa.table({"line": [f"step {i}" for i in range(100)]})
    assert shown(table) == [f"step {i}" for i in range(100)]


def test_a_picture_shows_the_last_candles_within_its_size() -> None:
    """Rising and falling bodies differ without colour, and the picture keeps to its frame."""
    rising = Candle(T0, 10.0, 12.0, 9.0, 11.5)
    falling = Candle(T0 + timedelta(hours=1), 11.5, 12.5, 8.0, 8.5)
    picture = draw([rising, falling] * 100, width=60, height=12)
    lines = picture.splitlines()
    assert len(lines) == 12
    assert max(map(len, lines)) <= 60
    assert "█" in picture
    assert "░" in picture
    assert "\x1b" not in picture
    assert "\x1b[32m" in draw([rising], colour=True)
    assert draw([]) == "(no candles)\n"


def test_candles_skip_bars_without_prices() -> None:
    """A bar whose prices are NULL has no candle."""
    table = bars(3).to_pylist()
    table[1]["open"] = None
    assert len(candles(pa.Table.from_pylist(table))) == 2
    assert len(draw(candles(bars(1)), height=10).splitlines()) == 10
