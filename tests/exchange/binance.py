"""Binance's protocol, spot and USD-M futures: streams, requests, weights (developers.binance.com)."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from tests.exchange.market import Depth, Event, Quote, Tape, Trade
from tests.exchange.server import Exchange, Socket

_MINUTE_MS = 60_000
INTERVALS_MS = {
    "1s": 1_000,
    **{f"{n}m": n * _MINUTE_MS for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * 60 * _MINUTE_MS for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * 1440 * _MINUTE_MS for n in (1, 3)},
    "1w": 7 * 1440 * _MINUTE_MS,
}
_FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)


class _Refused(Exception):
    """A request answered with an error: HTTP status, Binance's code, its message."""


class Weights:
    """Request weight used in the present window, with 429 above the limit and 418 for those who go on asking."""

    def __init__(self, limit: int, window_s: float = 60.0, patience: int = 10, ban_s: float = 120.0) -> None:
        self.limit, self.window_s, self.patience, self.ban_s = limit, window_s, patience, ban_s
        self.used = 0
        self._refused = 0
        self._window_end_s = 0.0
        self._banned_until_s = 0.0

    def spend(self, weight: int) -> tuple[int, float]:
        """The HTTP status this request gets (200, 429 or 418) and the seconds to wait."""
        now_s = time.monotonic()
        if now_s < self._banned_until_s:
            return 418, self._banned_until_s - now_s
        if now_s >= self._window_end_s:
            self._window_end_s, self.used, self._refused = now_s + self.window_s, 0, 0
        self.used += weight
        if self.used <= self.limit:
            return 200, 0.0
        self._refused += 1
        if self._refused > self.patience:
            self._banned_until_s = now_s + self.ban_s
            return 418, self.ban_s
        return 429, self._window_end_s - now_s


class Binance:
    """Spot; with `futures` USD-M. `api_key` makes historicalTrades ask for the X-MBX-APIKEY header, as USD-M does."""

    def __init__(
        self,
        *,
        futures: bool = False,
        weights: Weights | None = None,
        ping_s: float | None = 20.0,
        pong_s: float | None = 60.0,
        inbound_per_s: int | None = None,
        streams_limit: int = 1024,
        api_key: bool = False,
    ) -> None:
        self.name = "binanceusdm" if futures else "binance"
        self.futures = futures
        self.weights = weights or Weights(2_400 if futures else 6_000)
        self.ping_s, self.pong_s = ping_s, pong_s
        self._inbound_per_s = inbound_per_s or (10 if futures else 5)
        self._streams_limit = streams_limit
        self._api_key = api_key
        self._encoded: tuple[int, bytes] = (-1, b"")
        self._names: dict[tuple[str, type[Event]], tuple[str, ...]] = {}
        self._aggregates: dict[str, list[dict[str, Any]]] = {}

    # -- websocket ------------------------------------------------------------------------------------------------

    def accept(self, socket: Socket, path: str) -> str | None:
        # USD-M also has its streams under /public and /market, so any prefix is taken.
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        _, _, last = parts.path.rpartition("/")
        if last == "stream":
            socket.state["combined"] = True
            streams = [s for value in query.get("streams", []) for s in value.split("/") if s]
        elif "/ws" in parts.path:
            socket.state["combined"] = False
            streams = [s for s in parts.path.partition("/ws")[2].split("/") if s]
        else:
            return "unknown path"
        socket.state["per_ms"] = 1 if query.get("timeUnit", [""])[0].lower() == "microsecond" else 1000
        socket.state["inbound"] = deque(maxlen=self._inbound_per_s)
        if len(streams) > self._streams_limit:
            return "too many streams"
        socket.streams.update(dict.fromkeys(streams))
        return None

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        pass

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        inbound: deque[float] = socket.state["inbound"]
        now_s = time.monotonic()
        if len(inbound) == inbound.maxlen and now_s - inbound[0] < 1:
            socket.close(1008, "Too many requests")
            return None
        inbound.append(now_s)
        try:
            request = json.loads(message)
            method, params, number = request["method"], request.get("params", []), request.get("id")
        except ValueError:
            return self._error(socket, 3, "Invalid JSON: expected value at line 1 column 1")
        except (KeyError, TypeError, AttributeError):
            return self._error(socket, 2, "Invalid request: missing field `method` at line 1 column 1")
        result: Any = None
        match method:
            case "SUBSCRIBE":
                if len(socket.streams.keys() | set(params)) > self._streams_limit:
                    return socket.close(1008, "Too many streams")
                socket.streams.update(dict.fromkeys(params))
            case "UNSUBSCRIBE":
                for stream in params:
                    socket.streams.pop(stream, None)
            case "LIST_SUBSCRIPTIONS":
                result = list(socket.streams)
            case "SET_PROPERTY" if params and params[0] == "combined":
                socket.state["combined"] = bool(params[1])
            case "GET_PROPERTY" if params and params[0] == "combined":
                result = socket.state["combined"]
            case _:
                return self._error(socket, 2, f"Invalid request: unknown variant {method}")
        socket.send(_json({"result": result, "id": number}))
        return None

    def _error(self, socket: Socket, code: int, text: str) -> None:
        socket.send(_json({"error": {"code": code, "msg": text}, "id": None}))

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        key = (event.symbol, type(event))
        names = self._names.get(key)
        if names is None:
            names = self._names[key] = self._stream_names(*key)
        for stream in names:
            if stream in socket.streams:
                state = socket.state
                if state["per_ms"] == 1:
                    data = self.encode(event, 1)
                else:
                    if self._encoded[0] != number:
                        self._encoded = (number, self.encode(event))
                    data = self._encoded[1]
                return (b'{"stream":"%b","data":%b}' % (stream.encode(), data) if state["combined"] else data,)
        return ()

    @staticmethod
    def _stream_names(symbol: str, kind: type[Event]) -> tuple[str, ...]:
        low = symbol.lower()
        if kind is Trade:
            return (f"{low}@trade",)
        if kind is Quote:
            return (f"{low}@bookTicker",)
        return (f"{low}@depth@100ms", f"{low}@depth", f"{low}@depth@0ms")

    def encode(self, event: Event, per_ms: int = 1000) -> bytes:
        """The payload of an event, times in ms, or in µs where `per_ms` is 1."""
        sent, ts = event.sent_us // per_ms, event.ts_us // per_ms
        match event:
            case Trade(symbol=s, trade_id=t, price=p, quantity=q, buyer_is_maker=m):
                maker = "true" if m else "false"
                text = (
                    f'{{"e":"trade","E":{sent},"T":{ts},"s":"{s}","t":{t},"p":"{p}","q":"{q}","X":"MARKET","m":{maker}}}'
                    if self.futures
                    else f'{{"e":"trade","E":{sent},"s":"{s}","t":{t},"p":"{p}","q":"{q}","T":{ts},"m":{maker},"M":true}}'
                )
            case Quote(symbol=s, update_id=u, bid=b, bid_quantity=bq, ask=a, ask_quantity=aq):
                best = f'"u":{u},"s":"{s}","b":"{b}","B":"{bq}","a":"{a}","A":"{aq}"'
                text = f'{{"e":"bookTicker",{best},"T":{ts},"E":{sent}}}' if self.futures else f"{{{best}}}"
            case Depth():
                levels = f'"b":{_levels(event.bids)},"a":{_levels(event.asks)}'
                ids = f'"s":"{event.symbol}","U":{event.first_id},"u":{event.last_id}'
                text = (
                    f'{{"e":"depthUpdate","E":{sent},"T":{ts},{ids},"pu":{event.previous_id},{levels}}}'
                    if self.futures
                    else f'{{"e":"depthUpdate","E":{sent},{ids},{levels}}}'
                )
        return text.encode()

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        data = {"e": "serverShutdown", "E": now_us // 1000}
        return _json({"stream": "!serverShutdown", "data": data} if socket.state["combined"] else data)

    def strange(self, socket: Socket) -> bytes:
        data = {"e": "moonPhase", "E": 1_723_161_240_000, "s": "BTCUSDT", "phase": [1, {"of": None}]}
        return _json({"stream": "btcusdt@moonPhase", "data": data} if socket.state["combined"] else data)

    def refusal(self, status: int, wait_s: float) -> web.Response:
        if status in (418, 429):
            return too_many(status, wait_s)
        return web.Response(status=status, text="<html><body>unavailable</body></html>", content_type="text/html")

    # -- REST -----------------------------------------------------------------------------------------------------

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        spot = not self.futures
        root = "/api/v3" if spot else "/fapi/v1"
        table: dict[str, tuple[Callable[[dict[str, str]], int], Callable[[Exchange, web.Request], Awaitable[Any]]]] = {
            "ping": (lambda q: 1, self._ping),
            "time": (lambda q: 1, self._time),
            "exchangeInfo": (lambda q: 20 if spot else 1, self._exchange_info),
            "depth": (self._depth_weight, self._depth),
            "trades": (lambda q: 25 if spot else 5, self._trades),
            "historicalTrades": (lambda q: 25 if spot else 20, self._historical_trades),
            "aggTrades": (lambda q: 4 if spot else 20, self._agg_trades),
            "klines": (self._klines_weight, self._klines),
            "ticker/bookTicker": (lambda q: 2 if "symbol" in q else (4 if spot else 5), self._ticker),
        }

        def route(path: str) -> web.RouteDef:
            weigh, answer = table[path]

            async def handle(request: web.Request) -> web.Response:
                headers: dict[str, str] = {}
                try:
                    status, wait_s = self.weights.spend(weigh(dict(request.query)))
                    headers["X-MBX-USED-WEIGHT-1M"] = str(self.weights.used)
                    if status != 200:
                        return too_many(status, wait_s, headers)
                    reply = _json(await answer(exchange, request))
                except _Refused as refused:
                    status, code, text = refused.args
                    return web.json_response({"code": code, "msg": text}, status=status, headers=headers)
                except ValueError:
                    text = "Illegal characters found in a parameter."
                    return web.json_response({"code": -1100, "msg": text}, status=400, headers=headers)
                return web.Response(body=reply, headers=headers, content_type="application/json")

            return web.get(f"{root}/{path}", handle)

        return [route(path) for path in table]

    def _depth_weight(self, query: dict[str, str]) -> int:
        limit = int(query.get("limit", 500 if self.futures else 100))
        if self.futures:
            return 2 if limit <= 50 else 5 if limit <= 100 else 10 if limit <= 500 else 20
        return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250

    def _klines_weight(self, query: dict[str, str]) -> int:
        limit = int(query.get("limit", 500))
        return 2 if not self.futures else 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10

    def _tape(self, exchange: Exchange, request: web.Request) -> Tape:
        symbol = request.query.get("symbol")
        if symbol is None:
            raise _Refused(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        if symbol not in exchange.market.tapes:
            raise _Refused(400, -1121, "Invalid symbol.")
        return exchange.market.tapes[symbol]

    @staticmethod
    def _limit(request: web.Request, default: int, largest: int) -> int:
        limit = int(request.query.get("limit", default))
        if limit < 1:
            raise _Refused(400, -1130, "Data sent for parameter 'limit' is not valid.")
        return min(limit, largest)

    async def _ping(self, exchange: Exchange, request: web.Request) -> Any:
        return {}

    async def _time(self, exchange: Exchange, request: web.Request) -> Any:
        return {"serverTime": exchange.now_us // 1000}

    async def _exchange_info(self, exchange: Exchange, request: web.Request) -> Any:
        asked = json.loads(request.query.get("symbols", "[]")) + request.query.getall("symbol", [])
        tapes = exchange.market.tapes
        if asked and not set(asked) <= tapes.keys():
            raise _Refused(400, -1121, "Invalid symbol.")
        limits = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self.weights.limit,
        }
        return {
            "timezone": "UTC",
            "serverTime": exchange.now_us // 1000,
            "rateLimits": [limits],
            "exchangeFilters": [],
            "symbols": [self._symbol(tapes[symbol]) for symbol in asked or tapes],
        }

    def _symbol(self, tape: Tape) -> dict[str, Any]:
        it = tape.instrument
        what: dict[str, Any] = {
            "symbol": it.symbol,
            "status": "TRADING",
            "baseAsset": it.base,
            "quoteAsset": it.quote,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": it.price_step, "maxPrice": "1000000.00000000", "tickSize": it.price_step},
                {"filterType": "LOT_SIZE", "minQty": it.quantity_step, "maxQty": "9000.00000000", "stepSize": it.quantity_step},
            ],
        }  # fmt: skip
        if self.futures:
            what |= {
                "pair": it.symbol,
                "contractType": "PERPETUAL",
                "deliveryDate": 4_133_404_800_000,
                "onboardDate": 1_569_398_400_000,
                "marginAsset": it.quote,
                "pricePrecision": len(it.price_step.rstrip("0").partition(".")[2]),
                "quantityPrecision": len(it.quantity_step.rstrip("0").partition(".")[2]),
                "underlyingType": "COIN",
            }
        else:
            what |= {
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": True,
                "permissions": [],
                "permissionSets": [["SPOT"]],
            }
        return what

    async def _depth(self, exchange: Exchange, request: web.Request) -> Any:
        symbol = self._tape(exchange, request).instrument.symbol
        limit = self._limit(request, 500 if self.futures else 100, 1000 if self.futures else 5000)
        if self.futures and limit not in _FUTURES_DEPTHS:
            raise _Refused(400, -4021, f"{limit} is not valid depth limit.")
        book = await exchange.snapshot(symbol)
        bids, asks = book.top(limit)
        now_ms = exchange.now_us // 1000
        times = {"E": now_ms, "T": now_ms} if self.futures else {}
        return {"lastUpdateId": book.update_id, **times, "bids": bids, "asks": asks}

    async def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        tape = self._tape(exchange, request)
        return [self._rest_trade(trade) for trade in tape.trades[-self._limit(request, 500, 1000) :]]

    async def _historical_trades(self, exchange: Exchange, request: web.Request) -> Any:
        tape = self._tape(exchange, request)
        if self._api_key and not request.headers.get("X-MBX-APIKEY"):
            raise _Refused(401, -2014, "API-key format invalid.")
        limit = self._limit(request, 100 if self.futures else 500, 500 if self.futures else 1000)
        if "fromId" not in request.query:
            return [self._rest_trade(trade) for trade in tape.trades[-limit:]]
        return [self._rest_trade(trade) for trade in tape.trades_from(int(request.query["fromId"]), limit)]

    def _rest_trade(self, trade: Trade) -> dict[str, Any]:
        return {
            "id": trade.trade_id,
            "price": trade.price,
            "qty": trade.quantity,
            "quoteQty": f"{Decimal(trade.price) * Decimal(trade.quantity):.{2 if self.futures else 8}f}",
            "time": trade.ts_us // 1000,
            "isBuyerMaker": trade.buyer_is_maker,
            **({} if self.futures else {"isBestMatch": True}),
        }

    async def _agg_trades(self, exchange: Exchange, request: web.Request) -> Any:
        """Trades of one instant, side and price in one row, with an id of its own beside the raw ids."""
        tape, limit = self._tape(exchange, request), self._limit(request, 500, 1000)
        rows = self._aggregated(tape)
        if "fromId" in request.query:
            return rows[max(int(request.query["fromId"]) - rows[0]["a"], 0) :][:limit] if rows else []
        start = int(request.query.get("startTime", 0))
        end = int(request.query.get("endTime", 2**62))
        found = [row for row in rows if start <= row["T"] <= end]
        return found[:limit] if "startTime" in request.query else found[-limit:]

    def _aggregated(self, tape: Tape) -> list[dict[str, Any]]:
        rows = self._aggregates.setdefault(tape.instrument.symbol, [])
        new = tape.trades_from(rows[-1]["l"] + 1 if rows else 0, len(tape.trades))
        for trade in new:
            ts_ms, last = trade.ts_us // 1000, rows[-1] if rows else None
            if last and (last["T"], last["p"], last["m"]) == (ts_ms, trade.price, trade.buyer_is_maker):
                last["q"] = str(Decimal(last["q"]) + Decimal(trade.quantity))
                last["l"] = trade.trade_id
                continue
            rows.append({
                "a": last["a"] + 1 if last else tape.trades[0].trade_id // 2,
                "p": trade.price, "q": trade.quantity, "f": trade.trade_id, "l": trade.trade_id,
                "T": ts_ms, "m": trade.buyer_is_maker, **({} if self.futures else {"M": True}),
            })  # fmt: skip
        return rows

    async def _klines(self, exchange: Exchange, request: web.Request) -> Any:
        """Candles from the first trade on; one without trades repeats the close before it."""
        tape, limit = self._tape(exchange, request), self._limit(request, 500, 1500 if self.futures else 1000)
        length = INTERVALS_MS.get(request.query.get("interval", ""))
        if length is None:
            raise _Refused(400, -1120, "Invalid interval.")
        start = int(request.query.get("startTime", 0))
        end = min(int(request.query.get("endTime", 2**62)), exchange.now_us // 1000)
        by_candle: dict[int, list[Trade]] = {}
        for trade in tape.trades:
            ts_ms = trade.ts_us // 1000
            by_candle.setdefault(ts_ms - (ts_ms - _origin(length)) % length, []).append(trade)
        rows: list[list[Any]] = []
        open_ms, close = min(by_candle, default=0), "0"
        while by_candle and open_ms <= end:
            trades = by_candle.get(open_ms, [])
            row = _candle(open_ms, length, trades, close)
            close = row[4]
            if open_ms >= start:
                rows.append(row)
            open_ms += length
        return rows[:limit] if "startTime" in request.query else rows[-limit:]

    async def _ticker(self, exchange: Exchange, request: web.Request) -> Any:
        if "symbol" in request.query:
            return self._best(exchange, self._tape(exchange, request))
        return [self._best(exchange, tape) for tape in exchange.market.tapes.values()]

    def _best(self, exchange: Exchange, tape: Tape) -> dict[str, Any]:
        (bid, bid_quantity), (ask, ask_quantity) = tape.best()
        last_id = max(tape.live.update_id, tape.quotes[-1].update_id if tape.quotes else 0)
        best = {
            "symbol": tape.instrument.symbol,
            "bidPrice": bid,
            "bidQty": bid_quantity,
            "askPrice": ask,
            "askQty": ask_quantity,
        }
        return best | ({"time": exchange.now_us // 1000, "lastUpdateId": last_id} if self.futures else {})


def too_many(status: int, wait_s: float, headers: dict[str, str] | None = None) -> web.Response:
    """429 or 418, with the whole seconds to wait."""
    text = "Way too many requests; IP banned." if status == 418 else "Too many requests; current limit exceeded."
    retry = {"Retry-After": str(max(1, -int(-wait_s // 1)))}
    return web.json_response({"code": -1003, "msg": text}, status=status, headers=(headers or {}) | retry)


def _candle(open_ms: int, length: int, trades: list[Trade], close: str) -> list[Any]:
    prices = sorted((trade.price for trade in trades), key=Decimal) or [close]
    volume = sum((Decimal(t.quantity) for t in trades), Decimal("0E-8"))
    bought = sum((Decimal(t.quantity) for t in trades if not t.buyer_is_maker), Decimal("0E-8"))
    quoted = sum((Decimal(t.quantity) * Decimal(t.price) for t in trades), Decimal("0E-8"))
    quoted_bought = sum(
        (Decimal(t.quantity) * Decimal(t.price) for t in trades if not t.buyer_is_maker), Decimal("0E-8")
    )
    first, last = (trades[0].price, trades[-1].price) if trades else (close, close)
    return [
        open_ms, first, prices[-1], prices[0], last, f"{volume:.8f}", open_ms + length - 1, f"{quoted:.8f}", len(trades),
        f"{bought:.8f}", f"{quoted_bought:.8f}", "0",
    ]  # fmt: skip


def _origin(length: int) -> int:
    """Where a grid of candles begins: the epoch, and for weeks a Monday."""
    return 4 * 1440 * _MINUTE_MS if length == INTERVALS_MS["1w"] else 0


def _levels(levels: Iterable[tuple[str, str]]) -> str:
    return "[" + ",".join([f'["{price}","{quantity}"]' for price, quantity in levels]) + "]"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
