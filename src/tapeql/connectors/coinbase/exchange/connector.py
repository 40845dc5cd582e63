"""The Coinbase Exchange connector: channels and REST behind the one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tapeql.connectors.coinbase.connector import CoinbaseConnector
from tapeql.connectors.coinbase.exchange import subscriptions
from tapeql.connectors.coinbase.exchange.decode import decode
from tapeql.connectors.coinbase.exchange.history import History
from tapeql.connectors.coinbase.signatures import exchange_proof
from tapeql.connectors.events import Event, Kind
from tapeql.connectors.venue import Clock, Settings


class ExchangeConnector(CoinbaseConnector):
    """Source: docs.cdp.coinbase.com/exchange, "WebSocket Feed". It takes 100 messages a second and wants the first within
    5 s. With credentials the book is level2, every change; without them level2_batch, what changed in 50 ms."""

    messages_per_s = 20.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, History(settings, clock))
        self._known = self._credentials("api_key", "api_secret", "passphrase")
        self._channels = dict(subscriptions.CHANNELS)
        if self._known is not None:
            self._channels["book"] = subscriptions.BOOK

    async def connect(self) -> None:
        # A secret that cannot sign is told before anything is asked.
        self._proof()
        await super().connect()

    def _proof(self) -> Mapping[str, str]:
        if self._known is None:
            return {}
        api_key, api_secret, passphrase = self._known
        return exchange_proof(api_key, api_secret, passphrase, self._now_s)

    def _url(self) -> str:
        return self._settings.ws_url

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        channels = {self._channels[kind]: symbols, subscriptions.HEARTBEAT: symbols}
        return [subscriptions.message("subscribe", channels, self._proof())]

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        channels = {self._channels[kind]: symbols}
        unheard = [s for s in symbols if not any(s in wanted for wanted in self._wanted.values())]
        if unheard:
            channels[subscriptions.HEARTBEAT] = unheard
        return [subscriptions.message("unsubscribe", channels, self._proof())]

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        return self._heard(decode(frame, recv_ns))
