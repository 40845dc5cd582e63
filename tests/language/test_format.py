"""The canonical text, and that it says the same."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeql.errors import Diagnostic, QueryError
from tapeql.language import vocabulary
from tapeql.language.parse import parse
from tapeql.language.statements.query import Pipe, Query
from tapeql.language.writing import format_expr
from tapeql.rendering import render
from tests.tour import clauses, statements

from .trees import expression, said


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("candles 1h where a from x:y", "CANDLES 1h FROM x:y WHERE a"),
        ("days from x:{a,b} during LAST 1Y".replace("1Y", "1y"), "DAYS FROM x:a, x:b DURING last 1y"),
        ("ticks from x:y limit 1_000 per SYMBOL keep Partial", "TICKS FROM x:y LIMIT 1000 PER SYMBOL KEEP partial"),
        ("CANDLES 1m FROM x:y WARMUP 0 LABEL Open", "CANDLES 1m FROM x:y LABEL open WARMUP none"),
        ("CANDLES 1m FROM x:y ORDER BY a asc, b desc", "CANDLES 1m FROM x:y ORDER BY a, b DESC"),
        ("CANDLES 1m FROM x:y SESSION 9:30..16:00:30 of XNYS", "CANDLES 1m FROM x:y SESSION 09:30 .. 16:00:30 OF XNYS"),
        ("CANDLES 1m FROM x:y TZ 'Europe/London'", "CANDLES 1m FROM x:y TZ Europe/London"),
        (
            "CANDLES 1m FROM x:y FILL close PREVIOUS, v Null max 3",
            "CANDLES 1m FROM x:y FILL close previous, v null MAX 3",
        ),
        ("days from 'it''s.csv' as x:y,$t", "DAYS FROM 'it''s.csv' AS x:y, $t"),
        ("explain plan days from x:y", "EXPLAIN DAYS FROM x:y"),
        ("days from x:y|>candles 1h", "DAYS FROM x:y |> CANDLES 1h"),
        ("show SYMBOLS", "SHOW symbols"),
        ("set tz='a b'", "SET tz = 'a b'"),
        ("set strict = on", "SET strict = 'on'"),
    ],
)
def test_statements(written: str, canonical: str) -> None:
    """One order of clauses, one spelling of each word."""
    (statement,) = parse(written).statements
    assert statement.write() == canonical


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("((a)) and(b or(c))", "a AND (b OR c)"),
        ("(a and b) and c", "a AND b AND c"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("a*(b/c)", "a * (b / c)"),
        ("(a+b)*-c", "(a + b) * -c"),
        ("-(-a)", "- -a"),
        ("-(a+b)", "-(a + b)"),
        ("(-a)[1]", "(-a)[1]"),
        ("(a+b)[1].c", "(a + b)[1].c"),
        ("not(a=b)", "NOT a = b"),
        ("(not a) is null", "(NOT a) IS NULL"),
        ("(a<b)=(c<d)", "(a < b) = (c < d)"),
        ("f((a=b),c=d,(a=b and c))", "f((a = b), c = d, (a = b AND c))"),
        ("x crosses (above)", 'x CROSSES "above"'),
        ('x crosses "Below"[1] + 1', 'x CROSSES "Below"[1] + 1'),
        ("x crosses above above", "x CROSSES ABOVE above"),
        ('"close" > "from"."Where"', 'close > "from"."Where"'),
        ('add("Not"("null", "in" = 1))', 'add("Not"("null", "in" = 1))'),
        ("(avg(x) over 30m)[1]", "(avg(x) OVER 30m)[1]"),
        ("(avg(x) over 30m) over all", "(avg(x) OVER 30m) OVER ALL"),
        ("(5).x", "(5).x"),
        ("1e6 + .50 + 1e-7 + 5.0 + 1e300", "1000000 + 0.5 + 1e-07 + 5.0 + 1e+300"),
        ("a not in ('it''s',2%)", "a NOT IN ('it''s', 2%)"),
        ("(a between 1 and 2) and b", "a BETWEEN 1 AND 2 AND b"),
        ("case when(a)then(b)end[1]", "CASE WHEN a THEN b END[1]"),
    ],
)
def test_expressions(written: str, canonical: str) -> None:
    """No parenthesis too many and none too few."""
    assert format_expr(expression(written)) == canonical
    assert said(expression(canonical)) == said(expression(written))


PLACES = [
    "DAYS FROM x:y WHERE {0}",
    "DAYS FROM x:y WHERE a CROSSES {0}",
    "DAYS FROM x:y WHERE a CROSSES ABOVE {0}.{0} + 1",
    "DAYS FROM x:y WHERE NOT {0} AND {0} IS NULL OR {0}[1] > -{0}",
    "DAYS FROM x:y WHERE a BETWEEN {0} AND {0}",
    "DAYS FROM x:y WHERE {0} IN ({0}, {0})",
    "DAYS FROM x:y WHERE CASE WHEN {0} THEN {0} ELSE {0} END",
    "DAYS FROM x:y WHERE {0}({0}, {0} = {0}).{0} OVER ALL",
    "DAYS FROM x:y ADD {0}, {0} AS {0}",
    "DAYS FROM x:y ORDER BY {0} DESC, {0}",
    "CANDLES 1h FROM x:y FILL {0} previous, {0} NULL",
    "CANDLES 1h FROM x:y SESSION {0}, {0}",
    "DESCRIBE {0}",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("write", [str.lower, str.upper], ids=["lower", "upper"])
def test_a_quoted_keyword_is_a_name(place: str, write: Callable[[str], str]) -> None:
    """Any keyword in double quotes names something wherever a name may stand, and the canonical text keeps it so."""
    for keyword in vocabulary.keywords():
        written = place.format(f'"{write(keyword)}"')
        meant = said(parse(place.format("some_name")).statements)
        found = parse(written)
        assert repr(said(found.statements)) == repr(meant).replace("some_name", write(keyword)), written
        canonical = found.write()
        assert said(parse(canonical).statements) == said(found.statements), canonical
        assert parse(canonical).write() == canonical


def test_long_chains() -> None:
    """Five hundred operators in a row are read and formatted without recursion."""
    chain = " + ".join(["close"] * 501)
    assert format_expr(expression(chain)) == chain


# ── any sentence ──────────────────────────────────────────────────────────────────────────────────────────────────────

LEAVES = [
    "close",
    "high",
    "label",
    "session",
    "last",
    "max",
    "step",
    "end",
    "premarket.high",
    '"above"',
    '"from"',
    "0",
    "500",
    "1_000",
    "1e6",
    "0.05%",
    "5bps",
    ".5",
    "0.1",
    "1e-7",
    "1e300",
    "'buy'",
    "'it''s'",
    "NULL",
    "true",
    "$p",
    "2025-03-10",
    "2025-Q1",
    "09:30",
    "1h",
    "f()",
]
OPERATORS = ["+", "-", "*", "/", "=", "!=", "<>", "<", ">=", "AND", "or", "CROSSES"]
DURATIONS = ["1h", "30m", "1h30m", "2w", "1mo", "20bd", "500ms", "1q", "3y"]
DAYS = ["2025", "2025-03", "2025-Q1", "2025-w03", "2025-03-10", "2025-03-10T09:30Z", "today", "$start"]
SYMBOLS = [
    "'it''s/*.csv'",
    "'a b' as nyse:SPY",
    "$df",
    "$df AS X",
    "binance:BTCUSDT",
    "coinbase:BTC-USD",
    "kraken:BTC/USD",
    "a:{B, C*}",
    "yahoo:^GSPC",
    "x:ON",
    "ETH",
]


class Writer:
    """Writes any sentence, with any case, blanks, line breaks and comments between its words."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def words(self, *parts: str) -> str:
        gaps = (self.pick(" ", " ", " ", "\n", "\t ", " -- why; not\n") for _ in parts)
        return "".join(part + gap for part, gap in zip(parts, gaps, strict=True))

    def key(self, word: str) -> str:
        return self.pick(word, word, word.lower(), word.title())

    def several(self, write: Callable[[], str], least: int = 1, most: int = 3) -> list[str]:
        return [write() for _ in range(self.draw(st.integers(least, most)))]

    def expression(self, depth: int) -> str:
        """Operands are parenthesised, so that any of them may stand anywhere."""
        if depth == 0:
            return self.pick(*LEAVES)

        def inner() -> str:
            return self.expression(depth - 1)

        def operand() -> str:
            return f"({inner()})" if self.draw(st.booleans()) else self.pick(*LEAVES)

        def argument() -> str:
            return self.words("n =", inner()) if self.pick("", "n") else operand()

        match self.draw(st.integers(0, 12)):
            case 0:
                return self.words(operand(), self.pick(*OPERATORS), operand())
            case 1:
                return self.words(operand(), self.key("CROSSES"), self.key(self.pick("ABOVE", "BELOW")), operand())
            case 2:
                return f" {self.pick('-', '+', '*', '/', 'AND', 'OR')} ".join(self.several(operand, 2, 4))
            case 3:
                return self.words(self.key("NOT"), operand())
            case 4:
                return self.pick("-", "+ ") + operand()
            case 5:
                between = self.words(self.pick("", "NOT"), self.key("BETWEEN"))
                return self.words(operand(), between, operand(), self.key("AND"), operand())
            case 6:
                return self.words(operand(), self.pick("in (", "NOT IN ("), ", ".join(self.several(inner)), ")")
            case 7:
                return self.words(operand(), self.pick("IS NULL", "is not NULL"))
            case 8:
                return operand() + self.pick("[1]", "[-2]", "[0][3]", "[$n]", " OVER 30m", " over ALL")
            case 9:
                return f"{self.pick('sma', 'max', 'add')}({', '.join(self.several(argument))})"
            case 10:
                return f"macd({', '.join(self.several(argument))}).hist"
            case 11:
                whens = self.several(lambda: self.words("WHEN", inner(), "THEN", inner()))
                otherwise = self.words("ELSE", inner()) if self.draw(st.booleans()) else ""
                return self.words(self.key("CASE"), *whens, otherwise, self.key("END"))
            case _:
                return self.pick(*LEAVES)

    def any_expression(self) -> str:
        return self.expression(self.draw(st.integers(0, 3)))

    def item(self) -> str:
        alias = self.pick("", "AS x", "as label", "AS last")
        return self.words(self.any_expression(), alias)

    def clause(self, opening: str) -> str:
        return self.words(self.key(opening), self.rest(opening))

    def rest(self, opening: str) -> str:
        match opening:
            case "FROM":
                return ",".join(self.several(lambda: self.pick(*SYMBOLS)))
            case "DURING":
                ends = self.words(self.pick(*DAYS), "..", self.pick(*DAYS))
                return self.pick(self.pick(*DAYS), ends, f"{self.key('last')} {self.pick(*DURATIONS)}")
            case "SINCE" | "UNTIL":
                return self.pick(*DAYS)
            case "SESSION":
                spans = ("regular", "premarket", "08:00..16:30 OF XLON", "9:30 .. 10:00:00.25")
                return ", ".join(self.several(lambda: self.pick(*spans)))
            case "TZ":
                return self.pick("UTC", "America/New_York", "Etc/GMT+5", "'odd one'")
            case "FILL":
                columns = self.several(lambda: self.pick("previous", "close NULL", "volume zero", "x Linear"))
                return self.words(", ".join(columns), self.pick("", "max 5"))
            case "TICKS WHERE" | "ON DAYS WHERE" | "WHERE":
                return self.any_expression()
            case "ADD" | "SELECT":
                return ", ".join(self.several(self.item))
            case "ORDER BY":
                keys = self.several(lambda: self.words(self.any_expression(), self.pick("", "ASC", "desc")))
                return ", ".join(keys)
            case "LIMIT":
                return self.words(self.pick("", "LAST", "last"), self.pick("5", "$n"), self.pick("", "PER symbol"))
            case _:
                return self.pick(*clauses()[opening])

    def query(self) -> str:
        verb = self.pick(f"{self.key('CANDLES')} {self.pick(*DURATIONS)}", "ticks", "QUOTES", "Days")
        openings = self.draw(st.lists(st.sampled_from(vocabulary.clauses()), unique=True, max_size=5))
        return self.words(verb, *map(self.clause, openings))

    def statement(self) -> str:
        match self.draw(st.integers(0, 6)):
            case 0:
                return "|>".join(self.several(self.query, 2))
            case 1:
                return self.words(self.key("EXPLAIN"), self.pick("", "sql", "PLAN", "warmup"), self.query())
            case 2:
                return self.words(self.key("DESCRIBE"), self.pick(self.query(), "rsi", "add"))
            case 3:
                value = self.pick("on", "'a b'", "''", "x/y-z", "1.5", "America/New_York", "'a--b'")
                return self.words(self.key("SET"), self.pick("tz", "venue"), "=", value)
            case 4:
                word, *rest = self.pick(*OTHERS).split(" ", 1)
                return self.words(self.key(word), *rest)
            case _:
                return self.query()


OTHERS = [text for text, statement in statements() if not isinstance(statement, Query | Pipe)]
EXPRESSIONS = st.composite(lambda draw: Writer(draw).any_expression())()
SCRIPTS = st.composite(lambda draw: ";".join(Writer(draw).several(Writer(draw).statement)))()
quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(EXPRESSIONS)
def test_any_expression_round_trips(text: str) -> None:
    """The canonical form of an expression parses to the same tree, and is its own canonical form."""
    found = expression(text)
    canonical = format_expr(found)
    assert said(expression(canonical)) == said(found)
    assert format_expr(expression(canonical)) == canonical


@quick
@given(SCRIPTS)
def test_any_script_round_trips(text: str) -> None:
    """The canonical form of a script says the same as the script, and is its own canonical form."""
    found = parse(text)
    canonical = found.write()
    again = parse(canonical)
    assert said(again.statements) == said(found.statements)
    assert again.write() == canonical


PIECES = [
    "",
    ";",
    "(",
    ")",
    "'",
    '"',
    ".",
    "..",
    "--",
    "==",
    "@",
    "%",
    "1H",
    "FROM",
    " WEHRE ",
    "\x00",
    "é",
    "\n",
    "12a",
    ",",
    "|>",
    "{",
    "/*",
]


@quick
@given(
    SCRIPTS, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES)), min_size=1, max_size=4)
)
def test_any_text_is_read_or_refused(text: str, edits: list[tuple[float, int, str]]) -> None:
    """A broken script is told with places inside it, every fix is a change, and nothing else is ever raised."""
    for place, length, piece in edits:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    told = errors(text)
    for d in told:
        assert 0 <= d.span.start <= d.span.end <= len(text)
        assert d.is_error
        assert d.fix is None or text[d.fix.span.start : d.fix.span.end] != d.fix.text
    assert not told or render(told, text)


def errors(text: str) -> tuple[Diagnostic, ...]:
    """What is told about a text; empty if it parses."""
    try:
        parse(text)
    except QueryError as wrong:
        return wrong.diagnostics or (Diagnostic("E000", "an error that says nothing"),)
    return ()
