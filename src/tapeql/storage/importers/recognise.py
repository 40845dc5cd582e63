"""A file and what was asked for → what it is taken for; what neither says is asked for, all of it at once."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError
from tapeql.storage.importers.carried import Carried
from tapeql.storage.importers.cells import as_text, casts, joined, together
from tapeql.storage.importers.columns import PARTS, kind_of, of_kind, places_of
from tapeql.storage.importers.dates import EitherWay
from tapeql.storage.importers.fields import Kind, Reading, upside_down
from tapeql.storage.importers.headers import says_utc
from tapeql.storage.importers.instants import InstantReader
from tapeql.storage.importers.layout import plain_name
from tapeql.storage.importers.naming import interval_of, trades_around_the_clock
from tapeql.storage.importers.numbers import PLAIN, NumberStyle, of_plain, style_of
from tapeql.storage.importers.seen import Seen
from tapeql.storage.importers.shown import listed, several
from tapeql.storage.importers.source import SAMPLE_ROWS, Source
from tapeql.storage.importers.spacing import interval_between, shorter
from tapeql.storage.importers.values import read_texts
from tapeql.storage.importers.wishes import Wishes
from tapeql.storage.layout import canonical_interval

NO_VENUE: Final = "file"
"""Where rows are stored whose venue nothing says."""

SYMBOL: Final = "--symbol VENUE:CODE"
ZONE: Final = "--tz ZONE"
INTERVAL: Final = "--interval 1m"
DATES: Final = "--dates day-first|month-first"
"""Flags for what is not said; the first three a sentence, or a table, can say too."""


QUESTIONS: Final = 8
"""How many kinds of files a message asks about."""


class Unsaid(DataError):
    """What a file is taken for (`what`), and what neither it nor the wishes say: flag of `tapeql import` → why."""

    def __init__(self, label: str, what: str, missing: Mapping[str, str]) -> None:
        self.label = label
        self.what = what
        self.missing = missing
        super().__init__(_asked_of([label], self))


class Questions(DataError):
    """What several files do not say; `kinds` has one question of each kind, with the files it is about."""

    def __init__(self, questions: Sequence[Unsaid]) -> None:
        found: dict[tuple[str, ...], list[Unsaid]] = {}
        for question in questions:
            found.setdefault((question.what, *question.missing), []).append(question)
        self.kinds = [([each.label for each in alike], alike[0]) for alike in found.values()]
        told = [_asked_of(labels, question) for labels, question in self.kinds[:QUESTIONS]]
        left = sum(len(labels) for labels, _ in self.kinds[QUESTIONS:])
        super().__init__("\n".join([*told, *([f"… and {left:,} more files ask for other things"] if left else [])]))


def _asked_of(labels: Sequence[str], question: Unsaid) -> str:
    flags = "\n".join(f"  {flag:<22} {why}" for flag, why in question.missing.items())
    are, do = ("is", "it does") if len(labels) == 1 else ("are", "they do")
    return f"{several(labels)} {are} taken for {question.what}. What {do} not say:\n{flags}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file is taken for.

    places      field → the places of its columns, joined with a space where they are several
    symbol, venue, interval   of all its rows, where no column says them
    pick        of a file of many symbols the one to take; "": all
    types       what its cells of text look like: numbers and flags are read at once
    days        its times are dates
    called      field → what the file calls its columns: by name, by place, or several joined with +
    aside       names of columns that are left out
    notes       what was decided rather than told
    """

    title: str
    reading: Reading
    places: Mapping[str, tuple[int, ...]]
    symbol: str
    venue: str
    interval: str
    pick: str
    types: Mapping[int, pa.DataType]
    days: bool
    called: Mapping[str, str]
    aside: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        return self.reading.kind

    @property
    def columns(self) -> list[int]:
        """The places of all columns that are read."""
        return list(dict.fromkeys(itertools.chain(*self.places.values())))

    def cells(self, columns: Mapping[int, pa.Array]) -> dict[str, pa.Array]:
        """Field → its cells."""
        return {name: together(columns, where, name == "ts") for name, where in self.places.items()}


def recognise(source: Source, wishes: Wishes) -> Taken:
    """Raises DataError for what cannot be taken, and Unsaid with all that is missing, a flag each."""
    try:
        return _Recogniser(source, wishes).taken()
    except Unsaid as question:
        if not wishes.local or ZONE not in question.missing:
            raise
        return _Recogniser(source, replace(wishes, tz=wishes.local)).taken()


class _Recogniser:
    def __init__(self, source: Source, wishes: Wishes) -> None:
        self.seen = Seen(source, wishes)
        self.source, self.wishes = source, wishes
        self.sample, self.rows, self.layout = self.seen.sample, self.seen.rows, self.seen.layout
        self.times: Sequence[str] = ()
        self.are_days = False
        self.notes: list[str] = []
        self.missing: dict[str, str] = {}
        self.word = ""  # of the column of intervals

    def taken(self) -> Taken:
        layout = self.layout
        if layout is not None and layout.refusal and not self.wishes.columns:
            raise DataError(f"{self.source.label} cannot be taken ({layout.title}): {layout.refusal}")
        places = places_of(self.seen)
        kind = kind_of(self.seen, places)
        places = of_kind(self.seen, kind, places)
        instants = self._instants(kind, places)
        symbol, venue, pick = self._whose(kind, places)
        if self.wishes.consolidate and kind.name != "quotes":
            raise DataError(f"{self.source.label} holds {kind.name}: only quotes are consolidated (--consolidate)")
        interval = self._interval(kind, places, instants)
        self._zone(instants, places, venue, interval)
        if self.missing:
            raise self._question(kind, interval)
        stamp = self.wishes.stamp or (layout.stamp if layout else "open")
        called = [name or f"#{n}" for n, name in enumerate(self._names(), 1)]
        used = {place for where in places.values() for place in where}
        reading = Reading(
            kind,
            instants,
            shift=interval if kind.name == "candles" and stamp == "close" else "",
            styles=self._styles(kind, places),
            divisors=self._divisors(places),
            unknown=layout.unknown if layout else (),
            sides=layout.sides if layout else {},
            only=layout.only[1] if layout and layout.only and "only" in places else "",
            word=self.word,
            carried=Carried(layout.carries) if layout and layout.carries else None,
        )
        self._check_lie(reading, places)
        return Taken(
            layout.title if layout else "",
            reading,
            places,
            symbol,
            venue,
            interval,
            pick,
            self._types(reading, places),
            self.are_days,
            {name: "+".join(called[n] for n in where) for name, where in places.items()},
            tuple(name for n, name in enumerate(called) if n not in used),
            tuple(self.notes),
        )

    def _names(self) -> Sequence[str]:
        return self.source.names or [""] * self.source.width

    # ── times ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _instants(self, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> InstantReader:
        layout = self.layout
        zone = self.wishes.tz or (layout.markets.get(self.seen.said.get("venue", ""), layout.zone) if layout else "")
        day = None
        if layout is not None and layout.millis_of_day:
            named = self.seen.said.get("day")
            if named is None:
                raise DataError(
                    f"{self.source.label}: the day that {layout.title} counts from stands in no part of its name"
                )
            day = dt.datetime.strptime(named, "%Y%m%d").date()
        reader = InstantReader(
            self.wishes.time_unit or (layout.unit if layout else None),
            zone or "UTC",
            self.wishes.dates or (layout.order if layout else None),
            day,
            told=layout is not None,
        )
        self.times = self._times(places)
        self.are_days = _are_days(self.times)
        texts = [t for t in self.times if t]
        column = self.sample[places["ts"][0]] if self.sample else pa.array([], pa.string())
        if texts and day is None and pa.types.is_string(column.type):
            try:
                reader.settle(texts)
            except EitherWay as error:
                self.missing[DATES] = str(error)
            except DataError as error:
                raise DataError(f"{self.source.label} cannot be taken: {error}") from None
        return reader

    def _times(self, places: Mapping[str, tuple[int, ...]]) -> list[str]:
        if len(places["ts"]) == 1:
            (place,) = places["ts"]
            return [(row[place] or "").strip() for row in self.rows]
        cells = ([(row[n] or "").strip() for n in places["ts"]] for row in self.rows)
        return [" ".join(parts) if all(parts) else "" for parts in cells]

    def _zone(self, instants: InstantReader, places: Mapping[str, tuple[int, ...]], venue: str, interval: str) -> None:
        """Asks for a zone where times are local and nothing says whose."""
        layout = self.layout
        if (
            self.wishes.tz
            or (layout and (layout.zone or self.seen.said.get("venue") in layout.markets))
            or not self.sample
        ):
            return
        column = self.sample[places["ts"][0]]
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            if pa.types.is_timestamp(column.type) and column.type.tz is None and not self.are_days:
                if self.wishes.local:
                    self.missing[ZONE] = "where times without a zone are local"
                self.notes.append("times without a zone were read as UTC (--tz)")
            return
        if self.are_days and interval and interval[-1] not in "smh":
            return  # a date stands for its day, wherever that was
        texts = [t for t in self.times if any(c.isdigit() for c in t)]
        if not pa.types.is_string(column.type) or not texts or instants.is_number:
            return
        name = self.source.names[places["ts"][0]] if self.source.names else ""
        if says_utc(name):
            return
        if any(re.search(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)$", t.strip()) and ":" in t for t in texts):
            instants.naive = False
            return
        if trades_around_the_clock(venue):
            self.notes.append(f"times such as {texts[0]} were read as UTC (--tz)")
            return
        hint = "FirstRate, Kibot and Alpha Vantage write New York's: --tz America/New_York"
        self.missing[ZONE] = f"where times such as {texts[0]} are local ({hint})"

    # ── whose ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _whose(self, kind: Kind, places: dict[str, tuple[int, ...]]) -> tuple[str, str, str]:
        """The code and venue of all rows, and the code to pick; a column is used where there is one.

        A column of exchanges that does not name a venue names the market of a row.
        """
        wanted_venue, colon, code = self.wishes.symbol.partition(":")
        if not colon:
            wanted_venue, code = "", self.wishes.symbol
        venue = wanted_venue or self.wishes.venue
        column = places.get("symbol")
        if "venue" in places and (venue or not self._names_venues(places["venue"])):
            where = places.pop("venue")
            if "market" in kind.fields and not self._names_venues(where):
                places.setdefault("market", where)
        if column is not None:
            codes = {joined(row, column) for row in self.rows} - {""}
            if code and (len(codes) > 1 or code in codes or not self._goes_on(column, codes)):
                return "", venue or self._venue(places), code
            if code:
                del places["symbol"]
                return code, venue or self._venue(places), ""
            return "", venue or self._venue(places), ""
        code = code or self.seen.said.get("symbol", "") or self._above()
        if not code and self.wishes.code:
            code = self.wishes.code
            self.notes.append(f"nothing says whose rows they are: the symbol is `{code}`, by the name of the file")
        if not code:
            guess = self.seen.said.get("guess", "")
            hint = f" (such as {venue or self._likely_venue() or NO_VENUE}:{guess})" if guess else ""
            self.missing[SYMBOL] = f"whose rows they are{hint}"
        return code, venue or self._venue(places), ""

    def _goes_on(self, column: tuple[int, ...], codes: set[str]) -> bool:
        """Whether the rows behind the first ones have their codes too: only the rows of one symbol can be named another."""
        if len(self.rows) < SAMPLE_ROWS:
            return True
        known = pa.array([*codes, ""], pa.string())
        for batch in self.source.batches(column):
            cells = read_texts(together(dict(zip(column, map(as_text, batch.columns), strict=True)), column, False))
            if not pc.all(pc.is_in(pc.fill_null(cells, ""), known)).as_py():
                return False
        return True

    def _above(self) -> str:
        """The ticker that a header of several lines repeats over its columns."""
        for row in self.source.above:
            if row and row[0] == "Ticker":
                tickers = set(row[1:]) - {""}
                if len(tickers) > 1:
                    raise DataError(
                        f"{self.source.label} has columns for each of {listed(sorted(tickers))}: save a file a ticker, "
                        "or rows with a column Ticker (pandas: `df.stack()`)"
                    )
                return tickers.pop() if tickers else ""
        return ""

    def _venue(self, places: Mapping[str, tuple[int, ...]]) -> str:
        if "venue" in places:
            return ""
        traded = self._traded()
        if traded:
            return traded
        said = self._likely_venue()
        if said:
            return said
        self.notes.append(
            f"nothing says where they were traded: the venue is `{NO_VENUE}` (--venue nasdaq gives a symbol its calendar)"
        )
        return NO_VENUE

    def _likely_venue(self) -> str:
        return self.seen.said.get("venue", "").lower() or (self.layout.venue if self.layout else "")

    def _traded(self) -> str:
        """The venue that a column of the layout tells, of all rows; "" where it tells none."""
        if self.layout is None or self.layout.traded is None or not self.rows:
            return ""
        column, venues = self.layout.traded
        places = [n for n, name in enumerate(self.source.names) if plain_name(name) == column]
        cells = {(row[n] or "").strip() for row in self.rows for n in places}
        venue = venues.get(cells.pop(), "") if len(cells) == 1 else ""
        if venue:
            self.notes.append(f"by their {self.source.names[places[0]]} they were traded at `{venue}` (--venue)")
        return venue

    def _names_venues(self, where: tuple[int, ...]) -> bool:
        """Whether a column holds names of exchanges rather than codes of them."""
        cells = {joined(row, where) for row in self.rows} - {""}
        return bool(cells) and all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{2,}", cell) for cell in cells)

    # ── how long ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _interval(self, kind: Kind, places: dict[str, tuple[int, ...]], instants: InstantReader) -> str:
        if kind.name != "candles":
            if self.wishes.interval:
                raise DataError(f"{self.source.label} holds {kind.name}, which have no interval (--interval)")
            if self.wishes.stamp == "close":
                raise DataError(
                    f"{self.source.label} holds {kind.name}, which have no close to be stamped by (--stamp)"
                )
            places.pop("interval", None)
            return ""
        between = "" if DATES in self.missing else self._between(places, instants)
        if self.wishes.interval:
            places.pop("interval", None)
            return canonical_interval(self.wishes.interval)
        told = self._interval_column(places) or self.seen.said.get("interval", "")
        if told:
            told = canonical_interval(told)
            if between and shorter(between, told):
                raise DataError(
                    f"{self.source.label} is said to hold candles of {told}, but its rows are {between} apart: --interval {between}?"
                )
            return told
        if between:
            self.notes.append(f"candles of {between}, told by the time between them (--interval)")
            return canonical_interval(between)
        if self.rows and DATES not in self.missing:
            self.missing[INTERVAL] = "how long a candle is"
        return "1m" if not self.rows else ""

    def _interval_column(self, places: dict[str, tuple[int, ...]]) -> str:
        column = places.get("interval")
        if column is None:
            return ""
        words = {joined(row, column) for row in self.rows} - {""}
        if len(words) > 1:
            raise DataError(f"{self.source.label} holds candles of {listed(sorted(words))}: keep a file an interval")
        word = words.pop() if words else ""
        self.word = word
        if not word:
            del places["interval"]
        return self.layout.interval(word) if self.layout else interval_of(word) or ""

    def _between(self, places: Mapping[str, tuple[int, ...]], instants: InstantReader) -> str:
        """The time between the rows of one symbol."""
        if len(self.rows) < 2:
            return ""
        trial = replace(instants, notes=[])
        midnights = _midnights(self.sample[places["ts"][0]])
        us, faults = trial.read(self._time_column(places) if midnights is None else midnights)
        bad = {fault.row for fault in faults}
        whose = places.get("symbol")
        by_symbol: dict[str, list[int]] = {}
        for row, instant in enumerate(us.tolist()):
            if row not in bad:
                by_symbol.setdefault(joined(self.rows[row], whose) if whose else "", []).append(instant)
        return interval_between([np.array(each) for each in by_symbol.values()], self.are_days or midnights is not None)

    # ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _styles(self, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> Mapping[str, NumberStyle]:
        exact = [name for name in _exact(kind) if name in places]
        names = [*exact, *(name for name in ("trades", "quote_volume") if name in places)]
        columns = {name: as_text(self.sample[places[name][0]]) for name in names}
        if all(casts(column, pa.float64()) for column in columns.values()):
            return {name: of_plain(column) for name, column in columns.items()}
        cells = {name: [cell or "" for cell in column.to_pylist()] for name, column in columns.items()}
        try:
            style = (
                style_of((c for name in exact for c in cells[name]), self.source.mark) if self.source.mark else PLAIN
            )
        except DataError as error:
            raise DataError(f"{self.source.label} cannot be taken: {error}") from None
        styles = {name: style.of_column(column) for name, column in cells.items()}
        return {name: each if name in _AMOUNTS else replace(each, multiples=False) for name, each in styles.items()}

    def _divisors(self, places: Mapping[str, tuple[int, ...]]) -> Mapping[str, float]:
        if self.layout is None:
            return {}
        divisors = {name: by for name, by in self.layout.divisors.items() if name in places}
        if self.layout.where_whole:
            cells = [row[n] or "" for name in divisors for n in places[name] for row in self.rows]
            return divisors if not any("." in cell for cell in cells) else dict.fromkeys(divisors, 1.0)
        return divisors

    def _types(self, reading: Reading, places: Mapping[str, tuple[int, ...]]) -> dict[int, pa.DataType]:
        """Cells that can be read without a look at each: plain numbers, whole numbers of a time, flags."""
        types: dict[int, pa.DataType] = {}
        if not self.source.mark or not self.rows:
            return types
        exact = (*_exact(reading.kind), "quote_volume")
        for name, where in places.items():
            column = self.sample[where[0]]
            if len(where) > 1 or column.null_count or reading.styles.get(name, PLAIN).decimal != ".":
                continue
            if name == "ts" and reading.instants.is_number and casts(column, pa.int64()):
                types[where[0]] = pa.int64()
            elif (
                name == "buyer_maker" and pc.all(pc.match_substring_regex(column, "^(true|false|True|False)$")).as_py()
            ):
                types[where[0]] = pa.bool_()
            elif name in exact and name not in reading.divisors and casts(column, pa.float64()):
                types[where[0]] = pa.float64()
        return types

    # ── sense ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_lie(self, reading: Reading, places: Mapping[str, tuple[int, ...]]) -> None:
        """Refuses columns that cannot be what they are taken for, unless they were named by who knows."""
        parts = PARTS[reading.kind.name]
        if reading.kind.name == "trades" or set(parts) & set(self.wishes.columns) or not self.rows:
            return
        trial = reading.anew()
        telling = ("volume", "quote_volume", "vwap", *(["only"] if reading.only else []))
        columns = {name: self.sample[places[name][0]] for name in (*parts, *(n for n in telling if n in places))}
        columns["ts"] = self._time_column(places)
        read = trial.rows(columns, len(self.rows))
        for what, fields, seen, odd in upside_down(read):
            # One row alone is told by its line.
            if odd * 2 > seen and (seen > 1 or not read.faults) and not set(fields) & set(self.wishes.columns):
                flags = " ".join(f"--column {name}=…" for name in fields)
                raise DataError(
                    f"{self.source.label}: {odd:,} of its first {seen:,} {reading.kind.name} have {what}, so the columns are "
                    f"not what they seem. Say which they are: {flags}"
                )

    def _time_column(self, places: Mapping[str, tuple[int, ...]]) -> pa.Array:
        column = self.sample[places["ts"][0]]
        return pa.array(self.times, pa.string()) if pa.types.is_string(column.type) else column

    # ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _question(self, kind: Kind, interval: str) -> Unsaid:
        what = f"{interval} candles" if interval else kind.name
        source = f" ({self.layout.title})" if self.layout is not None else ""
        return Unsaid(self.source.label, f"{what}{source}", self.missing)


_AMOUNTS: Final = ("quantity", "bid_size", "ask_size", "volume", "quote_volume", "trades")
"""What may be written as 1.2M; a price is not."""


_DAY: Final = r"^((19|20)\d{6}|[^:]*[^0-9:][^:]*)$|(00:00(:00(\.0+)?)?|\d{8} 0000(00)?)(Z|[+-]00:?00)?$"


def _are_days(texts: Sequence[str]) -> bool:
    """Dates without a time of day."""
    found = pa.array([text for text in texts if text], pa.string())
    return bool(len(found)) and bool(pc.all(are_days(found)).as_py())


def are_days(texts: pa.Array) -> pa.Array:
    """Which texts of times are dates."""
    return pc.match_substring_regex(texts, _DAY)


def _midnights(column: pa.Array) -> pa.Array | None:
    """Dates kept as instants at midnight of a zone whose clocks change, as they read there; None for other times."""
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return None
    local = pc.local_timestamp(column)
    return local if pc.all(pc.equal(local, pc.floor_temporal(local, unit="day"))).as_py() else None


def _exact(kind: Kind) -> list[str]:
    """The fields that hold fractions."""
    return [name for name in kind.fields if pa.types.is_floating(kind.table.schema.field(name).type)]
