"""What Binance must show: six minutes of spot and of futures, half a minute of four small markets."""

from __future__ import annotations

from functools import partial

from tapeql.connectors.binance.decode import decode, decode_book, decode_trades
from tapeql.connectors.binance.markets import SPOT, USDM, Market
from tapeql.connectors.events import BookSnapshot, Trade, Void
from tests.connectors.binance import recordings
from tests.connectors.card import Card, Reply

TRADES = (
    b'[{"id":28458,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,'
    b'"isBuyerMaker":true,"isBestMatch":true},{"id":28457,"price":"4.00000000","qty":"0.50000000",'
    b'"quoteQty":"2.000000","time":1499865549590123,"isBuyerMaker":false,"isBestMatch":true}]'
)


def size(book: BookSnapshot) -> tuple[int | None, int | None, int, int]:
    return book.last_id, book.ts_us, len(book.bids), len(book.asks)


def trades(market: Market, body: bytes) -> list[Trade | Void]:
    return decode_trades(market, "BNBBTC", body, 7)


CARDS = (
    Card(
        venue="binance",
        sample="btcusdt-2024",
        code="BTCUSDT",
        decode=partial(decode, SPOT),
        frames=lambda folder: recordings.frames_2024(folder / recordings.SPOT),
        counts={"Trade": 9757, "Quote": 28040, "BookDelta": 3451},
        replies=(
            Reply(
                "depth",
                lambda folder: recordings.book_2024(folder / recordings.SPOT)[1],
                lambda body: size(decode_book(SPOT, "BTCUSDT", body, 7)),
                (50093239218, None, 1000, 1000),
            ),
            Reply(
                "historicalTrades",
                TRADES,
                partial(trades, SPOT),
                [
                    Trade("binance", "BNBBTC", "28457", 28457, 1499865549590123, 7, 4.0, 0.5, "buy"),
                    Trade("binance", "BNBBTC", "28458", 28458, 1499865549590000, 7, 4.000001, 12.0, "sell"),
                ],
            ),
        ),
    ),
    Card(
        venue="binance",
        sample="small-2021",
        code="NKNUSDT",
        decode=partial(decode, SPOT),
        frames=lambda folder: recordings.frames_2021(folder / recordings.SPOT_2021),
        counts={"BookDelta": 177, "Quote": 84, "Refused:unknown": 4},
    ),
    Card(
        venue="binanceusdm",
        sample="btcusdt-2024",
        code="BTCUSDT",
        decode=partial(decode, USDM),
        frames=lambda folder: recordings.frames_2024(folder / recordings.USDM),
        counts={"Trade": 21313, "Quote": 66089, "BookDelta": 6551},
        replies=(
            Reply(
                "depth",
                lambda folder: recordings.book_2024(folder / recordings.USDM)[1],
                lambda body: size(decode_book(USDM, "BTCUSDT", body, 7)),
                (5123107852948, 1723161256493000, 1000, 1000),
            ),
            Reply(
                "historicalTrades",
                TRADES.replace(b"28458", b"28459"),
                partial(trades, USDM),
                [
                    Trade("binanceusdm", "BNBBTC", "28457", 28457, 1499865549590123, 7, 4.0, 0.5, "buy"),
                    Void("BNBBTC", 28458),
                    Trade("binanceusdm", "BNBBTC", "28459", 28459, 1499865549590000, 7, 4.000001, 12.0, "sell"),
                ],
            ),
        ),
    ),
)
