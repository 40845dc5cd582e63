"""The Massive connector: one stream of stocks, and REST behind the one interface."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.connectors.events import Event, Instrument, Kind
from tapeql.connectors.massive import subscriptions
from tapeql.connectors.massive.complaints import FINE, refusal
from tapeql.connectors.massive.decode import decode, statuses_of
from tapeql.connectors.massive.history import History
from tapeql.connectors.massive.symbols import instruments
from tapeql.connectors.settings import Settings
from tapeql.connectors.stocks import StockConnector
from tapeql.connectors.venue import Clock


class MassiveConnector(StockConnector):
    """Source: massive.com/docs."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        history = History(settings, clock)
        super().__init__(settings, clock, history)
        self._tickers = history.tickers

    # ── stream ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return self._settings.ws_url

    async def _login(self) -> None:
        """Massive greets, wants the key, and confirms it."""
        await self._status("connected")
        await self._send([subscriptions.login(self._settings.credential("api_key"))])
        await self._status("auth_success")

    async def _status(self, wanted: str) -> None:
        """Reads until it is said. Raises VenueError or Lost with what is said instead."""
        while True:
            for status, message in statuses_of(await self._frame()):
                if status not in FINE:
                    raise refusal(self.venue.title, status, message)
                if status == wanted:
                    return

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("subscribe", kind, symbols)

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("unsubscribe", kind, symbols)

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        return decode(frame, recv_ns)

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return instruments(await self._tickers(), self._clock() // 1000, kind)
