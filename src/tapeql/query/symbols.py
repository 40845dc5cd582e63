"""FROM → symbols: exact names, globs and bare codes of what is stored, files and tables, each once, in byte order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

from tapeql.errors import Diagnostic, Fix
from tapeql.language.clauses.from_ import From, Given, SymbolPattern
from tapeql.language.syntax import Parameter
from tapeql.query.nodes import Symbol
from tapeql.query.report import Report


class Catalogue(Protocol):
    """What resolve asks of a store; a storage snapshot is one."""

    def symbols(self) -> Sequence[tuple[str, str]]:
        """All (venue, code) with any data, sorted in byte order."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """What a file or a table in FROM holds: its symbols, or the errors that say why not; and notes."""

    symbols: tuple[tuple[str, str], ...] = ()
    told: tuple[Diagnostic, ...] = ()


Elsewhere = Mapping[Given, Held]
"""The files and tables of a sentence that were read; none where they are not read at all, on a server."""

NOTHING_ELSEWHERE: Final[Elsewhere] = {}

_FILE: Final = re.compile(r".*\.(csv|tsv|txt|json|jsonl|parquet|pq|feather|arrow)(\.\w+)?|.*\.zip", re.IGNORECASE)


def resolve_symbols(
    clause: From, catalogue: Catalogue, venue: str | None, report: Report, elsewhere: Elsewhere
) -> tuple[Symbol, ...]:
    """The symbols FROM names, sorted by (venue, code); what no store knows is reported as E103."""
    known = catalogue.symbols()
    stored = set(known)
    found: set[tuple[str, str]] = set()
    for pattern in clause.symbols:
        if isinstance(pattern, Given):
            found.update(_held(pattern, elsewhere, report))
            continue
        where = pattern.venue or venue
        holders = [(v, c) for v, c in known if c == pattern.code] if where is None else []
        if len(holders) == 1:
            found.update(holders)
        elif where is None and holders:
            named = ", ".join(f"`{v}:{c}`" for v, c in holders)
            hint = f"write one of them, or `SET venue = {holders[0][0]}` first"
            report.add("E103", f"several venues hold `{pattern.code}`: {named}", pattern.span, hint)
        elif where is None and is_glob(pattern.code):
            matches = [(v, c) for v, c in known if fnmatchcase(c, pattern.code)]
            if not matches:
                report.add(
                    "E103", f"no stored symbol matches `{pattern.code}`", pattern.span, "`SHOW symbols` lists them"
                )
            found.update(matches)
        elif where is None and _FILE.fullmatch(pattern.code):
            quoted = f"'{pattern.code}'"
            reason = f"unknown symbol `{pattern.code}`: no venue has it"
            report.add(
                "E103", reason, pattern.span, f"a file is named in quotes: `{quoted}`", fix=Fix(pattern.span, quoted)
            )
        elif where is None:
            report.unknown(
                "E103",
                f"unknown symbol `{pattern.code}`: no venue has it",
                pattern.span,
                pattern.code,
                [c for _, c in known],
                "`SHOW symbols` lists what is stored" if known else "nothing is stored yet; import some data first",
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


def _held(written: Given, elsewhere: Elsewhere, report: Report) -> tuple[tuple[str, str], ...]:
    held = elsewhere.get(written)
    if held is None:
        what = "a table stays in the program" if isinstance(written.rows, Parameter) else "files stay with their owner"
        hint = (
            "ask where it lies, without a server: `tapeql.query(…)`, `tapeql query`; or import it where the server is"
        )
        report.add("E511", f"{what}: a server reads only what its store holds", written.span, hint)
        return ()
    for diagnostic in held.told:
        report.found.add(diagnostic)
    return held.symbols


def is_glob(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _unknown(venue: str, pattern: SymbolPattern, known: Sequence[tuple[str, str]], report: Report) -> None:
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
