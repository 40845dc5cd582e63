"""What the statistics of a Parquet file tell of its row groups, where they can be trusted to skip some."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.parquet import ParquetSource
from tapeql.storage.importers.recognise import Taken
from tapeql.storage.importers.values import read_texts

_UTC = ("UTC", "Etc/UTC")


@dataclass(frozen=True, slots=True)
class Extent:
    """A row group: when its first and its last row are, in UTC microseconds, and the code of its rows.

    mixed   rows of other codes may be among them, even these alone; then the instants are theirs
    """

    group: int
    rows: int
    first_us: int
    last_us: int
    code: str
    mixed: bool = False


def extents(source: ParquetSource, taken: Taken) -> list[Extent] | None:
    """The row groups that may have rows to take, those of each code in the order of time and its ends exact.

    None where only all of the rows can tell: candles (of which some say nothing), times that are local or no numbers,
    row groups that go back in time or have not all the statistics, symbols that share a row group.
    """
    if taken.kind.name == "candles" or taken.reading.only or taken.reading.carried or "venue" in taken.places:
        return None
    instants, codes = _instants(source, taken), _codes(source, taken)
    if instants is None or codes is None:
        return None
    every = zip(range(len(codes)), source.group_rows(), instants, codes, strict=True)
    found = [
        Extent(group, rows, *span, code or taken.pick, code is None)
        for group, rows, span, code in every
        if rows and (not taken.pick or code in (None, taken.pick))
    ]
    if any(extent.mixed for extent in found):
        found = _trimmed(source, taken, found)
    by_code = sorted(found, key=lambda extent: extent.code)
    for _, mine in itertools.groupby(by_code, key=lambda extent: extent.code):
        if any(later.first_us < before.last_us for before, later in itertools.pairwise(mine)):
            return None
    return found


def _instants(source: ParquetSource, taken: Taken) -> list[tuple[int, int]] | None:
    """The first and the last instant of each row group."""
    places, reader = taken.places["ts"], taken.reading.instants
    ranges = source.ranges(places[0]) if len(places) == 1 and reader.day is None else None
    if not ranges:
        return None
    kind = ranges[0].type
    naive = pa.types.is_timestamp(kind) and kind.tz is None
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind)) or (naive and reader.zone not in _UTC):
        return None
    reader.read(source.sample()[places[0]])  # settles how numbers count, by the first of them as ever
    us, faults = replace(reader, notes=[]).read(pa.concat_arrays(ranges))
    return None if faults else list(zip(us[::2].tolist(), us[1::2].tolist(), strict=True))


def _codes(source: ParquetSource, taken: Taken) -> list[str | None] | None:
    """The code of each row group; None for one that may have the code to pick among others. None where that is not told."""
    places = taken.places.get("symbol")
    if places is None:
        return [taken.symbol] * len(source.group_rows())
    ranges = source.ranges(places[0]) if len(places) == 1 else None
    if not ranges or not all(pa.types.is_string(each.type) for each in ranges):
        return None
    found: list[str | None] = []
    for least, greatest in (each.to_pylist() for each in ranges):
        if least != least.strip() or greatest != greatest.strip() or not (taken.pick or least == greatest):
            return None  # blanks beside a code, which is read without them, would sort elsewhere
        mixed = least != greatest and least <= taken.pick <= greatest
        found.append(None if mixed else least)
    return found


def _trimmed(source: ParquetSource, taken: Taken, found: Sequence[Extent]) -> list[Extent]:
    """Without the row groups before the first row of the code and behind its last one; the outer ones with its instants."""
    first = list(itertools.dropwhile(lambda extent: extent.rows == 0, _told(source, taken, found)))
    last = list(itertools.dropwhile(lambda extent: extent.rows == 0, _told(source, taken, reversed(first))))
    return last[::-1]


def _told(source: ParquetSource, taken: Taken, found: Iterable[Extent]) -> Iterator[Extent]:
    """The extents with the instants of the code's rows, as far as the first that has such; without rows where there are none."""
    rest = iter(found)
    for extent in rest:
        if not extent.mixed:
            yield extent
            break
        told = _of_code(source, taken, extent)
        yield told
        if told.rows:
            break
    yield from rest


def _of_code(source: ParquetSource, taken: Taken, extent: Extent) -> Extent:
    """The extent with the instants of the code's rows alone."""
    times, symbols = taken.places["ts"][0], taken.places["symbol"][0]
    reader = replace(taken.reading.instants, notes=[])
    us = []
    for batch in source.of_groups([extent.group], [times, symbols]):
        mine = pc.fill_null(pc.equal(read_texts(batch.columns[1]), taken.pick), False)
        us += reader.read(batch.columns[0].filter(mine))[0].tolist()
    return replace(extent, rows=len(us), first_us=min(us), last_us=max(us)) if us else replace(extent, rows=0)
