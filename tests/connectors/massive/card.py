"""What Massive must show: messages as its specification has them, and replies its own client is tested with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from tapeql.connectors.events import Candle, Trade
from tapeql.connectors.massive.decode import decode, decode_bars, decode_book, decode_trades
from tests.connectors.card import Card, Frame, Reply, numbered

FRAMES = (
    b'[{"ev":"status","status":"connected","message":"Connected Successfully"}]',
    b'[{"ev":"status","status":"auth_success","message":"authenticated"}]',
    b'[{"ev":"status","status":"success","message":"subscribed to: T.AAPL"},'
    b'{"ev":"status","status":"success","message":"subscribed to: Q.BRK.B"}]',
    b'[{"ev":"T","sym":"MSFT","x":4,"i":"12345","z":3,"p":114.125,"s":100,"c":[0,12],"t":1536036818784,"q":3681328},'
    b'{"ev":"T","sym":"MSFT","x":4,"i":12346,"z":3,"p":114.13,"s":0,"ds":"0.25","c":[37,99],"t":1536036818784,'
    b'"q":3681331,"trfi":202,"trft":1536036818780}]',
    b'[{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"ax":7,"ap":114.128,"as":160,"c":0,"i":[604],'
    b'"t":1536036818784,"q":50385480,"z":3},{"ev":"Q","sym":"MSFT","bx":4,"bp":114.125,"bs":100,"t":1536036818784,'
    b'"q":50385481,"z":3}]',
    b'[{"ev":"LULD","T":"MSFT","h":218.96,"l":198.11,"i":[21],"z":3,"t":1601316752683746,"q":290317}]',
    b'[{"ev":"status","status":"max_connections","message":"Maximum number of websocket connections exceeded. "}]',
)

BAD_AND_GONE = (
    b'{"status":"OK","results":['
    b'{"id":"2","exchange":11,"price":171.56,"size":100,"sip_timestamp":1517562000016999999,"sequence_number":1064,'
    b'"tape":3,"conditions":[12,41]},'
    b'{"id":"1","exchange":4,"trf_id":202,"price":171.55,"size":1,"decimal_size":"1.5",'
    b'"sip_timestamp":1517562000016036600,"sequence_number":1063,"tape":3,"conditions":[2]},'
    b'{"id":"3","exchange":11,"price":171.57,"size":100,"sip_timestamp":1517562000017000000,"sequence_number":1065,'
    b'"tape":3,"correction":8},'
    b'{"id":"4","exchange":11,"price":0,"size":100,"sip_timestamp":1517562000018000000,"sequence_number":1066,"tape":3}],'
    b'"next_url":"https://api.massive.com/v3/trades/AAPL?cursor=bW9yZQ"}'
)


def trade(place: str, number: str, seq: int, ts_us: int, price: float, size: float, conditions: str | None) -> Trade:
    day = {1517562: "2018-02-02", 1651181: "2022-04-28"}[ts_us // 1_000_000_000]
    return Trade(
        "massive",
        "AAPL",
        f"{day}/{place}/{number}",
        seq,
        ts_us,
        7,
        price,
        size,
        None,
        conditions,
        place.partition(".")[0],
    )


def specified(folder: Path) -> Iterator[Frame]:
    """The example of every channel of stocks."""
    specification = json.loads(gzip.decompress((folder / "wire/polygon/websocket_spec.json.gz").read_bytes()))
    frames = []
    for path, channel in specification["paths"].items():
        if "/stocks/" in path:
            content = channel["get"]["responses"]["200"]["content"]["application/json"]
            example = content.get("example") or content["schema"].get("example")
            frames.append(json.dumps([example]).encode())
    return numbered(frames)


def reply(name: str) -> Callable[[Path], bytes]:
    return lambda folder: (folder / "wire/polygon/rest" / name).read_bytes()


CARDS = (
    Card(
        venue="massive",
        sample="documented",
        code="AAPL",
        decode=decode,
        frames=lambda folder: numbered(FRAMES),
        counts={
            "Heartbeat": 2,
            "Subscribed": 2,
            "Trade": 2,
            "Quote": 2,
            "Refused:unknown": 1,
            "Refused:error": 1,
        },
        recorded=False,
        replies=(
            Reply(
                "trades",
                BAD_AND_GONE,
                lambda body: decode_trades("AAPL", body, 7),
                (
                    [
                        trade("4.202", "1", 1063, 1517562000016000, 171.55, 1.5, "W"),
                        trade("11", "2", 1064, 1517562000016000, 171.56, 100.0, "T,X"),
                    ],
                    "https://api.massive.com/v3/trades/AAPL?cursor=bW9yZQ",
                ),
            ),
        ),
    ),
    Card(
        venue="massive",
        sample="specified",
        code="AAPL",
        decode=decode,
        frames=specified,
        counts={"Trade": 1, "Quote": 1, "Refused:unknown": 7},
        replies=(
            Reply(
                "trades",
                reply("v3__trades__AAPL&limit=2.json"),
                lambda body: decode_trades("AAPL", body, 7),
                (
                    [
                        trade("11.3", "183276", 7179341, 1651181822461000, 156.43, 10.0, "T,I"),
                        trade("12.3", "183276", 7179341, 1651181822461000, 157.43, 10.0, "T,I"),
                    ],
                    None,
                ),
            ),
            Reply(
                "quotes",
                reply("v3__quotes__AAPL.json"),
                lambda body: (decode_book("AAPL", body, 7).ts_us, decode_book("AAPL", body, 7).bids),
                (1652191872800000, [(155.85, 4.0)]),
            ),
            Reply(
                "bars",
                reply("v2__aggs__ticker__AAPL__range__1__day__2005-04-01__2005-04-04.json"),
                lambda body: decode_bars("AAPL", "1d", body)[0][:1],
                [
                    Candle(
                        *("massive", "AAPL", "1d", 1112331600000000, 1.5032, 1.5064, 1.4489, 1.4604, 642646396.0),
                        trades=82132,
                        vwap=1.469,
                    )
                ],
            ),
        ),
    ),
)
