"""What IBKR must show: recorded answers as the messages they came in, and one message of each kind."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tapeql.connectors.ibkr.decode import decode_candle
from tests.connectors.card import Card, Frame, Reply
from tests.connectors.ibkr.wire import bars, decode, frame

SECOND = 1_700_000_000


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def second(row: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(row["time"]).timestamp())


def recorded(folder: Path) -> Iterator[Frame]:
    for row in rows(folder / "wire/ibkr/trade_ticks.json.gz"):
        at = second(row)
        yield at * 10**9, frame((99, 1, 1, at, row["price"], row["size"], 0, row["exchange"], row["specialConditions"]))
    for row in rows(folder / "wire/ibkr/bid_ask_ticks.json.gz"):
        at = second(row)
        values = (row[name] for name in ("priceBid", "priceAsk", "sizeBid", "sizeAsk"))
        yield at * 10**9, frame((99, 2, 3, at, *values, 0))


PACKETS: tuple[tuple[tuple[object, ...], ...], ...] = (
    (
        (99, 1, 1, SECOND, 195.5, 100, 0, "NASDAQ", " TI"),
        (99, 1, 1, SECOND, 195.5, 100, 0, "NASDAQ", " TI"),
        (99, 1, 2, SECOND, 195.4, 7, 2, "FINRA", "4"),
    ),
    ((99, 1, 1, SECOND + 1, -1, 100, 0, "NASDAQ", ""), (99, 2, 3, SECOND + 1, 195.4, 195.6, 300, 200, 0)),
    ((99, 2, 3, SECOND + 1, -1, 195.6, 0, 200, 0),),
    ((12, 1, 3, 0, 0, 1, 195.4, 300), (13, 1, 3, 0, "NSDQ", 0, 0, 195.6, 200, 1), (12, 1, 3, 0, 2, 1, 0, 0)),
    ((12, 1, 3, 1, 9, 1, 195.4, 300),),
    ((4, 2, 3, 317, "Market depth data has been RESET.", ""),),
    ((4, 2, -1, 2104, "Market data farm connection is OK:usfarm", ""),),
    ((4, 2, -1, 1100, "Connectivity between IB and Trader Workstation has been lost.", ""),),
    ((4, 2, -1, 1101, "Connectivity restored - data lost.", ""),),
    ((4, 2, -1, 1102, "Connectivity restored - data maintained.", ""),),
    ((4, 2, 1, 10190, "Max number of tick-by-tick requests has been reached.", ""),),
    ((777, 1, 2),),
)

BARS = frame((17, 9, "", "", 2, SECOND, 10, 12, 9, 11, 100, 10.5, 3, SECOND + 60, 11, 11, 11, 11, -1, -1, -1))


def candles(body: bytes) -> list[tuple[object, ...]]:
    found = [decode_candle("AAPL", "1m", bar, ZoneInfo("UTC")) for bar in bars(body)]
    return [(c.ts_us, c.open, c.high, c.low, c.close, c.volume, c.vwap, c.trades) for c in found]


CARDS = (
    Card(
        venue="ibkr",
        sample="recorded-2022",
        code="AAPL",
        decode=decode,
        frames=recorded,
        counts={"Trade": 6, "Quote": 1003},
    ),
    Card(
        venue="ibkr",
        sample="written",
        code="AAPL",
        decode=decode,
        frames=lambda _: [((SECOND + n) * 10**9, frame(*packet)) for n, packet in enumerate(PACKETS)],
        counts={
            "Trade": 3,
            "Quote": 2,
            "Depth": 3,
            "Heartbeat": 1,
            "Reset": 5,
            "Refused:value": 2,
            "Refused:error": 2,
            "Refused:malformed": 1,
        },
        recorded=False,
        replies=(
            Reply(
                "historicalData",
                BARS,
                candles,
                [
                    (SECOND * 1_000_000, 10.0, 12.0, 9.0, 11.0, 100.0, 10.5, 3),
                    ((SECOND + 60) * 1_000_000, 11.0, 11.0, 11.0, 11.0, 0.0, None, None),
                ],
            ),
        ),
    ),
)
