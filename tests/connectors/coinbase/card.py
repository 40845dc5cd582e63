"""What Coinbase must show: half a minute of ten small markets on Exchange, the documented samples of Advanced Trade."""

from __future__ import annotations

from tapeql.connectors.coinbase.advanced import decode as advanced
from tapeql.connectors.coinbase.exchange import decode as exchange
from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tests.connectors.card import Card, Reply, numbered
from tests.connectors.coinbase import recordings

TRADES = (
    b'[{"time":"2014-11-07T22:19:28.578544Z","trade_id":74,"price":"10.00000000","size":"0.01000000","side":"buy"},'
    b'{"time":"2014-11-07T01:08:43.642366Z","trade_id":73,"price":"100.00000000","size":"0.01000000","side":"sell"}]'
)
CANDLES = b"[[1415398860,0.35,4.2,4.2,4.2,12.3],[1415398800,0.32,4.2,0.35,4.2,12.3]]"
BOOK = b'{"bids":[["295.96","4.39088265",2]],"asks":[["295.97","25.23542881",12]],"sequence":3,"time":"2014-11-07T08:19:27Z"}'
WRITTEN = (
    b'{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"}',
    b'{"type":"ticker","sequence":37475248783,"product_id":"ETH-USD","price":"1285.22","best_bid":"1285.04",'
    b'"best_bid_size":"0.46688654","best_ask":"1285.27","best_ask_size":"1.56637040","side":"buy",'
    b'"time":"2022-10-19T23:28:22.061769Z","trade_id":370843401,"last_size":"11.4396987"}',
    b'{"type":"error","message":"Failed to subscribe","reason":"FOO-BAR is not a valid product"}',
    b'{"type":"subscriptions","channels":[{"name":"level2_50","product_ids":["ETH-USD"],"account_ids":null}]}',
    b'{"type":"status","products":[]}',
)


HOUR = ("coinbase", "BTC-USD", "1h")


def size(book: BookSnapshot) -> tuple[int | None, int | None, int, int]:
    return book.last_id, book.ts_us, len(book.bids), len(book.asks)


CARDS = (
    Card(
        venue="coinbase",
        sample="documented",
        code="BTC-USD",
        decode=advanced.decode,
        frames=recordings.advanced_frames,
        counts={
            "BookDelta": 1,
            "BookSnapshot": 1,
            "Heartbeat": 1,
            "Quote": 1,
            "Refused:unknown": 1,
            "Subscribed": 2,
            "Trade": 2,
        },
        replies=(
            Reply(
                "ticker",
                recordings.reply("ticker"),
                lambda body: advanced.decode_trades("BTC-USD", body, 7),
                [
                    Trade(
                        "coinbase", "BTC-USD", "995098661", 995098661, 1775521737296283, 7, 68924.94, 0.01450854, "sell"
                    ),
                    Trade(
                        "coinbase", "BTC-USD", "995098662", 995098662, 1775521738250358, 7, 68923.67, 0.00123858, "buy"
                    ),
                    Trade("coinbase", "BTC-USD", "995098663", 995098663, 1775521738544778, 7, 68923.67, 0.00064, "buy"),
                ],
            ),
            Reply(
                "product_book",
                recordings.reply("product_book"),
                lambda body: size(advanced.decode_book("BTC-USD", body, 7)),
                (None, 1775521739662782, 5, 5),
            ),
            Reply(
                "candles",
                recordings.reply("candles"),
                lambda body: advanced.decode_candles("BTC-USD", "1h", body),
                [
                    Candle(*HOUR, 1712188800000000, 65984.18, 66387.77, 65857.35, 66314.59, 358.74851052),
                    Candle(*HOUR, 1712192400000000, 66312.4, 66331.99, 66055.14, 66181.6, 355.82896243),
                ],
            ),
        ),
    ),
    Card(
        venue="coinbaseexchange",
        sample="small-2021",
        code="SKL-USD",
        decode=exchange.decode,
        frames=recordings.exchange_frames,
        counts={
            "BookDelta": 9719,
            "BookSnapshot": 10,
            "Heartbeat": 10,
            "Quote": 107,
            "Subscribed": 6,
            "Trade": 97,
        },
        replies=(
            Reply(
                "trades",
                TRADES,
                lambda body: exchange.decode_trades("BTC-USD", body, 7),
                [
                    Trade("coinbaseexchange", "BTC-USD", "73", 73, 1415322523642366, 7, 100.0, 0.01, "buy"),
                    Trade("coinbaseexchange", "BTC-USD", "74", 74, 1415398768578544, 7, 10.0, 0.01, "sell"),
                ],
            ),
            Reply(
                "book",
                BOOK,
                lambda body: size(exchange.decode_book("BTC-USD", body, 7)),
                (None, 1415348367000000, 1, 1),
            ),
            Reply(
                "candles",
                CANDLES,
                lambda body: exchange.decode_candles("BTC-USD", "1m", body),
                [
                    Candle("coinbaseexchange", "BTC-USD", "1m", 1415398800000000, 0.35, 4.2, 0.32, 4.2, 12.3),
                    Candle("coinbaseexchange", "BTC-USD", "1m", 1415398860000000, 4.2, 4.2, 0.35, 4.2, 12.3),
                ],
            ),
        ),
    ),
    Card(
        venue="coinbaseexchange",
        sample="written",
        code="ETH-USD",
        decode=exchange.decode,
        frames=lambda folder: numbered(WRITTEN),
        counts={"Heartbeat": 1, "Quote": 1, "Refused:error": 1, "Refused:unknown": 1, "Subscribed": 1},
        recorded=False,
    ),
)
