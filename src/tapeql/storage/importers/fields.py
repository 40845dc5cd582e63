"""What an import knows of trades, quotes and candles: their fields, and when a row is unusable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.carried import Carried
from tapeql.storage.importers.faults import Fault
from tapeql.storage.importers.instants import InstantReader, close_to_open
from tapeql.storage.importers.numbers import PLAIN, NumberStyle
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


CALLED: Final = {kind.table.name: kind.name for kind in KINDS.values()} | {name: name for name in KINDS}
"""What people call the kinds: by the rows, or by their table."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of a batch: usable rows in source order, the first fault of each other one, and rows that say nothing.

    usable   which rows of the batch are among `rows`
    """

    rows: pa.Table
    faults: Mapping[int, Fault]
    skipped: int
    usable: Bools
    odd: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How the columns of one file are understood.

    shift      the candles' interval where stamps are their ends
    styles     field → how its numbers are written
    divisors   field → what its whole numbers are divided by; 1: it has none but fractions, as the source may write them
    unknown    fields in which 0 means that nothing is known
    sides      the source's words for sides
    only       the value of column `only` that rows to take have; "": all are taken
    word       what the column of intervals holds in every row
    carried    fields in which a blank cell says that nothing changed
    """

    kind: Kind
    instants: InstantReader
    shift: str = ""
    styles: Mapping[str, NumberStyle] = field(default_factory=dict)
    divisors: Mapping[str, float] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    sides: Mapping[str, str | None] = field(default_factory=dict)
    only: str = ""
    word: str = ""
    carried: Carried | None = None

    def anew(self) -> Reading:
        """The same for another reading, which leaves no trace in this one."""
        carried = self.carried.anew() if self.carried is not None else None
        return replace(self, instants=replace(self.instants, notes=[]), carried=carried)

    def rows(self, columns: Mapping[str, pa.Array], count: int) -> Read:
        """The rows of a batch, with the texts of `symbol` and `venue` beside their fields where those are columns."""
        us, faults = self.instants.read(columns["ts"])
        if self.shift:
            us[[fault.row for fault in faults]] = 0
            us = close_to_open(us, self.shift, self.instants.zone)
        arrays: dict[str, pa.Array] = {"ts": pa.array(us).cast(TS)}
        for name, column in columns.items():
            if name == "interval":
                other = pc.not_equal(pc.utf8_trim_whitespace(column.cast(pa.string())), self.word)
                faults += _where(pc.fill_null(other, True), column, f"its interval is not {self.word}, as those before")
            elif name not in ("ts", "only"):
                arrays[name], more = self._read(name, column)
                faults += more
        wanted: Bools = np.ones(count, np.bool_)
        if self.only:
            wanted &= _true(pc.equal(columns["only"], self.only))
        if self.carried is not None:
            told = np.zeros(count, np.bool_)
            unread = {fault.row for fault in faults}
            told[list(unread)] = True
            for name in self.carried.fields:
                blank = ~_true(pc.is_valid(arrays[name]))
                told |= ~blank
                lost = [row for row in unread if blank[row]]
                arrays[name] = self.carried.fill(name, arrays[name], lost)
            wanted &= told
        odd = 0
        if self.kind.table is OHLCV:
            empty = ~_true(pc.is_valid(arrays["open"]))
            for name in ("high", "low", "close"):
                empty &= ~_true(pc.is_valid(arrays[name]))
            # A day without a trade, which some sources list: nothing is there, not even something that cannot be read.
            empty[[fault.row for fault in faults if not fault.kind.startswith("no ")]] = False
            faults = [f for f in faults if not (empty[f.row] and f.kind.startswith("no ") and f.kind != "no time")]
            wanted &= ~empty
            faults += _where(pc.less(arrays["high"], arrays["low"]), arrays["high"], LOW_ABOVE_HIGH)
            odd = int(outside(arrays).sum())
            if "quote_volume" in arrays:
                vwap = pc.divide(arrays.pop("quote_volume"), arrays["volume"])
                arrays.setdefault(
                    "vwap", pc.if_else(pc.greater(arrays["volume"], 0), vwap, pa.scalar(None, pa.float64()))
                )
        if "buyer_maker" in arrays and "side" not in arrays:
            # A buyer who made the price was hit by a seller.
            arrays["side"] = pc.if_else(arrays["buyer_maker"], "sell", "buy").cast(pa.string())
        wrong: dict[int, Fault] = {}
        for fault in faults:
            if wanted[fault.row]:
                wrong.setdefault(fault.row, fault)
        usable = wanted.copy()
        usable[list(wrong)] = False
        rows = pa.table(arrays)
        return Read(rows if usable.all() else rows.filter(pa.array(usable)), wrong, int((~wanted).sum()), usable, odd)

    def _read(self, name: str, column: pa.Array) -> tuple[pa.Array, list[Fault]]:
        if name in ("symbol", "venue"):
            text = read_texts(column)
            return text, _where(text.is_null(), None, f"no {name}")
        if name == "quote_volume":
            return read_numbers(column, name, self.styles.get(name, PLAIN))
        kind = self.kind.table.schema.field(name).type
        match name:
            case "side":
                return read_sides(column, name, self.sides)
            case "buyer_maker":
                return read_flags(column, name)
            case _ if kind == pa.string():
                # Codes of sale conditions stand in columns of their own: a space before one has a meaning.
                return read_texts(column, verbatim=name == "conditions"), []
            case _:
                read = read_integers if kind == pa.int64() else read_numbers
                values, faults = read(column, name, self.styles.get(name, PLAIN))
                if name in self.divisors and pa.types.is_string(column.type):
                    faults += _mixed(column, name, self.divisors[name] == 1)
                if self.divisors.get(name, 1) != 1:
                    # The largest whole number stands for none at all.
                    there = pc.less(pc.abs(values), 9.2e18)
                    values = pc.if_else(there, pc.divide(values, self.divisors[name]), pa.scalar(None, pa.float64()))
                if name in self.unknown:
                    values = pc.if_else(pc.equal(values, 0), pa.scalar(None, values.type), values)
                if self.kind.table is OHLCV and pa.types.is_floating(values.type):
                    # pandas writes what is not there as NaN.
                    values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
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


Lie = tuple[str, tuple[str, ...], Bools, Bools]
"""What would be wrong, with columns of which fields; which rows could show it, and which of them do."""


def upside_down(read: Read) -> list[tuple[str, tuple[str, ...], int, int]]:
    """What would be wrong, with columns of which fields; how many rows could show it, and how many do."""
    low_above_high = sum(fault.kind == LOW_ABOVE_HIGH for fault in read.faults.values())
    found = [
        (what, fields, int(telling.sum()), int((telling & odd).sum())) for what, fields, telling, odd in lies(read.rows)
    ]
    what, fields, seen, odd = found[0]
    return [(what, fields, seen + low_above_high, odd + low_above_high), *found[1:]]


def lies(table: pa.Table) -> list[Lie]:
    """A high below its low, an open or a close beyond them (or far inside), volumes that make no price, a bid above its ask.

    An open of 0 is none; neither is a side of a quote that is not there. Candles of one price are looked at apart: they
    show less.
    """
    rows = {name: table[name].combine_chunks() for name in table.column_names}
    if "open" not in rows:
        telling = _true(pc.and_(pc.not_equal(rows["bid"], 0), pc.not_equal(rows["ask"], 0)))
        return [("their bid above their ask", ("bid", "ask"), telling, _true(pc.greater(rows["bid"], rows["ask"])))]
    low, high = rows["low"], rows["high"]
    opened, varied = _true(pc.not_equal(rows["open"], 0)), _true(pc.greater(high, low))
    top, bottom = (pick(rows["open"], rows["close"]) for pick in (pc.max_element_wise, pc.min_element_wise))
    torn = pc.and_(pc.greater_equal(low, 0), pc.or_(_beyond(high, top), _beyond(bottom, low)))
    odd = outside(rows) | _true(torn)
    what, fields = "an open, a low or a close that cannot be", ("open", "high", "low", "close")
    found: list[Lie] = [(what, fields, varied & opened, odd), (what, fields, ~varied & opened, odd)]
    if "volume" in rows:
        # An open that is always 0 is none, unless it stands where the volume should.
        unopened = _true(pc.and_(pc.equal(rows["open"], 0), pc.greater(high, low)))
        within = pc.and_(pc.greater_equal(rows["volume"], low), pc.less_equal(rows["volume"], high))
        found.append(("a volume that lies where the open should", ("open", "volume"), unopened, _true(within)))
    if "vwap" in rows:
        # Where the volumes of the two sides of a pair are swapped, their quotient is none.
        priced = _true(pc.and_(pc.greater(low, 0), pc.is_valid(rows["vwap"])))
        far = _true(pc.or_(_beyond(rows["vwap"], high), _beyond(low, rows["vwap"])))
        found.append(("two volumes whose quotient is no price", ("volume", "quote_volume"), priced, far))
    return found


def _beyond(one: pa.Array, other: pa.Array) -> pa.Array:
    """Ten times as much: a volume that is taken for a price lies so."""
    return pc.greater(one, pc.multiply(other, 10))


LOW_ABOVE_HIGH: Final = "high is below low"
_ROUNDING: Final = 1e-6


def outside(bar: Mapping[str, pa.Array]) -> Bools:
    """Candles whose open or close lies outside of their low and high, by more than rounding."""
    slack = pc.multiply(pc.abs(bar["high"]), _ROUNDING)
    top, bottom = pc.add(bar["high"], slack), pc.subtract(bar["low"], slack)
    beyond = [pc.or_(pc.greater(bar[name], top), pc.less(bar[name], bottom)) for name in ("open", "close")]
    return _true(pc.or_(*beyond))


def _mixed(column: pa.Array, name: str, fractions: bool) -> list[Fault]:
    """Whole numbers among fractions and the other way round, where one of them counts in other units."""
    pointed = pc.match_substring(column, ".")
    kind = f"{name} is a whole number among fractions" if fractions else f"{name} is a fraction among whole numbers"
    return _where(pc.invert(pointed) if fractions else pointed, column, kind)


def _true(flags: pa.Array) -> Bools:
    values: Bools = pc.fill_null(flags, False).to_numpy(zero_copy_only=False)
    return values


def _where(bad: pa.Array, values: pa.Array | None, kind: str) -> list[Fault]:
    if not pc.any(bad).as_py():
        return []
    rows = np.flatnonzero(pc.fill_null(bad, False).to_numpy(zero_copy_only=False)).tolist()
    return [Fault(row, kind, "" if values is None else str(values[row].as_py())) for row in rows]
