"""What simulated stock venues have alike: a market of shares, pages by time, and candles made from its trades."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.exchange.generator import Generated
from tests.exchange.market import Market, Tape, Trade

OPEN_US = 1_723_124_400_000_000  # 2024-08-08T13:40Z, ten minutes after New York opened


def stock_market(*symbols: str, seed: int = 0, start_us: int = OPEN_US, trades_per_s: float = 5.0) -> Market:
    """Whole shares at whole cents."""
    return Market([
        Generated(
            symbol,
            seed=seed,
            start_us=start_us,
            trades_per_s=trades_per_s,
            price="212.50",
            price_step="0.01",
            quantity_step="1",
            first_trade_id=101,
            first_update_id=1001,
        )
        for symbol in symbols
    ])  # fmt: skip


def trades_of(tape: Tape) -> list[Trade]:
    """In time; trades of one instant by id."""
    return sorted(tape.trades, key=lambda trade: (trade.ts_us, trade.trade_id))


@dataclass(frozen=True, slots=True)
class Bar:
    open_us: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    vwap: float


def bars_of(trades: Iterable[Trade], length_us: int) -> Iterator[Bar]:
    """Bars that have trades, the unfinished one too."""
    by_open: dict[int, list[Trade]] = {}
    for trade in trades:
        by_open.setdefault(trade.ts_us // length_us * length_us, []).append(trade)
    for open_us, each in sorted(by_open.items()):
        prices = [float(trade.price) for trade in each]
        volume = sum(float(trade.quantity) for trade in each)
        value = sum(float(trade.price) * float(trade.quantity) for trade in each)
        yield Bar(open_us, prices[0], max(prices), min(prices), prices[-1], volume, len(each), round(value / volume, 6))
