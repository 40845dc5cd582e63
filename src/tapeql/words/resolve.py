"""The sentence understood: syntax → Query.

The operators of a query are those its clauses add, in the order of their places; what frames it they settle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tapeql.errors import NOWHERE, Diagnostics
from tapeql.language.statements.query import Pipe, Pipeline
from tapeql.language.statements.query import Query as Written
from tapeql.operators.operator import Query
from tapeql.query.asked import Asked
from tapeql.query.columns import QUOTE, TICK
from tapeql.query.nodes import ONE_DAY
from tapeql.query.parameters import check_parameters, plain
from tapeql.query.report import Report
from tapeql.query.settings import Settings
from tapeql.query.symbols import NOTHING_ELSEWHERE, Catalogue, Elsewhere
from tapeql.rows.nodes import Bars, Feed, Quotes, Rows, Ticks
from tapeql.words.asking import Asking, Given, Left, length
from tapeql.words.clauses import clauses, in_place
from tapeql.words.clauses.align import align
from tapeql.words.clauses.calendar import market, named
from tapeql.words.clauses.during import range_asked
from tapeql.words.clauses.from_ import symbols
from tapeql.words.clauses.session import sessions
from tapeql.words.clauses.ticks_where import trades_where
from tapeql.words.clauses.tz import zone
from tapeql.words.lookahead import lookahead
from tapeql.words.session_words import session_words
from tapeql.words.verbs import verbs


def resolve(
    statement: Pipeline,
    catalogue: Catalogue,
    settings: Settings,
    params: Mapping[str, object],
    now_us: int,
    source: str,
    elsewhere: Elsewhere = NOTHING_ELSEWHERE,
) -> Query:
    """Everything the text and the catalogue decide; QueryError with all independent mistakes.

    Args:
        statement: the parsed query or pipeline.
        catalogue: which symbols are stored.
        settings: what SET has set.
        params: values of `$name`: numbers, booleans, text, dates, datetimes.
        now_us: the one now of this query, microseconds since 1970-01-01T00:00Z.
        source: the text, for messages.
        elsewhere: the symbols of files and tables that FROM names; the catalogue holds them too.
    """
    report = Report(Diagnostics(source))
    check_parameters(statement, params, report)
    query = _pipeline(statement, Given(catalogue, settings, plain(params), now_us, source, report, elsewhere))[0]
    report.found.raise_errors()
    for use in lookahead(query):
        if settings.strict:
            report.add("E301", f"{use.reason}; known at {use.known_at}", use.span, "`SET strict = off` allows it")
        else:
            report.add("N301", f"{use.reason}; known at {use.known_at}", use.span)
    report.found.raise_errors()
    return replace(query, asked=replace(query.asked, canonical=statement.write(), notes=report.notes))


def _pipeline(statement: Pipeline, given: Given) -> tuple[Query, Written]:
    """The query, and its last verb with all clauses in force there."""
    match statement:
        case Written():
            return understood(Asking(given, statement, None, understood, _pipeline)), statement
        case Pipe(left=left, right=right):
            query, before = _pipeline(left, given)
            verb = verbs()[before.verb.name]
            if not verb.selects:
                reason = "the left of `|>` selects days or ranges; write DAYS or RANGES there"
                given.report.add("E207", reason, before.verb.span)
            whole = _inheriting(right, before)
            return understood(Asking(given, whole, Left(query, verb), understood, _pipeline)), whole


def _inheriting(right: Written, left: Written) -> Written:
    """The right of `|>` with what the left hands on, where it does not say otherwise."""
    own = {node for clause in right.clauses for node in clauses()[type(clause)].nodes}
    handed_on = (c for c in left.clauses if clauses()[type(c)].handed_on and type(c) not in own)
    return replace(right, clauses=(*handed_on, *right.clauses))


def understood(asking: Asking) -> Query:
    """The query of one verb and the clauses in force."""
    given = asking.given
    _check_places(asking)
    start_us, end_us = range_asked(asking)
    steps = [step for entry in in_place() for step in entry.adds(asking)]
    records = (entry.says(asking) for entry in dict.fromkeys(clauses().values()))
    said = tuple(record for record in records if record is not None)
    asked = Asked(start_us, end_us, given.now_us, given.settings, "", given.source, said=said)
    query = Query(asked, _rows(asking), tuple(steps))
    if market(asking).continuous and session_words(query):
        reason = f"session words mean the sessions of {given.settings.calendar} on venues that never close"
        given.report.add("N101", reason, NOWHERE)
    return query


def _check_places(asking: Asking) -> None:
    """E207 for every clause that the verb has no use for."""
    verb, own = asking.verb, length(asking)
    words = verb.name.upper() + (f" {own.text}" if own is not None and verb.interval is None else "")
    for written in asking.written.clauses:
        entry = clauses()[type(written)]
        if not entry.fits(verb, own):
            reason = f"{entry.meant_for}; {words} has no use for it"
            asking.report.add("E207", reason, written.span, *entry.instead(written, own))


def _rows(asking: Asking) -> Rows:
    """What comes in, of each symbol on its calendar."""
    from tapeql.calendars import calendar_of

    own, zoned, reference = named(asking), zone(asking), asking.given.settings.calendar
    feeds = tuple(Feed(symbol, own or calendar_of(symbol.venue)) for symbol in symbols(asking))
    chosen, where, sees = sessions(asking), trades_where(asking), asking.verb.sees
    if sees is TICK:
        return Ticks(feeds, chosen, where, zoned, reference)
    if sees is QUOTE:
        return Quotes(feeds, chosen, None, zoned, reference)
    return Bars(length(asking) or ONE_DAY, feeds, chosen, align(asking), where, zoned, reference)
