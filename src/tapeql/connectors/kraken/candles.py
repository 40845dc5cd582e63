"""Candles made of trades, for times before those Kraken keeps candles of."""

from __future__ import annotations

from collections.abc import Iterable

from tapeql.connectors.events import Candle, Trade, Void
from tapeql.connectors.kraken.decode import VENUE


class CandleBuilder:
    """Takes trades in their order. Candles open at multiples of their width behind `offset_us`; none is empty."""

    def __init__(self, code: str, interval: str, width_us: int, offset_us: int) -> None:
        self._code = code
        self._interval = interval
        self._width_us = width_us
        self._offset_us = offset_us
        self._open_us: int | None = None
        self._trades: list[Trade] = []

    def add(self, trades: Iterable[Trade | Void]) -> list[Candle]:
        """The candles that these trades end."""
        ended = []
        for trade in trades:
            if isinstance(trade, Void):
                continue
            open_us = trade.ts_us - (trade.ts_us - self._offset_us) % self._width_us
            if self._open_us is None or open_us > self._open_us:
                ended += self.end()
                self._open_us = open_us
            self._trades.append(trade)
        return ended

    def end(self) -> list[Candle]:
        """The candle begun, where there is one: no trade of it will come any more."""
        if self._open_us is None or not self._trades:
            return []
        trades, self._trades = self._trades, []
        prices = [trade.price for trade in trades]
        volume = sum(trade.quantity for trade in trades)
        vwap = sum(trade.price * trade.quantity for trade in trades) / volume
        return [
            Candle(
                VENUE,
                self._code,
                self._interval,
                self._open_us,
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
                volume,
                trades=len(trades),
                vwap=vwap,
            )
        ]
