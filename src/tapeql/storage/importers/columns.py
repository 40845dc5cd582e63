"""Which column is which, and what they make: trades, quotes or candles."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tapeql.errors import DataError
from tapeql.storage.importers.cells import is_number, texts
from tapeql.storage.importers.fields import KINDS, Kind
from tapeql.storage.importers.headers import by_words, date_and_clock
from tapeql.storage.importers.layout import Where, plain_name
from tapeql.storage.importers.seen import Seen
from tapeql.storage.importers.shown import listed
from tapeql.storage.importers.source import Source

PARTS: Final = {"candles": ("open", "high", "low", "close"), "quotes": ("bid", "ask"), "trades": ("price", "quantity")}
"""The columns by which a kind is known, in the order it is looked for."""

_WHO: Final = ("symbol", "venue", "interval")
_BAR_NUMBERS: Final = 7
"""More of them after a time are no open, high, low, close, volume, and a count or an amount or two."""


def places_of(seen: Seen) -> dict[str, tuple[int, ...]]:
    """Every field that something names: what was asked for, then the layout, then the words of the header."""
    places: dict[str, tuple[int, ...]] = {}
    for name, wanted in seen.wishes.columns.items():
        places[name] = tuple(_place(seen.source, name, part) for part in wanted.split("+"))
    if seen.layout is not None:
        for name, where in seen.layout.fields.items():
            found = _find(seen, where)
            if found and name not in places:
                places[name] = found
        if seen.layout.only is not None:
            places["only"] = _find(seen, seen.layout.only[0])
    if seen.source.names:
        _by_words(seen, places)
    elif seen.layout is None and not seen.wishes.columns:
        places |= _by_looks(seen)
    return places


def _find(seen: Seen, where: Where) -> tuple[int, ...]:
    """A layout's column; () where the file has not got it."""
    parts = where if isinstance(where, tuple) else (where,)
    plain = [plain_name(name) for name in seen.source.names]
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


def _by_words(seen: Seen, places: dict[str, tuple[int, ...]]) -> None:
    names = list(seen.source.names)
    for used in (place for where in places.values() for place in where):
        names[used] = ""
    kinds = [KINDS[seen.wishes.kind]] if seen.wishes.kind else [KINDS[name] for name in PARTS]
    clock = date_and_clock(names) if "ts" not in places else None
    for kind in kinds:
        found = by_words(names, [f for f in (*kind.fields, *_WHO) if f not in places])
        if all(part in found or part in places for part in PARTS[kind.name]) or len(kinds) == 1:
            places |= {name: (place,) for name, place in found.items()}
            break
    else:
        found = by_words(names, [f for f in ("ts", *_WHO) if f not in places])
        places |= {name: (place,) for name, place in found.items()}
    if clock is not None and _is_clock(seen, clock[1]):
        places["ts"] = clock
    if "ts" not in places and seen.source.names[0] == "":
        places["ts"] = (0,)  # an index without a name, as pandas writes it
    _check_types(seen, places)


def _is_clock(seen: Seen, place: int) -> bool:
    cells = [row[place] for row in seen.rows if row[place]]
    return bool(cells) and all(re.fullmatch(r"\d{1,2}:\d\d.*|\d{6}|\d{4}", (cell or "").strip()) for cell in cells)


def _check_types(seen: Seen, places: dict[str, tuple[int, ...]]) -> None:
    """Words that mean several things: `type` and `direction` are sides only where they hold such."""
    side = places.get("side")
    if side and "side" not in seen.wishes.columns and plain_name(seen.source.names[side[0]]) in ("type", "direction"):
        cells = {(row[side[0]] or "").lower() for row in seen.rows}
        if not cells <= {"buy", "sell", "b", "s", ""}:
            del places["side"]


def _by_looks(seen: Seen) -> dict[str, tuple[int, ...]]:
    """Of a file without names: a time (or a date and a time), then open, high, low, close as they must lie, and a volume."""
    rows = [row for row in seen.rows if all(cell is not None for cell in row)]
    if not rows or seen.source.width < 3:
        return {}
    first = 2 if _is_clock(seen, 1) and not is_number(rows[0][0]) else 1
    # A row gone wrong does not make other columns of them: it is refused by its line.
    places = range(first, seen.source.width)
    numbers = [n for n in places if 2 * sum(is_number(row[n]) for row in rows) > len(rows)]
    ts = tuple(range(first))
    if numbers[:4] == list(range(first, first + 4)) and len(numbers) <= _BAR_NUMBERS:
        cells = [row[first : first + 4] for row in rows if all(map(is_number, row[first : first + 4]))]
        bars = [[float(cell or 0) for cell in row] for row in cells]
        lie = sum(low <= min(open_, close) and high >= max(open_, close) for open_, high, low, close in bars)
        if 2 * lie > len(rows):
            bar = dict(zip(PARTS["candles"], ((n,) for n in numbers), strict=False))
            # Of more columns than one behind the close, none says that it is the volume.
            volume = {"volume": (first + 4,)} if seen.source.width == first + 5 and first + 4 in numbers else {}
            return {"ts": ts, **bar, **volume}
    return {}


def kind_of(seen: Seen, places: Mapping[str, tuple[int, ...]]) -> Kind:
    wanted = seen.wishes.kind
    if wanted:
        return KINDS[wanted]
    if seen.layout is not None:
        return KINDS[seen.layout.kind]
    for name, parts in PARTS.items():
        if all(part in places for part in parts):
            return KINDS[name]
    raise DataError(_what_is_it(seen, places))


def _what_is_it(seen: Seen, places: Mapping[str, tuple[int, ...]]) -> str:
    wide = _wide(seen)
    if wide:
        return wide
    shown_ = listed(seen.source.names) if seen.source.names else listed(str(c) for c in (seen.rows or [[]])[0])
    what = "Its columns are" if seen.source.names else "It has no header line; its first line is"
    return (
        f"{seen.source.label} is not known for trades, quotes or candles. {what} {shown_}. Name the kind, and the columns "
        "that its fields are in: `tapeql import trades FILE --column ts=… --column price=… --column quantity=…`"
    )


def _wide(seen: Seen) -> str:
    """A column a symbol cannot be told from a column a field."""
    numeric = [n for n in range(1, seen.source.width) if seen.rows and all(is_number(r[n]) for r in seen.rows if r[n])]
    names = [seen.source.names[n] for n in numeric] if seen.source.names else []
    if (
        len(names) >= 2
        and len(names) == seen.source.width - 1
        and all(re.fullmatch(r"[A-Z][A-Z0-9.-]{0,9}", n) for n in names)
    ):
        return (
            f"{seen.source.label} has a column for each symbol ({listed(names[:4])}), which says no open, high, low or volume. "
            "Bring it to a row a symbol and time (pandas: `df.stack()`), with columns symbol, ts, open, high, low, close"
        )
    return ""


def of_kind(seen: Seen, kind: Kind, places: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Only what the kind takes, and all that it needs. Raises DataError."""
    allowed = (*kind.fields, *_WHO, "quote_volume", "only")
    for name in seen.wishes.columns:
        if name not in allowed:
            close = difflib.get_close_matches(name, kind.fields, 1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise DataError(f"{kind.name} have no field {name!r}{hint} They have: {', '.join(kind.fields)}")
    found = {name: places[name] for name in allowed if places.get(name)}
    for name in kind.fields:
        twice = [n for n, column in enumerate(seen.source.names) if column.lower() == name]
        if len(twice) > 1 and name not in seen.wishes.columns:
            raise DataError(f"{seen.source.label} has {len(twice)} columns {name!r}; say which by --column {name}=#N")
    missing = [name for name in kind.table.required if name not in found]
    if missing:
        raise DataError(_what_is_missing(seen.source, kind, missing))
    return found


def _is(name: str, word: str) -> bool:
    return name.startswith(word[:-1]) if word.endswith("*") else name == word


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
        "" if c is None else c for c in next(iter(zip(*(texts(c) for c in source.sample()), strict=True)), ())
    )
    return f"{source.label} has no header line; its first line has {source.width} columns: {first}."
