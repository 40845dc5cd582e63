"""Random tapes: what a file is written from, and what must come out of it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MINUTE_US = 60_000_000
DAY_US = 1440 * MINUTE_US
INTERVALS = {"1s": 1_000_000, "1m": MINUTE_US, "5m": 5 * MINUTE_US, "1h": 60 * MINUTE_US, "1d": DAY_US}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A trade, a quote or a candle; numbers are decimals, as files hold them."""

    ts: int
    id: int = 0
    price: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    side: str = ""
    bid: Decimal = Decimal(0)
    bid_size: Decimal = Decimal(0)
    ask: Decimal = Decimal(0)
    ask_size: Decimal = Decimal(0)
    open: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    close: Decimal = Decimal(0)
    volume: Decimal = Decimal(0)
    trades: int = 0
    quote_volume: Decimal = Decimal(0)
    vwap: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tape:
    """Rows of one symbol, oldest first."""

    kind: str
    code: str
    interval: str
    rows: Sequence[Row]


def random_tape(
    dice: random.Random, kind: str, code: str, interval: str = "", step_us: int = 1, longest: int = 12
) -> Tape:
    """Two rows at least, on a day between 2015 and 2024 while New York's clock does not change: from 14:30 UTC.

    Instants are multiples of `step_us`; the first two candles are neighbours.
    """
    day = dt.date(2015, 1, 5) + dt.timedelta(days=dice.randrange(3600))
    midnight = (day - dt.date(1970, 1, 1)).days * DAY_US
    count = dice.randint(2, longest)
    price = Decimal(dice.randint(500, 60_000_00)) / 100
    if kind == "candles":
        length = INTERVALS[interval]
        start = midnight + (
            0 if interval == "1d" else 14 * 60 * MINUTE_US + (0 if interval == "1h" else 30 * MINUTE_US)
        )
        places = [0, 1]
        while len(places) < (min(count, 6) if interval == "1h" else count):
            places.append(places[-1] + (1 if dice.random() < 0.8 or interval == "1h" else dice.randint(2, 5)))
        return Tape(kind, code, interval, [_candle(dice, start + n * length, price) for n in places])
    moments = sorted(dice.randrange(6 * 3_600_000_000 // step_us) for _ in range(count))
    start = midnight + 14 * 60 * MINUTE_US + 30 * MINUTE_US
    make = _trade if kind == "trades" else _quote
    first = dice.randrange(10**6, 10**9)
    return Tape(kind, code, "", [make(dice, start + at * step_us, price, first + n) for n, at in enumerate(moments)])


def _cents(dice: random.Random, least: int, most: int) -> Decimal:
    return Decimal(dice.randint(least, most)) / 100


def _candle(dice: random.Random, ts: int, price: Decimal) -> Row:
    low = price + _cents(dice, 0, 50)
    open_, close = low + _cents(dice, 1, 60), low + _cents(dice, 1, 60)
    volume = Decimal(dice.randint(1, 10**7)) / 1000
    vwap = low + Decimal("0.01")
    return Row(
        ts=ts, open=open_, high=max(open_, close) + _cents(dice, 1, 50), low=low, close=close,
        volume=volume, trades=dice.randint(1, 5000), quote_volume=volume * vwap, vwap=vwap,
    )  # fmt: skip


def _trade(dice: random.Random, ts: int, price: Decimal, number: int) -> Row:
    quantity = Decimal(dice.randint(1, 10**6)) / 1000
    return Row(
        ts=ts, id=number, price=price + _cents(dice, 0, 99), quantity=quantity, side=dice.choice(("buy", "sell"))
    )


def _quote(dice: random.Random, ts: int, price: Decimal, number: int) -> Row:
    bid = price + _cents(dice, 0, 99)
    sizes = [Decimal(dice.randint(1, 10**6)) / 1000 for _ in range(2)]
    return Row(ts=ts, id=number, bid=bid, ask=bid + _cents(dice, 1, 9), bid_size=sizes[0], ask_size=sizes[1])
