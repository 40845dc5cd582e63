"""Alpaca's protocol: logging in, arrays of messages, pages by token (docs.alpaca.markets)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.exchange.market import Event, Quote, Trade
from tests.exchange.server import Exchange, Socket
from tests.exchange.stocks import bars_of, trades_of

_UNITS_US = {"Min": 60_000_000, "Hour": 3_600_000_000}


class Alpaca:
    """`requests` are allowed a minute of the venue's clock, `symbols` a connection; history lacks the last `behind_s`.
    Time stands still unless it is moved."""

    name = "alpaca"
    ping_s: float | None = 20.0
    pong_s: float | None = 20.0

    def __init__(
        self,
        *,
        key: str = "key",
        secret: str = "secret",
        feed: str = "iex",
        symbols: int = 30,
        requests: int = 200,
        page: int = 10_000,
        greets: bool = True,
        behind_s: float = 0.0,
    ) -> None:
        self.key, self.secret, self.feed = key, secret, feed
        self.symbols, self.requests, self.page, self.greets = symbols, requests, page, greets
        self.behind_us = int(behind_s * 1e6)
        self.asked = 0
        self.paths: list[str] = []

    def environ(self) -> dict[str, str]:
        """The keys, and the feed."""
        return {
            "TAPEQL_ALPACA_API_KEY": self.key,
            "TAPEQL_ALPACA_API_SECRET": self.secret,
            "TAPEQL_ALPACA_FEED": self.feed,
        }

    # -- websocket ------------------------------------------------------------------------------------------------

    def accept(self, socket: Socket, path: str) -> str | None:
        return None if path == f"/v2/{self.feed}" else "unknown path"

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        if self.greets:
            socket.send(_json([{"T": "success", "msg": "connected"}]))

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        try:
            said = json.loads(message)
            action = said["action"]
        except (ValueError, KeyError, TypeError):
            return self._error(socket, 400, "invalid syntax")
        if action == "auth":
            return self._login(exchange, socket, said)
        if "logged in" not in socket.state:
            return self._error(socket, 401, "not authenticated")
        streams = [f"{channel}.{symbol}" for channel in ("trades", "quotes") for symbol in said.get(channel, [])]
        if action == "subscribe":
            if len({name.partition(".")[2] for name in socket.streams | dict.fromkeys(streams)}) > self.symbols:
                return self._error(socket, 405, "symbol limit exceeded")
            socket.streams.update(dict.fromkeys(streams))
        elif action == "unsubscribe":
            for name in streams:
                socket.streams.pop(name, None)
        else:
            return self._error(socket, 400, "invalid syntax")
        lists: dict[str, list[str]] = {"trades": [], "quotes": [], "bars": []}
        for name in socket.streams:
            channel, _, symbol = name.partition(".")
            lists[channel].append(symbol)
        lists["corrections"] = lists["cancelErrors"] = lists["trades"]
        socket.send(_json([{"T": "subscription", **lists}]))
        return None

    def _login(self, exchange: Exchange, socket: Socket, said: dict[str, Any]) -> None:
        if (said.get("key"), said.get("secret")) != (self.key, self.secret):
            self._error(socket, 402, "auth failed")
            return socket.close(1000)
        others = [each for each in exchange.sockets.values() if each is not socket and "logged in" in each.state]
        if any(not each.closed for each in others):
            self._error(socket, 406, "connection limit exceeded")
            return socket.close(1000)
        socket.state["logged in"] = True
        socket.send(_json([{"T": "success", "msg": "authenticated"}]))
        return None

    def _error(self, socket: Socket, code: int, text: str) -> None:
        socket.send(_json([{"T": "error", "code": code, "msg": text}]))

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        match event:
            case Trade(symbol=symbol) if f"trades.{symbol}" in socket.streams:
                return (_json([{"T": "t", "S": symbol, **row(event)}]),)
            case Quote(symbol=symbol) if f"quotes.{symbol}" in socket.streams:
                return (_json([{"T": "q", "S": symbol, **quote_row(event)}]),)
        return ()

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        return None

    def strange(self, socket: Socket) -> bytes:
        return _json([{"T": "moon", "S": "AAPL", "phase": [1, {"of": None}]}])

    def refusal(self, status: int, wait_s: float) -> web.Response:
        headers = {"Retry-After": str(max(1, round(wait_s)))} if status == 429 else {}
        return web.json_response({"message": "too many requests."}, status=status, headers=headers)

    # -- REST -----------------------------------------------------------------------------------------------------

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        table: dict[str, Callable[[Exchange, web.Request], Awaitable[Any]]] = {
            "/v2/stocks/trades": self._trades,
            "/v2/stocks/trades/latest": self._latest_trade,
            "/v2/stocks/quotes/latest": self._latest_quote,
            "/v2/stocks/bars": self._bars,
            "/v2/stocks/meta/exchanges": self._exchanges,
            "/v2/clock": self._clock,
            "/v2/assets": self._assets,
        }
        return [web.get(path, self._handler(exchange, answer)) for path, answer in table.items()]

    def _handler(self, exchange: Exchange, answer: Callable[[Exchange, web.Request], Awaitable[Any]]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.paths.append(request.path_qs)
            given = request.headers.get("APCA-API-KEY-ID"), request.headers.get("APCA-API-SECRET-KEY")
            if given != (self.key, self.secret):
                return web.json_response({"message": "forbidden."}, status=403)
            self.asked += 1
            now_s = exchange.now_us // 1_000_000
            headers = {
                "Date": formatdate(now_s, usegmt=True),
                "X-RateLimit-Limit": str(self.requests),
                "X-RateLimit-Remaining": str(max(0, self.requests - self.asked)),
                "X-RateLimit-Reset": str(now_s + 1),
            }
            if self.asked > self.requests:
                self.asked = 0
                return web.json_response({"message": "too many requests."}, status=429, headers=headers)
            try:
                return web.json_response(await answer(exchange, request), headers=headers)
            except ValueError as error:
                return web.json_response({"message": str(error)}, status=400, headers=headers)

        return handle

    def _symbol(self, request: web.Request) -> str:
        symbol = request.query["symbols"]
        if not symbol.isascii() or not symbol.isupper():
            raise ValueError(f"code=400, message=invalid symbol: {symbol}")
        return symbol

    async def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        symbol, query = self._symbol(request), request.query
        tape = exchange.market.tapes.get(symbol)
        start, end = _us(query["start"]), _us(query["end"]) if "end" in query else 2**62
        end = min(end, exchange.market.now_us - self.behind_us)
        found = [trade for trade in trades_of(tape) if start <= trade.ts_us <= end] if tape else []
        return self._page("trades", symbol, [row(trade) for trade in found], request)

    async def _bars(self, exchange: Exchange, request: web.Request) -> Any:
        symbol, query = self._symbol(request), request.query
        count = int("".join(c for c in query["timeframe"] if c.isdigit()))
        length_us = count * _UNITS_US[query["timeframe"].lstrip("0123456789")]
        start, end = _us(query["start"]), _us(query["end"]) if "end" in query else 2**62
        tape = exchange.market.tapes.get(symbol)
        rows = [
            {
                "t": time_of(bar.open_us),
                "o": bar.open,
                "h": bar.high,
                "l": bar.low,
                "c": bar.close,
                "v": bar.volume,
                "n": bar.trades,
                "vw": bar.vwap,
            }
            for bar in (bars_of(trades_of(tape), length_us) if tape else ())
            if start <= bar.open_us <= end
        ]
        return self._page("bars", symbol, rows, request)

    def _page(self, name: str, symbol: str, rows: list[Any], request: web.Request) -> Any:
        limit = min(int(request.query.get("limit", 1000)), self.page)
        token = request.query.get("page_token")
        first = int(base64.b64decode(token)) if token else 0
        more = base64.b64encode(str(first + limit).encode()).decode() if first + limit < len(rows) else None
        page = rows[first : first + limit]
        return {name: {symbol: page} if page else {}, "next_page_token": more}

    async def _latest_trade(self, exchange: Exchange, request: web.Request) -> Any:
        symbol = self._symbol(request)
        tape = exchange.market.tapes.get(symbol)
        return {"trades": {symbol: row(trades_of(tape)[-1])} if tape and tape.trades else {}}

    async def _latest_quote(self, exchange: Exchange, request: web.Request) -> Any:
        symbol = self._symbol(request)
        tape = exchange.market.tapes.get(symbol)
        return {"quotes": {symbol: quote_row(tape.quotes[-1])} if tape and tape.quotes else {}}

    async def _exchanges(self, exchange: Exchange, request: web.Request) -> Any:
        return {"V": "IEX", "D": "FINRA ADF"}

    async def _clock(self, exchange: Exchange, request: web.Request) -> Any:
        return {"timestamp": time_of(exchange.now_us, "123"), "is_open": True}

    async def _assets(self, exchange: Exchange, request: web.Request) -> Any:
        return [
            {"class": "us_equity", "exchange": "NASDAQ", "symbol": symbol, "status": "active", "tradable": True}
            for symbol in exchange.market.tapes
        ]


def row(trade: Trade) -> dict[str, Any]:
    """A trade as stream and history write it, to the nanosecond; every third one is an odd lot of another exchange."""
    odd = trade.trade_id % 3 == 0
    return {
        "t": time_of(trade.ts_us, "987"),
        "x": "D" if odd else "V",
        "p": float(trade.price),
        "s": float(trade.quantity),
        "c": ["@", "I"] if odd else ["@"],
        "i": trade.trade_id,
        "z": "C",
    }


def quote_row(quote: Quote) -> dict[str, Any]:
    return {
        "t": time_of(quote.ts_us, "987"),
        "bx": "V",
        "bp": float(quote.bid),
        "bs": float(quote.bid_quantity),
        "ax": "V",
        "ap": float(quote.ask),
        "as": float(quote.ask_quantity),
        "c": ["R"],
        "z": "C",
    }


def time_of(ts_us: int, nanoseconds: str = "") -> str:
    seconds, us = divmod(ts_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{us:06d}{nanoseconds}Z"


def _us(text: str) -> int:
    instant = datetime.fromisoformat(text)
    return int(instant.replace(microsecond=0).timestamp()) * 1_000_000 + instant.microsecond


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
