"""What an import knows of trades, quotes and candles: their fields, and when a row is unusable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.faults import Fault
from tapeql.storage.importers.instants import InstantReader, close_to_open
from tapeql.storage.importers.values import read_flags, read_integers, read_numbers, read_sides, read_texts
from tapeql.storage.schema import OHLCV, QUOTES, TICKS, TS, Table

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kind:
    """What `import KIND` brings: its table and how numbers are judged.

    filled      fields that must hold a value in every row
    positive    numbers that must be above 0 where there are any
    unsigned    numbers that must not be below 0
    """

    name: str
    table: Table
    filled: tuple[str, ...]
    positive: tuple[str, ...]
    unsigned: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(name for name in self.table.schema.names if name not in self.table.fed)


KINDS: Final = {
    kind.name: kind
    for kind in (
        # Prices of futures, spreads and rates may be 0 or below.
        Kind("trades", TICKS, ("price", "quantity"), ("quantity",), ()),
        # A side of a quote may be 0 or empty: there is no quote on it, which ends the one before.
        Kind("quotes", QUOTES, (), (), ("bid_size", "ask_size")),
        # Without a volume it is unknown, which is not 0.
        Kind("candles", OHLCV, ("open", "high", "low", "close"), (), ("volume", "trades")),
    )
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How the columns of one file are understood. `shift` is the candles' interval where stamps are their ends."""

    kind: Kind
    instants: InstantReader
    shift: str = ""

    def rows(self, columns: Mapping[str, pa.Array], count: int) -> tuple[pa.Table, dict[int, Fault]]:
        """The usable rows of a batch in source order, and the first fault of each other one."""
        us, faults = self.instants.read(columns["ts"])
        if self.shift:
            us[[fault.row for fault in faults]] = 0
            us = close_to_open(us, self.shift, self.instants.zone)
        arrays: dict[str, pa.Array] = {"ts": pa.array(us).cast(TS)}
        for name, column in columns.items():
            if name != "ts":
                arrays[name], more = self._read(name, column)
                faults += more
        if self.kind.table is OHLCV:
            faults += _where(pc.less(arrays["high"], arrays["low"]), arrays["high"], "high is below low")
        if "buyer_maker" in arrays and "side" not in arrays:
            # A buyer who made the price was hit by a seller.
            arrays["side"] = pc.if_else(arrays["buyer_maker"], "sell", "buy").cast(pa.string())
        wrong: dict[int, Fault] = {}
        for fault in faults:
            wrong.setdefault(fault.row, fault)
        rows = pa.table(arrays)
        if wrong:
            usable: Bools = np.ones(count, np.bool_)
            usable[list(wrong)] = False
            rows = rows.filter(pa.array(usable))
        return rows, wrong

    def _read(self, name: str, column: pa.Array) -> tuple[pa.Array, list[Fault]]:
        kind = self.kind.table.schema.field(name).type
        match name:
            case "side":
                return read_sides(column, name)
            case "buyer_maker":
                return read_flags(column, name)
            case _ if kind == pa.string():
                # Codes of sale conditions stand in columns of their own: a space before one has a meaning.
                return read_texts(column, verbatim=name == "conditions"), []
            case _:
                read = read_integers if kind == pa.int64() else read_numbers
                values, faults = read(column, name)
                return values, faults + self._judge(name, values, {fault.row for fault in faults})

    def _judge(self, name: str, values: pa.Array, known: set[int]) -> list[Fault]:
        faults = []
        if values.null_count and name in self.kind.filled:
            faults += [f for f in _where(values.is_null(), None, f"no {name}") if f.row not in known]
        if pa.types.is_floating(values.type):
            faults += _where(pc.invert(pc.is_finite(values)), values, f"{name} is not finite")
        if name in self.kind.positive:
            faults += _where(pc.less_equal(values, 0), values, f"{name} is not above 0")
        if name in self.kind.unsigned:
            faults += _where(pc.less(values, 0), values, f"{name} is negative")
        return faults


def _where(bad: pa.Array, values: pa.Array | None, kind: str) -> list[Fault]:
    if not pc.any(bad).as_py():
        return []
    rows = np.flatnonzero(pc.fill_null(bad, False).to_numpy(zero_copy_only=False)).tolist()
    return [Fault(row, kind, "" if values is None else str(values[row].as_py())) for row in rows]
