"""A recorded Binance feed as one symbol's life: its trades, quotes and depth updates, to the digit."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.exchange.market import Book, Depth, Event, Instrument, Quote, Trade


class Recording:
    """Lines of `<receive time, ns> <message>` with one REST depth snapshot among them, spot or USD-M.

    The book begins as that snapshot, under the id before the first depth update: from the update that reaches the
    snapshot on, it is the venue's own. Spot quotes carry no time: they get their receive time by the venue's clock.
    """

    def __init__(self, path: Path, *, symbol: str | None = None, shift_us: int = 0) -> None:
        self._path = path
        self._shift_us = shift_us
        head: dict[str, Any] = {}
        offset_us = None
        for recv_us, message in self._messages():
            kind = "book" if "lastUpdateId" in message else message["data"].get("e", "bookTicker")
            head.setdefault(kind, message)
            if offset_us is None and kind in ("trade", "depthUpdate"):
                offset_us = message["data"]["E"] * 1000 - recv_us
            if {"book", "trade", "depthUpdate"} <= head.keys():
                break
        assert offset_us is not None, f"{path} has no trades, depth updates and snapshot"
        self._recv_to_venue_us = offset_us
        trade, depth, book = head["trade"]["data"], head["depthUpdate"]["data"], head["book"]
        self._recorded_symbol = depth["s"]
        self.futures = "pu" in depth
        code = symbol or self._recorded_symbol
        price_step, quantity_step = ("0.10", "0.001") if self.futures else ("0.01000000", "0.00001000")
        self.instrument = Instrument(code, code.removesuffix("USDT"), "USDT", price_step, quantity_step)
        self.first_trade_id = trade["t"]
        self.book = Book(depth.get("pu", depth["U"] - 1), map(tuple, book["bids"]), map(tuple, book["asks"]))

    def _messages(self) -> Iterator[tuple[int, dict[str, Any]]]:
        with gzip.open(self._path) as lines:
            for line in lines:
                recv_ns, _, text = line.partition(b" ")
                yield int(recv_ns) // 1000, json.loads(text)

    def lines(self) -> Iterator[bytes]:
        """The recorded messages, without the REST snapshot and without receive times."""
        with gzip.open(self._path) as lines:
            for line in lines:
                text = line.partition(b" ")[2].strip()
                if not text.startswith(b'{"lastUpdateId"'):
                    yield text

    def events(self) -> Iterator[tuple[int, Event]]:
        last_us, last_id = 0, self.book.update_id
        symbol, shift_us = self.instrument.symbol, self._shift_us
        for recv_us, message in self._messages():
            m = message.get("data")
            if m is None:
                continue
            if "E" in m:
                sent_us = m["E"] * 1000 + shift_us
                ts_us = m["T"] * 1000 + shift_us if "T" in m else sent_us
            else:
                ts_us = sent_us = max(recv_us + self._recv_to_venue_us + shift_us, last_us)
            last_us = max(last_us, sent_us)
            match m.get("e", "bookTicker"):
                case "trade":
                    yield last_us, Trade(symbol, ts_us, sent_us, m["t"], m["p"], m["q"], m["m"])
                case "bookTicker":
                    yield last_us, Quote(symbol, ts_us, sent_us, m["u"], m["b"], m["B"], m["a"], m["A"])
                case "depthUpdate":
                    bids, asks = tuple(map(tuple, m["b"])), tuple(map(tuple, m["a"]))
                    yield last_us, Depth(symbol, ts_us, sent_us, m["U"], m["u"], last_id, bids, asks)
                    last_id = m["u"]


def several(path: Path, symbols: list[str], shift_us: int = 0) -> list[Recording]:
    """One recording under several names, a second apart from each other so that they do not trade in step."""
    return [Recording(path, symbol=s, shift_us=shift_us + n * 1_000_000) for n, s in enumerate(symbols)]
