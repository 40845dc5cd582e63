"""What Alpaca must show: messages as its documentation has them, and replies its own client is tested with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

from tapeql.connectors.alpaca.decode import decode, decode_bars, decode_book, decode_latest, decode_trades
from tapeql.connectors.events import Candle, Trade
from tests.connectors.card import Card, Reply, numbered

FRAMES = (
    b'[{"T":"success","msg":"connected"}]',
    b'[{"T":"success","msg":"authenticated"}]',
    b'[{"T":"subscription","trades":["AAPL"],"quotes":["AMD","CLDR"],"bars":["*"],"updatedBars":[],"dailyBars":["VOO"],'
    b'"statuses":["*"],"lulds":[],"corrections":["AAPL"],"cancelErrors":["AAPL"]}]',
    b'[{"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":1,"t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"}]',
    b'[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F","T","I"],"z":"C",'
    b'"t":"2023-04-06T11:54:26.838232225Z"},{"T":"t","S":"AAPL","i":75,"x":"Z","p":162.92,"s":3,'
    b'"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.838562809Z"},{"T":"t","S":"AAPL","i":1465,"x":"P",'
    b'"p":162.91,"s":71,"c":["@","F","T","I"],"z":"C","t":"2023-04-06T11:54:26.83915973Z"}]',
    b'[{"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":87.68,"as":4,"t":"2021-02-22T15:51:45.335689322Z",'
    b'"c":["R"],"z":"C"}]',
    b'[{"T":"b","S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378,"n":461,"vw":389.062639,'
    b'"t":"2021-02-22T19:15:00Z"}]',
    b'[{"T":"c","S":"EEM","x":"M","oi":52983525033527,"op":39.1582,"os":440000,"oc":[" ","7"],"ci":52983525034326,'
    b'"cp":39.1809,"cs":440000,"cc":[" ","7"],"z":"B","t":"2023-04-06T14:25:06.542305024Z"}]',
    b'[{"T":"x","S":"GOOGL","i":465,"x":"D","p":105.31,"s":300,"a":"C","z":"C","t":"2023-04-06T13:15:42.83540958Z"}]',
    b'[{"T":"l","S":"IONM","u":3.24,"d":2.65,"i":"B","t":"2023-04-06T13:34:45.565004401Z","z":"C"}]',
    b'[{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"Trading Halted",'
    b'"t":"2021-02-22T19:15:00Z","z":"C"}]',
    b'[{"T":"error","code":406,"msg":"connection limit exceeded"}]',
)

COUNTS = {
    "Heartbeat": 2,
    "Subscribed": 2,
    "Trade": 5,
    "Quote": 1,
    "Correction": 2,
    "Refused:unknown": 3,
    "Refused:error": 1,
}

WITHDRAWN = (
    b'{"trades":{"AAPL":['
    b'{"t":"2024-05-01T14:00:00.000000999Z","x":"V","p":170.1,"s":100,"c":["@"],"i":8,"z":"C"},'
    b'{"t":"2024-05-01T14:00:00.000000001Z","x":"V","p":170.2,"s":0.25,"c":["@","I"],"i":9,"z":"C","u":"corrected"},'
    b'{"t":"2024-05-01T14:00:01Z","x":"V","p":999.9,"s":100,"c":["@"],"i":10,"z":"C","u":"incorrect"},'
    b'{"t":"2024-05-01T14:00:02Z","x":"V","p":1.0,"s":100,"c":["@"],"i":11,"z":"C","u":"canceled"},'
    b'{"t":"2024-05-01T14:00:03Z","x":"V","p":170.3,"s":0,"c":["@"],"i":12,"z":"C"}]},"next_page_token":"bW9yZQ=="}'
)


def trade(day: str, exchange: str, number: int, ts_us: int, price: float, size: float, conditions: str) -> Trade:
    seq = number * 128 + ord(exchange)
    return Trade("alpaca", "AAPL", f"{day}/{exchange}/{number}", seq, ts_us, 7, price, size, None, conditions, exchange)


def reply_of(test: str) -> Callable[[Path], bytes]:
    """The body of one recorded reply."""

    def body(folder: Path) -> bytes:
        lines = (folder / "wire/alpaca/rest_replies.jsonl").read_text().splitlines()
        return json.dumps(next(each["body"] for each in map(json.loads, lines) if each["test"] == test)).encode()

    return body


CARDS = (
    Card(
        venue="alpaca",
        sample="documented",
        code="AAPL",
        decode=decode,
        frames=lambda folder: numbered(FRAMES),
        counts=COUNTS,
        recorded=False,
        replies=(
            Reply(
                "withdrawn trades",
                WITHDRAWN,
                lambda body: decode_trades("AAPL", body, 7),
                (
                    [
                        trade("2024-05-01", "V", 8, 1714572000000000, 170.1, 100.0, "@"),
                        trade("2024-05-01", "V", 9, 1714572000000000, 170.2, 0.25, "@,I"),
                    ],
                    "bW9yZQ==",
                ),
            ),
        ),
    ),
    Card(
        venue="alpaca",
        sample="recorded",
        code="AAPL",
        decode=decode,
        frames=lambda folder: numbered(FRAMES),
        counts=COUNTS,
        replies=(
            Reply(
                "trades",
                lambda folder: gzip.decompress((folder / "wire/alpaca/trades_page.json.gz").read_bytes()),
                lambda body: decode_trades("AAPL", body, 7),
                (
                    [
                        trade("2021-10-13", "P", 1, 1634112000089607, 140.2, 595.0, "@,T"),
                        trade("2021-10-13", "P", 2, 1634112001024327, 140.1, 6.0, "@,T,I"),
                        trade("2021-10-13", "P", 3, 1634112001447670, 140.1, 92.0, "@,F,T,I"),
                        trade("2021-10-13", "P", 4, 1634112001447670, 140.0, 2.0, "@,F,T,I"),
                        trade("2021-10-13", "P", 5, 1634112001447670, 140.0, 29.0, "@,F,T,I"),
                    ],
                    "QUFQTHwyMDIxLTEwLTEzVDA4OjAwOjAxLjQ0NzY3MDI3Mlp8UHwwOTIyMzM3MjAzNjg1NDc3NTgxMw==",
                ),
            ),
            Reply(
                "latest trade",
                reply_of("test_get_latest_trade"),
                lambda body: decode_latest("AAPL", body, 7),
                [trade("2022-03-18", "D", 22730, 1647612129722539, 161.2958, 100.0, "@")],
            ),
            Reply(
                "latest quote",
                reply_of("test_get_latest_quote"),
                lambda body: (decode_book("AAPL", body, 7).bids, decode_book("AAPL", body, 7).asks),
                ([(161.1, 2.0)], [(161.11, 13.0)]),
            ),
            Reply(
                "bars",
                reply_of("test_get_bars"),
                lambda body: decode_bars("AAPL", "1d", body)[0][:1],
                [
                    Candle(
                        *("alpaca", "AAPL", "1d", 1643691600000000, 174.0, 174.84, 172.31, 174.61, 85998033.0),
                        trades=732412,
                        vwap=173.703516,
                    )
                ],
            ),
            Reply(
                "no bars",
                reply_of("test_get_bars_single_empty_response"),
                lambda body: decode_bars("AAPL", "1d", body),
                ([], None),
            ),
        ),
    ),
)
