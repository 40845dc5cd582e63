"""Small random tapes around the dates where clocks, holidays and early closes do their harm."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.bars import MICROSECONDS
from tests.oracle.grid import DAY_US, local_instant
from tests.oracle.tape import Recorded, Row, Tape

SECOND, MINUTE, HOUR = (MICROSECONDS[unit] for unit in "smh")

STRETCHES = (
    (date(2025, 3, 7), 5),  # the clocks of New York go forward on the 9th
    (date(2025, 10, 31), 5),  # and back on November 2nd
    (date(2025, 3, 28), 5),  # London and Lord Howe
    (date(2024, 11, 27), 6),  # Thanksgiving and the early close after it
    (date(2024, 12, 23), 5),  # an early close, Christmas
    (date(2025, 4, 16), 7),  # Good Friday
    (date(2024, 12, 24), 24),  # several weeks across a year's end, thinly
    (date(2025, 2, 10), 30),
)
"""First date and number of days."""

CONDITIONS = (
    None,
    None,
    None,
    "",
    "@",
    "@ T",
    "@ TI",
    "@   I",
    "@O",
    "@6",
    "@M",
    "@Q",
    "@Z",
    "@U",
    "@W",
    "@4",
    "@P",
    "@V",
    "12,37",
    "14,22",
    "15",
    "015",
    "12-37",
)
"""Sale conditions as the US tapes print them; blanks between the four places."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a symbol trades: where, around which price, in steps of how much."""

    venue: str
    code: str
    price: float
    stock: bool = False
    zone: str = "UTC"
    opens: tuple[int, int] = (0, 24 * 60)


CRYPTO = (Habits("binance", "BTCUSDT", 100.0), Habits("binance", "ETHUSDT", 20.0))
STOCKS = (
    Habits("nyse", "XXX", 50.0, True, "America/New_York", (4 * 60, 20 * 60)),
    Habits("nasdaq", "YYY.A", 30.0, True, "America/New_York", (4 * 60, 20 * 60)),
)
ELSEWHERE = (
    Habits("lse", "VOD", 70.0, True, "Europe/London", (7 * 60, 18 * 60)),
    Habits("tse", "7203", 25.0, True, "Asia/Tokyo", (8 * 60, 16 * 60)),  # has a lunch break
    Habits("oanda", "EURUSD", 10.0, True, "America/New_York", (0, 24 * 60)),
)
WITH_CANDLES = (
    Habits("kraken", "XBT/USD", 100.0),
    Habits("nyse", "OLD", 40.0, True, "America/New_York", (4 * 60, 20 * 60)),
)


def recording(seed: int) -> Tape:
    """A tape of two or three symbols over a few days; the same for the same seed."""
    dice = random.Random(seed)
    first, days = STRETCHES[seed % len(STRETCHES)]
    exact = dice.random() < 0.5
    symbols: dict[tuple[str, str], Recorded] = {}
    for who in [dice.choice(CRYPTO), dice.choice(STOCKS), dice.choice(CRYPTO + STOCKS + ELSEWHERE)]:
        moments = moments_of(dice, who, first, days)
        symbols[who.venue, who.code] = Recorded(
            trades=trades(dice, who, moments, exact),
            quotes=quotes(dice, who, moments, exact) if dice.random() < 0.85 else [],
        )
    if dice.random() < 0.5:
        who = dice.choice(WITH_CANDLES)
        moments = moments_of(dice, who, first, days)
        traded = some_days(dice, moments) if dice.random() < 0.5 else []
        symbols[who.venue, who.code] = Recorded(
            trades(dice, who, traded, exact), [], candles(dice, who, moments, exact)
        )
    last = max(
        row["ts"]
        for r in symbols.values()
        for row in (*r.trades, *r.quotes, *(c for k in r.candles.values() for c in k))
    )
    now = last + (dice.randrange(1, 2 * HOUR) if dice.random() < 0.4 else dice.randrange(1, 3 * DAY_US))
    return Tape(symbols, now)


def moments_of(dice: random.Random, who: Habits, first: date, days: int) -> list[int]:
    """Sorted instants in bursts, some equal, some exactly on a minute or an hour, a few when the market sleeps."""
    found: list[int] = []
    bursts = 18 if days < 10 else 40
    for _ in range(bursts):
        day = first + timedelta(days=dice.randrange(days))
        asleep = dice.random() < 0.07
        opening, closing = (0, 24 * 60) if asleep else who.opens
        around = local_instant(day, dice.randrange(opening, closing) * MINUTE, who.zone)
        if who.stock and day.weekday() >= 5 and not asleep:
            continue
        at = around + dice.choice((0, 0, dice.randrange(HOUR)))
        for _ in range(dice.randrange(1, 8)):
            found.append(at)
            if dice.random() < 0.75:
                at += dice.choice(
                    (1, dice.randrange(SECOND), dice.randrange(10 * SECOND), MINUTE, dice.randrange(20 * MINUTE))
                )
            if dice.random() < 0.15:
                at = -(-at // MINUTE) * MINUTE
    return sorted(found)


def some_days(dice: random.Random, moments: list[int]) -> list[int]:
    """The moments of about half of the UTC days."""
    days = {day for day in sorted({ts // DAY_US for ts in moments}) if dice.random() < 0.5}
    return [ts for ts in moments if ts // DAY_US in days]


def prices(dice: random.Random, who: Habits, n: int, exact: bool) -> list[float]:
    """A walk that often stands still. Exact ones are whole eighths, so that sums have no rounding at all."""
    walk, at = [], who.price
    for _ in range(n):
        if dice.random() < 0.7:
            at *= 1 + dice.gauss(0, 0.004)
        walk.append(round(at * 8) / 8 if exact else round(at, 2))
    return walk


def trades(dice: random.Random, who: Habits, moments: list[int], exact: bool) -> list[Row]:
    return [
        {
            "ts": ts,
            "seq": seq,
            "price": price,
            "quantity": dice.randrange(1, 40) / 4 if exact else round(dice.uniform(0.01, 9), 3),
            "side": dice.choice(("buy", "sell", None)),
            "trade_id": f"t{seq}",
            "buyer_maker": dice.choice((True, False, None)),
            "conditions": dice.choice(CONDITIONS) if who.stock else None,
            "market": dice.choice(("N", "Q", None)) if who.stock else None,
        }
        for seq, (ts, price) in enumerate(zip(moments, prices(dice, who, len(moments), exact), strict=True))
    ]


def quotes(dice: random.Random, who: Habits, moments: list[int], exact: bool) -> list[Row]:
    """Changes of the best bid and ask near the trades: mostly sound, some locked, crossed or one-sided."""
    times = sorted(max(0, ts + dice.choice((0, 0, dice.randrange(-5 * MINUTE, 5 * MINUTE)))) for ts in moments)
    rows: list[Row] = []
    # Of several markets, of one book, or of both in turn.
    markets: Sequence[str | None] = dice.choice(((None,), ("N", "Q", "P"), ("N", "Q", None)))
    for seq, (ts, mid) in enumerate(zip(times, prices(dice, who, len(times), exact), strict=True)):
        tick = 0.125 if exact else 0.01
        half = tick * dice.randrange(1, 4)
        bid, ask = mid - half, mid + half
        match dice.randrange(20):
            case 0:
                bid = ask = mid
            case 1:
                bid, ask = ask, bid
            case 2:
                bid, ask = dice.choice(((None, ask), (bid, None), (0.0, ask), (bid, 0.0), (None, None)))
        sizes = [dice.choice((None, 1.0, 2.5, 300.0)) for _ in range(2)]
        rows.append(
            {
                "ts": ts, "seq": seq, "bid": bid, "bid_size": sizes[0], "ask": ask, "ask_size": sizes[1],
                "market": dice.choice(markets),
            }
        )  # fmt: skip
    return rows


def candles(dice: random.Random, who: Habits, moments: list[int], exact: bool) -> dict[str, list[Row]]:
    """Candles of one or two intervals, made separately: nothing says they agree."""
    told = dice.random() < 0.7
    names = ["1m", *(["1h"] if dice.random() < 0.4 and not who.stock else []), *(["5m"] if dice.random() < 0.3 else [])]
    found = {}
    for name in names:
        length = int(name[:-1]) * MICROSECONDS[name[-1]]
        kept = some_days(dice, moments) if name != "1m" and dice.random() < 0.5 else moments
        stamps = sorted({ts // length * length for ts in kept})
        rows = []
        for seq, (ts, price) in enumerate(zip(stamps, prices(dice, who, len(stamps), exact), strict=True)):
            step = 0.125 if exact else 0.01
            low, high = price - step * dice.randrange(3), price + step * dice.randrange(3)
            rows.append(
                {
                    "ts": ts, "seq": seq, "open": price, "high": high, "low": low, "close": dice.choice((low, high)),
                    "volume": dice.randrange(1, 80) / 4, "trades": dice.randrange(1, 9) if told else None,
                    "vwap": (low + high) / 2 if told else None,
                }
            )  # fmt: skip
        found[name] = rows
    return found
