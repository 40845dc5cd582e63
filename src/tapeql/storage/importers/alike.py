"""Small files of one header: what one was taken for, the next are, as long as nothing about them says otherwise.

Most of what it costs to tell what a file is, and to read it, is the same for ten rows as for a million. So files that
follow each other are read as one; a file that could be told to be something else, or has anything wrong with it, is not
alike, and is looked at by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.cells import casts
from tapeql.storage.importers.columns import PARTS
from tapeql.storage.importers.fields import lies, outside
from tapeql.storage.importers.headers import by_words, date_and_clock
from tapeql.storage.importers.layout import Layout, plain_name
from tapeql.storage.importers.recognise import Taken, are_days
from tapeql.storage.importers.seen import known_layout, said_of
from tapeql.storage.importers.source import SAMPLE_ROWS, Source
from tapeql.storage.importers.spacing import interval_between, shorter, too_close
from tapeql.storage.importers.text import TextSource, parsed
from tapeql.storage.importers.wishes import Wishes
from tapeql.storage.layout import canonical_interval
from tapeql.storage.rows import instants

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_WHO: Final = ("symbol", "venue", "interval")
_ZONED: Final = r":\d\d.*(Z|UTC|GMT|[+-]\d\d:?\d\d)$"


@dataclass(frozen=True, slots=True)
class Alike:
    """What a file that is alike holds: how many rows, and how many of them are usable, or odd; from when to when."""

    read: int
    usable: int
    odd: int
    first_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The usable rows of several files, one file's after the other's, and where those of each begin (and the last ends).

    files   None for one that is not alike, whose rows are of no use
    """

    table: pa.Table
    edges: Sequence[int]
    files: Sequence[Alike | None]

    def of(self, begin: int, end: int) -> pa.Table:
        """The rows of some files."""
        return self.table.slice(self.edges[begin], self.edges[end] - self.edges[begin])


@dataclass(frozen=True, slots=True)
class Like:
    """What a file was taken for.

    above    its bytes above the first row
    said     what its path says
    local    its times are naive
    digits   its times are bare digits
    """

    above: bytes
    taken: Taken
    layout: Layout | None
    said: Mapping[str, str]
    names: tuple[str, ...]
    mark: str
    local: bool
    digits: bool
    wishes: Wishes

    def follows(self, source: TextSource) -> Taken | None:
        """What another file is taken for if its rows are alike; None where its head or its path say otherwise."""
        if not (_is_plain(source) and source.head.startswith(self.above)):
            return None
        if known_layout(self.names, (), source.path, self.wishes) is not self.layout:
            return None
        said = said_of(source.path, self.layout)
        if said.keys() != self.said.keys() or any(said[key] != self.said[key] for key in said if key != "symbol"):
            return None
        code = self.taken.symbol if self.wishes.symbol else said.get("symbol", self.taken.symbol)
        return replace(self.taken, symbol=code)

    def read(self, heads: Sequence[bytes]) -> Rows:
        """What files hold that follow."""
        bodies = [head[len(self.above) :] for head in heads]
        bodies = [body + b"\n" if body and not body.endswith(b"\n") else body for body in bodies]
        counts = np.array([body.count(b"\n") for body in bodies])
        nothing = Rows(self.taken.kind.table.schema.empty_table(), [0] * (len(heads) + 1), [None] * len(heads))
        try:
            columns = parsed(b"".join(bodies), self.mark, len(self.names), self.taken.columns, self.taken.types)
        except pa.ArrowInvalid:
            return nothing
        cells = self.taken.cells(columns)
        if len(cells["ts"]) != counts.sum() or not self._are_numbers(cells):
            return nothing
        which = np.repeat(np.arange(len(heads)), counts)
        reading = self.taken.reading
        read = reading.anew().rows(cells, len(which))
        good = self._have_such_times(cells["ts"], which, counts)
        good[which[list(read.faults)]] = False
        whose = which[read.usable]
        usable = np.bincount(whose, minlength=len(heads))
        odd = np.zeros(len(heads), np.int64)
        if reading.kind.name != "trades":
            good &= self._lie_so(read.rows, whose, usable)
        if reading.kind.name == "candles":
            odd = np.bincount(whose[outside(read.rows)], minlength=len(heads))
            if not self.wishes.interval and "interval" not in self.said:
                good &= usable == counts  # the time between rows that say nothing tells too
        edges = [0, *np.cumsum(usable).tolist()]
        ts = np.split(instants(read.rows), edges[1:-1])
        good &= [self._is_as_long(each) for each in ts]
        files = [
            Alike(count, len(each), many, int(each.min()), int(each.max())) if fine else None
            for count, each, many, fine in zip(counts.tolist(), ts, odd.tolist(), good.tolist(), strict=True)
        ]
        return Rows(read.rows, edges, files)

    def _are_numbers(self, cells: Mapping[str, pa.Array]) -> bool:
        """Whether no number needs a look at how the others of its file are written."""
        numeric = {field.name for field in self.taken.kind.table.schema if not pa.types.is_string(field.type)}
        numeric = (numeric | {"quote_volume"}) - {"ts"}
        return all(
            casts(column, pa.float64())
            for name, column in cells.items()
            if name in numeric and pa.types.is_string(column.type)
        )

    def _have_such_times(self, times: pa.Array, which: Ints, counts: Ints) -> Bools:
        """Which files have dates where this one has, and name a zone where this one does."""
        if not pa.types.is_string(times.type):
            return np.ones(len(counts), np.bool_)

        def count(told: pa.Array) -> Ints:
            return np.bincount(which, pc.fill_null(told, False).to_numpy(zero_copy_only=False), len(counts)).astype(
                np.int64
            )

        text = pc.utf8_trim_whitespace(times)
        such: Bools = (count(are_days(text)) == counts) == self.taken.days
        if not self.taken.reading.instants.is_number:
            such &= count(pc.match_substring_regex(text, _ZONED)) == (0 if self.local else counts)
            such &= count(pc.utf8_is_digit(text)) == (counts if self.digits else 0)
        return such

    def _lie_so(self, rows: pa.Table, whose: Ints, usable: Ints) -> Bools:
        """Which files show by their first rows that their columns are what they are taken for."""
        if set(PARTS[self.taken.kind.name]) & set(self.wishes.columns):
            return np.ones(len(usable), np.bool_)
        first = np.arange(len(whose)) - (np.cumsum(usable) - usable)[whose] < SAMPLE_ROWS
        well = np.ones(len(usable), np.bool_)
        for _, fields, telling, odd in lies(rows):
            if set(fields) & set(self.wishes.columns):
                continue
            seen, many = (np.bincount(whose[first & each], minlength=len(usable)) for each in (telling, telling & odd))
            well &= many * 2 <= seen
        return well

    def _is_as_long(self, ts: Ints) -> bool:
        """Whether candles lie as far apart as those of this file."""
        interval = self.taken.interval
        if not len(ts):
            return False
        if self.taken.kind.name != "candles" or self.wishes.interval:
            return True
        between = interval_between([ts[:SAMPLE_ROWS]], self.taken.days)
        if "interval" in self.said:
            wrong = bool(between) and shorter(between, interval)
        else:
            wrong = not between or canonical_interval(between) != interval
        return not wrong and too_close(ts, interval) is None


def like_of(source: Source, taken: Taken, wishes: Wishes) -> Like | None:
    """What files like this one can be taken for without a look at each; None where only their rows can tell."""
    if not isinstance(source, TextSource) or not source.names or not _is_plain(source):
        return None
    plain, places, reading = [plain_name(name) for name in source.names], taken.places, taken.reading
    rows_tell = (
        reading.divisors
        or reading.shift
        or reading.carried is not None
        or not reading.instants.is_plain
        or by_words(source.names, _WHO)
        or any(name in places for name in _WHO)
        # Words that mean several things, and which of them the cells say.
        or ("side" not in places and {"type", "direction"} & set(plain))
        or (len(places["ts"]) == 1 and date_and_clock(source.names) is not None)
        or not all(place in taken.types for name in PARTS[reading.kind.name] for place in places[name])
    )
    above = b"".join(line + b"\n" for line in source.head.split(b"\n")[: len(source.dialect.above)])
    if rows_tell or source.dialect.encoding != "utf-8" or b"\r" in above.replace(b"\r\n", b""):
        return None
    layout = known_layout(source.names, (), source.path, wishes)
    times = [source.sample()[place] for place in places["ts"]]
    return Like(
        above,
        taken,
        layout,
        said_of(source.path, layout),
        tuple(source.names),
        source.mark,
        reading.instants.local,
        all(pc.all(pc.utf8_is_digit(column)).as_py() for column in times),
        wishes,
    )


def _is_plain(source: TextSource) -> bool:
    """Whether all of it is at hand, and a line is a row."""
    return source.whole and source.head.isascii() and b'"' not in source.head
