"""Massive's protocol: logging in, arrays of messages, pages by cursor (massive.com/docs)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.exchange.market import Event, Quote, Trade
from tests.exchange.server import Exchange, Socket
from tests.exchange.stocks import bars_of, trades_of

_UNITS_US = {"minute": 60_000_000, "hour": 3_600_000_000}
_REST_NS = 456_789
"""How much later than its millisecond history says a trade was: the stream tells milliseconds only."""


class Massive:
    """`next_host` stands in the addresses of next pages."""

    name = "massive"
    ping_s: float | None = 20.0
    pong_s: float | None = 20.0

    def __init__(self, *, key: str = "key", page: int = 50_000, next_host: str = "https://api.massive.com") -> None:
        self.key, self.page, self.next_host = key, page, next_host
        self.paths: list[str] = []

    def environ(self) -> dict[str, str]:
        return {"TAPEQL_MASSIVE_API_KEY": self.key}

    # -- websocket ------------------------------------------------------------------------------------------------

    def accept(self, socket: Socket, path: str) -> str | None:
        return None

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        self._status(socket, "connected", "Connected Successfully")

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        said = json.loads(message)
        action, params = said.get("action"), str(said.get("params", ""))
        if action == "auth":
            return self._login(exchange, socket, params)
        if "logged in" not in socket.state:
            return self._status(socket, "auth_required", "not authenticated")
        names = [name for name in params.split(",") if name]
        for name in names:
            if action == "subscribe":
                socket.streams[name] = None
            else:
                socket.streams.pop(name, None)
        word = "subscribed" if action == "subscribe" else "unsubscribed"
        answers = [{"ev": "status", "status": "success", "message": f"{word} to: {name}"} for name in names]
        socket.send(_json(answers))
        return None

    def _login(self, exchange: Exchange, socket: Socket, key: str) -> None:
        if key != self.key:
            self._status(socket, "auth_failed", "authentication failed")
            return socket.close(1000)
        for other in exchange.sockets.values():
            if other is not socket and "logged in" in other.state and not other.closed:
                self._status(other, "max_connections", "Maximum number of websocket connections exceeded. ")
                other.close(1008)
        socket.state["logged in"] = True
        return self._status(socket, "auth_success", "authenticated")

    def _status(self, socket: Socket, status: str, text: str) -> None:
        socket.send(_json([{"ev": "status", "status": status, "message": text}]))

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        match event:
            case Trade(symbol=symbol) if f"T.{symbol}" in socket.streams:
                odd = event.trade_id % 3 == 0
                said = {
                    "ev": "T",
                    "sym": symbol,
                    "x": 4 if odd else 11,
                    "i": str(event.trade_id),
                    "z": 3,
                    "p": float(event.price),
                    "s": float(event.quantity),
                    "c": [0, 37] if odd else [0],
                    "t": event.ts_us // 1000,
                    "q": event.trade_id * 7,
                    **({"trfi": 202} if odd else {}),
                }
                return (_json([said]),)
            case Quote(symbol=symbol) if f"Q.{symbol}" in socket.streams:
                said = {
                    "ev": "Q",
                    "sym": symbol,
                    "t": event.ts_us // 1000,
                    "q": event.update_id,
                    "z": 3,
                    "c": 1,
                    "bx": 11,
                    "bp": float(event.bid),
                    "bs": float(event.bid_quantity),
                    "ax": 12,
                    "ap": float(event.ask),
                    "as": float(event.ask_quantity),
                }
                return (_json([said]),)
        return ()

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        return None

    def strange(self, socket: Socket) -> bytes:
        return _json([{"ev": "MOON", "sym": "AAPL", "phase": [1, {"of": None}]}])

    def refusal(self, status: int, wait_s: float) -> web.Response:
        headers = {"Retry-After": str(max(1, round(wait_s)))} if status == 429 else {}
        text = "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue."
        return web.json_response({"status": "ERROR", "error": text}, status=status, headers=headers)

    # -- REST -----------------------------------------------------------------------------------------------------

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        table: dict[str, Callable[[Exchange, web.Request], Awaitable[Any]]] = {
            "/v3/trades/{ticker}": self._trades,
            "/v3/quotes/{ticker}": self._quotes,
            "/v2/aggs/ticker/{ticker}/range/{count}/{unit}/{start}/{end}": self._bars,
            "/v3/reference/tickers": self._tickers,
            "/v1/marketstatus/now": self._now,
        }
        return [web.get(path, self._handler(exchange, answer)) for path, answer in table.items()]

    def _handler(self, exchange: Exchange, answer: Callable[[Exchange, web.Request], Awaitable[Any]]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.paths.append(request.path_qs)
            if request.headers.get("Authorization") != f"Bearer {self.key}":
                return web.json_response({"status": "ERROR", "error": "Unknown API Key"}, status=401)
            return web.json_response(await answer(exchange, request))

        return handle

    def _page(self, rows: list[Any], request: web.Request, asked: dict[str, str]) -> Any:
        limit = min(int(asked.get("limit", 1000)), self.page)
        first = int(asked.get("first", 0))
        reply = {"status": "OK", "results": rows[first : first + limit]}
        if first + limit < len(rows):
            cursor = base64.urlsafe_b64encode(json.dumps(asked | {"first": str(first + limit)}).encode()).decode()
            reply["next_url"] = f"{self.next_host}{request.path}?cursor={cursor}"
        return reply

    def _asked(self, request: web.Request) -> dict[str, str]:
        cursor = request.query.get("cursor")
        return json.loads(base64.urlsafe_b64decode(cursor)) if cursor else dict(request.query)

    async def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        asked = self._asked(request)
        tape = exchange.market.tapes.get(request.match_info["ticker"])
        rows = [rest_row(trade) for trade in (trades_of(tape) if tape else ())]
        start, end = int(asked.get("timestamp.gte", 0)), int(asked.get("timestamp.lt", 2**62))
        rows = [row for row in rows if start <= row["sip_timestamp"] < end]
        if asked.get("order", "desc") == "desc":
            rows.reverse()
        return self._page(rows, request, asked)

    async def _quotes(self, exchange: Exchange, request: web.Request) -> Any:
        tape = exchange.market.tapes.get(request.match_info["ticker"])
        rows = [
            {
                "sip_timestamp": quote.ts_us * 1000 + _REST_NS,
                "sequence_number": quote.update_id,
                "tape": 3,
                "bid_exchange": 11,
                "bid_price": float(quote.bid),
                "bid_size": float(quote.bid_quantity),
                "ask_exchange": 12,
                "ask_price": float(quote.ask),
                "ask_size": float(quote.ask_quantity),
            }
            for quote in (reversed(tape.quotes) if tape else ())
        ]
        return self._page(rows, request, self._asked(request))

    async def _bars(self, exchange: Exchange, request: web.Request) -> Any:
        info = request.match_info
        tape = exchange.market.tapes.get(info["ticker"])
        length_us = int(info["count"]) * _UNITS_US[info["unit"]]
        rows = [
            {
                "t": bar.open_us // 1000,
                "o": bar.open,
                "h": bar.high,
                "l": bar.low,
                "c": bar.close,
                "v": bar.volume,
                "n": bar.trades,
                "vw": bar.vwap,
            }
            for bar in (bars_of(trades_of(tape), length_us) if tape else ())
            if int(info["start"]) <= bar.open_us // 1000 <= int(info["end"])
        ]
        limit = min(int(request.query.get("limit", self.page)), self.page)
        adjusted = request.query.get("adjusted", "true") == "true"
        reply: dict[str, Any] = {"status": "OK", "adjusted": adjusted, "results": rows[:limit]}
        if limit < len(rows):
            # The path says where the next page begins; the cursor holds no more than this.
            path = request.path.replace(f"/{info['start']}/", f"/{rows[limit]['t']}/")
            cursor = base64.urlsafe_b64encode(f"limit={limit}&sort=asc".encode()).decode().rstrip("=")
            reply["next_url"] = f"{self.next_host}{path}?cursor={cursor}"
        return reply

    async def _tickers(self, exchange: Exchange, request: web.Request) -> Any:
        rows = [
            {"ticker": ticker, "market": "stocks", "type": "ETF" if ticker == "SPY" else "CS", "active": True}
            for ticker in sorted(exchange.market.tapes)
        ]
        return self._page(rows, request, self._asked(request))

    async def _now(self, exchange: Exchange, request: web.Request) -> Any:
        now = datetime.fromtimestamp(exchange.now_us // 1_000_000, UTC)
        return {"market": "open", "serverTime": now.isoformat()}


def rest_row(trade: Trade) -> dict[str, Any]:
    odd = trade.trade_id % 3 == 0
    return {
        "id": str(trade.trade_id),
        "exchange": 4 if odd else 11,
        "tape": 3,
        **({"trf_id": 202} if odd else {}),
        "price": float(trade.price),
        "size": float(trade.quantity),
        "conditions": [0, 37] if odd else [0],
        "sip_timestamp": trade.ts_us * 1000 + _REST_NS,
        "sequence_number": trade.trade_id * 7,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
