"""Which clauses fit which verb, and what they become."""

from __future__ import annotations

import pytest

from tapeql.query.nodes import Align, Column, Fill, Limit, SessionSpec, Type
from tests.query.asking import ask, refused, wrong

FROM = "FROM nasdaq:AAPL"


@pytest.mark.parametrize(
    ("verb", "clause"),
    [
        ("TICKS", "FILL previous"),
        ("QUOTES", "FILL previous"),
        ("DAYS", "FILL previous"),
        ("TICKS", "ALIGN epoch"),
        ("DAYS", "ALIGN 09:30"),
        ("CANDLES 1d", "ALIGN epoch"),
        ("CANDLES 1w", "OFFSET 30m"),
        ("QUOTES", "OFFSET 30m"),
        ("DAYS", "LABEL close"),
        ("TICKS", "LABEL close"),
        ("TICKS", "KEEP partial"),
        ("QUOTES", "KEEP partial"),
        ("QUOTES", "TICKS WHERE price > 1"),
        ("CANDLES 1w", "ON DAYS WHERE close > 1"),
        ("CANDLES 2d", "ON DAYS WHERE close > 1"),
    ],
)
def test_clauses_that_do_not_fit(verb: str, clause: str) -> None:
    """A clause that means nothing for a verb is E207 at the clause."""
    assert wrong(f"{verb} {FROM} {clause}") == [("E207", clause)]


@pytest.mark.parametrize(
    ("verb", "clause"),
    [
        ("CANDLES 1d", "FILL previous"),
        ("CANDLES 1d", "LABEL close"),
        ("CANDLES 1d", "ON DAYS WHERE close > 1"),
        ("DAYS", "KEEP partial"),
        ("DAYS", "SESSION premarket"),
        ("DAYS", "TICKS WHERE price > 1"),
        ("DAYS", "ON DAYS WHERE close > 1"),
        ("TICKS", "TICKS WHERE price > 1"),
        ("TICKS", "ON DAYS WHERE close > 1"),
        ("QUOTES", "ON DAYS WHERE close > 1"),
        ("TICKS", "WARMUP 10"),
    ],
)
def test_clauses_that_fit(verb: str, clause: str) -> None:
    """The rest fits."""
    assert wrong(f"{verb} {FROM} {clause}") == []


def test_add_and_select_exclude_each_other() -> None:
    """ADD appends, SELECT replaces."""
    assert wrong(f"CANDLES 1h {FROM} ADD sma(20) SELECT close") == [("E207", "SELECT close")]


@pytest.mark.parametrize(
    ("clauses", "align"),
    [
        ("", Align()),
        ("ALIGN session", Align()),
        ("ALIGN epoch", Align("epoch")),
        ("ALIGN 09:30", Align("time", 34_200_000_000)),
        ("OFFSET 30m", Align("session", 0, 1_800_000_000)),
        ("ALIGN 7:15 OFFSET 10s", Align("time", 26_100_000_000, 10_000_000)),
    ],
)
def test_align(clauses: str, align: Align) -> None:
    """The anchors of intraday bars."""
    assert ask(f"CANDLES 1h {FROM} {clauses}").align == align


@pytest.mark.parametrize(
    ("clause", "sessions"),
    [
        ("SESSION premarket, regular", (SessionSpec("premarket"), SessionSpec("regular"))),
        ("SESSION Regular, regular", (SessionSpec("regular"),)),
        ("SESSION 08:00..16:30 OF xlon", (SessionSpec("08:00..16:30", "XLON", 28_800_000_000, 59_400_000_000),)),
        ("SESSION 9:30 .. 09:30:30.5", (SessionSpec("09:30..09:30:30.5", None, 34_200_000_000, 34_230_500_000),)),
    ],
)
def test_sessions(clause: str, sessions: tuple[SessionSpec, ...]) -> None:
    """Sessions by name or by local times, each once."""
    assert ask(f"CANDLES 1h {FROM} {clause}").sessions == sessions


@pytest.mark.parametrize(
    ("clause", "code", "place"),
    [
        ("SESSION premarkt", "E104", "premarkt"),
        ("SESSION 16:00..16:00", "E401", "16:00..16:00"),
        ("SESSION 09:30..16:00 OF XYZ", "E105", "09:30..16:00 OF XYZ"),
        ("LIMIT $n", "E208", "LIMIT $n"),
        ("OFFSET 1mo", "E203", "1mo"),
        ("FILL foo previous", "E101", "foo previous"),
        ("FILL close previous, close zero", "E109", "close zero"),
        ("FILL previous MAX 0", "E208", "FILL previous MAX 0"),
    ],
)
def test_clauses_that_cannot_be(clause: str, code: str, place: str) -> None:
    """Mistakes inside clauses have their place."""
    params = {"n": -1} if "$n" in clause else {}
    assert wrong(f"CANDLES 1h {FROM} {clause}", **params) == [(code, place)]


def methods(clause: str) -> dict[str, str]:
    fill = ask(f"CANDLES 1h {FROM} {clause}").fill
    assert isinstance(fill, Fill)
    return dict(fill.methods)


def test_fill() -> None:
    """A method for all, for some, or one after the other; columns not named are NULL."""
    prices = ("open", "high", "low", "close")
    for method, price in (("previous", "previous"), ("zero", "null"), ("linear", "linear")):
        assert methods(f"FILL {method}") == {
            **dict.fromkeys(prices, price),
            "volume": "zero",
            "trades": "zero",
            "vwap": "null",
        }
    assert set(methods("FILL null").values()) == {"null"}
    some = methods("FILL close previous, volume zero")
    assert some == {
        **dict.fromkeys(prices, "null"),
        "close": "previous",
        "volume": "zero",
        "trades": "null",
        "vwap": "null",
    }
    assert methods("FILL volume null, previous")["volume"] == "null"
    assert ask(f"CANDLES 1h {FROM} FILL previous MAX 5").fill.max_rows == 5


def test_limit_keep_warmup() -> None:
    """The small clauses."""
    query = ask(f"CANDLES 1h {FROM} LIMIT $n PER symbol KEEP partial WARMUP 500", n=7)
    assert query.limit == Limit(7, (Column("exchange", Type.STRING), Column("symbol", Type.STRING)))
    assert query.keep_partial
    assert query.warmup_rows == 500
    assert ask(f"CANDLES 1h {FROM} WARMUP none").warmup_rows == 0
    plain = ask(f"CANDLES 1h {FROM}")
    assert (plain.limit, plain.keep_partial, plain.warmup_rows, plain.fill) == (None, False, None, None)


def calendar(clause: str) -> str:
    query = ask(f"CANDLES 1h {FROM}{clause}")
    return query.calendar_of(query.symbols[0])


def test_calendar() -> None:
    """CALENDAR overrides the venue's, by its own name or a venue's, in any case."""
    assert calendar("") == "XNAS"
    assert calendar(" CALENDAR xlon") == "XLON"
    assert calendar(" CALENDAR '24x7'") == "24x7"


def test_a_query_keeps_its_text() -> None:
    """The canonical form has one order of clauses, whatever the written one."""
    first = ask(f"candles 60m where close>1 {FROM}")
    second = ask(f"CANDLES 60m {FROM} WHERE close > 1")
    assert first.canonical == second.canonical
    assert first.source != second.source


def test_the_first_sentence() -> None:
    """The sentence that must always work is understood whole."""
    text = "CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct<0.05 AND close > sma(20)"
    query = ask(text)
    assert [d.code for d in query.notes] == ["N101"]
    assert query.columns[-1].name == "spread_pct"
    assert refused(text) == ()
