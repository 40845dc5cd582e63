"""The Advanced Trade connector: numbered channels and public REST behind the one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tapeql.connectors.coinbase.advanced import sequence, subscriptions
from tapeql.connectors.coinbase.advanced.decode import messages
from tapeql.connectors.coinbase.advanced.history import History
from tapeql.connectors.coinbase.connector import CoinbaseConnector
from tapeql.connectors.coinbase.signatures import advanced_token
from tapeql.connectors.events import Event, Kind
from tapeql.connectors.venue import Clock, Settings


class AdvancedConnector(CoinbaseConnector):
    """Source: docs.cdp.coinbase.com, "Advanced Trade WebSocket". It takes 8 messages a second from who is not logged in,
    wants the first within 5 s, and closes channels that are silent for a minute unless heartbeats are subscribed."""

    messages_per_s = 6.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, History(settings, clock))
        known = self._credentials("api_key", "api_secret")
        self._token: Callable[[], str] | None = None
        if known is not None:
            api_key, api_secret = known
            self._token = lambda: advanced_token(api_key, api_secret, self._now_s)
        self._sequence = sequence.Sequence()

    async def connect(self) -> None:
        if self._token is not None:
            # A key that cannot sign is told before anything is asked.
            self._token()
        self._sequence = sequence.Sequence()
        await super().connect()

    def _url(self) -> str:
        return self._settings.ws_url

    async def _open(self) -> Iterable[Event]:
        await self._send([subscriptions.message("subscribe", "heartbeats", token=self._token)])
        return await super()._open()

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return [subscriptions.message("subscribe", subscriptions.CHANNELS[kind], symbols, self._token)]

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return [subscriptions.message("unsubscribe", subscriptions.CHANNELS[kind], symbols, self._token)]

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        events: list[Event] = []
        for number, said in messages(frame, recv_ns):
            events += self._sequence.admit(number, said)
        return self._heard(subscriptions.as_asked(events, self._wanted))
