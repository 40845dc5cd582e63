"""`tapeql check` and `tapeql fmt`: files of statements, told what is wrong with them, mended and laid out."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tapeql.errors import Diagnostic, QueryError, Span
from tapeql.language import syntax
from tapeql.language.layout import formatted
from tapeql.language.parse import parse, says_something
from tapeql.language.statements.query import Pipe, Query
from tapeql.language.statements.set import Set
from tapeql.rendering import as_record
from tapeql.serve.connect import Database, connect
from tapeql.shell.ask import parameters, replaced, written
from tapeql.shell.command import DONE, FAILED, REFUSED, target, usage
from tapeql.shell.telling import rendered, told

_ROUNDS: Final = 20
"""A mended mistake may uncover another."""

_CHECK: Final = "CHECK "


def fmt(options: argparse.Namespace) -> int:
    """Lays files out anew; with --check only names those that are not. Raises OSError and QueryError with the file's name."""
    status = DONE
    for name, text in _texts(options.files):
        try:
            after = _as_ended(text, formatted(text)) if says_something(text) else text
        except QueryError as error:
            sys.stderr.write(f"{name}:\n{rendered(error)}")
            status = REFUSED
            continue
        if options.check:
            if after != text:
                sys.stdout.write(f"{name} is laid out otherwise\n")
                status = max(status, FAILED)
        elif name == "-":
            sys.stdout.write(after)
        elif after != text:
            _write(name, after)
    return status


def check(options: argparse.Namespace) -> int:
    """Tells what is wrong with files of statements, and notes on the others; with --fix mends what it can."""
    status, records = DONE, []
    params = parameters(options.param)
    with connect(target(options), getattr(options, "now", None)) as database:
        for name, text in _texts(options.files):
            found = found_in(text, database, params)
            if options.fix:
                mended, found = mended_text(text, found, database, params)
                if name == "-":
                    sys.stdout.write(mended)
                elif mended != text:
                    _write(name, mended)
                text = mended
            if any(d.code.startswith("E") for d in found):
                status = REFUSED
            if options.json:
                records += [{"file": name, **as_record(d, text)} for d in found]
            elif found:
                sys.stderr.write(f"{name}:\n{told(found, text)}\n")
    if options.json:
        sys.stdout.write(json.dumps(records, ensure_ascii=False, indent=1) + "\n")
    return status


def found_in(text: str, database: Database, params: Mapping[str, Any]) -> list[Diagnostic]:
    """Errors, lints and notes of all statements of a text, each by itself after the SETs before it."""
    try:
        statements = parse(text).statements if says_something(text) else ()
    except QueryError as error:
        return list(error.diagnostics)
    found: list[Diagnostic] = []
    settings: list[syntax.Statement] = []
    for statement in statements:
        if isinstance(statement, Set):
            settings.append(statement)
        alone = _alone(text, settings, statement)
        try:
            if isinstance(statement, Query | Pipe):
                at = statement.span.start
                found += _checked(alone[:at] + _CHECK + alone[at:], at, database, params)
            else:
                database.schema(alone, **params)
        except QueryError as error:
            found += error.diagnostics
    return list(dict.fromkeys(found))


def mended_text(
    text: str, found: list[Diagnostic], database: Database, params: Mapping[str, Any]
) -> tuple[str, list[Diagnostic]]:
    """The text with every fix applied that there is, and what is still found in it."""
    for _ in range(_ROUNDS):
        fixes = sorted({d.fix for d in found if d.fix}, key=lambda fix: fix.span.start, reverse=True)
        if not fixes:
            break
        end = len(text) + 1
        for fix in fixes:
            if fix.span.end <= end:
                text = text[: fix.span.start] + fix.text + text[fix.span.end :]
                end = fix.span.start
        found = found_in(text, database, params)
    return text, found


def _alone(text: str, settings: list[syntax.Statement], statement: syntax.Statement) -> str:
    """The text with every other statement blanked out, so that places stay what they are."""
    kept = [*(s.span for s in settings if s is not statement), statement.span]
    after = kept[-1].end
    whole = re.sub(r"[^\n]", " ", text[:after])
    for span in kept:
        whole = whole[: span.start] + text[span.start : span.end] + whole[span.end :]
    for span in kept[:-1]:
        semicolon = text.index(";", span.end)
        whole = whole[:semicolon] + ";" + whole[semicolon + 1 :]
    return whole


def _checked(text: str, at: int, database: Database, params: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """What CHECK, which stands at a place in the text, finds: with places in the text without that word."""
    try:
        found = [_noted(row, text) for row in database.query(text, **params).to_pylist()]
    except QueryError as error:
        found = list(error.diagnostics)
    return (diagnostic.before_insertion(at, len(_CHECK)) for diagnostic in found)


def _noted(row: Mapping[str, Any], text: str) -> Diagnostic:
    """A row of CHECK."""
    hints = tuple(row["hints"].split("; ")) if row["hints"] else ()
    if row["line"] is None:
        return Diagnostic(row["code"], row["reason"], hints=hints)
    start = sum(len(line) + 1 for line in text.split("\n")[: row["line"] - 1]) + row["column"] - 1
    return Diagnostic(row["code"], row["reason"], Span(start, start + len(row["words"])), hints)


def _texts(names: list[str]) -> list[tuple[str, str]]:
    """Each file with its text, those of folders too. All are read before the first is changed."""
    return [(name, written(name if name == "-" else f"@{name}")) for name in _files(names or ["-"])]


def _files(names: list[str]) -> Iterator[str]:
    for name in names:
        if name != "-" and os.path.isdir(name):
            inside = sorted(str(path) for path in Path(name).rglob("*.tapeql"))
            if not inside:
                raise usage(f"no file in {name} ends in .tapeql")
            yield from inside
        else:
            yield name


def _as_ended(text: str, laid_out: str) -> str:
    """With the line ends of the text."""
    return laid_out.replace("\n", "\r\n") if "\r\n" in text else laid_out


def _write(name: str, text: str) -> None:
    with replaced(name) as sink:
        sink.write(text.encode())
