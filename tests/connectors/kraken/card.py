"""What Kraken must show: the recordings of v1 in v2's words, and messages of v2 as documented."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.kraken.decode import decode, decode_book, decode_candles, decode_trades
from tapeql.connectors.kraken.symbols import decode_symbols
from tests.connectors.card import Card, Frame, Reply, numbered
from tests.connectors.kraken import v1
from tests.connectors.kraken.samples import COUNTS, FRAMES, OHLC

Frames = Callable[[Path], Iterable[Frame]]
Body = Callable[[Path], bytes]

NAUTILUS = Path("wire/nautilus")
DOCUMENTED = ("book_snapshot", "book_update", "trade_update", "ticker_snapshot", "ohlc_update", "l3_snapshot", "pong")


def recorded(name: str) -> Frames:
    def frames(folder: Path) -> Iterator[Frame]:
        for recv_ns, frame in v1.frames(folder / name):
            said = v1.as_v2(frame)
            assert said is not None
            yield recv_ns, said

    return frames


def documented(folder: Path) -> Iterator[Frame]:
    names = (*DOCUMENTED, "subscribe_response")
    return numbered((folder / NAUTILUS / f"kraken_ws_{name}.json").read_bytes() for name in names)


def reply(name: str) -> Body:
    return lambda folder: (folder / NAUTILUS / f"kraken_http_{name}.json").read_bytes()


def trades(body: bytes) -> object:
    found, last_ns = decode_trades("BTC/USDT", body, 7)
    return found[0], [each.seq for each in found] == list(range(10218208, 10219208)), last_ns


def book(body: bytes) -> object:
    found: BookSnapshot = decode_book("BTC/USDT", body, 7)
    return found.last_id, found.ts_us, found.bids[0], found.asks[-1], len(found.bids), len(found.asks)


def pairs(body: bytes) -> object:
    return [(p.symbol, p.native, p.price_step, p.quantity_step, p.status) for p in decode_symbols(body, 7)]


def candles(body: bytes) -> object:
    return decode_candles("BTC/USD", "1m", body)


MINUTE_1 = Candle(
    "kraken", "BTC/USD", "1m", 1688671200000000, 30306.1, 30306.2, 30305.7, 30305.7, 3.39243896, 23, 30306.1
)
MINUTE_3 = Candle(
    "kraken", "BTC/USD", "1m", 1688671320000000, 30300.3, 30300.4, 30291.4, 30294.7, 1.951079, 31, 30297.5
)
FIRST_TRADE = Trade("kraken", "BTC/USDT", "10218208", 10218208, 1762795433971744, 7, 105433.6, 0.00027625, "buy")

CARDS = (
    Card(
        venue="kraken",
        sample="books-2021",
        code="BTC/USD",
        decode=decode,
        frames=recorded(v1.BOOKS),
        counts={"WrittenDelta": 4269, "WrittenSnapshot": 10, "Heartbeat": 32, "Subscribed": 10},
    ),
    Card(
        venue="kraken",
        sample="trades-2021",
        code="BTC/USD",
        decode=decode,
        frames=recorded(v1.TRADES),
        counts={"Trade": 10, "Heartbeat": 31, "Subscribed": 10},
        whole=False,
    ),
    Card(
        venue="kraken",
        sample="tickers-2021",
        code="BTC/USD",
        decode=decode,
        frames=recorded(v1.TICKERS),
        counts={"Quote": 18, "Heartbeat": 32, "Subscribed": 10},
    ),
    Card(
        venue="kraken",
        sample="documented",
        code="BTC/USD",
        decode=decode,
        frames=documented,
        counts={
            "WrittenSnapshot": 1,
            "WrittenDelta": 1,
            "Trade": 2,
            "Quote": 1,
            "Heartbeat": 1,
            "Subscribed": 1,
            "Refused:unknown": 2,
        },
        replies=(
            Reply("Trades", reply("trades"), trades, (FIRST_TRADE, True, 1762820035982277754)),
            Reply("Depth", reply("order_book"), book, (None, None, (105944.2, 0.002), (105963.6, 0.024), 5, 5)),
            Reply("AssetPairs", reply("asset_pairs"), pairs, [("BTC/USDT", "XBTUSDT", 0.1, 1e-08, "trading")]),
            Reply(
                "AssetPairs, tokenized",
                reply("asset_pairs_tokenized"),
                pairs,
                [("AAPLx/USD", "AAPLxUSD", 0.01, 1e-08, "trading")],
            ),
        ),
    ),
    Card(
        venue="kraken",
        sample="samples",
        code="BTC/USD",
        decode=decode,
        frames=lambda _: numbered(FRAMES),
        counts=COUNTS,
        recorded=False,
        replies=(
            Reply(
                "OHLC",
                OHLC,
                candles,
                ([1688671200000000 + n * 60_000_000 for n in range(4)], [MINUTE_1, MINUTE_3]),
            ),
        ),
    ),
)
