"""Seeded life of one symbol that looks like a recorded one: orders, sweeping trades, quotes, depth updates."""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Iterator

from tests.exchange.market import Book, Depth, Event, Instrument, Levels, Quote, Trade

START_US = 1_723_161_240_000_000  # 2024-08-08T23:54Z, six minutes before a new day


class _Side:
    """Levels of one side, tick → lots, best first under the key `sign * tick`."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.lots: dict[int, int] = {}
        self.keys: list[int] = []
        self.changed: dict[int, int] = {}

    @property
    def best(self) -> int:
        return self.sign * self.keys[0]

    def put(self, tick: int, lots: int) -> None:
        key = self.sign * tick
        if lots and tick not in self.lots:
            insort(self.keys, key)
        elif not lots and tick in self.lots:
            del self.keys[bisect_left(self.keys, key)]
        if lots:
            self.lots[tick] = lots
        else:
            self.lots.pop(tick, None)
        self.changed[tick] = lots


class Generated:
    """The same arguments make the same events, endlessly (or until nothing can happen any more).

    `orders_per_s` and `trades_per_s` are means of a Poisson flow; depth updates come every `depth_ms` in which
    something changed. With `futures`, update ids skip as on USD-M.
    """

    def __init__(
        self,
        symbol: str = "BTCUSDT",
        *,
        seed: int = 0,
        start_us: int = START_US,
        orders_per_s: float = 40.0,
        trades_per_s: float = 5.0,
        price: str = "61800.00",
        price_step: str | None = None,
        quantity_step: str | None = None,
        depth_ms: int = 100,
        first_trade_id: int = 3_735_683_259,
        first_update_id: int = 50_093_239_189,
        levels: int = 150,
        futures: bool = False,
    ) -> None:
        price_step = price_step or ("0.10" if futures else "0.01000000")
        quantity_step = quantity_step or ("0.001" if futures else "0.00001000")
        quote = next((q for q in ("USDT", "USDC", "USD", "BTC", "EUR") if symbol.endswith(q)), "USDT")
        self.instrument = Instrument(symbol, symbol.removesuffix(quote), quote, price_step, quantity_step)
        self.first_trade_id = first_trade_id
        self.futures = futures
        self._seed = f"{seed}/{symbol}"
        self._start_us, self._depth_us = start_us, depth_ms * 1000
        self._orders_per_us, self._trades_per_us = orders_per_s / 1e6, trades_per_s / 1e6
        self._first_update_id, self._levels = first_update_id, levels
        self._price_step, self._quantity_step = float(price_step), float(quantity_step)
        self._price_digits = len(price_step.partition(".")[2])
        self._quantity_digits = len(quantity_step.partition(".")[2])
        self._middle = round(float(price) / self._price_step)
        bids, asks = self._opening(random.Random(f"{self._seed}/book"))
        self.book = Book(first_update_id - 1, self._written(bids.lots), self._written(asks.lots))

    def events(self) -> Iterator[tuple[int, Event]]:
        rng = random.Random(self._seed)
        bids, asks = self._opening(random.Random(f"{self._seed}/book"))
        bids.changed.clear()
        asks.changed.clear()
        symbol, now_us = self.instrument.symbol, float(self._start_us)
        next_trade_id, update_id, flushed_id = self.first_trade_id, self._first_update_id - 1, self._first_update_id - 1
        rate, best = self._orders_per_us + self._trades_per_us, (0, 0, 0, 0)
        depth_us = self._start_us + self._depth_us
        while rate > 0:
            now_us += rng.expovariate(rate)
            while now_us >= depth_us:
                if bids.changed or asks.changed:
                    first = flushed_id + (rng.randint(1, 200) if self.futures else 1)
                    update_id = max(update_id, first)
                    levels = self._written(bids.changed), self._written(asks.changed)
                    yield depth_us, Depth(symbol, depth_us, depth_us, first, update_id, flushed_id, *levels)
                    flushed_id = update_id
                    bids.changed.clear()
                    asks.changed.clear()
                    depth_us += self._depth_us
                else:
                    depth_us += (int(now_us - depth_us) // self._depth_us + 1) * self._depth_us
            ts_us = int(now_us) // 1000 * 1000
            if rng.random() * rate < self._trades_per_us:
                sells = rng.random() < 0.5
                side = bids if sells else asks
                wanted = round(rng.paretovariate(1.1) * 40)
                while wanted and len(side.keys) > 1:  # one taker sweeps levels: several trades of one instant
                    tick = side.best
                    there = side.lots[tick]
                    lots = min(there, wanted)
                    price, quantity = self._price(tick), self._quantity(lots)
                    yield int(now_us), Trade(symbol, ts_us, ts_us, next_trade_id, price, quantity, sells)
                    next_trade_id, wanted = next_trade_id + 1, wanted - lots
                    side.put(tick, there - lots)
                    update_id += rng.randint(1, 400) if self.futures else 1
            else:
                self._order(rng, bids, asks)
                update_id += rng.randint(1, 400) if self.futures else 1
            bid, ask = bids.best, asks.best
            now_best = (bid, bids.lots[bid], ask, asks.lots[ask])
            if now_best != best:
                best = now_best
                written = self._price(bid), self._quantity(best[1]), self._price(ask), self._quantity(best[3])
                yield int(now_us), Quote(symbol, ts_us, ts_us, update_id, *written)

    def _order(self, rng: random.Random, bids: _Side, asks: _Side) -> None:
        """One order is placed, changed or cancelled, mostly near the best price, sometimes inside the spread."""
        side, other = (bids, asks) if rng.random() < 0.5 else (asks, bids)
        distance = int(rng.expovariate(0.12))
        room = abs(other.best - side.best) - 1
        if len(side.keys) < self._levels // 2:
            tick, lots = (side.keys[-1] + rng.randint(1, 5)) * side.sign, rng.randint(1, 50_000)
        elif room and rng.random() < 0.25:
            tick, lots = side.best - side.sign * rng.randint(1, min(room, 20)), rng.randint(1, 5_000)
        elif rng.random() < 0.55:
            tick, lots = side.best + side.sign * distance, rng.randint(1, 200_000)
        else:
            tick = side.keys[min(distance, len(side.keys) - 2)] * side.sign
            lots = 0 if len(side.keys) > self._levels // 2 else rng.randint(1, 50_000)
        side.put(tick, lots)

    def _opening(self, rng: random.Random) -> tuple[_Side, _Side]:
        bids, asks = _Side(-1), _Side(1)
        for side in (bids, asks):
            tick = self._middle + (side is asks)
            for _ in range(self._levels):
                side.put(tick, rng.randint(1, 200_000))
                tick += side.sign * rng.randint(1, 6)
        return bids, asks

    def _price(self, tick: int) -> str:
        return f"{tick * self._price_step:.{self._price_digits}f}"

    def _quantity(self, lots: int) -> str:
        return f"{lots * self._quantity_step:.{self._quantity_digits}f}"

    def _written(self, levels: dict[int, int]) -> Levels:
        return tuple((self._price(tick), self._quantity(lots)) for tick, lots in levels.items())
