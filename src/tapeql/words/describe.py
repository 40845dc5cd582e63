"""What DESCRIBE says of a name: a function, a column, a measure, a session."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.errors import NOWHERE, Diagnostic, QueryError, Span
from tapeql.functions.aggregates import AGGREGATES, Aggregate
from tapeql.functions.registry import Function, Param
from tapeql.operators.around import COLUMNS as OF_EVENTS
from tapeql.operators.match import COLUMNS as MATCHED
from tapeql.query.columns import KINDS, PREVAILING, QUOTE_MEASURES, SESSION_MEASURES
from tapeql.query.parts import MEANINGS
from tapeql.query.scope import measure_type
from tapeql.words.verbs import verbs

_COLUMNS = MEANINGS | {column.name: column.meaning for kind in KINDS for column in kind.columns}
_COLUMNS |= {column.name: column.meaning for column in (*MATCHED, *OF_EVENTS)}
_COLUMNS |= {column.name: column.meaning for column in PREVAILING if column.name not in _COLUMNS}
_MADE = {c.name: c.meaning for verb in verbs().values() if verb.makes for c in verb.makes.columns}
_NAMES = _MADE | {own.name: own.meaning for verb in verbs().values() for own in verb.names}

_WEIGHTED = "A quote counts for as long as it stands: until the next quote or a closed market. Crossed and one-sided quotes do not count; without any the mean is NULL."


def describe(name: str, span: Span = NOWHERE, source: str = "") -> str:
    """The text of `DESCRIBE name`, a fact a line; QueryError E101 at `span` for a name nothing answers to."""
    return "\n".join(f"{label:<11}{text}" for label, text in facts(name, span, source))


def facts(name: str, span: Span = NOWHERE, source: str = "") -> list[tuple[str, str]]:
    """What DESCRIBE says of a name as (property, value) pairs; a name that is several things has them one after another."""
    from tapeql.functions.registry import functions
    from tapeql.functions.scalars import SCALARS

    word = name.strip().lower()
    session, dot, measure = word.partition(".")
    found: list[tuple[str, str]] = []
    if word in functions():
        found += [("function", f"{word}: {functions()[word].title}"), *_facts(functions()[word])]
    if word in SCALARS:
        found += [("function", f"{word}: {SCALARS[word].title}"), ("formula", SCALARS[word].definition)]
        found.append(("NULL", "computed from one row; NULL outside its domain"))
    if word in AGGREGATES:
        found += [("aggregate", f"{word}: {AGGREGATES[word].title}"), *_aggregate(AGGREGATES[word])]
    if word in _COLUMNS | _NAMES:
        found += [("column", f"{word}: {(_COLUMNS | _NAMES)[word]}"), *_column(word)]
    if not dot and word in _sessions():
        found += [("session", f"{word}: a session of a trading calendar"), *_session(word)]
    if dot and session in _sessions() and measure in SESSION_MEASURES:
        found += [("measure", f"{word}: the {session} session's own {measure}, of the row's session date")]
        found += _measure(measure)
    if not found:
        raise _unknown(name, [*functions(), *SCALARS, *AGGREGATES, *_COLUMNS, *_NAMES, *_sessions()], span, source)
    return found


def _facts(entry: Function) -> Iterator[tuple[str, str]]:
    from tapeql.query.arguments import usage

    yield "call", usage(entry).removeprefix("call it ").strip("`")
    for i in entry.inputs:
        yield "input", f"{i.name}: a series" + (f", {i.default} when left out" if i.default else "")
    for p in entry.params:
        yield "parameter", _param(p)
    yield "outputs", ", ".join(entry.outputs)
    if entry.definition or entry.formula:
        yield "formula", entry.definition or entry.formula or ""
    yield "unit", {"input": "that of its input"}.get(entry.unit, entry.unit)
    params = _examples(entry)
    lookback, warmup = entry.lookback(params), entry.warmup(params)
    shown = ", ".join(f"{p.name} = {value:g}" for p, value in zip(entry.params, params, strict=True))
    given = f" ({shown})" if shown else ""
    yield "lookback", f"{lookback} rows before the first value{given}"
    if warmup > lookback:
        yield (
            "unstable",
            f"older rows move the result by less than 1e-10 of the input's scale after {warmup} rows{given}",
        )
    before = "everything stored" if entry.cumulative else f"{warmup} rows"
    yield "warm-up", f"{before} before the range {'is' if entry.cumulative else 'are'} read{given}"
    yield "NULL", entry.nulls
    if entry.reference:
        yield "reference", entry.reference


def _aggregate(entry: Aggregate) -> Iterator[tuple[str, str]]:
    yield "call", f"{entry.usage}, of the rows of a group: in SELECT and ORDER BY of STATS"
    for name, least, most in entry.params:
        yield "parameter", f"{name}: number from {least:g} to {most:g}"
    yield "NULL", "rows of which an input is NULL are left out; NULL where none is left, of a count 0"


def _param(param: Param) -> str:
    kind = "whole number" if param.kind is int else "number"
    default = "" if param.default is None else f", {param.default:g} when left out"
    return f"{param.name}: {kind} from {param.minimum:g} to {param.maximum:g}{default}"


def _examples(entry: Function) -> list[int | float]:
    """The defaults, and 20 (or the nearest allowed) where there is none."""
    return [p.kind(min(max(20, p.minimum), p.maximum)) if p.default is None else p.default for p in entry.params]


def _column(name: str) -> Iterator[tuple[str, str]]:
    for verb in verbs().values():
        rows = verb.makes or verb.sees
        if name in verb.shows and name in rows:
            yield verb.name, rows[name].value
        yield from ((verb.name, own.column.type.value) for own in verb.names if own.name == name)
    for column in PREVAILING:
        if name == column.name:
            yield "trades", f"{column.type.value}, of the quote that prevailed: with ASOF QUOTES"
    for clause, columns in (("MATCH", MATCHED), ("AROUND", OF_EVENTS)):
        yield from (("rows", f"{c.type.value}, of rows that {clause} keeps") for c in columns if name == c.name)
    if name in QUOTE_MEASURES:
        yield "candles", f"number, time-weighted. {_WEIGHTED}"


def _session(name: str) -> Iterator[tuple[str, str]]:
    from tapeql.calendars import known_calendars, session_names

    having = [calendar for calendar in known_calendars() if name in session_names(calendar)]
    calendars = ", ".join(having) if len(having) <= 8 else f"{', '.join(having[:8])} and {len(having) - 8} more"
    yield "calendars", f"{calendars}; on venues that never close, the reference calendar's (SET calendar)"
    yield "WHERE", f"`WHERE {name}` is true for intraday rows that lie wholly inside"
    yield "SESSION", f"`SESSION {name}` builds bars from that session alone"
    yield "measures", ", ".join(f"{name}.{measure}" for measure in SESSION_MEASURES)


def _measure(measure: str) -> Iterator[tuple[str, str]]:
    weighted = f". {_WEIGHTED}" if measure in QUOTE_MEASURES else ""
    yield "type", measure_type(measure).value
    yield "meaning", f"{_COLUMNS[measure]}{weighted}"
    yield "known", "from the close of that session on; NULL before, and where there is no such session"


def _sessions() -> list[str]:
    from tapeql.calendars import known_calendars, session_names

    return list(dict.fromkeys(name for calendar in known_calendars() for name in session_names(calendar)))


def _unknown(name: str, candidates: list[str], span: Span, source: str) -> QueryError:
    from tapeql.language.nearest import nearest

    close = nearest(name, candidates)
    told = "did you mean " + " or ".join(f"`{c}`" for c in close) + "?" if close else "`SHOW functions` lists functions"
    return QueryError([Diagnostic("E101", f"nothing is called `{name}`", span, (told,))], source)
