"""Coinbase's two protocols: Advanced Trade, and Coinbase Exchange (docs.cdp.coinbase.com).

One simplification: tickers come with every change of the best prices, not with trades alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.exchange.market import Depth, Event, Levels, Quote, Tape, Trade
from tests.exchange.server import Exchange, Socket

BEAT_S = 1.0
PAGE = 1000


class _Refused(Exception):
    """A request answered with an error: HTTP status and the venue's words."""


class _Coinbase:
    """What both protocols do alike."""

    name: str
    ping_s: float | None = 20.0
    pong_s: float | None = 20.0
    channels: Mapping[type[Event], Sequence[str]]
    """By the event each tells of."""

    def __init__(self, *, beat_s: float = BEAT_S) -> None:
        self._beat_s = beat_s

    def accept(self, socket: Socket, path: str) -> str | None:
        return None if path in ("", "/") else "unknown path"

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        pass

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        return None

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        for channel in self.channels[type(event)]:
            if f"{channel}:{event.symbol}" in socket.streams:
                return (self._encode(socket, channel, event),)
        return ()

    def _encode(self, socket: Socket, channel: str, event: Event) -> bytes:
        raise NotImplementedError

    def _beat(self, exchange: Exchange, socket: Socket) -> None:
        raise NotImplementedError

    def _keep_beating(self, exchange: Exchange, socket: Socket) -> None:
        """One heart a socket."""

        def beat() -> None:
            if not socket.closed:
                self._beat(exchange, socket)
                exchange.later(self._beat_s, beat)

        if "beating" not in socket.state:
            socket.state["beating"] = True
            beat()

    def _listed(self, socket: Socket) -> dict[str, list[str]]:
        listed: dict[str, list[str]] = {}
        for stream in socket.streams:
            channel, _, symbol = stream.partition(":")
            listed.setdefault(channel, []).append(symbol)
        return listed

    def _route(self, path: str, answer: Callable[[Exchange, web.Request], Any], exchange: Exchange) -> web.RouteDef:
        async def handle(request: web.Request) -> web.Response:
            try:
                return web.json_response(answer(exchange, request))
            except _Refused as refused:
                status, words = refused.args
                return web.json_response(self._words(words), status=status)
            except ValueError:
                return web.json_response(self._words("invalid argument"), status=400)

        return web.get(path, handle)

    def refusal(self, status: int, wait_s: float) -> web.Response:
        headers = {"Retry-After": str(max(1, -int(-wait_s // 1)))} if status == 429 else {}
        return web.json_response(self._words("Public rate limit exceeded"), status=status, headers=headers)

    def _words(self, words: str) -> dict[str, str]:
        return {"message": words}

    def _tape(self, exchange: Exchange, symbol: str) -> Tape:
        if symbol not in exchange.market.tapes:
            raise _Refused(404, "NotFound")
        return exchange.market.tapes[symbol]

    @staticmethod
    def _candles(tape: Tape, step_s: int, start_s: int, end_s: int, most: int) -> list[tuple[int, list[Decimal]]]:
        """(open, [low, high, open, close, volume]) of every bucket with trades, newest first; the unfinished one too."""
        if (end_s - start_s) // step_s + 1 > most:
            raise _Refused(400, f"granularity too small for the requested time range: at most {most} aggregations")
        found: dict[int, list[Decimal]] = {}
        for trade in tape.trades:
            at_s = trade.ts_us // 1_000_000 // step_s * step_s
            if start_s <= at_s <= end_s:
                price, size = Decimal(trade.price), Decimal(trade.quantity)
                low, high, first, _, volume = found.get(at_s, [price, price, price, price, Decimal(0)])
                found[at_s] = [min(low, price), max(high, price), first, price, volume + size]
        return sorted(found.items(), reverse=True)


class CoinbaseExchange(_Coinbase):
    """Coinbase Exchange. With `credentials` (key, secret, passphrase) level2 is for those who prove to have them."""

    name = "coinbaseexchange"
    channels = {Trade: ("matches",), Quote: ("ticker",), Depth: ("level2", "level2_batch")}  # noqa: RUF012

    def __init__(self, *, credentials: tuple[str, str, str] | None = None, beat_s: float = BEAT_S) -> None:
        super().__init__(beat_s=beat_s)
        self._credentials = credentials

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        try:
            request = json.loads(message)
            method, channels = request["type"], request["channels"]
            asked = [(channel["name"], symbol) for channel in channels for symbol in channel["product_ids"]]
        except (ValueError, KeyError, TypeError):
            return self._error(socket, "Malformed JSON")
        if "signature" in request and not self._proven(request):
            return self._error(socket, "Authentication Failed", "invalid signature")
        for channel, symbol in asked:
            if symbol not in exchange.market.tapes:
                return self._error(socket, "Failed to subscribe", f"{symbol} is not a valid product")
            if channel == "level2" and "signature" not in request:
                return self._error(socket, "Failed to subscribe", "level2 requires authentication")
        if method == "unsubscribe":
            for channel, symbol in asked:
                socket.streams.pop(f"{channel}:{symbol}", None)
            return self._subscriptions(socket)
        new = [(channel, symbol) for channel, symbol in asked if f"{channel}:{symbol}" not in socket.streams]
        socket.streams.update(dict.fromkeys(f"{channel}:{symbol}" for channel, symbol in asked))
        self._subscriptions(socket)
        for channel, symbol in new:
            self._begin(socket, channel, exchange.market.tapes[symbol])
        return self._keep_beating(exchange, socket)

    def _begin(self, socket: Socket, channel: str, tape: Tape) -> None:
        """What stands at the beginning of a channel."""
        symbol = tape.instrument.symbol
        if channel.startswith("level2"):
            book = tape.live
            bids, asks = book.top(len(book.bids) + len(book.asks))
            socket.send(_json({"type": "snapshot", "product_id": symbol, "asks": asks, "bids": bids}))
        elif channel == "matches" and tape.trades:
            socket.send(_json({"type": "last_match", **self._match(tape.trades[-1])}))

    def _subscriptions(self, socket: Socket) -> None:
        names = {"level2_batch": "level2_50"}
        listed = [
            {"name": names.get(channel, channel), "product_ids": symbols, "account_ids": None}
            for channel, symbols in self._listed(socket).items()
        ]
        socket.send(_json({"type": "subscriptions", "channels": listed}))

    def _error(self, socket: Socket, words: str, reason: str = "") -> None:
        socket.send(_json({"type": "error", "message": words} | ({"reason": reason} if reason else {})))

    def _proven(self, request: dict[str, Any]) -> bool:
        if self._credentials is None:
            return False
        key, secret, passphrase = self._credentials
        text = f"{request['timestamp']}GET/users/self/verify"
        signed = base64.b64encode(hmac.digest(base64.b64decode(secret), text.encode(), hashlib.sha256)).decode()
        return (request["key"], request["passphrase"], request["signature"]) == (key, passphrase, signed)

    def _encode(self, socket: Socket, channel: str, event: Event) -> bytes:
        match event:
            case Trade():
                return _json({"type": "match", **self._match(event)})
            case Quote():
                return _json({
                    "type": "ticker", "sequence": event.update_id, "product_id": event.symbol, "price": event.bid,
                    "best_bid": event.bid, "best_bid_size": event.bid_quantity,
                    "best_ask": event.ask, "best_ask_size": event.ask_quantity, "time": _iso(event.ts_us),
                })  # fmt: skip
            case Depth():
                changes = [["buy", *level] for level in event.bids] + [["sell", *level] for level in event.asks]
                time = _iso(event.ts_us)
                return _json({"type": "l2update", "product_id": event.symbol, "changes": changes, "time": time})
        raise AssertionError(event)

    @staticmethod
    def _match(trade: Trade) -> dict[str, Any]:
        return {
            "trade_id": trade.trade_id, "maker_order_id": "27fff20b-af29-4f45-8744-56dd1ef57dc0",
            "taker_order_id": "1da6ce16-c8da-4732-9f71-6049f4c6aaf8", "side": "buy" if trade.buyer_is_maker else "sell",
            "size": trade.quantity, "price": trade.price, "product_id": trade.symbol,
            "sequence": trade.trade_id * 3, "time": _iso(trade.ts_us),
        }  # fmt: skip

    def _beat(self, exchange: Exchange, socket: Socket) -> None:
        for symbol in self._listed(socket).get("heartbeat", ()):
            tape = exchange.market.tapes[symbol]
            last = tape.trades[-1].trade_id if tape.trades else 0
            message = {"type": "heartbeat", "sequence": last * 3, "last_trade_id": last, "product_id": symbol}
            socket.send(_json(message | {"time": _iso(exchange.now_us)}))

    def strange(self, socket: Socket) -> bytes:
        return _json({"type": "auction", "product_id": "BTC-USD", "auction_state": "collection"})

    # -- REST -----------------------------------------------------------------------------------------------------

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        return [
            self._route("/time", self._time, exchange),
            self._route("/products", self._products, exchange),
            self._route("/products/{symbol}/trades", self._trades, exchange),
            self._route("/products/{symbol}/candles", self._klines, exchange),
            self._route("/products/{symbol}/book", self._book, exchange),
        ]

    def _time(self, exchange: Exchange, request: web.Request) -> Any:
        return {"iso": _iso(exchange.now_us), "epoch": exchange.now_us / 1e6}

    def _products(self, exchange: Exchange, request: web.Request) -> Any:
        return [
            {
                "id": tape.instrument.symbol, "base_currency": tape.instrument.base.rstrip("-"),
                "quote_currency": tape.instrument.quote, "quote_increment": tape.instrument.price_step,
                "base_increment": tape.instrument.quantity_step, "display_name": tape.instrument.symbol,
                "min_market_funds": "1", "margin_enabled": False, "post_only": False, "limit_only": False,
                "cancel_only": False, "status": "online", "status_message": "", "trading_disabled": False,
            }
            for tape in exchange.market.tapes.values()
        ]  # fmt: skip

    def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        """Newest first, before the trade `after` where it is given."""
        trades = self._tape(exchange, request.match_info["symbol"]).trades
        if "after" in request.query:
            after = int(request.query["after"])
            trades = trades[: max(0, after - trades[0].trade_id)] if trades else []
        return [
            {"trade_id": t.trade_id, "side": "buy" if t.buyer_is_maker else "sell", "size": t.quantity,
             "price": t.price, "time": _iso(t.ts_us)}
            for t in reversed(trades[-min(int(request.query.get("limit", PAGE)), PAGE) :])
        ]  # fmt: skip

    def _klines(self, exchange: Exchange, request: web.Request) -> Any:
        tape, step_s = self._tape(exchange, request.match_info["symbol"]), int(request.query["granularity"])
        if step_s not in (60, 300, 900, 3600, 21_600, 86_400):
            raise _Refused(400, "Unsupported granularity")
        start_s, end_s = (int(datetime.fromisoformat(request.query[name]).timestamp()) for name in ("start", "end"))
        rows = self._candles(tape, step_s, start_s, end_s, 300)
        return [[at_s, *(float(number) for number in numbers)] for at_s, numbers in rows]

    def _book(self, exchange: Exchange, request: web.Request) -> Any:
        tape = self._tape(exchange, request.match_info["symbol"])
        book = tape.book()
        levels = 1 if request.query.get("level", "1") == "1" else len(book.bids) + len(book.asks)
        bids, asks = book.top(levels)
        return {
            "bids": [[*level, 1] for level in bids], "asks": [[*level, 1] for level in asks],
            "sequence": book.update_id, "auction_mode": False, "auction": None, "time": _iso(exchange.now_us),
        }  # fmt: skip


class Coinbase(_Coinbase):
    """Advanced Trade. With `knows` every subscription must carry a token that it takes for genuine."""

    name = "coinbase"
    channels = {Trade: ("market_trades",), Quote: ("ticker",), Depth: ("level2",)}  # noqa: RUF012

    def __init__(self, *, knows: Callable[[str], bool] | None = None, beat_s: float = BEAT_S) -> None:
        super().__init__(beat_s=beat_s)
        self._knows = knows

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        try:
            request = json.loads(message)
            method, channel, symbols = request["type"], request["channel"], request.get("product_ids", [])
        except (ValueError, KeyError, TypeError):
            return socket.send(_json({"type": "error", "message": "malformed request"}))
        if self._knows is not None and not self._knows(request.get("jwt", "")):
            return socket.send(_json({"type": "error", "message": "authentication failure"}))
        symbols = [_twin(symbol) for symbol in symbols]
        for symbol in symbols:
            if symbol not in exchange.market.tapes:
                return socket.send(_json({"type": "error", "message": f"{symbol} is not a valid product"}))
        streams = [f"{channel}:{symbol}" for symbol in symbols]
        if method == "unsubscribe":
            for stream in streams:
                socket.streams.pop(stream, None)
            return self._subscriptions(exchange, socket)
        new = [symbol for symbol in symbols if f"{channel}:{symbol}" not in socket.streams]
        socket.streams.update(dict.fromkeys(streams))
        self._subscriptions(exchange, socket)
        for symbol in new:
            self._begin(exchange, socket, channel, exchange.market.tapes[symbol])
        if channel == "heartbeats":
            self._keep_beating(exchange, socket)
        return None

    def _begin(self, exchange: Exchange, socket: Socket, channel: str, tape: Tape) -> None:
        """What stands at the beginning of a channel."""
        if channel == "level2":
            book = tape.live
            bids, asks = book.top(len(book.bids) + len(book.asks))
            item = self._book_item("snapshot", tape.instrument.symbol, bids, asks, "1970-01-01T00:00:00Z")
            socket.send(self._envelope(socket, "l2_data", exchange.now_us, item))
        elif channel == "market_trades" and tape.trades:
            item = {"type": "snapshot", "trades": [self._trade(t) for t in reversed(tape.trades[-50:])]}
            socket.send(self._envelope(socket, "market_trades", exchange.now_us, item))

    def _subscriptions(self, exchange: Exchange, socket: Socket) -> None:
        item = {"subscriptions": self._listed(socket)}
        socket.send(self._envelope(socket, "subscriptions", exchange.now_us, item))

    def _envelope(self, socket: Socket, channel: str, ts_us: int, item: dict[str, Any]) -> bytes:
        number = socket.state.get("number", 0)
        socket.state["number"] = number + 1
        head = {"channel": channel, "client_id": "", "timestamp": _iso(ts_us), "sequence_num": number}
        return _json(head | {"events": [item]})

    def _encode(self, socket: Socket, channel: str, event: Event) -> bytes:
        match event:
            case Trade():
                item = {"type": "update", "trades": [self._trade(event)]}
                return self._envelope(socket, "market_trades", event.sent_us, item)
            case Quote():
                ticker = {
                    "type": "ticker", "product_id": event.symbol, "price": event.bid,
                    "best_bid": event.bid, "best_bid_quantity": event.bid_quantity,
                    "best_ask": event.ask, "best_ask_quantity": event.ask_quantity,
                }  # fmt: skip
                return self._envelope(socket, "ticker", event.sent_us, {"type": "update", "tickers": [ticker]})
            case Depth():
                item = self._book_item("update", event.symbol, event.bids, event.asks, _iso(event.ts_us))
                return self._envelope(socket, "l2_data", event.sent_us, item)
        raise AssertionError(event)

    @staticmethod
    def _trade(trade: Trade) -> dict[str, Any]:
        return {
            "trade_id": str(trade.trade_id), "product_id": trade.symbol, "price": trade.price, "size": trade.quantity,
            "side": "BUY" if trade.buyer_is_maker else "SELL", "time": _iso(trade.ts_us),
        }  # fmt: skip

    @staticmethod
    def _book_item(kind: str, symbol: str, bids: Levels, asks: Levels, time: str) -> dict[str, Any]:
        updates = [
            {"side": side, "event_time": time, "price_level": price, "new_quantity": quantity}
            for side, levels in (("bid", bids), ("offer", asks))
            for price, quantity in levels
        ]
        return {"type": kind, "product_id": symbol, "updates": updates}

    def _beat(self, exchange: Exchange, socket: Socket) -> None:
        beats = socket.state["beats"] = socket.state.get("beats", 0) + 1
        item = {"current_time": f"{_iso(exchange.now_us)} m=+{beats}", "heartbeat_counter": beats}
        socket.send(self._envelope(socket, "heartbeats", exchange.now_us, item))

    def strange(self, socket: Socket) -> bytes:
        return self._envelope(socket, "weather", 1_723_161_240_000_000, {"type": "update", "clouds": []})

    def _words(self, words: str) -> dict[str, str]:
        return {"error": "REFUSED", "error_details": words, "message": words}

    # -- REST -----------------------------------------------------------------------------------------------------

    def routes(self, exchange: Exchange) -> list[web.RouteDef]:
        root = "/api/v3/brokerage"
        return [
            self._route(f"{root}/time", self._time, exchange),
            self._route(f"{root}/market/products", self._products, exchange),
            self._route(f"{root}/market/products/{{symbol}}/ticker", self._trades, exchange),
            self._route(f"{root}/market/products/{{symbol}}/candles", self._klines, exchange),
            self._route(f"{root}/market/product_book", self._book, exchange),
        ]

    def _tape(self, exchange: Exchange, symbol: str) -> Tape:
        return super()._tape(exchange, _twin(symbol))

    def _time(self, exchange: Exchange, request: web.Request) -> Any:
        now_ms = exchange.now_us // 1000
        return {"iso": _iso(exchange.now_us), "epochSeconds": str(now_ms // 1000), "epochMillis": str(now_ms)}

    def _products(self, exchange: Exchange, request: web.Request) -> Any:
        if request.query.get("product_type") == "FUTURE":
            return {"products": [], "num_products": 0}
        products = [
            {
                "product_id": tape.instrument.symbol, "base_increment": tape.instrument.quantity_step,
                "quote_increment": tape.instrument.price_step, "price_increment": tape.instrument.price_step,
                "quote_min_size": "1", "quote_max_size": "50000000", "base_min_size": "0.00000001",
                "base_max_size": "3400", "base_name": "", "quote_name": "", "status": "online",
                "trading_disabled": False, "is_disabled": False, "product_type": "SPOT",
                "quote_currency_id": tape.instrument.quote, "base_currency_id": tape.instrument.base.rstrip("-"),
                "alias": "", "alias_to": [], "view_only": False, "product_venue": "CBE",
            }
            for tape in exchange.market.tapes.values()
        ]  # fmt: skip
        return {"products": products, "num_products": len(products)}

    def _trades(self, exchange: Exchange, request: web.Request) -> Any:
        """The newest of a window, newest first; by the second, both ends excluded."""
        trades = self._tape(exchange, request.match_info["symbol"]).trades
        start_us = int(request.query.get("start", 0)) * 1_000_000
        end_us = int(request.query.get("end", 10**10)) * 1_000_000
        found = [t for t in trades if start_us < t.ts_us < end_us]
        rows = [
            self._trade(t) | {"bid": "", "ask": "", "exchange": "coinbase"}
            for t in reversed(found[-min(int(request.query["limit"]), PAGE) :])
        ]
        return {"trades": rows, "best_bid": "", "best_ask": ""}

    def _klines(self, exchange: Exchange, request: web.Request) -> Any:
        names = {"ONE_MINUTE": 60, "FIVE_MINUTE": 300, "FIFTEEN_MINUTE": 900, "THIRTY_MINUTE": 1800}
        names |= {"ONE_HOUR": 3600, "TWO_HOUR": 7200, "SIX_HOUR": 21_600, "ONE_DAY": 86_400}
        query = request.query
        if query["granularity"] not in names:
            raise _Refused(400, "invalid granularity")
        tape = self._tape(exchange, request.match_info["symbol"])
        step_s = names[query["granularity"]]
        rows = self._candles(tape, step_s, int(query["start"]), int(query["end"]), 350)
        fields = ("low", "high", "open", "close", "volume")
        return {
            "candles": [
                {"start": str(at_s), **dict(zip(fields, map(str, numbers), strict=True))} for at_s, numbers in rows
            ]
        }

    def _book(self, exchange: Exchange, request: web.Request) -> Any:
        symbol = request.query["product_id"]
        book = self._tape(exchange, symbol).book()
        bids, asks = book.top(int(request.query.get("limit", len(book.bids) + len(book.asks))))
        levels = [[{"price": price, "size": size} for price, size in side] for side in (bids, asks)]
        pricebook = {"product_id": symbol, "bids": levels[0], "asks": levels[1], "time": _iso(exchange.now_us)}
        return {"pricebook": pricebook, "last": "", "mid_market": ""}


def _twin(symbol: str) -> str:
    """A -USDC product is its -USD twin, but for two that are markets of their own."""
    return symbol if symbol in ("USDT-USDC", "EURC-USDC") else symbol.replace("-USDC", "-USD")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _iso(ts_us: int) -> str:
    return datetime.fromtimestamp(ts_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ts_us % 1_000_000:06d}Z"
