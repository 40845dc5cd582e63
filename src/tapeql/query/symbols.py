"""FROM → stored symbols: exact names, globs and bare codes, each once, in byte order."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Protocol

from tapeql.language import syntax
from tapeql.query.nodes import Symbol
from tapeql.query.report import Report


class Catalogue(Protocol):
    """What resolve asks of a store; a storage snapshot is one."""

    def symbols(self) -> Sequence[tuple[str, str]]:
        """All (venue, code) with any data, sorted in byte order."""
        ...


def resolve_symbols(clause: syntax.From, catalogue: Catalogue, venue: str | None, report: Report) -> tuple[Symbol, ...]:
    """The symbols FROM names, sorted by (venue, code); what no store knows is reported as E103."""
    known = catalogue.symbols()
    stored = set(known)
    found: set[tuple[str, str]] = set()
    for pattern in clause.symbols:
        where = pattern.venue or venue
        if where is None:
            report.unknown(
                "E103",
                f"`{pattern.code}` names no venue",
                pattern.span,
                pattern.code,
                [f"{v}:{c}" for v, c in known if c == pattern.code],
                f"write `venue:{pattern.code}`, or `SET venue = …` first",
            )
        elif (where, pattern.code) in stored:
            found.add((where, pattern.code))
        elif is_glob(where) or is_glob(pattern.code):
            matches = [(v, c) for v, c in known if fnmatchcase(v, where) and fnmatchcase(c, pattern.code)]
            if not matches:
                report.add(
                    "E103",
                    f"no stored symbol matches `{where}:{pattern.code}`",
                    pattern.span,
                    "`SHOW symbols` lists them",
                )
            found.update(matches)
        else:
            _unknown(where, pattern, known, report)
    return tuple(Symbol(v, c) for v, c in sorted(found, key=lambda s: (s[0].encode(), s[1].encode())))


def is_glob(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _unknown(venue: str, pattern: syntax.SymbolPattern, known: Sequence[tuple[str, str]], report: Report) -> None:
    elsewhere = [f"{v}:{c}" for v, c in known if c == pattern.code]
    hints = ["nothing is stored yet; import some data first"] if not known else ["`SHOW symbols` lists what is stored"]
    if elsewhere:
        hints.insert(0, f"`{pattern.code}` is stored as " + ", ".join(f"`{name}`" for name in elsewhere[:3]))
    report.unknown(
        "E103",
        f"unknown symbol `{venue}:{pattern.code}`: no store knows it",
        pattern.span,
        f"{venue}:{pattern.code}",
        [f"{v}:{c}" for v, c in known],
        *hints,
    )
