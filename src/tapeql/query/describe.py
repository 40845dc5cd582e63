"""What DESCRIBE says of a name: a function, a column, a measure, a session."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.errors import Diagnostic, QueryError, Span
from tapeql.functions.registry import Function, Param
from tapeql.query.columns import QUOTE_MEASURES, ROW, SESSION_MEASURES
from tapeql.query.nodes import Verb
from tapeql.query.scope import measure_type

_COLUMNS = {
    "symbol": "the bare code, such as BTCUSDT",
    "exchange": "the venue the data is stored under",
    "interval": "the length of the bar, in canonical form",
    "ts": "the opening instant of a bar; the instant of a trade or quote",
    "ts_close": "the instant a bar ends, itself excluded",
    "open": "the first price, by (ts, seq)",
    "high": "the highest price",
    "low": "the lowest price",
    "close": "the last price, by (ts, seq)",
    "volume": "the quantity traded, of trades that count for volume",
    "trades": "the number of trades that count for volume",
    "vwap": "Σ(price × quantity) / Σ quantity; NULL where nothing counts for volume",
    "session": "the session a row lies wholly inside, or NULL",
    "session_date": "the trading date a row belongs to; NULL between trading dates",
    "complete": "whether the bar had ended by now",
    "filled": "whether FILL made the bar",
    "seq": "the order of rows with one ts",
    "price": "the price of a trade",
    "quantity": "the quantity of a trade",
    "side": "the side of the trade that took liquidity, where the source says so",
    "trade_id": "the source's own identifier of a trade",
    "conditions": "the tape's condition codes of a trade",
    "bid": "the best bid; of a bar, its time-weighted mean",
    "bid_size": "the quantity at the best bid",
    "ask": "the best ask; of a bar, its time-weighted mean",
    "ask_size": "the quantity at the best ask",
    "spread": "ask - bid of a quote; of a bar, its time-weighted mean",
    "mid": "(bid + ask) / 2 of a quote; of a bar, its time-weighted mean",
    "spread_pct": "100 * spread / mid of a quote, in percent; of a bar, its time-weighted mean",
    "start": "the opening instant of a day's bar",
    "end": "the closing instant of a day's bar",
}

_WEIGHTED = "A quote counts for as long as it stands: until the next quote or a closed market. Crossed and one-sided quotes do not count; without any the mean is NULL."


def describe(name: str) -> str:
    """The text of `DESCRIBE name`; QueryError E101 for a name nothing answers to."""
    from tapeql.functions.registry import functions
    from tapeql.functions.scalars import SCALARS

    word = name.strip().lower()
    session, dot, measure = word.partition(".")
    sections: list[str] = []
    if word in functions():
        sections.append(describe_function(functions()[word]))
    if word in SCALARS:
        scalar = SCALARS[word]
        sections.append(
            f"{word}: {scalar.title}\n\n  {scalar.definition}\n  computed from one row; NULL outside its domain"
        )
    if word in _COLUMNS:
        sections.append(_column(word))
    if not dot and word in _sessions():
        sections.append(_session(word))
    if dot and session in _sessions() and measure in SESSION_MEASURES:
        sections.append(_measure(session, measure))
    if not sections:
        raise _unknown(word, [*functions(), *SCALARS, *_COLUMNS, *_sessions()])
    return "\n\n".join(sections)


def describe_function(entry: Function) -> str:
    """Inputs, parameters with ranges, outputs, formula, lookback, warm-up, NULL rule and reference of a function."""
    return "\n".join([f"{entry.name}: {entry.title}", "", *(f"  {label:<11}{text}" for label, text in _facts(entry))])


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
    yield "warm-up", f"{warmup} rows before the range are read{given}"
    yield "NULL", entry.nulls
    if entry.reference:
        yield "reference", entry.reference


def _param(param: Param) -> str:
    kind = "whole number" if param.kind is int else "number"
    default = "" if param.default is None else f", {param.default:g} when left out"
    return f"{param.name}: {kind} from {param.minimum:g} to {param.maximum:g}{default}"


def _examples(entry: Function) -> list[int | float]:
    """The defaults, and 20 (or the nearest allowed) where there is none."""
    return [p.kind(min(max(20, p.minimum), p.maximum)) if p.default is None else p.default for p in entry.params]


def _column(name: str) -> str:
    lines = [f"{name}: {_COLUMNS[name]}", ""]
    for verb, columns in ROW.items():
        if verb is not Verb.DAYS and name in columns:
            lines.append(f"  {verb.value:<11}{columns[name].value}")
    if name in QUOTE_MEASURES:
        lines.append(f"  {'bars, days':<11}number, time-weighted. {_WEIGHTED}")
    if name in ("start", "end"):
        lines.append(f"  {'days':<11}instant")
    return "\n".join(lines)


def _session(name: str) -> str:
    from tapeql.calendars import known_calendars, session_names

    having = [calendar for calendar in known_calendars() if name in session_names(calendar)]
    calendars = ", ".join(having) if len(having) <= 8 else f"{', '.join(having[:8])} and {len(having) - 8} more"
    return "\n".join(
        [
            f"{name}: a session of a trading calendar",
            "",
            f"  {'calendars':<11}{calendars}; on venues that never close, the reference calendar's (SET calendar)",
            f"  {'WHERE':<11}`WHERE {name}` is true for intraday rows that lie wholly inside",
            f"  {'SESSION':<11}`SESSION {name}` builds bars from that session alone",
            f"  {'measures':<11}" + ", ".join(f"{name}.{measure}" for measure in SESSION_MEASURES),
        ]
    )


def _measure(session: str, measure: str) -> str:
    weighted = f" {_WEIGHTED}" if measure in QUOTE_MEASURES else ""
    return "\n".join(
        [
            f"{session}.{measure}: the {session} session's own {measure}, of the row's session date",
            "",
            f"  {'type':<11}{measure_type(measure).value}",
            f"  {'meaning':<11}{_COLUMNS[measure]}.{weighted}",
            f"  {'known':<11}from the close of that session on; NULL before, and where there is no such session",
        ]
    )


def _sessions() -> list[str]:
    from tapeql.calendars import known_calendars, session_names

    return list(dict.fromkeys(name for calendar in known_calendars() for name in session_names(calendar)))


def _unknown(word: str, candidates: list[str]) -> QueryError:
    from tapeql.language.nearest import nearest

    close = nearest(word, candidates)
    hints = (
        ("did you mean " + " or ".join(f"`{c}`" for c in close) + "?",)
        if close
        else ("`SHOW functions` lists functions",)
    )
    return QueryError([Diagnostic("E101", f"nothing is called `{word}`", Span(0, 0), hints)])
