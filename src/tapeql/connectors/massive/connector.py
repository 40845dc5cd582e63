"""The Massive connector: one stream of stocks, and REST behind the one interface."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.connectors.events import Event, Instrument, Kind, Refused
from tapeql.connectors.massive import subscriptions
from tapeql.connectors.massive.complaints import FINE, OTHER_CONNECTION, OTHER_CONNECTION_S, refusal
from tapeql.connectors.massive.decode import decode, statuses_of
from tapeql.connectors.massive.history import History
from tapeql.connectors.massive.symbols import instruments
from tapeql.connectors.stocks import StockConnector
from tapeql.connectors.venue import Clock, Lost, Settings


class MassiveConnector(StockConnector):
    """Source: massive.com/docs."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        history = History(settings, clock)
        super().__init__(settings, clock, history)
        self._tickers = history.tickers
        self._truce_s: float | None = None

    # ── stream ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return self._settings.ws_url

    async def _login(self) -> None:
        """Massive greets, wants the key, and confirms it."""
        self._truce_s = None
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
        events = decode(frame, recv_ns)
        for event in events:
            if isinstance(event, Refused) and event.reason.startswith(OTHER_CONNECTION):
                self._truce_s = OTHER_CONNECTION_S
        return events

    async def _frame(self) -> bytes:
        """Why the older connection is closed is said before it is: the newer one is left alone for a while."""
        try:
            return await super()._frame()
        except Lost as lost:
            lost.retry_after_s = self._truce_s
            raise

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return instruments(await self._tickers(), self._clock() // 1000, kind)
