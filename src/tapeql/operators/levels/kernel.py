"""Levels of the profiles of a result: few rows, one for each price that was paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.kernels.gathering import gathered
from tapeql.operators.levels import SAME, Levels
from tapeql.query.arrow_types import ARROW
from tapeql.query.levels import LEVEL, POC, area_edge, of_level
from tapeql.query.nodes import Column

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def finish(step: Levels, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    known = gathered(batches, "PROFILE", context.memory)
    if not known:
        return
    rows = pa.Table.from_batches(known).combine_chunks().to_batches()[0]
    prices = arrow.floats(rows.column(of_level("price").name))
    profile = _changes(rows, [key.name for key in step.within])
    number, low, high = np.empty(len(prices), np.int64), np.empty(len(prices)), np.empty(len(prices))
    for first, last in pairwise([*profile, len(prices)]):
        own = slice(first, last)
        number[own], low[own], high[own] = _levels(step, prices[own])
    new = np.append(True, number[1:] != number[:-1])
    new[profile] = True
    at = np.flatnonzero(new)
    sums = {
        name: arrow.floats(rows.column(of_level(name).name).cast(pa.float64())) for name in LEVEL if name != "price"
    }
    columns = {name: np.add.reduceat(values, at) for name, values in sums.items()}
    columns["price"] = low[at]
    told = {of_level(name).name: arrow.array(columns[name], ARROW[LEVEL[name]]) for name in LEVEL}
    told |= _of_profiles(step, np.searchsorted(at, profile), low[at], high[at], columns["volume"])
    keys = {key.name: rows.column(key.name).take(arrow.places(at)) for key in step.within}
    yield pa.RecordBatch.from_pydict({**keys, **told})


def _changes(rows: pa.RecordBatch, keys: list[str]) -> Rows:
    """Where profiles begin."""
    new = np.zeros(rows.num_rows, dtype=np.bool_)
    new[0] = True
    for key in keys:
        column = rows.column(key)
        column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode("encode")
        codes = arrow.instants(column.indices.fill_null(-1).cast(pa.int64()))
        new[1:] |= codes[1:] != codes[:-1]
    return np.flatnonzero(new)


def _levels(step: Levels, prices: Floats) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """The number of the level of each price, and the level's edges."""
    if step.step:
        share = prices / step.step
        whole = np.rint(share)
        near = np.abs(share - whole) <= 1e-9 * np.maximum(np.abs(whole), 1)
        number = np.where(near, whole, np.floor(share)).astype(np.int64)
        distinct, where = np.unique(number, return_inverse=True)
        size = Decimal(repr(step.step))  # a tenth is no double: its multiples are those of the number as it is written
        edges = np.array([[float(n * size), float((n + 1) * size)] for n in distinct.tolist()])
        return number, edges[where, 0], edges[where, 1]
    lowest, width = prices[0], (prices[-1] - prices[0]) / step.bins
    if width == 0:
        return np.zeros(len(prices), np.int64), prices, prices
    number = np.minimum((prices - lowest) / width, step.bins - 1).astype(np.int64)
    return number, lowest + number * width, lowest + (number + 1) * width


def _of_profiles(step: Levels, profile: Rows, low: Floats, high: Floats, volume: Floats) -> dict[str, pa.Array]:
    """What every level of a profile is told of the whole."""
    told = {name: np.empty(len(low)) for name in (POC.name, *(e.name for s in step.areas for e in _edges(s)))}
    for first, last in pairwise([*profile, len(low)]):
        own = volume[first:last]
        most = int(np.argmax(own >= own.max() * (1 - SAME)))
        told[POC.name][first:last] = low[first + most]
        for share in step.areas:
            begin, end = _area(own.tolist(), most, share * float(own.sum()))
            for edge, value in zip(_edges(share), (low[first + begin], high[first + end]), strict=True):
                told[edge.name][first:last] = value
    return {name: arrow.array(values, pa.float64()) for name, values in told.items()}


def _edges(share: float) -> tuple[Column, Column]:
    return area_edge(share, "low"), area_edge(share, "high")


def _area(volume: list[float], most: int, wanted: float) -> tuple[int, int]:
    """The first and the last level of the area around the level with most volume."""
    begin = end = most
    held = volume[most]
    while held < wanted * (1 - SAME) and (begin > 0 or end < len(volume) - 1):
        above = volume[end + 1] if end < len(volume) - 1 else -1.0
        below = volume[begin - 1] if begin > 0 else -1.0
        if above >= below * (1 - SAME):
            end, held = end + 1, held + above
        else:
            begin, held = begin - 1, held + below
    return begin, end
