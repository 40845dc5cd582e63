"""PROFILE, level by level, with decimal numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from itertools import groupby

from tapeql.operators.levels import SAME, Levels
from tapeql.query.levels import POC, area_edge, of_level
from tests.oracle.tape import Row

SUMS = tuple(of_level(name).name for name in ("volume", "buy_volume", "sell_volume", "trades"))
PRICE = of_level("price").name


def levels(step: Levels, prices: Sequence[Row]) -> list[Row]:
    """Rows a level from rows a price, in their order."""
    found: list[Row] = []
    for _, group in groupby(prices, key=lambda row: [row[key.name] for key in step.within]):
        rows = list(group)
        own: list[tuple[float, Row]] = []
        for (low, high), members in groupby(rows, key=lambda row: edges(step, row[PRICE], rows)):
            held = list(members)
            level = {key.name: held[0][key.name] for key in step.within} | {PRICE: low}
            level |= {name: math.fsum(row[name] for row in held) for name in SUMS}
            own.append((high, level | {SUMS[-1]: int(level[SUMS[-1]])}))
        found += of_profile(step, own)
    return found


def edges(step: Levels, price: float, rows: Sequence[Row]) -> tuple[float, float]:
    """The level that holds a price."""
    if step.step:
        size = Decimal(repr(step.step))
        number = (Decimal(repr(price)) / size).to_integral_value(ROUND_FLOOR)
        return float(number * size), float((number + 1) * size)
    lowest, highest = rows[0][PRICE], rows[-1][PRICE]
    width = (highest - lowest) / step.bins
    number = 0 if width == 0 else min(math.floor((price - lowest) / width), step.bins - 1)
    return lowest + number * width, lowest + (number + 1) * width


def of_profile(step: Levels, own: list[tuple[float, Row]]) -> list[Row]:
    volumes = [row[SUMS[0]] for _, row in own]
    most = next(n for n, volume in enumerate(volumes) if volume >= max(volumes) * (1 - SAME))
    told = {POC.name: own[most][1][PRICE]}
    for share in step.areas:
        area = {most}
        while math.fsum(volumes[n] for n in area) < share * math.fsum(volumes) * (1 - SAME):
            up, down = max(area) + 1, min(area) - 1
            above = volumes[up] if up < len(own) else -1.0
            below = volumes[down] if down >= 0 else -1.0
            area.add(up if above >= below * (1 - SAME) else down)
        told[area_edge(share, "low").name] = own[min(area)][1][PRICE]
        told[area_edge(share, "high").name] = own[max(area)][0]
    return [row | told for _, row in own]
