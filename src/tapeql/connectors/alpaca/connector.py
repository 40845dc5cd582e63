"""The Alpaca connector: one stream of one feed, and REST behind the one interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapeql.connectors.alpaca import subscriptions
from tapeql.connectors.alpaca.complaints import refusal
from tapeql.connectors.alpaca.decode import decode, messages_of
from tapeql.connectors.alpaca.history import History
from tapeql.connectors.alpaca.symbols import instruments
from tapeql.connectors.events import Event, Heartbeat, Instrument, Kind
from tapeql.connectors.stocks import StockConnector
from tapeql.connectors.venue import Clock, Settings


class AlpacaConnector(StockConnector):
    """Source: docs.alpaca.markets."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        history = History(settings, clock)
        super().__init__(settings, clock, history)
        self._assets, self._feed = history.assets, history.feed

    # ── stream ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return f"{self._settings.ws_url}/v2/{self._feed}"

    async def _login(self) -> None:
        """Alpaca greets, wants the keys within ten seconds, and confirms them."""
        await self._success("connected")
        key, secret = self._settings.credential("api_key"), self._settings.credential("api_secret")
        await self._send([subscriptions.login(key, secret)])
        await self._success("authenticated")

    async def _success(self, wanted: str) -> None:
        """Reads until it is said. Raises VenueError or Lost with what is said instead."""
        while True:
            for message in messages_of(await self._frame()):
                said: dict[str, Any] = message if isinstance(message, dict) else {}
                if said.get("T") == "error":
                    code = said.get("code")
                    raise refusal(self.venue.title, code if isinstance(code, int) else None, str(said.get("msg")))
                if said.get("T") == "success" and said.get("msg") == wanted:
                    return

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("subscribe", kind, symbols)

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("unsubscribe", kind, symbols)

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        return self._newly(decode(frame, recv_ns)) or [Heartbeat(recv_ns)]

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return instruments(await self._assets(), self._clock() // 1000, kind)
