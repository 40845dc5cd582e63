"""What sentences mean, as trees."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tapeql.errors import QueryError, Span
from tapeql.language import later
from tapeql.language import syntax as s
from tapeql.language.clauses.align import Align
from tapeql.language.clauses.calendar import Calendar
from tapeql.language.clauses.during import During
from tapeql.language.clauses.fill import Fill
from tapeql.language.clauses.from_ import From, Given, SymbolPattern
from tapeql.language.clauses.limit import Limit
from tapeql.language.clauses.order_by import OrderBy
from tapeql.language.clauses.session import NamedSession, Session, TimeSession
from tapeql.language.clauses.since import Since
from tapeql.language.clauses.tz import Tz
from tapeql.language.clauses.until import Until
from tapeql.language.clauses.warmup import Warmup
from tapeql.language.clauses.where import Where
from tapeql.language.parse import is_unfinished, parse
from tapeql.language.statements.describe import Describe
from tapeql.language.statements.explain import Explain
from tapeql.language.statements.query import Pipe, Query, Verb
from tapeql.language.statements.set import Set
from tapeql.language.statements.show import Show

from .trees import expression, query, said

HEADLINE = "CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct<0.05 AND close > sma(20)"
BTC = "CANDLES 1h FROM binance:BTCUSDT"


def clause(text: str, verb: str = "CANDLES 1h") -> s.Clause:
    (found,) = query(f"{verb} {text}").clauses
    return found


def nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple):
        for item in node:
            yield from nodes(item)
    elif dataclasses.is_dataclass(node) and not isinstance(node, Span):
        yield node
        for f in dataclasses.fields(node):
            yield from nodes(getattr(node, f.name))


def test_headline() -> None:
    """The sentence at the top of the specification has three conditions in one AND."""
    found = query(HEADLINE)
    assert found.verb == Verb("candles", s.Duration(((1, "h"),), Span(8, 10)), Span(0, 10))
    symbols, where = found.clauses
    assert isinstance(symbols, From)
    assert symbols.symbols == (SymbolPattern("binance", "BTCUSDT", symbols.symbols[0].span),)
    assert isinstance(where, Where)
    assert isinstance(where.condition, s.Logical)
    assert [HEADLINE[i.span.start : i.span.end] for i in where.condition.items] == [
        "premarket",
        "spread_pct<0.05",
        "close > sma(20)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        HEADLINE,
        "DAYS FROM nasdaq:AAPL DURING last 1y WHERE (a OR b) AND -x[2] > (1 + 2) * f(n = 3, y).z |> CANDLES 1h",
        "SET a = b; EXPLAIN sql TICKS FROM a:{B, C }, d:E LIMIT 3 PER symbol",
    ],
)
def test_spans_hold_their_node(text: str) -> None:
    """Every span lies inside its parent's and begins and ends on a word."""
    for statement in parse(text).statements:
        for node in nodes(statement):
            piece = text[node.span.start : node.span.end]
            assert piece == piece.strip() != ""
            for f in dataclasses.fields(node):
                for child in nodes(getattr(node, f.name)):
                    assert node.span.start <= child.span.start
                    assert child.span.end <= node.span.end


def test_pipes_lean_left() -> None:
    """`a |> b |> c` is `(a |> b) |> c`."""
    (found,) = parse("DAYS FROM a:B |> DAYS WHERE x |> CANDLES 1h").statements
    assert isinstance(found, Pipe)
    assert isinstance(found.left, Pipe)
    assert found.right.verb.name == "candles"


@pytest.mark.parametrize(
    ("tight", "loose"),
    [
        ("a OR b AND c", "a OR (b AND c)"),
        ("NOT a AND b", "(NOT a) AND b"),
        ("NOT a = b", "NOT (a = b)"),
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c", "(a / b) * c"),
        ("a + b > c - d", "(a + b) > (c - d)"),
        ("-a[1]", "-(a[1])"),
        ("-a * b", "(-a) * b"),
        ("a BETWEEN b AND c AND d", "(a BETWEEN b AND c) AND d"),
        ("a CROSSES ABOVE b + 1 OR c", "(a CROSSES ABOVE (b + 1)) OR c"),
        ("NOT x IS NULL", "NOT (x IS NULL)"),
        ("a AND b AND c", "a AND (b AND c)"),
        ("avg(x) OVER 30m > 1", "((avg(x) OVER 30m)) > 1"),
        ("a <> b", "a != b"),
    ],
)
def test_precedence(tight: str, loose: str) -> None:
    """OR < AND < NOT < comparisons < sums < products < signs < postfixes; AND and OR are n-ary."""
    assert said(expression(tight)) == said(expression(loose))


def test_subtraction_does_not_regroup() -> None:
    """Parentheses that change the order of a calculation are kept."""
    assert said(expression("a - (b - c)")) != said(expression("a - b - c"))
    assert said(expression("a + (b + c)")) != said(expression("a + b + c"))


@pytest.mark.parametrize(
    "text",
    [
        f"{BTC} LABEL close",
        f"{BTC} ADD close AS label",
        f"{BTC} ADD label LABEL open",
        f"{BTC} WHERE max(high, 5) > 1",
        f"{BTC} SESSION regular",
        f"{BTC} WHERE session = 'regular' SESSION regular",
        f"{BTC} ADD session AS session, last AS last, step AS max, partial, symbol, epoch, none, zero, by, per",
        f"{BTC} ORDER BY end DESC, desc, asc ASC",
        f"{BTC} WHERE CASE WHEN end > 1 THEN end ELSE end END > 2",
        f"{BTC} ADD add(close, open), on(close) AS ons",
        f"{BTC} FILL max zero, last null MAX 3",
        f"{BTC} SELECT candles, days, show, set, explain",
        f"{BTC} ADD premarket.open, macd(1, 2, 3).max",
        "DESCRIBE last",
        "DESCRIBE add",
        "SET tz = UTC",
        "SET strict = on",
        "SET calendar = 'XNYS'",
    ],
)
def test_names_are_not_reserved(text: str) -> None:
    """Names of columns, functions, outputs and aliases may be words of the language that open no clause."""
    assert parse(text).statements


def test_reserved_words_are_never_names() -> None:
    """A clause word in a condition begins a clause, so the message points at it."""
    with pytest.raises(QueryError) as wrong:
        parse(f"{BTC} WHERE DURING 2025")
    (diagnostic,) = wrong.value.diagnostics
    assert (diagnostic.code, diagnostic.span) == ("E002", Span(38, 44))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("binance:BTCUSDT", [("binance", "BTCUSDT")]),
        ("BTCUSDT, ETHUSDT", [(None, "BTCUSDT"), (None, "ETHUSDT")]),
        ("binance:{BTCUSDT,ETHUSDT}", [("binance", "BTCUSDT"), ("binance", "ETHUSDT")]),
        ("binance:{ BTC* , ON }, a:B", [("binance", "BTC*"), ("binance", "ON"), ("a", "B")]),
        ("binance:*USDT", [("binance", "*USDT")]),
        ("coinbase:BTC-USD", [("coinbase", "BTC-USD")]),
        ("kraken:BTC/USD", [("kraken", "BTC/USD")]),
        ("cme:ES.c.0", [("cme", "ES.c.0")]),
        ("yahoo:^GSPC", [("yahoo", "^GSPC")]),
        ("yahoo:EUR=X", [("yahoo", "EUR=X")]),
        ("a:B! -- the front month", [("a", "B!")]),
        ("a:B--comment", [("a", "B")]),
        ("nasdaq:ON", [("nasdaq", "ON")]),
        ("24, x_y:1", [(None, "24"), ("x_y", "1")]),
    ],
)
def test_symbols(text: str, expected: list[tuple[str | None, str]]) -> None:
    """Codes hold `. - ^ = ! /` and globs, sets share a venue, bare codes have none."""
    found = clause(f"FROM {text}")
    assert isinstance(found, From)
    assert [(p.venue, p.code) for p in found.symbols if isinstance(p, SymbolPattern)] == expected


def test_files_and_tables() -> None:
    """Paths stand in quotes, tables are parameters; AS names either, and symbols may stand beside them."""
    found = clause("FROM 'it''s/*.csv' AS nyse:SPY, $t, a:{B,C}, $u AS ES.c.0")
    assert isinstance(found, From)
    written = [
        (
            type(g.rows),
            getattr(g.rows, "value", None) or getattr(g.rows, "name", None),
            g.name and (g.name.venue, g.name.code),
        )
        for g in found.symbols
        if isinstance(g, Given)
    ]
    assert written == [
        (s.String, "it's/*.csv", ("nyse", "SPY")),
        (s.Parameter, "t", None),
        (s.Parameter, "u", (None, "ES.c.0")),
    ]
    assert len(found.symbols) == 5


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2025", "2025", None),
        ("2025-03", "2025-03", None),
        ("2025-q1", "2025-Q1", None),
        ("2025-W03", "2025-W03", None),
        ("2025-03-10", "2025-03-10", None),
        ("2025-03-10t09:30z", "2025-03-10T09:30Z", None),
        ("2025-03-10T09:30:15.5+01:00", "2025-03-10T09:30:15.5+01:00", None),
        ("Today", "today", None),
        ("yesterday .. now", "yesterday", "now"),
        ("2025..2026", "2025", "2026"),
        ("2025-01 .. 2025-03", "2025-01", "2025-03"),
        ("2025-01..2025-03-10T09:30", "2025-01", "2025-03-10T09:30"),
        ("2025-03-10T09:30 .. 16:00", "2025-03-10T09:30", "2025-03-10T16:00"),
        ("2025-03-10T09:30Z..9:45", "2025-03-10T09:30Z", "2025-03-10T09:45Z"),
        ("2025-03-10T09:30-05:00..16:00", "2025-03-10T09:30-05:00", "2025-03-10T16:00-05:00"),
        ("2025--03", "2025", None),
    ],
)
def test_dates(text: str, start: str, end: str | None) -> None:
    """Every date form, alone and in ranges; a time alone on the right is on the day of the left."""
    found = clause(f"DURING {text}")
    assert isinstance(found, During)
    assert isinstance(found.start, s.Date)
    assert found.start.text == start
    assert (found.end.text if isinstance(found.end, s.Date) else None) == end


def test_ranges_of_the_past_and_of_parameters() -> None:
    """`last 1h30m` is a duration; parameters stand for dates."""
    last = clause("DURING LAST 1h30m")
    assert isinstance(last, During)
    assert last.last is not None
    assert last.last.parts == ((1, "h"), (30, "m"))
    given = clause("DURING $start .. $end")
    assert isinstance(given, During)
    assert [p.name for p in (given.start, given.end) if isinstance(p, s.Parameter)] == ["start", "end"]
    assert isinstance(clause("SINCE 2020"), Since)
    assert isinstance(clause("UNTIL today"), Until)


def test_dates_in_conditions() -> None:
    """Whole dates are dates in a condition, and so are times; bare years are numbers."""
    found = expression("session_date = 2025-03-10 AND ts >= 2025-03-10T09:30Z AND x > 2025-3")
    assert isinstance(found, s.Logical)
    rights = [item.right for item in found.items if isinstance(item, s.Compare)]
    assert [type(right) for right in rights] == [s.Date, s.Date, s.Binary]


def test_sessions() -> None:
    """Names and spans of local times, the latter of another calendar if it is named."""
    found = clause("SESSION premarket, 08:00..16:30 OF XLON, 9:30 .. 24:00")
    assert isinstance(found, Session)
    named, london, own = found.sessions
    assert isinstance(named, NamedSession)
    assert isinstance(london, TimeSession)
    assert isinstance(own, TimeSession)
    assert (named.name, london.calendar, own.calendar) == ("premarket", "XLON", None)
    assert (london.start.us, london.end.us) == (28_800_000_000, 59_400_000_000)
    assert own.end.us == 86_400_000_000


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5", 5, ""),
        ("1_000", 1000, ""),
        ("1e6", 1_000_000, ""),
        ("1.5e-3", 0.0015, ""),
        (".5", 0.5, ""),
        ("5.0", 5.0, ""),
        ("0.05%", 0.05, "%"),
        ("0.05 %", 0.05, "%"),
        ("5bps", 5, "bps"),
        ("5 BPS", 5, "bps"),
    ],
)
def test_numbers(text: str, value: float, unit: str) -> None:
    """Whole numbers stay whole, also as 1e6; units are % and bps."""
    found = expression(text)
    assert isinstance(found, s.Number)
    assert (found.value, type(found.value), found.unit) == (value, type(value), unit)


@pytest.mark.parametrize("unit", ["ns", "us", "ms", "s", "m", "h", "d", "w", "mo", "q", "y", "bd"])
def test_units(unit: str) -> None:
    """Every unit of time is read as itself."""
    found = expression(f"x OVER 2{unit}")
    assert isinstance(found, s.Over)
    assert found.window is not None
    assert found.window.parts == ((2, unit),)


def test_clauses_keep_what_they_say() -> None:
    """The smaller clauses, one by one."""
    found = query(
        "CANDLES 1m FROM a:B CALENDAR 24x7 TZ America/New_York TICKS WHERE quantity > 1 ON DAYS WHERE gap_pct > 2% "
        "ALIGN 09:30 OFFSET 30m FILL close previous, volume zero MAX 5 SELECT x, y AS z ORDER BY x DESC, y ASC "
        "LIMIT 10 PER symbol KEEP partial LABEL close WARMUP none"
    )
    by_type = {type(c): c for c in found.clauses}
    assert len(by_type) == 14
    assert by_type[Calendar].name == "24x7"  # type: ignore[union-attr]
    assert by_type[Tz].zone == "America/New_York"  # type: ignore[union-attr]
    assert by_type[Align].to.us == 34_200_000_000  # type: ignore[union-attr]
    fill = by_type[Fill]
    assert isinstance(fill, Fill)
    assert [(c.column, c.method) for c in fill.columns] == [("close", "previous"), ("volume", "zero")]
    assert fill.max_rows == 5
    order = by_type[OrderBy]
    assert isinstance(order, OrderBy)
    assert [k.descending for k in order.items] == [True, False]
    limit = by_type[Limit]
    assert isinstance(limit, Limit)
    assert (limit.rows, len(limit.per)) == (10, 1)
    assert by_type[Warmup].rows == 0  # type: ignore[union-attr]


def test_postfixes() -> None:
    """Indices, outputs, session measures, windows of time."""
    assert expression("close[1]").n == 1  # type: ignore[union-attr]
    assert expression("close[-1]").n == -1  # type: ignore[union-attr]
    output = expression("macd(12, 26, 9).hist[2]")
    assert isinstance(output, s.Index)
    assert isinstance(output.x, s.Output)
    assert output.x.output == "hist"
    assert expression("premarket.high") == s.Name(("premarket", "high"), Span(11, 25))
    assert expression("avg(x) OVER ALL").window is None  # type: ignore[union-attr]


def test_arguments() -> None:
    """`name = value` in a call is a keyword argument; parentheses make it a comparison."""
    found = expression("f(a, n = 3, (b = 4))")
    assert isinstance(found, s.Call)
    assert [a.keyword for a in found.arguments] == [None, "n", None]
    assert isinstance(found.arguments[2].value, s.Compare)


def test_strings() -> None:
    """A quote inside a string is written twice; semicolons and dashes inside are text."""
    (found, _) = parse("DAYS FROM a:B WHERE x = 'it''s; -- fine'; SHOW symbols").statements
    assert isinstance(found, Query)
    where = found.clauses[1]
    assert isinstance(where, Where)
    assert isinstance(where.condition, s.Compare)
    assert where.condition.right.value == "it's; -- fine"  # type: ignore[union-attr]


def test_other_statements() -> None:
    """EXPLAIN, DESCRIBE, SHOW and SET."""
    found = parse(
        f"EXPLAIN {BTC}; explain SQL {BTC}; DESCRIBE rsi; DESCRIBE {BTC}; SHOW Symbols; "
        "SET TZ = 'America/New_York'; SET tz = America/New_York -- home"
    ).statements
    explain, sql, rsi, described, show, quoted, bare = found
    assert isinstance(explain, Explain)
    assert explain.what == "plan"
    assert isinstance(sql, Explain)
    assert sql.what == "sql"
    assert isinstance(rsi, Describe)
    assert rsi.subject == "rsi"
    assert isinstance(described, Describe)
    assert isinstance(described.subject, Query)
    assert isinstance(show, Show)
    assert show.what == "symbols"
    assert isinstance(quoted, Set)
    assert isinstance(bare, Set)
    assert (quoted.name, quoted.value) == (bare.name, bare.value) == ("tz", "America/New_York")


def test_any_order_of_clauses() -> None:
    """Clauses come in any order and in any case."""
    assert said(query("candles 1h where x from a:B during 2025")) == said(
        query("CANDLES 1h DURING 2025 FROM a:B WHERE x")
    )


def test_a_clause_twice_names_both_places() -> None:
    """The span is the second place, the hint names the first."""
    with pytest.raises(QueryError) as wrong:
        parse(f"{BTC}\nWHERE a WHERE b")
    (diagnostic,) = wrong.value.diagnostics
    assert (diagnostic.code, diagnostic.span) == ("E010", Span(40, 47))
    assert diagnostic.hints == ("the first is at line 2, column 1: `WHERE a`",)


def test_errors_of_all_statements_come_together() -> None:
    """Each statement reports its own errors, and independent ones of one statement are all told."""
    text = "CANDLES 1H FORM a:B WHERE x == 1; SHOW symbol; DAYS FROM a:B WHERE (x LIMIT 1.5 ORDER close"
    with pytest.raises(QueryError) as wrong:
        parse(text)
    assert [d.code for d in wrong.value.diagnostics] == ["E008", "E011", "E007", "E011", "E004", "E002", "E002"]


def test_fixes_mend() -> None:
    """Applying the fix of each diagnostic, last first, gives a text that parses."""
    text = f"{BTC.replace('1h', '1H')} WEHRE close==1&&!x||volume > 5min ADN a ≥ 2 DURING '2025-3-1' LIMT 5"
    with pytest.raises(QueryError) as wrong:
        parse(text)
    fixes = [d.fix for d in wrong.value.diagnostics if d.fix]
    assert len(fixes) == len(wrong.value.diagnostics) == 11
    for fix in sorted(fixes, key=lambda fix: -fix.span.start):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    assert "close=1 AND NOT x OR volume > 5m AND a >= 2 DURING 2025-03-01 LIMIT 5" in text
    assert parse(text).statements


@pytest.mark.parametrize(
    "text", [*(f"{verb} 1h FROM a:B" for verb in later.VERBS), *(f"{BTC} {c} x" for c in later.CLAUSES)]
)
def test_words_of_later_versions(text: str) -> None:
    """What the language will know one day gets a plain answer, and nothing else is said."""
    with pytest.raises(QueryError) as wrong:
        parse(text)
    (diagnostic,) = wrong.value.diagnostics
    assert diagnostic.code == "E510"
    assert "not in this version" in diagnostic.reason


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ("CANDLES", True),
        (f"{BTC} WHERE (close > 1", True),
        ("CANDLES 1h FROM a:{B,", True),
        (f"{BTC}; DAYS FROM", True),
        (BTC, False),
        (f"{BTC} WHERE a) AND", False),
        ("", False),
    ],
)
def test_unfinished(text: str, unfinished: bool) -> None:
    """A prompt can tell a text that breaks off from one that is wrong."""
    assert is_unfinished(text) is unfinished


def test_lark_waits_for_the_first_sentence() -> None:
    """Importing the parser loads neither lark nor the tokenizer."""
    code = "import sys, tapeql.language.parse; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_what_is_within_a_tree() -> None:
    """Nodes of a kind are found wherever they stand, in written order, and in chains that are long."""
    text = (
        f"EXPLAIN {BTC} DURING $a .. $b WHERE CASE WHEN close > $c THEN close[$d] ELSE f($e) END > 0 |> DAYS LIMIT $f"
    )
    names = [parameter.name for parameter in s.within(parse(text).statements, s.Parameter)]
    assert names == ["a", "b", "c", "d", "e", "f"]
    chain = expression(" + ".join(["close"] * 400))
    assert len(list(s.within(chain, s.Name))) == 400
