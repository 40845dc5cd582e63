"""What one connection carries: its lines, and what comes on them as events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from ib_async.objects import MktDepthData, TickByTickAllLast, TickByTickBidAsk

from tapeql.connectors.events import KINDS, Event, Kind, Refused, Subscribed
from tapeql.connectors.ibkr.book import depth
from tapeql.connectors.ibkr.complaints import BOOK_EMPTIED, Outages, ends_request, words
from tapeql.connectors.ibkr.decode import decode_depth, decode_quote, decode_trade, lost_rows, second_of
from tapeql.connectors.ibkr.gateway import Gateway, Packet, Said, Told, Unreadable
from tapeql.connectors.ibkr.history import History
from tapeql.connectors.ibkr.subscriptions import AGAIN_S, SETTLE_S, Line, subscribe, unsubscribe
from tapeql.errors import VenueError

_asked_s: Final[dict[tuple[str, Kind, str], float]] = {}
"""When ticks were last asked for, by address, kind and symbol: TWS looks at all its clients together."""


class Stream:
    """The lines of one session. `wanted` may shrink while lines are being opened; `rows` of each side are asked of books."""

    def __init__(
        self, gateway: Gateway, history: History, wanted: Mapping[Kind, Mapping[str, None]], rows: int, place: str
    ) -> None:
        self._gateway = gateway
        self._history = history
        self._wanted = wanted
        self._rows = rows
        self._place = place
        self.lines: dict[int, Line] = {}
        """By the number of their request."""
        self._timers: list[asyncio.TimerHandle] = []
        self.outages = Outages()

    async def receive(self) -> list[Event]:
        """The events of the next packet, which may be none."""
        return self.events(await self._gateway.packet())

    async def ask_all(self) -> None:
        for kind, symbols in self._wanted.items():
            await self.ask(kind, list(symbols))

    async def ask(self, kind: Kind, symbols: Sequence[str]) -> None:
        """Opens lines. A code that means nothing is told as an event: the others go on."""
        asked: list[int] = []
        for symbol in symbols:
            try:
                contract = await self._history.contract(symbol)
            except VenueError as error:
                self._gateway.say(Refused("error", str(error), symbol))
                continue
            if kind != "book":
                await self._wait_turn(kind, symbol)
            if symbol not in self._wanted[kind]:
                continue
            number, line = self._gateway.number(), Line(kind, symbol, contract)
            self.lines[number] = line
            subscribe(self._gateway, number, line, self._rows)
            asked.append(number)
            if kind != "trades":
                self._subscribed([number])
        if kind == "trades" and asked:
            whole_from_s = await self._gateway.time_s() + SETTLE_S
            for number in asked:
                if number in self.lines:
                    self.lines[number].whole_from_s = whole_from_s
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(SETTLE_S, self._subscribed, asked))

    def drop(self, kind: Kind, symbol: str) -> None:
        for number in [n for n, line in self.lines.items() if (line.kind, line.symbol) == (kind, symbol)]:
            line = self.lines.pop(number)
            if not self._gateway.ended:
                unsubscribe(self._gateway, number, line)

    def close(self) -> None:
        self.lines.clear()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _carried(self) -> dict[Kind, tuple[str, ...]]:
        return {kind: tuple(line.symbol for line in self.lines.values() if line.kind == kind) for kind in KINDS}

    def _subscribed(self, asked: Sequence[int]) -> None:
        """Tells of those lines that were not refused, nor told of already."""
        for number in asked:
            line = self.lines.get(number)
            if line is not None and not line.told:
                line.told = True
                self._gateway.say(Subscribed(line.kind, (line.symbol,)))

    async def _wait_turn(self, kind: Kind, symbol: str) -> None:
        line = self._place, kind, symbol
        while (wait_s := _asked_s.get(line, -AGAIN_S) + AGAIN_S - time.monotonic()) > 0:
            await asyncio.sleep(wait_s)
        _asked_s[line] = time.monotonic()

    # ── what came ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def events(self, packet: Packet) -> list[Event]:
        """Decodes a packet, as far as lines go."""
        events: list[Event] = []
        for number, said in packet.said:
            events += self._said(number, said, packet.recv_ns)
        for line in self.lines.values():
            if line.rows:
                events += decode_depth(line.symbol, line.rows, packet.recv_ns, begins=line.begins)
                line.rows, line.begins = [], False
        return events

    def _said(self, number: int, said: Said, recv_ns: int) -> list[Event]:
        line = self.lines.get(number)
        match said:
            case TickByTickAllLast():
                return [] if line is None else self._trade(line, said, recv_ns)
            case TickByTickBidAsk():
                return [] if line is None else [decode_quote(line.symbol, said, recv_ns)]
            case MktDepthData():
                if line is not None:
                    line.rows.append(said)
                return []
            case Told(code, text):
                return self._told(number, line, code, text, recv_ns)
            case Unreadable():
                return self._unreadable(line, said, recv_ns)
            case _:
                return [said]

    def _trade(self, line: Line, tick: TickByTickAllLast, recv_ns: int) -> list[Event]:
        try:
            second = second_of(tick)
        except (ValueError, OverflowError):
            return [Refused("value", "a trade of an impossible time", line.symbol)]
        if line.whole_from_s is None or second < line.whole_from_s:
            return []
        trade = decode_trade(line.symbol, tick, line.numbers, recv_ns)
        if line.told:
            return [trade]
        line.told = True
        return [Subscribed(line.kind, (line.symbol,)), trade]

    def _told(self, number: int, line: Line | None, code: int, text: str, recv_ns: int) -> list[Event]:
        if line is None:
            if number >= 0:
                # About a line given back, or a request nobody waits for.
                return []
            return self.outages.told(code, text, recv_ns, self._carried())
        if code == BOOK_EMPTIED:
            line.rows, line.begins = [], True
            return [depth(line.symbol, recv_ns, begins=True, fault=f"the venue emptied the book ({code})")]
        if ends_request(code):
            del self.lines[number]
        return [Refused("error", words(code, text), line.symbol)]

    def _unreadable(self, line: Line | None, said: Unreadable, recv_ns: int) -> list[Event]:
        events: list[Event] = [Refused("malformed", said.reason, line.symbol if line else None)]
        if said.is_depth:
            books = [each for each in self.lines.values() if each.kind == "book"] if line is None else [line]
            for book in books:
                book.rows = []
                events.append(lost_rows(book.symbol, recv_ns))
        return events
