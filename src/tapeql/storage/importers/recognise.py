"""A file and what was asked for → what it is taken for; what neither says is asked for, all of it at once."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError
from tapeql.storage.importers.dates import EitherWay
from tapeql.storage.importers.fields import KINDS, Kind, Reading, upside_down
from tapeql.storage.importers.headers import by_words, date_and_clock, says_utc
from tapeql.storage.importers.instants import InstantReader
from tapeql.storage.importers.layout import Layout, Where, layout_of, layouts, plain_name
from tapeql.storage.importers.naming import interval_of, said_by, trades_around_the_clock
from tapeql.storage.importers.numbers import PLAIN, NumberStyle, of_plain, style_of
from tapeql.storage.importers.shown import listed
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.spacing import interval_between
from tapeql.storage.importers.wishes import Wishes
from tapeql.storage.layout import canonical_interval

NO_VENUE: Final = "file"
"""Where rows are stored whose venue nothing says."""

SYMBOL: Final = "--symbol VENUE:CODE"
ZONE: Final = "--tz ZONE"
INTERVAL: Final = "--interval 1m"
DATES: Final = "--dates day-first|month-first"
"""Flags for what is not said; the first three a sentence, or a table, can say too."""

_PARTS: Final = {"candles": ("open", "high", "low", "close"), "quotes": ("bid", "ask"), "trades": ("price", "quantity")}
"""The columns by which a kind is known, in the order it is looked for."""

Rows = Sequence[Sequence[str | None]]


class Unsaid(DataError):
    """What a file is taken for (`what`), and what neither it nor the wishes say: flag of `tapeql import` → why."""

    def __init__(self, label: str, what: str, missing: Mapping[str, str]) -> None:
        self.label = label
        self.what = what
        self.missing = missing
        flags = "\n".join(f"  {flag:<22} {why}" for flag, why in missing.items())
        super().__init__(f"{label} is taken for {what}. What it does not say:\n{flags}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file is taken for.

    places      field → the places of its columns, joined with a space where they are several
    symbol, venue, interval   of all its rows, where no column says them
    pick        of a file of many symbols the one to take; "": all
    types       what its cells of text look like: numbers and flags are read at once
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
    aside: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        return self.reading.kind


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
        self.source = source
        self.wishes = wishes
        self.sample = source.sample()
        columns = [_text(column) for column in self.sample]
        self.rows: Rows = list(zip(*columns, strict=True)) if columns else []
        self.layout = self._layout()
        self.said = self._said()
        self.times: Sequence[str] = ()
        self.are_days = False
        self.notes: list[str] = []
        self.missing: dict[str, str] = {}
        self.word = ""  # of the column of intervals

    def taken(self) -> Taken:
        layout = self.layout
        if layout is not None and layout.refusal and not self.wishes.columns:
            raise DataError(f"{self.source.label} cannot be taken ({layout.title}): {layout.refusal}")
        places = self._places()
        kind = self._kind(places)
        places = self._of_kind(kind, places)
        instants = self._instants(kind, places)
        symbol, venue, pick = self._whose(places)
        interval = self._interval(kind, places, instants)
        self._zone(instants, places, venue, interval)
        if self.missing:
            raise self._question(kind, interval)
        stamp = self.wishes.stamp or (layout.stamp if layout else "open")
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
            tuple(name or f"#{n + 1}" for n, name in enumerate(self._names()) if n not in used),
            tuple(self.notes),
        )

    # ── what speaks ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _layout(self) -> Layout | None:
        wanted = self.wishes.format
        if wanted:
            found = next((each for each in layouts() if each.name == wanted), None)
            if found is None:
                close = difflib.get_close_matches(wanted, [each.name for each in layouts()], 1)
                hint = f"; did you mean {close[0]}?" if close else ""
                raise DataError(f"there is no format {wanted!r}{hint} (`tapeql import --formats` lists them)")
            return found
        found = layout_of(self.source.names, self.rows, self.source.path, self.wishes.kind)
        if found is None and not self.wishes.columns:
            self._check_near_miss()
        return found

    def _check_near_miss(self) -> None:
        """Refuses what is one letter of a header short of a source whose numbers mean more than their columns' names say."""
        plain = {plain_name(name): name for name in self.source.names}
        for layout in layouts():
            missing = set(layout.header) - plain.keys()
            if len(missing) == 1 and (layout.divisors or layout.sides or layout.only):
                word = missing.pop()
                close = difflib.get_close_matches(word, plain.keys() - set(layout.header), 1, 0.75)
                if close:
                    raise DataError(
                        f"{self.source.label} has the columns of {layout.title} but for {listed([plain[close[0]]])}, where that "
                        f"has {word!r}: --format {layout.name} takes it for such"
                    )

    def _said(self) -> dict[str, str]:
        said = said_by(self.source.path)
        if self.layout is not None:
            said |= self.layout.found_in(self.source.path)
        info = {key.lower(): value for key, value in self.source.info.items()}
        for key, field_ in (("symbol", "symbol"), ("ticker", "symbol"), ("2. symbol", "symbol"), ("exchange", "venue")):
            if info.get(key):
                said[field_] = info[key]
        word = info.get("interval") or info.get("timeframe") or ""
        if word and interval_of(word):
            said["interval"] = interval_of(word) or ""
        return said

    def _names(self) -> Sequence[str]:
        return self.source.names or [""] * self.source.width

    # ── columns ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _places(self) -> dict[str, tuple[int, ...]]:
        """Every field that something names: what was asked for, then the layout, then the words of the header."""
        places: dict[str, tuple[int, ...]] = {}
        for name, wanted in self.wishes.columns.items():
            places[name] = tuple(_place(self.source, name, part) for part in wanted.split("+"))
        if self.layout is not None:
            for name, where in self.layout.fields.items():
                found = self._find(where)
                if found and name not in places:
                    places[name] = found
            if self.layout.only is not None:
                places["only"] = self._find(self.layout.only[0])
        if self.source.names:
            self._by_words(places)
        elif self.layout is None and not self.wishes.columns:
            places |= self._by_looks()
        return places

    def _find(self, where: Where) -> tuple[int, ...]:
        """A layout's column; () where the file has not got it."""
        parts = where if isinstance(where, tuple) else (where,)
        plain = [plain_name(name) for name in self.source.names]
        found = []
        for part in parts:
            if isinstance(part, int):
                found.append(part)
                continue
            for word in part.rstrip("?").split("|"):
                match = next((n for n, name in enumerate(plain) if _is(name, word)), None)
                if match is not None:
                    found.append(match)
                    break
            else:
                if not part.endswith("?"):
                    return ()
        return tuple(found)

    def _by_words(self, places: dict[str, tuple[int, ...]]) -> None:
        names = list(self.source.names)
        for used in (place for where in places.values() for place in where):
            names[used] = ""
        kinds = [KINDS[self.wishes.kind]] if self.wishes.kind in KINDS else [KINDS[name] for name in _PARTS]
        clock = date_and_clock(names) if "ts" not in places else None
        for kind in kinds:
            found = by_words(names, [f for f in (*kind.fields, *_WHO) if f not in places])
            if all(part in found or part in places for part in _PARTS[kind.name]) or len(kinds) == 1:
                places |= {name: (place,) for name, place in found.items()}
                break
        else:
            found = by_words(names, [f for f in ("ts", *_WHO) if f not in places])
            places |= {name: (place,) for name, place in found.items()}
        if clock is not None and self._is_clock(clock[1]):
            places["ts"] = clock
        if "ts" not in places and self.source.names[0] == "":
            places["ts"] = (0,)  # an index without a name, as pandas writes it
        self._check_types(places)

    def _is_clock(self, place: int) -> bool:
        cells = [row[place] for row in self.rows if row[place]]
        return bool(cells) and all(re.fullmatch(r"\d{1,2}:\d\d.*|\d{6}|\d{4}", (cell or "").strip()) for cell in cells)

    def _check_types(self, places: dict[str, tuple[int, ...]]) -> None:
        """Words that mean several things: `type` and `direction` are sides only where they hold such."""
        side = places.get("side")
        if (
            side
            and "side" not in self.wishes.columns
            and plain_name(self.source.names[side[0]]) in ("type", "direction")
        ):
            cells = {(row[side[0]] or "").lower() for row in self.rows}
            if not cells <= {"buy", "sell", "b", "s", ""}:
                del places["side"]

    def _by_looks(self) -> dict[str, tuple[int, ...]]:
        """Of a file without names: a time (or a date and a time), then open, high, low, close as they must lie, and a volume."""
        rows = [row for row in self.rows if all(cell is not None for cell in row)]
        if not rows or self.source.width < 3:
            return {}
        first = 2 if self._is_clock(1) and not _is_number(rows[0][0]) else 1
        # A row gone wrong does not make other columns of them: it is refused by its line.
        places = range(first, self.source.width)
        numbers = [n for n in places if 2 * sum(_is_number(row[n]) for row in rows) > len(rows)]
        ts = tuple(range(first))
        if numbers[:4] == list(range(first, first + 4)) and len(numbers) <= _BAR_NUMBERS:
            cells = [row[first : first + 4] for row in rows if all(map(_is_number, row[first : first + 4]))]
            bars = [[float(cell or 0) for cell in row] for row in cells]
            lie = sum(low <= min(open_, close) and high >= max(open_, close) for open_, high, low, close in bars)
            if 2 * lie > len(rows):
                bar = dict(zip(_PARTS["candles"], ((n,) for n in numbers), strict=False))
                # Of more columns than one behind the close, none says that it is the volume.
                volume = {"volume": (first + 4,)} if self.source.width == first + 5 and first + 4 in numbers else {}
                return {"ts": ts, **bar, **volume}
        return {}

    # ── kind ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _kind(self, places: Mapping[str, tuple[int, ...]]) -> Kind:
        wanted = self.wishes.kind
        if wanted:
            if wanted not in KINDS:
                raise DataError(f"{wanted!r} cannot be imported; there are {', '.join(KINDS)}")
            return KINDS[wanted]
        if self.layout is not None:
            return KINDS[self.layout.kind]
        for name, parts in _PARTS.items():
            if all(part in places for part in parts):
                return KINDS[name]
        raise DataError(self._what_is_it(places))

    def _what_is_it(self, places: Mapping[str, tuple[int, ...]]) -> str:
        wide = self._wide()
        if wide:
            return wide
        shown_ = listed(self.source.names) if self.source.names else listed(str(c) for c in (self.rows or [[]])[0])
        what = "Its columns are" if self.source.names else "It has no header line; its first line is"
        return (
            f"{self.source.label} is not known for trades, quotes or candles. {what} {shown_}. Name the kind, and the columns "
            "that its fields are in: `tapeql import trades FILE --column ts=… --column price=… --column quantity=…`"
        )

    def _wide(self) -> str:
        """A column a symbol cannot be told from a column a field."""
        numeric = [
            n for n in range(1, self.source.width) if self.rows and all(_is_number(r[n]) for r in self.rows if r[n])
        ]
        names = [self.source.names[n] for n in numeric] if self.source.names else []
        if (
            len(names) >= 2
            and len(names) == self.source.width - 1
            and all(re.fullmatch(r"[A-Z][A-Z0-9.-]{0,9}", n) for n in names)
        ):
            return (
                f"{self.source.label} has a column for each symbol ({listed(names[:4])}), which says no open, high, low or volume. "
                "Bring it to a row a symbol and time (pandas: `df.stack()`), with columns symbol, ts, open, high, low, close"
            )
        return ""

    def _of_kind(self, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Only what the kind takes, and all that it needs. Raises DataError."""
        allowed = (*kind.fields, *_WHO, "quote_volume", "only")
        for name in self.wishes.columns:
            if name not in allowed:
                close = difflib.get_close_matches(name, kind.fields, 1)
                hint = f"; did you mean {close[0]!r}?" if close else "."
                raise DataError(f"{kind.name} have no field {name!r}{hint} They have: {', '.join(kind.fields)}")
        found = {name: places[name] for name in allowed if places.get(name)}
        for name in kind.fields:
            twice = [n for n, column in enumerate(self.source.names) if column.lower() == name]
            if len(twice) > 1 and name not in self.wishes.columns:
                raise DataError(
                    f"{self.source.label} has {len(twice)} columns {name!r}; say which by --column {name}=#N"
                )
        missing = [name for name in kind.table.required if name not in found]
        if missing:
            raise DataError(_what_is_missing(self.source, kind, missing))
        return found

    # ── times ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _instants(self, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> InstantReader:
        layout = self.layout
        zone = self.wishes.tz or (layout.markets.get(self.said.get("venue", ""), layout.zone) if layout else "")
        day = None
        if layout is not None and layout.millis_of_day:
            day = dt.datetime.strptime(self.said["day"], "%Y%m%d").date()
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
        if self.wishes.tz or (layout and (layout.zone or self.said.get("venue") in layout.markets)) or not self.sample:
            return
        column = self.sample[places["ts"][0]]
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            if pa.types.is_timestamp(column.type) and column.type.tz is None and not self.are_days:
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

    def _whose(self, places: dict[str, tuple[int, ...]]) -> tuple[str, str, str]:
        """The code and venue of all rows, and the code to pick; a column is used where there is one."""
        wanted_venue, colon, code = self.wishes.symbol.partition(":")
        if not colon:
            wanted_venue, code = "", self.wishes.symbol
        venue = wanted_venue or self.wishes.venue
        column = places.get("symbol")
        if venue or "venue" not in places or not self._names_venues(places["venue"]):
            places.pop("venue", None)
        if column is not None:
            codes = {_whole(row, column) for row in self.rows} - {""}
            if code and (len(codes) > 1 or code in codes):
                return "", venue or self._venue(places), code
            if code:
                del places["symbol"]
                return code, venue or self._venue(places), ""
            return "", venue or self._venue(places), ""
        code = code or self.said.get("symbol", "") or self._above() or self.wishes.code
        if not code:
            guess = self.said.get("guess", "")
            hint = f" (such as {venue or self._likely_venue() or NO_VENUE}:{guess})" if guess else ""
            self.missing[SYMBOL] = f"whose rows they are{hint}"
        return code, venue or self._venue(places), ""

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
        said = self._likely_venue()
        if said:
            return said
        self.notes.append(
            f"nothing says where they were traded: the venue is `{NO_VENUE}` (--venue nasdaq gives a symbol its calendar)"
        )
        return NO_VENUE

    def _likely_venue(self) -> str:
        return self.said.get("venue", "").lower() or (self.layout.venue if self.layout else "")

    def _names_venues(self, where: tuple[int, ...]) -> bool:
        """Whether a column holds names of exchanges rather than codes of them."""
        cells = {_whole(row, where) for row in self.rows} - {""}
        return bool(cells) and all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{2,}", cell) for cell in cells)

    # ── how long ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _interval(self, kind: Kind, places: dict[str, tuple[int, ...]], instants: InstantReader) -> str:
        if kind.name != "candles":
            if self.wishes.interval:
                raise DataError(f"{kind.name} have no interval")
            if self.wishes.stamp == "close":
                raise DataError(f"{kind.name} have no close to be stamped by")
            places.pop("interval", None)
            return ""
        between = "" if DATES in self.missing else self._between(places, instants)
        if self.wishes.interval:
            places.pop("interval", None)
            return canonical_interval(self.wishes.interval)
        told = self._interval_column(places) or self.said.get("interval", "")
        if told:
            told = canonical_interval(told)
            if between and _shorter(between, told):
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
        words = {_whole(row, column) for row in self.rows} - {""}
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
                by_symbol.setdefault(_whole(self.rows[row], whose) if whose else "", []).append(instant)
        return interval_between([np.array(each) for each in by_symbol.values()], self.are_days or midnights is not None)

    # ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _styles(self, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> Mapping[str, NumberStyle]:
        schema = kind.table.schema
        exact = [name for name in kind.fields if name in places and pa.types.is_floating(schema.field(name).type)]
        names = [*exact, *(name for name in ("trades", "quote_volume") if name in places)]
        columns = {name: _as_text(self.sample[places[name][0]]) for name in names}
        if all(_casts(column, pa.float64()) for column in columns.values()):
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
        for name, where in places.items():
            column = self.sample[where[0]]
            if len(where) > 1 or column.null_count or reading.styles.get(name, PLAIN).decimal != ".":
                continue
            if name == "ts" and reading.instants.is_number and _casts(column, pa.int64()):
                types[where[0]] = pa.int64()
            elif (
                name == "buyer_maker" and pc.all(pc.match_substring_regex(column, "^(true|false|True|False)$")).as_py()
            ):
                types[where[0]] = pa.bool_()
            elif name in _NUMBERS and name not in reading.divisors and _casts(column, pa.float64()):
                types[where[0]] = pa.float64()
        return types

    # ── sense ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_lie(self, reading: Reading, places: Mapping[str, tuple[int, ...]]) -> None:
        """Refuses columns that cannot be what they are taken for, unless they were named by who knows."""
        parts = _PARTS[reading.kind.name]
        if reading.kind.name == "trades" or set(parts) & set(self.wishes.columns) or not self.rows:
            return
        trial = replace(reading, instants=replace(reading.instants, notes=[]))
        columns = {name: self.sample[places[name][0]] for name in (*parts, *(["only"] if reading.only else []))}
        columns["ts"] = self._time_column(places)
        read = trial.rows(columns, len(self.rows))
        seen, odd = upside_down(read)
        # One row alone is told by its line.
        if odd * 2 > seen and (seen > 1 or not read.faults):
            what = (
                "their bid above their ask" if parts == _PARTS["quotes"] else "an open, a low or a close that cannot be"
            )
            flags = " ".join(f"--column {name}=…" for name in parts)
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


_NUMBERS: Final = frozenset(
    [
        "price",
        "quantity",
        "bid",
        "ask",
        "bid_size",
        "ask_size",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "vwap",
        "quote_volume",
    ]
)
_BAR_NUMBERS: Final = 7
"""More of them after a time are no open, high, low, close, volume, and a count or an amount or two."""

_AMOUNTS: Final = ("quantity", "bid_size", "ask_size", "volume", "quote_volume", "trades")
"""What may be written as 1.2M; a price is not."""

_WHO: Final = ("symbol", "venue", "interval")


def _text(column: pa.Array) -> list[str | None]:
    if pa.types.is_string(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    try:
        return column.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return [None if cell is None else str(cell) for cell in column.to_pylist()]


def _as_text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else pa.array(_text(column), pa.string())


def _whole(row: Sequence[str | None], where: tuple[int, ...]) -> str:
    return " ".join((row[n] or "").strip() for n in where).strip()


def _casts(column: pa.Array, kind: pa.DataType) -> bool:
    """Whether every cell of a sample can be read as that at once."""
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _is(name: str, word: str) -> bool:
    return name.startswith(word[:-1]) if word.endswith("*") else name == word


def _is_number(cell: str | None) -> bool:
    return cell is not None and re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", cell) is not None


_DAY: Final = r"^((19|20)\d{6}|[^:]*[^0-9:][^:]*)$|(00:00(:00(\.0+)?)?|\d{8} 0000(00)?)(Z|[+-]00:?00)?$"


def _are_days(texts: Sequence[str]) -> bool:
    """Dates without a time of day."""
    found = pa.array([text for text in texts if text], pa.string())
    return bool(len(found)) and bool(pc.all(pc.match_substring_regex(found, _DAY)).as_py())


def _midnights(column: pa.Array) -> pa.Array | None:
    """Dates kept as instants at midnight of a zone whose clocks change, as they read there; None for other times."""
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return None
    local = pc.local_timestamp(column)
    return local if pc.all(pc.equal(local, pc.floor_temporal(local, unit="day"))).as_py() else None


def _shorter(one: str, other: str) -> bool:
    order = "smhdw"
    from tapeql.storage.layout import interval_us

    a, b = interval_us(one), interval_us(other)
    if a is not None and b is not None:
        return a < b
    units = [order.find(each[-1]) if not each.endswith("mo") else 9 for each in (one, other)]
    return units[0] < units[1]


def _place(source: Source, name: str, wanted: str) -> int:
    if wanted.startswith("#") and wanted[1:].isdigit() and wanted not in source.names:
        place = int(wanted[1:]) - 1
        if not 0 <= place < source.width:
            raise DataError(f"{source.label} has {source.width} columns; there is no {wanted} for {name!r}")
        return place
    if wanted in source.names:
        return list(source.names).index(wanted)
    lowered = [column.lower() for column in source.names]
    if lowered.count(wanted.lower()) == 1:
        return lowered.index(wanted.lower())
    if not source.names:
        raise DataError(f"{_headerless(source)} {wanted!r} names none of them: write --column {name}=#1 and so on")
    close = difflib.get_close_matches(wanted, source.names, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise DataError(f"{source.label} has no column {wanted!r} for {name!r}.{hint} It has: {listed(source.names)}")


def _what_is_missing(source: Source, kind: Kind, missing: Sequence[str]) -> str:
    if not source.names:
        flags = " ".join(f"--column {name}=#{i}" for i, name in enumerate(kind.table.required, 1))
        return f"{_headerless(source)} Say where the fields are, for example: {flags}"
    guesses = " ".join(f"--column {name}=…" for name in missing)
    return (
        f"{source.label} has no column {', '.join(repr(name) for name in missing)}, which {kind.name} need. "
        f"It has: {listed(source.names)}. Say which it is: {guesses}"
    )


def _headerless(source: Source) -> str:
    first = listed(
        "" if c is None else c for c in next(iter(zip(*(_text(c) for c in source.sample()), strict=True)), ())
    )
    return f"{source.label} has no header line; its first line has {source.width} columns: {first}."
