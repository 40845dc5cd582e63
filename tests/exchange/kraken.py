"""Kraken's websocket v2 and its REST (docs.kraken.com).

Books are shown to the depth that was asked for; what falls out of it is not told, as Kraken does not. Prices and
quantities go out as JSON numbers with the market's digits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from aiohttp import web

from tests.exchange.market import Book, Depth, Event, Levels, Quote, Tape, Trade
from tests.exchange.server import Exchange, Socket

BEAT_S = 1.0
PAGE = 1000
KEPT_CANDLES = 720
DEPTHS = (10, 25, 100, 500, 1000)
CHANNELS: dict[type[Event], str] = {Trade: "trade", Quote: "ticker", Depth: "book"}
OLD_NAMES = {"BTC": "XBT", "DOGE": "XDG"}


class _Refused(Exception):
    """A request answered with HTTP 200 and an error."""


@dataclass(slots=True)
class Shown:
    """What one socket sees of a book."""

    depth: int
    book: Book
    bids: dict[str, str]
    asks: dict[str, str]

    def apply(self, depth: Depth) -> tuple[Levels, Levels]:
        """The changes the socket is told of."""
        self.book.apply(depth)
        bids, asks = (dict(side) for side in self.book.top(self.depth))
        changes = _changes(self.bids, bids, self.book.bids), _changes(self.asks, asks, self.book.asks)
        self.bids, self.asks = bids, asks
        return changes


class Kraken:
    """`kept_candles` is how many finished candles OHLC goes back."""

    name = "kraken"
    ping_s: float | None = None
    pong_s: float | None = None

    def __init__(self, *, beat_s: float = BEAT_S, kept_candles: int = KEPT_CANDLES) -> None:
        self._beat_s = beat_s
        self._kept_candles = kept_candles

    # -- websocket ------------------------------------------------------------------------------------------------

    def accept(self, socket: Socket, path: str) -> str | None:
        return None if path == "/v2" else "unknown path"

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        system = {"version": "2.0.9", "system": "online", "api_version": "v2", "connection_id": socket.number}
        socket.send(_json({"channel": "status", "type": "update", "data": [system]}))

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        try:
            request = json.loads(message)
            method = request["method"]
            if method == "ping":
                return socket.send(_json({"method": "pong"} | _times(exchange)))
            params = request["params"]
            channel, symbols = params["channel"], params["symbol"]
        except (ValueError, KeyError, TypeError):
            return socket.send(_json({"error": "Malformed request", "success": False} | _times(exchange)))
        for symbol in symbols:
            error = self._error(exchange, socket, method, channel, symbol, params)
            if error is None:
                self._answer(exchange, socket, method, channel, symbol, params)
            else:
                refusal = {"error": error, "method": method, "success": False, "symbol": symbol}
                socket.send(_json(refusal | _times(exchange)))
        return self._keep_beating(exchange, socket)

    def _error(
        self, exchange: Exchange, socket: Socket, method: str, channel: str, symbol: str, params: dict[str, Any]
    ) -> str | None:
        if channel not in CHANNELS.values():
            return f"Channel {channel} not supported"
        if symbol not in exchange.market.tapes:
            return f"Currency pair not supported {symbol}"
        if channel == "book" and params.get("depth", 10) not in DEPTHS:
            return "Subscription depth not supported"
        if (f"{channel}:{symbol}" in socket.streams) == (method == "subscribe"):
            return "Already subscribed" if method == "subscribe" else "Subscription Not Found"
        return None

    def _answer(
        self, exchange: Exchange, socket: Socket, method: str, channel: str, symbol: str, params: dict[str, Any]
    ) -> None:
        about = {"channel": channel, "symbol": symbol} | {k: v for k, v in params.items() if k in ("depth", "snapshot")}
        socket.send(_json({"method": method, "result": about, "success": True} | _times(exchange)))
        stream, tape = f"{channel}:{symbol}", exchange.market.tapes[symbol]
        if method == "unsubscribe":
            del socket.streams[stream]
            return
        socket.streams[stream] = None
        socket.state[f"trigger:{symbol}"] = params.get("event_trigger", "trades")
        if channel == "book":
            shown = Shown(params.get("depth", 10), tape.live.copy(), {}, {})
            shown.bids, shown.asks = (dict(side) for side in shown.book.top(shown.depth))
            socket.state[stream] = shown
            sides = tuple(shown.bids.items()), tuple(shown.asks.items())
            socket.send(self._book("snapshot", symbol, shown, sides, exchange.now_us))
        elif channel == "trade":
            if tape.trades:
                socket.send(_message("trade", "snapshot", [_trade(trade) for trade in tape.trades[-50:]]))
        elif tape.live.bids and tape.live.asks:
            bid, ask = tape.best()
            socket.send(_message("ticker", "snapshot", [_ticker(symbol, *bid, *ask, exchange.now_us)]))

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        channel = CHANNELS[type(event)]
        stream = f"{channel}:{event.symbol}"
        if stream not in socket.streams:
            return ()
        match event:
            case Trade():
                return (_message("trade", "update", [_trade(event)]),)
            case Quote():
                if socket.state[f"trigger:{event.symbol}"] != "bbo":
                    return ()
                return (_message("ticker", "update", [_ticker(event.symbol, *event[4:8], event.ts_us)]),)
            case Depth():
                shown: Shown = socket.state[stream]
                changes = shown.apply(event)
                return (self._book("update", event.symbol, shown, changes, event.ts_us),) if any(changes) else ()
        raise AssertionError(event)

    def _book(self, kind: str, symbol: str, shown: Shown, sides: tuple[Levels, Levels], ts_us: int) -> bytes:
        bids, asks = (
            "[" + ",".join(f'{{"price":{price},"qty":{quantity}}}' for price, quantity in side) + "]" for side in sides
        )
        sum_ = checksum(tuple(shown.bids.items()), tuple(shown.asks.items()))
        item = f'"bids":{bids},"asks":{asks},"checksum":{sum_},"timestamp":"{_iso(ts_us)}"'
        return _message("book", kind, [f'{{"symbol":"{symbol}",{item}}}'])

    def _keep_beating(self, exchange: Exchange, socket: Socket) -> None:
        def beat() -> None:
            if not socket.closed:
                socket.send(b'{"channel":"heartbeat"}')
                exchange.later(self._beat_s, beat)

        if "beating" not in socket.state:
            socket.state["beating"] = True
            beat()

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        return None

    def strange(self, socket: Socket) -> bytes:
        return b'{"channel":"weather","type":"update","data":[{"clouds":8}]}'

    # -- REST -----------------------------------------------------------------------------------------------------

    def refusal(self, status: int, wait_s: float) -> web.Response:
        """418, which Kraken does not have, stands for its own way: a 200 that is none. 429 comes from its gate."""
        if status == 418:
            return web.json_response({"error": ["EAPI:Rate limit exceeded"]})
        headers = {"Retry-After": str(max(1, -int(-wait_s // 1)))} if status == 429 else {}
        return web.Response(text="error code: 1015", status=status, headers=headers)

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        return [
            self._route("SystemStatus", self._status, exchange),
            self._route("AssetPairs", self._pairs, exchange),
            self._route("Trades", self._trades, exchange),
            self._route("OHLC", self._candles, exchange),
            self._route("Depth", self._levels, exchange),
        ]

    def _route(self, name: str, answer: Callable[[Exchange, web.Request], Any], exchange: Exchange) -> web.RouteDef:
        async def handle(request: web.Request) -> web.Response:
            try:
                return web.json_response({"error": [], "result": answer(exchange, request)})
            except _Refused as refused:
                return web.json_response({"error": [str(refused)]})
            except ValueError:
                return web.json_response({"error": ["EGeneral:Invalid arguments"]})

        return web.get(f"/0/public/{name}", handle)

    def _status(self, exchange: Exchange, request: web.Request) -> Any:
        now = datetime.fromtimestamp(exchange.now_us // 1_000_000, UTC)
        return {"status": "online", "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _pairs(self, exchange: Exchange, request: web.Request) -> Any:
        return {
            _native(symbol): {
                "altname": _altname(symbol), "wsname": "/".join(OLD_NAMES.get(each, each) for each in symbol.split("/")),
                "pair_decimals": _decimals(tape.instrument.price_step),
                "lot_decimals": _decimals(tape.instrument.quantity_step),
                "tick_size": tape.instrument.price_step, "status": "online",
            }
            for symbol, tape in exchange.market.tapes.items()
        }  # fmt: skip

    def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        """After `since`, in ns, the oldest; without it the newest."""
        tape, count = self._tape(exchange, request), min(int(request.query.get("count", PAGE)), PAGE)
        if "since" in request.query:
            since_ns = int(request.query["since"])
            found = [trade for trade in tape.trades if trade.ts_us * 1000 > since_ns][:count]
        else:
            found, since_ns = tape.trades[-count:], 0
        rows = [
            [t.price, t.quantity, t.ts_us / 1e6, "s" if t.buyer_is_maker else "b", "m", "", t.trade_id] for t in found
        ]
        last_ns = found[-1].ts_us * 1000 if found else since_ns
        return {_native(tape.instrument.symbol): rows, "last": str(last_ns)}

    def _candles(self, exchange: Exchange, request: web.Request) -> Any:
        """Empty ones too, which have the close before them for a price; the last has not ended."""
        tape, width_s = self._tape(exchange, request), int(request.query.get("interval", 1)) * 60
        now_s = exchange.now_us // 1_000_000 // width_s * width_s
        by_open: dict[int, list[Trade]] = {}
        for trade in tape.trades:
            by_open.setdefault(trade.ts_us // 1_000_000 // width_s * width_s, []).append(trade)
        rows: list[list[Any]] = []
        for open_s in range(min(by_open, default=now_s), now_s + width_s, width_s):
            trades = by_open.get(open_s, [])
            prices = [Decimal(trade.price) for trade in trades] or [Decimal(rows[-1][4] if rows else 0)]
            volume = sum((Decimal(trade.quantity) for trade in trades), Decimal(0))
            turnover = sum((Decimal(trade.price) * Decimal(trade.quantity) for trade in trades), Decimal(0))
            texts = [str(each) for each in (prices[0], max(prices), min(prices), prices[-1])]
            vwap = str(turnover / volume) if volume else "0.0"
            rows.append([open_s, *texts, vwap, str(volume), len(trades)])
        rows = rows[-self._kept_candles - 1 :]
        return {_native(tape.instrument.symbol): rows, "last": rows[-2][0] if len(rows) > 1 else 0}

    def _levels(self, exchange: Exchange, request: web.Request) -> Any:
        tape = self._tape(exchange, request)
        bids, asks = tape.book().top(min(int(request.query.get("count", 100)), 500))
        at_s = exchange.now_us // 1_000_000
        sides = {name: [[*level, at_s] for level in side] for name, side in (("asks", asks), ("bids", bids))}
        return {_native(tape.instrument.symbol): sides}

    def _tape(self, exchange: Exchange, request: web.Request) -> Tape:
        for symbol, tape in exchange.market.tapes.items():
            if request.query.get("pair") in (_altname(symbol), _native(symbol)):
                return tape
        raise _Refused("EQuery:Unknown asset pair")


def checksum(bids: Levels, asks: Levels) -> int:
    """CRC32 of the ten best asks, then the ten best bids, without points and leading zeros."""
    numbers = [number for side in (asks, bids) for level in side[:10] for number in level]
    return crc32("".join(number.replace(".", "").lstrip("0") for number in numbers).encode())


def _changes(before: dict[str, str], now: dict[str, str], whole: dict[str, str]) -> Levels:
    """Levels that are new or other than before, and those that are gone from the whole book."""
    new = [(price, quantity) for price, quantity in now.items() if before.get(price) != quantity]
    gone = [(price, "0.00000000") for price in before if price not in whole]
    return (*gone, *new)


def _trade(trade: Trade) -> str:
    side = "sell" if trade.buyer_is_maker else "buy"
    return (
        f'{{"symbol":"{trade.symbol}","side":"{side}","price":{trade.price},"qty":{trade.quantity},'
        f'"ord_type":"market","trade_id":{trade.trade_id},"timestamp":"{_iso(trade.ts_us)}"}}'
    )


def _ticker(symbol: str, bid: str, bid_quantity: str, ask: str, ask_quantity: str, ts_us: int) -> str:
    return (
        f'{{"symbol":"{symbol}","bid":{bid},"bid_qty":{bid_quantity},"ask":{ask},"ask_qty":{ask_quantity},'
        f'"last":{bid},"volume":1.0,"vwap":{bid},"low":{bid},"high":{ask},"change":0.0,"change_pct":0.0,'
        f'"timestamp":"{_iso(ts_us)}"}}'
    )


def _message(channel: str, kind: str, items: list[str]) -> bytes:
    return f'{{"channel":"{channel}","type":"{kind}","data":[{",".join(items)}]}}'.encode()


def _altname(symbol: str) -> str:
    return "".join(OLD_NAMES.get(each, each) for each in symbol.split("/"))


def _native(symbol: str) -> str:
    """XXBTZUSD: crypto behind X, money behind Z."""
    base, quote = (OLD_NAMES.get(each, each) for each in symbol.split("/"))
    return f"X{base}Z{quote}"


def _decimals(step: str) -> int:
    return len(step.partition(".")[2])


def _times(exchange: Exchange) -> dict[str, str]:
    return {"time_in": _iso(exchange.now_us), "time_out": _iso(exchange.now_us)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _iso(ts_us: int) -> str:
    return datetime.fromtimestamp(ts_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ts_us % 1_000_000:06d}Z"
