"""How a file of statements is laid out: each in its canonical form, long ones a clause a line, comments kept."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.from_ import From
from tapeql.language.parse import MARKS, parse
from tapeql.language.statements.query import Pipe, Query

LINE: Final = 100
"""Characters of a statement that stays on one line."""

_BLANK_LINE: Final = re.compile(r"\n[ \t\r]*\n")


def formatted(text: str) -> str:
    """The same statements and comments as the product writes them; formatting twice changes nothing more.

    A comment inside a statement comes to stand above it. Raises QueryError where the text is wrong.
    """
    statements = parse(text).statements
    lines: list[str] = []
    for number, statement in enumerate(statements):
        start = statements[number - 1].span.end if number else 0
        before, beside = _comments(text[start : statement.span.end])
        if number:
            lines[-1] += ";"
            if beside:
                lines[-1] += f" {beside}"
            if _BLANK_LINE.search(text[start : statement.span.start]):
                lines.append("")
        elif beside:
            before.insert(0, beside)
        lines += [*before, *laid_out(statement)]
    after, beside = _comments(text[statements[-1].span.end :])
    if any(found["end"] for found in MARKS.finditer(text[statements[-1].span.end :])):
        lines[-1] += ";"
    if beside:
        lines[-1] += f" {beside}"
    return "\n".join([*lines, *after]) + "\n"


def laid_out(statement: syntax.Statement) -> list[str]:
    """Its canonical form, a clause a line where it is long."""
    text = statement.write()
    if len(text) <= LINE:
        return [text]
    (again,) = parse(text).statements
    cuts = [0, *_cuts(again, text), len(text)]
    pieces = [text[start:end].strip() for start, end in itertools.pairwise(cuts)]
    return [pieces[0], *(piece if piece.startswith("|>") else f"    {piece}" for piece in pieces[1:])]


def _cuts(statement: syntax.Statement, text: str) -> Iterator[int]:
    """Where the clauses of its own queries begin, and the verbs behind `|>`; FROM stays beside its verb."""
    match statement:
        case Pipe(left=left, right=right):
            yield from _cuts(left, text)
            yield text.rindex("|>", 0, right.span.start)
            yield from _cuts(right, text)
        case Query(clauses=clauses):
            yield from (clause.span.start for clause in clauses if not isinstance(clause, From))
        case _ if is_dataclass(statement):
            for field in fields(statement):
                if isinstance(inner := getattr(statement, field.name), (Query, Pipe)):
                    yield from _cuts(inner, text)
        case _:
            pass


def _comments(text: str) -> tuple[list[str], str]:
    """The comments in a stretch of text, and the one that begins on its first line, before any word."""
    found = [match for match in MARKS.finditer(text) if match["comment"]]
    beside = ""
    if found and re.fullmatch(r"[ \t\r;]*", text[: found[0].start()]):
        beside = found.pop(0)["comment"].rstrip()
    return [match["comment"].rstrip() for match in found], beside
