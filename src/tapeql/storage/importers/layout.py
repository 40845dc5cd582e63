"""A layout: how one source writes its files. Each is an entry in `layouts/`, found by listing."""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

from tapeql.storage.importers.cells import is_number
from tapeql.storage.importers.dialect import is_value
from tapeql.storage.importers.naming import interval_of, minutes

Where = str | int | tuple[str | int, ...]
"""A column by its name or its place (from 0); several are joined with a space."""

CELLS: Final[Mapping[str, Callable[[str], bool]]] = {
    "int": lambda cell: cell.isdigit(),
    "number": is_number,
    "seconds": lambda cell: re.fullmatch(r"\d{9,10}(\.\d+)?", cell) is not None,
    "millis": lambda cell: re.fullmatch(r"\d{12,13}", cell) is not None,
    "epoch": lambda cell: re.fullmatch(r"\d{12,19}", cell) is not None,
    "of_day": lambda cell: cell.isdigit() and int(cell) < 86_400_000,
    "flag": lambda cell: cell.lower() in ("true", "false"),
    "side": lambda cell: cell.lower() in ("buy", "sell", "b", "s"),
    "moment": is_value,
    "any": lambda cell: True,
}
"""What a cell of a file without a header looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a source writes trades, quotes or candles.

    name        what `--format` takes
    title       the source, in messages and docs
    where       where people get such files
    fields      our field → its column; besides the fields of the kind: symbol, venue, interval, quote_volume
    header      names a header must hold (as `plain_name` makes them)
    cells       for files without a header, what each cell looks like
    path        searched in the file's path; its groups may be symbol (or base and quote), venue, interval (or minutes), day
    by_path     content like this is too common: the path must be found too
    venue       whose files these are, where neither path nor column says
    traded      a column, and what its value in every row makes of the venue
    zone        where naive times are local; "": not known
    unit        of numeric times, where their size does not tell
    order       of days and months
    millis_of_day   times count milliseconds of the day that the path names
    divisors    fields written as whole numbers, and what one divides them by; `where_whole`: only where they are whole
    unknown     fields in which 0 means that nothing is known
    spelled     its words for intervals
    sides       its words for sides
    only        a column and the value of the rows to take
    markets     path group `venue` → zone, where that depends on it
    stamp       which end of a candle its time is
    carries     fields in which a blank cell says that nothing changed
    refusal     why such a file cannot be taken, and what can
    """

    name: str
    title: str
    where: str
    kind: str
    fields: Mapping[str, Where] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    path: str = ""
    by_path: bool = False
    venue: str = ""
    traded: tuple[str, Mapping[str, str]] | None = None
    zone: str = ""
    unit: str | None = None
    order: str | None = None
    millis_of_day: bool = False
    divisors: Mapping[str, float] = field(default_factory=dict)
    where_whole: bool = False
    unknown: tuple[str, ...] = ()
    spelled: Mapping[str, str] = field(default_factory=dict)
    sides: Mapping[str, str | None] = field(default_factory=dict)
    only: tuple[str, str] | None = None
    markets: Mapping[str, str] = field(default_factory=dict)
    stamp: str = "open"
    carries: tuple[str, ...] = ()
    refusal: str = ""

    def found_in(self, path: str) -> Mapping[str, str]:
        """What the path says: symbol, venue, interval, day."""
        match = re.search(self.path, path) if self.path else None
        found = {} if match is None else {k: v for k, v in match.groupdict().items() if v}
        if "interval" in found:
            found["interval"] = self.interval(found["interval"])
        if "minutes" in found:
            found["interval"] = minutes(found.pop("minutes"))
        if "base" in found:
            found["symbol"] = f"{found.pop('base')}/{found.pop('quote')}"
        return {name: word for name, word in found.items() if word}

    def interval(self, word: str) -> str:
        """What its word for an interval means; "" for none of them."""
        return self.spelled.get(word) or interval_of(word) or ""

    def fits(self, names: frozenset[str], rows: Sequence[Sequence[str | None]], path: str) -> int:
        """How much of a file speaks for this layout; 0 where anything speaks against it. `names` are plain ones."""
        content = self.header if names else self.cells
        if not content or not (names.issuperset(content) if names else self._looks_so(rows)):
            return 0
        in_path = bool(self.path) and re.search(self.path, path) is not None
        return 0 if self.by_path and not in_path else 2 * len(content) + in_path

    def _looks_so(self, rows: Sequence[Sequence[str | None]]) -> bool:
        if not rows or len(rows[0]) != len(self.cells):
            return False
        looks = [CELLS[kind] for kind in self.cells]
        fitting = sum(
            all(cell is None or look(cell.strip()) for cell, look in zip(row, looks, strict=True)) for row in rows
        )
        # A row gone wrong does not make it another file: it is refused by its line.
        return 2 * fitting >= len(rows)


@cache
def plain_name(name: str) -> str:
    """Names alike: small letters and digits, without accents, brackets, and a translation behind a slash."""
    head, slash, tail = name.partition("/")
    if slash and not tail.isascii():
        name = head
    bare = unicodedata.normalize("NFKD", name.casefold()).replace("ß", "ss")
    return "".join(c for c in bare if c.isalnum())


@cache
def layouts() -> tuple[Layout, ...]:
    """Every layout, by name."""
    from tapeql.storage.importers import layouts as folder

    found: list[Layout] = []
    for module in pkgutil.iter_modules(folder.__path__):
        found += importlib.import_module(f"{folder.__name__}.{module.name}").LAYOUTS
    return tuple(sorted(found, key=lambda layout: layout.name))


def layout_of(names: Sequence[str], rows: Sequence[Sequence[str | None]], path: str, kind: str) -> Layout | None:
    """The layout that most speaks for, of a kind if one is named; content counts more than names."""
    plain = frozenset(map(plain_name, names))
    fitness, best = 0, None
    for each in _possible(plain, kind):
        fits = each.fits(plain, rows, path)
        if fits > fitness:
            fitness, best = fits, each
    return best


@lru_cache(maxsize=1024)
def _possible(names: frozenset[str], kind: str) -> tuple[Layout, ...]:
    """Those against which neither the header nor the kind speaks."""
    wanted = (each for each in layouts() if not kind or each.kind == kind or each.refusal)
    return tuple(each for each in wanted if (names.issuperset(each.header) and each.header if names else each.cells))
