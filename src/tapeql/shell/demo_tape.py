"""The demo's tape: made up from a fixed seed, the same on every machine. It is not market data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

NOW: Final = "2025-03-15T00:00:00Z"
"""The demo's clock: the Saturday after its last session."""

SEED: Final = 20250315

_NEW_YORK: Final = ZoneInfo("America/New_York")
_UTC: Final = ZoneInfo("UTC")
_HOLIDAYS: Final = (date(2025, 1, 20), date(2025, 2, 17))
_TS: Final = pa.timestamp("us", tz="UTC")

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tape:
    """Made-up trades and quotes of one symbol, with the columns `tapeql import` expects."""

    symbol: str
    trades: pa.Table
    quotes: pa.Table


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of time in which `trades` trades and as many quotes fall; the spread's level is in basis points."""

    start: datetime
    end: datetime
    trades: int
    spread_bps: float
    lot: float


def tapes() -> Iterator[Tape]:
    """nasdaq:AAPL, 43 sessions with pre-market and after-hours, and binance:BTCUSDT, 35 days around the clock."""
    # RandomState, not Generator: its streams are frozen for good.
    random = np.random.RandomState(SEED)
    yield _tape("nasdaq:AAPL", list(_stock_spans(random)), random, price=228.0, tick=0.01, volatility=0.00045)
    yield _tape("binance:BTCUSDT", list(_crypto_spans(random)), random, price=96_000.0, tick=0.1, volatility=0.0006)


def _stock_spans(random: np.random.RandomState) -> Iterator[_Span]:
    day = date(2025, 1, 13)
    while day <= date(2025, 3, 14):
        if day.weekday() < 5 and day not in _HOLIDAYS:
            busy = float(np.exp(0.35 * random.standard_normal()))
            wide = float(np.exp(0.40 * random.standard_normal()))
            clock = [datetime.combine(day, time(h, m), _NEW_YORK) for h, m in ((4, 0), (9, 30), (16, 0), (20, 0))]
            yield _Span(clock[0], clock[1], 260, 4.3 * wide, 40.0)
            yield _Span(clock[1], clock[2], int(1500 * busy), 0.8, 120.0)
            yield _Span(clock[2], clock[3], 140, 7.0 * wide, 40.0)
        day += timedelta(days=1)


def _crypto_spans(random: np.random.RandomState) -> Iterator[_Span]:
    hour = datetime(2025, 2, 8, tzinfo=_UTC)
    while hour < datetime(2025, 3, 15, tzinfo=_UTC):
        wide = float(np.exp(0.45 * random.standard_normal()))
        yield _Span(hour, hour + timedelta(hours=1), int(60 + 80 * random.random_sample()), 4.5 * wide, 0.25)
        hour += timedelta(hours=1)


def _tape(
    symbol: str, spans: list[_Span], random: np.random.RandomState, price: float, tick: float, volatility: float
) -> Tape:
    counts = [span.trades for span in spans]
    trade_ts = np.concatenate([_instants(span, random) for span in spans])
    quote_ts = np.concatenate([_instants(span, random) for span in spans])
    path = price * np.exp(np.cumsum(volatility * random.standard_normal(len(trade_ts))))
    lots = np.repeat([span.lot for span in spans], counts)
    quantity = np.maximum(np.round(lots * random.exponential(1.0, len(trade_ts)), 0 if lots[0] > 1 else 3), 0.001)
    if lots[0] > 1:
        quantity = np.maximum(quantity, 1.0)
    buys = random.random_sample(len(trade_ts)) < 0.5
    trades = pa.table(
        {
            "ts": pa.array(trade_ts, _TS),
            "price": _ticks(path, tick),
            "quantity": quantity,
            "side": np.where(buys, "buy", "sell").tolist(),
            "trade_id": [str(i) for i in range(1, len(trade_ts) + 1)],
        }
    )

    level = np.repeat([span.spread_bps for span in spans], counts)
    mid = path[np.clip(np.searchsorted(trade_ts, quote_ts, side="right") - 1, 0, None)]
    half = np.maximum(mid * level * random.uniform(0.6, 1.4, len(mid)) / 2e4, tick / 2)
    bid = _ticks(mid - half, tick)
    quotes = pa.table(
        {
            "ts": pa.array(quote_ts, _TS),
            "bid": bid,
            "bid_size": np.ceil(4 * lots * random.random_sample(len(mid)) + 0.001),
            "ask": np.maximum(_ticks(mid + half, tick), _ticks(bid + tick, tick)),
            "ask_size": np.ceil(4 * lots * random.random_sample(len(mid)) + 0.001),
        }
    )
    return Tape(symbol, trades, quotes)


def _instants(span: _Span, random: np.random.RandomState) -> Instants:
    """Sorted instants in microseconds, spread evenly at random over the span, the first at its start."""
    start_us = int(span.start.timestamp()) * 1_000_000
    length_us = int((span.end.astimezone(_UTC) - span.start.astimezone(_UTC)).total_seconds()) * 1_000_000
    offsets = np.sort((random.random_sample(span.trades) * length_us).astype(np.int64))
    offsets[0] = 0
    return start_us + offsets


def _ticks(price: Floats, tick: float) -> Floats:
    """Prices rounded to whole ticks, as short decimals."""
    places = len(f"{tick:g}".partition(".")[2])
    return np.round(np.round(price / tick) * tick, places)
