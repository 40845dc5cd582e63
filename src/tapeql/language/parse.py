"""Text → Syntax.

    text ──split at ;──▶ statements ──Tokenizer──▶ terminals ──Lark LALR──▶ rules ──Builder──▶ syntax nodes

After an error the clause it stands in is blanked out and the statement is read again, so that independent errors are
reported together.
"""

from __future__ import annotations

import re

from tapeql.errors import Diagnostic, Diagnostics, QueryError, Span
from tapeql.language import guard, vocabulary
from tapeql.language import syntax as s
from tapeql.language.table import parser

_ERRORS_PER_STATEMENT = 8
MARKS = re.compile(r"'(?:[^'\n]|'')*'|(?P<comment>--[^\n]*)|(?P<end>;)")
"""Strings, in which nothing counts, comments, and what ends a statement."""


def parse(text: str) -> s.Script:
    """The statements of `text`; raises QueryError with every error found."""
    guard.check_size(text)
    found = Diagnostics(text)
    statements = [_statement(text, start, end, found) for start, end in _split(text, found)]
    found.raise_errors()
    return s.Script(tuple(statement for statement in statements if statement is not None), text)


def says_something(text: str) -> bool:
    """Whether there is more in it than comments."""
    return bool(re.sub(r"--[^\n]*", "", text).strip())


def _split(text: str, found: Diagnostics) -> list[tuple[int, int]]:
    """Where the statements lie; the last may be followed by a `;`."""
    ends = [match.start() for match in MARKS.finditer(text) if match["end"]]
    pieces = list(zip([0, *(end + 1 for end in ends)], [*ends, len(text)], strict=True))
    spans = []
    for start, end in pieces:
        if says_something(text[start:end]):
            spans.append((start, end))
        elif end < len(text) or len(pieces) == 1:
            span = Span(end, end + 1) if end < len(text) else Span(0, 0)
            found.add(Diagnostic("E001", "the statement is empty", span, (vocabulary.A_BEGINNING,)))
    return spans


def _statement(text: str, start: int, end: int, found: Diagnostics) -> s.Statement | None:
    from lark.exceptions import UnexpectedToken

    from tapeql.language import complain
    from tapeql.language.misread import Stop
    from tapeql.language.tokens import Statement

    reading = Statement(text, start, end, found)
    for attempt in range(_ERRORS_PER_STATEMENT):
        try:
            statement: s.Statement = parser().parse(reading)
        except Stop as stop:
            found.add(stop.diagnostic)
            at, may_begin, resume = stop.diagnostic.span, False, None
        except UnexpectedToken as unexpected:
            complaint = complain.about(unexpected, reading)
            found.add(complaint.diagnostic)
            if complaint.repair is not None:
                reading.repairs[complaint.at.start] = complaint.repair
                continue
            at, may_begin, resume = complaint.at, complaint.may_begin, complaint.resume
        else:
            if not attempt:
                for diagnostic in complain.about_clauses(statement, text):
                    found.add(diagnostic)
            return statement
        blanked = complain.without_clause(reading, at, may_begin, resume)
        if blanked is None:
            return None
        reading.text = blanked
    return None


def is_unfinished(text: str) -> bool:
    """Whether `text` only breaks off: it is no script yet, and more words could make it one."""
    from tapeql.language.complain import UNFINISHED

    try:
        parse(text)
    except QueryError as error:
        return all(d.code == "E003" or UNFINISHED in d.hints for d in error.diagnostics)
    return False
