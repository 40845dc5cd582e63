"""Ticks, quotes, rows and bars of IBKR as events, from recorded answers and written messages."""

from __future__ import annotations

import gzip
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from ib_async.objects import (
    BarData,
    HistoricalTickLast,
    TickAttribBidAsk,
    TickAttribLast,
    TickByTickAllLast,
    TickByTickBidAsk,
)

from tapeql.connectors.events import Heartbeat, Quote, Refused, Reset, Trade
from tapeql.connectors.ibkr.book import Depth, Row
from tapeql.connectors.ibkr.decode import decode_candle, decode_quote, decode_trade
from tapeql.connectors.ibkr.numbering import UNREPORTED, Numbers
from tests.connectors.ibkr.wire import decode, frame

RECV_NS = 1_700_000_000_500_000_000
SECOND = 1_700_000_000


def recorded(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def last(
    second: int, price: float, size: float, *, unreported: bool = False, conditions: str = ""
) -> TickByTickAllLast:
    attributes = TickAttribLast(False, unreported)
    return TickByTickAllLast(1, datetime.fromtimestamp(second, UTC), price, size, attributes, "NASDAQ", conditions)


def test_recorded_trades(shared_data: Path) -> None:
    """Every recorded trade is one, with its second, and an id made of all that is said of it."""
    numbers = Numbers()
    found = []
    for row in recorded(shared_data / "wire/ibkr/trade_ticks.json.gz"):
        attributes = TickAttribLast(**row["tickAttribLast"])
        tick = HistoricalTickLast(
            datetime.fromisoformat(row["time"]),
            attributes,
            *(row[name] for name in ("price", "size", "exchange", "specialConditions")),
        )
        found.append(decode_trade("TEST", tick, numbers, RECV_NS))
    assert [type(each) for each in found] == [Trade] * 6
    assert found[0] == Trade(
        "ibkr", "TEST", "1646185673/6.2/30///0", 0, 1_646_185_673_000_000, RECV_NS, 6.2, 30.0, None, None
    )


def test_recorded_quotes(shared_data: Path) -> None:
    """Every recorded quote is one, with both sides."""
    found = []
    for row in recorded(shared_data / "wire/ibkr/bid_ask_ticks.json.gz"):
        attributes = TickAttribBidAsk(**row["tickAttribBidAsk"])
        values = (row[name] for name in ("priceBid", "priceAsk", "sizeBid", "sizeAsk"))
        tick = TickByTickBidAsk(datetime.fromisoformat(row["time"]), *values, attributes)
        found.append(decode_quote("TEST", tick, RECV_NS))
    assert len(found) == 1003
    assert all(isinstance(each, Quote) and None not in (each.bid, each.ask) for each in found)
    assert found[0] == Quote("ibkr", "TEST", None, 1_646_176_203_000_000, RECV_NS, 0.99, 1.0, 15.3, 1.0)


def test_recorded_bars(shared_data: Path) -> None:
    """Every recorded bar is a candle of its minute with its volume and mean price."""
    found = []
    for row in recorded(shared_data / "wire/ibkr/bars.json.gz"):
        second = int(datetime.fromisoformat(row["date"]).replace(tzinfo=UTC).timestamp())
        found.append(decode_candle("TEST", "1m", BarData(**{**row, "date": str(second)}), ZoneInfo("UTC")))
    assert len(found) == 405
    first = found[0]
    assert (first.ts_us, first.open, first.volume, first.trades, first.vwap) == (1609838880000000, 219.0, 1.0, 1, 219.0)
    assert [c.ts_us for c in found] == sorted({c.ts_us for c in found})


def test_day_bars_begin_at_midnight_of_the_exchange() -> None:
    """A bar that says its day alone begins when that day does where the contract trades."""
    bar = BarData("20240701", 1.0, 2.0, 0.5, 1.5, 10.0, 1.2, 3)  # type: ignore[arg-type]
    at = datetime(2024, 7, 1, 4, tzinfo=UTC)
    assert decode_candle("AAPL", "1d", bar, ZoneInfo("US/Eastern")).ts_us == at.timestamp() * 1e6


def test_midpoints_have_no_volume() -> None:
    """Candles of currencies say -1 for what they have not."""
    bar = BarData(str(SECOND), 1.0, 2.0, 0.5, 1.5, -1.0, -1.0, -1)  # type: ignore[arg-type]
    candle = decode_candle("EURUSD", "1m", bar, ZoneInfo("UTC"))
    assert (candle.volume, candle.trades, candle.vwap) == (0.0, None, None)


@pytest.mark.parametrize(
    ("price", "size"), [(math.nan, 1.0), (math.inf, 1.0), (-1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (1.0, math.nan)]
)
def test_trades_that_cannot_be(price: float, size: float) -> None:
    """A price or a size that no trade can have is refused, and takes no number."""
    numbers = Numbers()
    refused = decode_trade("AAPL", last(SECOND, price, size), numbers, RECV_NS)
    assert isinstance(refused, Refused)
    assert refused.kind == "value"
    trade = decode_trade("AAPL", last(SECOND, 1.0, 1.0), numbers, RECV_NS)
    assert isinstance(trade, Trade)
    assert trade.seq == 0


def test_a_side_that_is_missing() -> None:
    """A side without a price, or with -1, is None."""
    attributes = TickAttribBidAsk(False, False)
    tick = TickByTickBidAsk(datetime.fromtimestamp(SECOND, UTC), -1.0, 10.0, 0.0, 5.0, attributes)
    quote = decode_quote("AAPL", tick, RECV_NS)
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (None, None, 10.0, 5.0)


def test_conditions_are_codes() -> None:
    """Letters in a row become codes with commas between; blanks are codes that are not there."""
    trade = decode_trade("AAPL", last(SECOND, 1.5, 2.0, conditions=" FT I"), Numbers(), RECV_NS)
    assert isinstance(trade, Trade)
    assert (trade.conditions, trade.trade_id) == ("F,T,I", f"{SECOND}/1.5/2/NASDAQ/FT I/0")


MESSAGES: list[tuple[object, ...]] = [
    (99, 1, 1, SECOND, 195.5, 100, 0, "NASDAQ", " TI"),
    (99, 1, 1, SECOND, 195.5, 100, 0, "NASDAQ", " TI"),
    (99, 1, 2, SECOND, 195.4, 7, 2, "FINRA", "4"),
    (99, 2, 3, SECOND, 195.4, 195.6, 300, 200, 0),
    (99, 2, 3, SECOND + 1, -1, 195.6, 0, 200, 0),
    (12, 1, 3, 0, 0, 1, 195.4, 300),
    (13, 1, 3, 0, "NSDQ", 0, 0, 195.6, 200, 1),
    (13, 1, 3, 0, "NSDQ", 2, 0, 0, 0, 1),
    (4, 2, -1, 2104, "Market data farm connection is OK:usfarm", ""),
    (4, 2, -1, 1100, "Connectivity between IB and Trader Workstation has been lost.", ""),
    (4, 2, -1, 1102, "Connectivity between IB and Trader Workstation has been restored - data maintained.", ""),
    (4, 2, 1, 10190, "Max number of tick-by-tick requests has been reached.", ""),
]
WRITTEN = frame(*MESSAGES)


def test_written_messages() -> None:
    """Each kind of message a stream has is read as what it is."""
    events = decode(WRITTEN, RECV_NS)
    assert Counter(type(each) for each in events) == {Trade: 3, Quote: 2, Heartbeat: 1, Refused: 2, Reset: 4, Depth: 1}
    trades = [each for each in events if isinstance(each, Trade)]
    assert [(t.seq, t.trade_id.rpartition("/")[2]) for t in trades] == [(0, "0"), (1, "1"), (UNREPORTED, "u0")]
    assert all(t.ts_us == SECOND * 1_000_000 for t in trades)
    (depth,) = (each for each in events if isinstance(each, Depth))
    assert depth.begins
    assert depth.rows == (Row(0, 0, True, 195.4, 300.0), Row(0, 0, False, 195.6, 200.0), Row(0, 2, False, 0.0, 0.0))
    assert [e.symbols for e in events if isinstance(e, Reset)] == [("AAPL",)] * 4


@pytest.mark.parametrize(
    "message", [(12, 1, 3, 0, 7, 1, 195.4, 300), (12, 1, 3, 0, 0, 1, "nan", 300), (12, 1, 3, -4, 0, 1, 1.0, 300)]
)
def test_a_row_that_cannot_be(message: tuple[object, ...]) -> None:
    """An impossible row is refused, and the book told that its positions are not known any more."""
    refused, depth = decode(frame(message), RECV_NS)
    assert isinstance(refused, Refused)
    assert refused.kind == "value"
    assert isinstance(depth, Depth)
    assert depth.fault


def test_an_unreadable_row_loses_every_book_it_may_be_of() -> None:
    """Where not even the number of the line can be read, all books are in doubt."""
    refused, depth = decode(b"12|1|x|y", RECV_NS)
    assert isinstance(refused, Refused)
    assert refused.kind == "malformed"
    assert isinstance(depth, Depth)
    assert depth.fault


def test_mutated_messages() -> None:
    """Whatever becomes of a message, decode raises nothing and makes no number that is none."""
    chance = random.Random(7)
    seen: Counter[str] = Counter()
    swaps = [b"nan", b"inf", b"1e999", b"-1", b"9" * 40, b"", b"\xff\xfe", b"[]", b"253402300800", b"|", b"\n"]
    for _ in range(1000):
        raw = bytearray(frame(*chance.sample(MESSAGES, 3)))
        match chance.randrange(3):
            case 0:
                raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
            case 1:
                del raw[chance.randrange(len(raw)) :]
            case _:
                fields = bytes(raw).split(b"|")
                fields[chance.randrange(len(fields))] = chance.choice(swaps)
                raw = bytearray(b"|".join(fields))
        for event in decode(bytes(raw), RECV_NS):
            seen[type(event).__name__] += 1
            for value in msgspec.structs.astuple(event):
                assert not isinstance(value, float) or math.isfinite(value), event
            if isinstance(event, Depth):
                assert all(math.isfinite(row.price) and math.isfinite(row.size) for row in event.rows)
    assert seen["Trade"] > 200
    assert seen["Refused"] > 200
