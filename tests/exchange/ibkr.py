"""A simulated TWS on loopback: as much of its wire protocol as a reader of market data sees, over a tape it remembers.

    Listed (a contract, its tape and its book) ──▶ Tws ──messages, errors on demand──▶ real clients

Messages are fields ended by NUL, after their length in four bytes. Server version 178.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple

SERVER_VERSION = 178

HOUR_S = 3600
DAY_S = 86_400

_REACH_S = {"S": 1, "D": DAY_S, "W": 7 * DAY_S, "M": 30 * DAY_S, "Y": 365 * DAY_S}
_STEP_S = {"secs": 1, "min": 60, "mins": 60, "hour": HOUR_S, "hours": HOUR_S, "day": DAY_S}


class Print(NamedTuple):
    """A trade as the tape has it. Unreported ones are streamed, and left out of the history."""

    second: int
    price: float
    size: float
    exchange: str = "NASDAQ"
    conditions: str = ""
    unreported: bool = False


class Level(NamedTuple):
    price: float
    size: float
    maker: str = ""


@dataclass
class Listed:
    """A contract. Sessions are (open, close) in seconds; without any, it always trades."""

    contract_id: int
    symbol: str
    security: str = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    local_symbol: str = ""
    stock_type: str = "COMMON"
    zone: str = "US/Eastern"
    min_tick: float = 0.01
    size_step: float = 1.0
    sessions: list[tuple[int, int]] = field(default_factory=list)
    tape: list[Print] = field(default_factory=list)
    bids: list[Level] = field(default_factory=list)
    asks: list[Level] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.local_symbol = self.local_symbol or self.symbol

    def history(self) -> list[Print]:
        return [each for each in self.tape if not each.unreported]

    def session_of(self, second: int) -> tuple[int, int] | None:
        if not self.sessions:
            return (0, 1 << 40)
        return next((s for s in self.sessions if s[0] <= second < s[1]), None)


@dataclass
class _Line:
    kind: str  # AllLast, BidAsk, depth
    listed: Listed
    rows: int = 0


class _Client:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.client_id: int | None = None
        self.lines: dict[int, _Line] = {}

    def send(self, *fields: object) -> None:
        text = "".join(f"{_text(each)}\0" for each in fields).encode()
        self.send_bytes(struct.pack(">I", len(text)) + text)

    def send_bytes(self, raw: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(raw)


class Tws:
    """`async with Tws([Listed(…)]) as tws:` listens at tws.url. Everything it is asked is in `asked`."""

    def __init__(self, listed: Iterable[Listed], *, tick_lines: int = 100, depth_lines: int = 3) -> None:
        self.listed = list(listed)
        self.tick_lines = tick_lines
        self.depth_lines = depth_lines
        self.asked: list[list[str]] = []
        self.refuse_history: list[tuple[int, str]] = []
        """(code, text) of refusals that the next requests for history get."""
        self.skip_rows = 0
        """So many changes of books are kept from clients."""
        self.clients: list[_Client] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Tws:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def asked_for(self, *kinds: int) -> list[list[str]]:
        return [fields for fields in self.asked if int(fields[0]) in kinds]

    # ── the market ────────────────────────────────────────────────────────────────────────────────────────────────────

    def trade(self, listed: Listed, *prints: Print) -> None:
        """Happens now, at once to all who listen."""
        for each in prints:
            listed.tape.append(each)
            mask = 2 * each.unreported
            self._stream(
                "AllLast", listed, each.second, each.price, each.size, mask, each.exchange, each.conditions, number=1
            )

    def quote(self, listed: Listed, second: int, bid: float, bid_size: float, ask: float, ask_size: float) -> None:
        self._stream("BidAsk", listed, second, bid, ask, bid_size, ask_size, 0, number=3)

    def insert(self, listed: Listed, side: str, position: int, level: Level) -> None:
        getattr(listed, side).insert(position, level)
        self._row(listed, side, position, 0, level)

    def update(self, listed: Listed, side: str, position: int, level: Level) -> None:
        getattr(listed, side)[position] = level
        self._row(listed, side, position, 1, level)

    def delete(self, listed: Listed, side: str, position: int) -> None:
        del getattr(listed, side)[position]
        self._row(listed, side, position, 2, Level(0.0, 0.0))

    def empty_books(self, listed: Listed, bids: list[Level], asks: list[Level]) -> None:
        """317, and the rows anew."""
        listed.bids, listed.asks = bids, asks
        for client in self.clients:
            for number, line in client.lines.items():
                if line.kind == "depth" and line.listed is listed:
                    self.tell(client, 317, "Market depth data has been RESET. Please empty deep book contents", number)
                    self._all_rows(client, number, line)

    def say(self, code: int, text: str) -> None:
        for client in self.clients:
            self.tell(client, code, text)

    def say_bytes(self, raw: bytes) -> None:
        for client in self.clients:
            client.send_bytes(raw)

    def hang_up(self) -> None:
        for client in list(self.clients):
            client.writer.close()

    def tell(self, client: _Client, code: int, text: str, number: int = -1) -> None:
        client.send(4, 2, number, code, text, "")

    def _stream(self, kind: str, listed: Listed, *fields: object, number: int) -> None:
        for client in self.clients:
            for line_number, line in client.lines.items():
                if line.kind == kind and line.listed is listed:
                    client.send(99, line_number, number, *fields)

    def _row(self, listed: Listed, side: str, position: int, operation: int, level: Level) -> None:
        if self.skip_rows > 0:
            self.skip_rows -= 1
            return
        for client in self.clients:
            for number, line in client.lines.items():
                if line.kind == "depth" and line.listed is listed and position < line.rows:
                    self._send_row(client, number, side, position, operation, level)

    def _all_rows(self, client: _Client, number: int, line: _Line) -> None:
        for side in ("bids", "asks"):
            for position, level in enumerate(getattr(line.listed, side)[: line.rows]):
                self._send_row(client, number, side, position, 0, level)

    def _send_row(self, client: _Client, number: int, side: str, position: int, operation: int, level: Level) -> None:
        at = int(side == "bids")
        if level.maker:
            client.send(13, 1, number, position, level.maker, operation, at, level.price, level.size, 1)
        else:
            client.send(12, 1, number, position, operation, at, level.price, level.size)

    # ── the protocol ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        client = _Client(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            assert await reader.readexactly(4) == b"API\0"
            versions = await _message(reader)
            assert versions.startswith("v"), versions
            client.send(SERVER_VERSION, "20251125 12:00:00 UTC")
            while True:
                fields = (await _message(reader)).split("\0")[:-1]
                self.asked.append(fields)
                if not self._answer(client, fields):
                    break
        if client in self.clients:
            self.clients.remove(client)
        writer.close()
        self._tasks.discard(task)

    def _answer(self, client: _Client, fields: list[str]) -> bool:
        match int(fields[0]):
            case 71:
                return self._start(client, int(fields[2]))
            case 49:
                client.send(49, 1, int(time.time()))
            case 9:
                self._details(client, int(fields[2]), fields[3:15])
            case 97:
                self._ticks(client, int(fields[1]), fields[2:14], fields[14])
            case 10:
                self._depth(client, int(fields[2]), fields[3:15], int(fields[15]))
            case 98:
                client.lines.pop(int(fields[1]), None)
            case 11:
                client.lines.pop(int(fields[2]), None)
            case 96:
                self._past_ticks(client, int(fields[1]), fields[2:14], *fields[15:18])
            case 20:
                self._bars(client, int(fields[1]), fields[2:14], *fields[15:18])
        return True

    def _start(self, client: _Client, client_id: int) -> bool:
        if client_id in [each.client_id for each in self.clients]:
            self.tell(
                client, 326, "Unable to connect as the client id is already in use. Retry with a unique client id."
            )
            return False
        client.client_id = client_id
        self.clients.append(client)
        client.send(15, 1, "DU123456")
        client.send(9, 1, 1)
        self.tell(client, 2104, "Market data farm connection is OK:usfarm")
        return True

    def _find(self, client: _Client, number: int, contract: list[str]) -> list[Listed]:
        """(conId, symbol, secType, lastTrade, strike, right, multiplier, exchange, primary, currency, local, class)"""
        found = [
            each
            for each in self.listed
            if contract[0] in ("0", str(each.contract_id))
            and (contract[1] or each.symbol) == each.symbol
            and (contract[2] or each.security) == each.security
            and (contract[7] or each.exchange) == each.exchange
            and (contract[9] or each.currency) == each.currency
            and (contract[10] or each.local_symbol) == each.local_symbol
        ]
        if not found:
            self.tell(client, 200, "No security definition has been found for the request", number)
        return found

    def _details(self, client: _Client, number: int, contract: list[str]) -> None:
        found = self._find(client, number, contract)
        for each in found:
            client.send(
                10,
                number,
                each.symbol,
                each.security,
                "20251219" if each.security == "FUT" else "",
                0,
                "",
                each.exchange,
                each.currency,
                each.local_symbol,
                "NMS",
                "NMS",
                each.contract_id,
                each.min_tick,
                *("", "LMT", each.exchange, 1, 0, "A COMPANY", "NASDAQ", "", "", "", "", each.zone, "", "", "", 0, 0),
                *(1, "", "", "26", "", each.stock_type if each.security == "STK" else ""),
                *(each.size_step, each.size_step, 100),
            )
        if found:
            client.send(52, 1, number)

    def _ticks(self, client: _Client, number: int, contract: list[str], kind: str) -> None:
        lines = sum(line.kind != "depth" for each in self.clients for line in each.lines.values())
        if lines >= self.tick_lines:
            self.tell(client, 10190, "Max number of tick-by-tick requests has been reached.", number)
        elif found := self._find(client, number, contract):
            if found[0].security == "CASH" and kind == "AllLast":
                self.tell(client, 10189, "Failed to request tick-by-tick data:No trade data for CASH", number)
                return
            client.lines[number] = _Line(kind, found[0])

    def _depth(self, client: _Client, number: int, contract: list[str], rows: int) -> None:
        lines = sum(line.kind == "depth" for each in self.clients for line in each.lines.values())
        if lines >= self.depth_lines:
            self.tell(client, 309, "Max number (3) of market depth requests has been reached.", number)
        elif found := self._find(client, number, contract):
            client.lines[number] = _Line("depth", found[0], rows)
            self._all_rows(client, number, client.lines[number])

    def _refused(self, client: _Client, number: int) -> bool:
        if self.refuse_history:
            self.tell(client, *self.refuse_history.pop(0), number)
            return True
        return False

    def _past_ticks(self, client: _Client, number: int, contract: list[str], start: str, end: str, most: str) -> None:
        """Of one session, whole seconds: forward from a start, or backward from an end."""
        if self._refused(client, number) or not (found := self._find(client, number, contract)):
            return
        listed, count = found[0], int(most)
        if start:
            at = _second(start)
            session = listed.session_of(at)
            page = [p for p in listed.history() if session and max(at, session[0]) <= p.second < session[1]]
            while count < len(page) and page[count].second == page[count - 1].second:
                count += 1
            page = page[:count]
        else:
            page = [p for p in listed.history() if p.second < _second(end)]
            newest = listed.session_of(page[-1].second) if page else None
            page = [p for p in page if newest and newest[0] <= p.second][-count:]
        rows = [(p.second, 0, p.price, p.size, p.exchange, p.conditions) for p in page]
        client.send(98, number, len(rows), *(each for row in rows for each in row), 1)

    def _bars(self, client: _Client, number: int, contract: list[str], end: str, size: str, reach: str) -> None:
        if self._refused(client, number) or not (found := self._find(client, number, contract)):
            return
        count, unit = size.split()
        step_s = int(count) * _STEP_S[unit]
        count, unit = reach.split()
        end_s = _second(end)
        bars: dict[int, list[Print]] = {}
        for each in found[0].history():
            if end_s - int(count) * _REACH_S[unit] <= each.second < end_s:
                bars.setdefault(each.second - each.second % step_s, []).append(each)
        if not bars:
            text = "Historical Market Data Service error message:HMDS query returned no data"
            self.tell(client, 162, text, number)
            return
        rows: list[object] = []
        for second, prints in bars.items():
            prices, volume = [p.price for p in prints], sum(p.size for p in prints)
            date = datetime.fromtimestamp(second, UTC).strftime("%Y%m%d") if step_s == DAY_S else second
            vwap = sum(p.price * p.size for p in prints) / volume
            rows += [date, prices[0], max(prices), min(prices), prices[-1], volume, vwap, len(prints)]
        client.send(17, number, "", "", len(bars), *rows)


async def _message(reader: asyncio.StreamReader) -> str:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return (await reader.readexactly(length)).decode()


def _second(text: str) -> int:
    return int(datetime.strptime(text, "%Y%m%d %H:%M:%S %Z").replace(tzinfo=UTC).timestamp())


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)
