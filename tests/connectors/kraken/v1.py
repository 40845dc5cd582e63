"""Recordings of Kraken's websocket v1, told in the words of v2, so that its decoding and its book rule read them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tapeql.connectors.kraken.symbols import code_of

BOOKS = "wire/cryptofeed/KRAKEN.ws.50.0.gz"
TRADES = "wire/cryptofeed/KRAKEN.ws.48.0.gz"
TICKERS = "wire/cryptofeed/KRAKEN.ws.49.0.gz"
PAIRS = "wire/cryptofeed/KRAKEN.0.gz"
BOOKS_DEPTH = 1000


class Number(NamedTuple):
    """Digits that JSON shall have as a number, just as they are written."""

    digits: str


def frames(file: Path) -> Iterator[tuple[int, bytes]]:
    """(recv_ns, what v1 sent) of a recording; what was sent to Kraken is left out."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            head, _, body = line.partition(": ")
            if body and not head.startswith("wss:"):
                yield int(float(head) * 1e9), body.strip().encode()


def as_v2(frame: bytes) -> bytes | None:
    """What v2 would have sent for a frame of v1; None where it has nothing like it."""
    said = json.loads(frame)
    if isinstance(said, dict):
        return _about_the_connection(said)
    *payloads, channel, pair = said[1:]
    match channel.partition("-")[0]:
        case "book":
            return _book(code_of(pair), payloads)
        case "trade":
            return _trades(code_of(pair), payloads[0])
        case "ticker":
            return _ticker(code_of(pair), payloads[0])
    return None


def _about_the_connection(said: dict[str, Any]) -> bytes | None:
    match said["event"]:
        case "heartbeat":
            return _written({"channel": "heartbeat"})
        case "systemStatus":
            return _written({"channel": "status", "type": "update", "data": [{"system": said["status"]}]})
        case "subscriptionStatus":
            about = {"channel": said["subscription"]["name"], "symbol": code_of(said["pair"])}
            return _written({"method": "subscribe", "result": about, "success": said["status"] == "subscribed"})
    return None


def _book(code: str, payloads: list[dict[str, Any]]) -> bytes:
    whole = {name: levels for payload in payloads for name, levels in payload.items()}
    snapshot = "as" in whole
    sides = {name: whole.get(key + ("s" if snapshot else ""), []) for name, key in (("bids", "b"), ("asks", "a"))}
    times = [float(level[2]) for levels in sides.values() for level in levels]
    book: dict[str, Any] = {"symbol": code}
    for name, levels in sides.items():
        book[name] = [{"price": Number(price), "qty": Number(qty)} for price, qty, *_ in levels]
    if "c" in whole:
        book["checksum"] = Number(whole["c"])
    book["timestamp"] = _rfc3339(max(times))
    return _written({"channel": "book", "type": "snapshot" if snapshot else "update", "data": [book]})


def _trades(code: str, rows: list[list[str]]) -> bytes:
    """v1 does not number its trades: these have their time for a number."""
    trades = [
        {
            "symbol": code,
            "side": {"b": "buy", "s": "sell"}[side],
            "price": Number(price),
            "qty": Number(volume),
            "ord_type": {"l": "limit", "m": "market"}[order],
            "trade_id": int(float(time) * 1e6) + n,
            "timestamp": _rfc3339(float(time)),
        }
        for n, (price, volume, time, side, order, _) in enumerate(rows)
    ]
    return _written({"channel": "trade", "type": "update", "data": trades})


def _ticker(code: str, said: dict[str, list[Any]]) -> bytes:
    bid, ask = said["b"], said["a"]
    ticker = {"symbol": code, "bid": Number(bid[0]), "bid_qty": Number(bid[2])}
    ticker |= {"ask": Number(ask[0]), "ask_qty": Number(ask[2])}
    return _written({"channel": "ticker", "type": "update", "data": [ticker]})


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _written(value: Any) -> bytes:
    """JSON as Kraken writes it, without spaces; a Number keeps its digits."""
    if isinstance(value, Number):
        return value.digits.encode()
    if isinstance(value, dict):
        return (
            b"{" + b",".join(json.dumps(name).encode() + b":" + _written(each) for name, each in value.items()) + b"}"
        )
    if isinstance(value, list):
        return b"[" + b",".join(map(_written, value)) + b"]"
    return json.dumps(value).encode()
