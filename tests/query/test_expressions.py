"""Names, types and operators of expressions."""

from __future__ import annotations

import datetime as dt

import pytest

from tapeql.query.nodes import Column, In, Type
from tapeql.query.settings import Settings
from tests.query.asking import ask, bad, column, noted, refused, where, wrong

# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("close > open", "(close > open)"),
        ("CLOSE > Open", "(close > open)"),
        ("spread_pct < 1", "(spread_pct < 1)"),
        ("premarket", "in.premarket"),
        ("NOT premarket OR regular", "((NOT in.premarket) OR in.regular)"),
        ("premarket.high < close", "(premarket.high < close)"),
        ("gap_pct > 1", "(day.gap_pct > 1)"),
        ("session = 'regular'", "(session = 'regular')"),
        ("premarket[1]", "in.premarket[1]"),
    ],
)
def test_names(condition: str, understood: str) -> None:
    """Names are columns of the row, session words, measures of a session, and gap_pct."""
    assert where(condition) == understood


def test_double_quotes_hold_names_not_strings() -> None:
    """A quoted column is that column; what is no column was meant as a string, and the fix says so."""
    assert where('"close" > open AND "premarket"."high" < 5') == "((close > open) AND (premarket.high < 5))"
    (told,) = refused('TICKS FROM binance:BTCUSDT WHERE side = "buy"')
    assert (told.code, told.fix.text if told.fix else "") == ("E006", "'buy'")


def test_session_words_on_a_market_that_never_closes() -> None:
    """They mean the reference calendar's sessions, and the result says so."""
    assert where("premarket", symbol="binance:BTCUSDT") == "in.premarket"
    assert noted("CANDLES 1h FROM binance:BTCUSDT WHERE premarket") == ["N101"]
    assert noted("CANDLES 1h FROM binance:BTCUSDT SESSION regular") == ["N101"]
    assert noted("CANDLES 1h FROM binance:BTCUSDT ADD premarket.high") == ["N101"]
    assert noted("CANDLES 1h FROM binance:BTCUSDT") == []
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE premarket") == []


def test_session_words_of_the_calendar() -> None:
    """A calendar without a pre-market has no such word, whatever the reference."""
    assert bad("premarket", symbol="lse:VOD") == [("E104", "premarket")]
    assert bad("premarket.high > 1", symbol="lse:VOD") == [("E104", "premarket.high")]
    assert where("regular", symbol="lse:VOD") == "in.regular"
    assert wrong("CANDLES 1h FROM binance:BTCUSDT WHERE premarket", Settings(calendar="XLON")) == [
        ("E104", "premarket")
    ]


@pytest.mark.parametrize("verb", ["CANDLES 1d", "CANDLES 2w", "DAYS"])
def test_no_long_bar_lies_inside_a_session(verb: str) -> None:
    """A session word on bars of a day or longer is E205, and says what to write."""
    assert bad("close > 1 AND premarket", verb) == [("E205", "premarket")]
    (diagnostic,) = refused(f"{verb} FROM nasdaq:AAPL WHERE premarket")
    assert any("SESSION premarket" in hint for hint in diagnostic.hints)
    assert any("premarket.high" in hint for hint in diagnostic.hints)
    assert where("premarket.high > 1", verb) == "(premarket.high > 1)"


def test_a_trade_of_a_long_bar_has_a_time_of_day() -> None:
    """What a day's bar lacks, each of its trades has."""
    assert bad("hour = 9", "CANDLES 1d") == [("E205", "hour")]
    assert wrong("CANDLES 1d FROM nasdaq:AAPL TICKS WHERE hour = 9") == []


def test_gap_pct_of_a_day_is_the_functions() -> None:
    """On bars of a day or longer gap_pct is that row's own."""
    assert where("gap_pct > 1", "DAYS") == "(gap_pct(open, close) > 1)"
    assert where("gap_pct > 1", "CANDLES 1w") == "(gap_pct(open, close) > 1)"


def test_days_begin_and_end() -> None:
    """`start` and `end` of a day are its bar's instants."""
    assert column("DAYS FROM nasdaq:AAPL", "start") == Column("ts", Type.INSTANT)
    assert column("DAYS FROM nasdaq:AAPL", "end") == Column("ts_close", Type.INSTANT)
    assert where("end > 2025-03-10T10:00Z", "DAYS").startswith("(ts_close > ")


def test_labelled_by_the_close() -> None:
    """With LABEL close, `ts` is the close wherever it is written."""
    text = "CANDLES 1h FROM nasdaq:AAPL LABEL close WHERE ts > 2025-03-10T10:00Z ORDER BY ts_open"
    query = ask(text)
    assert query.order[0].expr == Column("ts", Type.INSTANT)
    assert column(text, "ts") == Column("ts_close", Type.INSTANT)


@pytest.mark.parametrize(
    ("condition", "verb", "code", "place"),
    [
        ("clos > 1", "CANDLES 1h", "E101", "clos"),
        ("foo.high > 1", "CANDLES 1h", "E101", "foo.high"),
        ("premarket.hgih > 1", "CANDLES 1h", "E104", "premarket.hgih"),
        ("rvol > 1", "CANDLES 1h", "E101", "rvol"),
        ("volume > 1", "QUOTES", "E101", "volume"),
        ("close > 1", "TICKS", "E101", "close"),
        ("start > 2025-03-10", "CANDLES 1h", "E101", "start"),
    ],
)
def test_unknown_names(condition: str, verb: str, code: str, place: str) -> None:
    """A name nothing answers to is told where it stands."""
    assert bad(condition, verb) == [(code, place)]


def test_near_names() -> None:
    """The nearest name is the fix."""
    for condition, meant in (
        ("clos > 1", "close"),
        ("premarket.hgih > 1", "premarket.high"),
        ("premarkt", "premarket"),
    ):
        (diagnostic,) = refused(f"CANDLES 1h FROM nasdaq:AAPL WHERE {condition}")
        assert diagnostic.fix is not None
        assert diagnostic.fix.text == meant
    (function,) = refused("CANDLES 1h FROM nasdaq:AAPL WHERE rvol > 1")
    assert any("function" in hint for hint in function.hints)


def test_aliases_are_names() -> None:
    """What AS names may be used in every clause; a column of the row of that name wins."""
    query = ask("CANDLES 1h FROM nasdaq:AAPL ADD close - open AS body, macd() AS m WHERE body > 0 ORDER BY m_hist DESC")
    assert query.where is not None
    assert query.columns[-4].expr == query.where.left
    assert query.order[0].expr == query.columns[-1].expr
    assert wrong("CANDLES 1h FROM nasdaq:AAPL ADD b AS a, a AS b") == [("E101", "b"), ("E101", "a")]


# ── types ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ("close", "close"),
        ("close > 'a'", "close > 'a'"),
        ("session > 1", "session > 1"),
        ("close AND volume > 1", "close"),
        ("premarket > regular", "premarket > regular"),
        ("premarket + 1 > 2", "premarket"),
        ("-session = 'a'", "session"),
        ("ts = session_date", "ts = session_date"),
        ("ts > 5", "ts > 5"),
        ("session_date = 2025-03-10T10:00", "2025-03-10T10:00"),
        ("2025-03-10 < 2025-03-11", "2025-03-10 < 2025-03-11"),
        ("close > 5m", "close > 5m"),
        ("ts > 09:30", "ts > 09:30"),
        ("sma(session, 20) > 1", "session"),
        ("CASE WHEN close > 1 THEN 'a' ELSE 1 END = 'a'", "CASE WHEN close > 1 THEN 'a' ELSE 1 END"),
        ("session BETWEEN 1 AND 2", "session BETWEEN 1 AND 2"),
        ("session IN (1, 2)", "session IN (1, 2)"),
        ("session CROSSES close", "session"),
    ],
)
def test_types_that_do_not_fit(condition: str, place: str) -> None:
    """Unlike things are neither compared nor computed with: E201."""
    assert set(bad(condition)) == {("E201", place)}


def test_independent_errors_are_told_together() -> None:
    """One mistake does not hide the next, and is told once."""
    text = (
        "CANDLES 1h FROM nasdaq:APL DURING 2025-02-30 SESSION lunch "
        "WHERE clos > smaa(20) AND close[-1] > 'x' ADD foo ORDER BY bar LIMIT $n"
    )
    assert [code for code, _ in wrong(text)] == [
        "E108", "E103", "E404", "E101", "E102", "E206", "E101", "E101", "E104",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("close BETWEEN 1 AND 2", "((close >= 1) AND (close <= 2))"),
        ("close NOT BETWEEN 1 AND 2", "(NOT ((close >= 1) AND (close <= 2)))"),
        ("close IN (1, -2.5)", "(close IN (1, -2.5))"),
        ("close NOT IN (1, 2)", "(NOT (close IN (1, 2)))"),
        ("close IN (open, 2)", "((close = open) OR (close = 2))"),
        ("vwap IS NULL", "(vwap IS NULL)"),
        ("vwap IS NOT NULL", "(NOT (vwap IS NULL))"),
        ("close CROSSES ABOVE open", "((close > open) AND (close[1] <= open[1]))"),
        ("close CROSSES BELOW 5", "((close < 5) AND (close[1] >= 5))"),
        (
            "close CROSSES open",
            "(((close > open) AND (close[1] <= open[1])) OR ((close < open) AND (close[1] >= open[1])))",
        ),
        ("close[0] > 1", "(close > 1)"),
        ("close[3][2] > 1", "(close[3][2] > 1)"),
        ("NOT close > 1", "(NOT (close > 1))"),
        ("complete = TRUE", "(complete = true)"),
    ],
)
def test_operators(condition: str, understood: str) -> None:
    """Every operator is a few plain ones."""
    assert where(condition).lower() == understood.lower()


def test_case_has_one_type() -> None:
    """Numbers of both kinds are numbers, and what is not said is NULL of that type."""
    text = "CANDLES 1h FROM nasdaq:AAPL ADD CASE WHEN close > 1 THEN trades WHEN open > 1 THEN 1.5 END AS c"
    case = column(text, "c")
    assert case.type is Type.FLOAT
    assert case.otherwise.type is Type.FLOAT


def test_null_has_the_type_of_its_company() -> None:
    """A NULL compared with a text is a text; the comparison is never true, and a lint says so."""
    query = ask("CANDLES 1h FROM nasdaq:AAPL WHERE session = NULL")
    assert query.where is not None
    assert query.where.right.type is Type.STRING
    assert [d.code for d in query.notes] == ["W203"]


# ── dates in expressions ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("session_date = 2025-03-10", "(session_date = 2025-03-10)"),
        ("session_date = yesterday", "(session_date = 2025-03-11)"),
        ("2025-03-10 < session_date", "(session_date > 2025-03-10)"),
        ("session_date = 2025-W11", "((session_date >= 2025-03-10) AND (session_date < 2025-03-17))"),
        ("session_date != 2025-W11", "((session_date < 2025-03-10) OR (session_date >= 2025-03-17))"),
        ("session_date <= 2025-W11", "(session_date < 2025-03-17)"),
        ("session_date > 2025-W11", "(session_date >= 2025-03-17)"),
        ("session_date IN (2025-03-10, 2025-03-11)", "(session_date IN (2025-03-10, 2025-03-11))"),
        ("session_date = '2025-03-10'", "(session_date = 2025-03-10)"),
        (
            "session_date BETWEEN 2025-03-01 AND '2025-03'",
            "((session_date >= 2025-03-01) AND (session_date < 2025-04-01))",
        ),
        ("ts >= 2025-03-10T10:00Z", "(ts >= 2025-03-10T10:00:00Z)"),
        ("ts < now", "(ts < 2025-03-12T15:00:00Z)"),
        ("ts >= 2025-03-10", "(ts >= 2025-03-10T04:00:00Z)"),
        ("ts > 2025-03-10", "(ts >= 2025-03-11T04:00:00Z)"),
        ("ts = 2025-03-10", "((ts >= 2025-03-10T04:00:00Z) AND (ts < 2025-03-11T04:00:00Z))"),
        ("ts_close <= 2025-03-10", "(ts_close < 2025-03-11T04:00:00Z)"),
    ],
)
def test_dates(condition: str, understood: str) -> None:
    """A date is compared by its whole span, an instant by itself."""
    assert where(condition) == understood


def test_text_that_is_no_date() -> None:
    """Text compared with an instant must be a date."""
    assert bad("ts > 'soon'") == [("E404", "'soon'")]


# ── parameters ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("condition", "value", "understood"),
    [
        ("volume > $x", 5, "(volume > 5)"),
        ("volume > $x", 2.5, "(volume > 2.5)"),
        ("volume > -$x", 2.5, "(volume > -2.5)"),
        ("session = $x", "regular", "(session = 'regular')"),
        ("session_date >= $x", dt.date(2025, 3, 10), "(session_date >= 2025-03-10)"),
        ("session_date >= $x", "2025-03-10", "(session_date >= 2025-03-10)"),
        ("ts >= $x", dt.datetime(2025, 3, 10, 9, 30), "(ts >= 2025-03-10T13:30:00Z)"),
        ("close > sma($x)", 20, "(close > sma(close, 20))"),
    ],
)
def test_parameters(condition: str, value: object, understood: str) -> None:
    """A parameter stands for the value bound to it."""
    assert where(condition, x=value) == understood


def test_numpy_values_are_numbers() -> None:
    """Numbers of numpy and decimals are numbers."""
    from decimal import Decimal

    import numpy as np

    for value in (np.int64(5), np.float64(5), np.float32(5), Decimal(5)):
        assert where("volume > $x", x=value) in ("(volume > 5)", "(volume > 5.0)")


def test_parameters_and_their_values_meet() -> None:
    """A missing parameter and one that the query does not have are both E108, before anything runs."""
    text = "CANDLES 1h FROM nasdaq:AAPL SINCE $a WHERE volume > $b LIMIT $c"
    assert wrong(text, c=5, d=6) == [("E108", "$a"), ("E108", "$b"), ("E108", text)]
    assert wrong("CANDLES 1h FROM nasdaq:AAPL WHERE volume > $b", b=[1]) == [("E108", "$b")]
    assert wrong("CANDLES 1h FROM nasdaq:AAPL WHERE volume > $b", b="x") == [("E201", "volume > $b")]
    assert wrong("CANDLES 1h FROM nasdaq:AAPL WHERE volume > $b", b=float("nan")) == [("E201", "$b")]


def test_equal_expressions_are_one() -> None:
    """Where an expression stands makes no difference to what it is."""
    query = ask("CANDLES 1h FROM nasdaq:AAPL WHERE sma(20) > 1 OR sma(close, 20) < 0")
    assert query.where is not None
    first, second = query.where.items
    assert first.left == second.left


def test_in_a_list_is_one_node() -> None:
    """A list of constants stays a list."""
    found = ask("CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct IN (0.05%, 5bps)").where
    assert isinstance(found, In)
    assert [item.value for item in found.items] == [0.05, 0.05]


def test_a_number_too_large() -> None:
    """A number beyond doubles is refused, beyond 64 bits it is a double."""
    assert bad("volume > $x", x=10**400) == [("E201", "$x")]
    assert bad("volume > 100000000000000000000") == []


def test_a_parameter_says_how_far_back() -> None:
    """`[$n]` is bound like any other, to a whole number of rows that lie before."""
    assert where("close > close[$n]", n=3) == "(close > close[3])"
    assert where("close > close[$n]", n=0) == "(close > close)"
    assert bad("close > close[$n]", n=-1) == [("E206", "close[$n]")]
    for n in (1.5, True, "3", None):
        assert bad("close > close[$n]", n=n) == [("E208", "close[$n]")]
    assert [code for code, _ in bad("close > close[$n]")] == ["E108"]
