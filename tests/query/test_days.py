"""Days that select rows: ON DAYS WHERE and the pipe."""

from __future__ import annotations

from tapeql.query.settings import Settings
from tapeql.query.text import expr_text
from tapeql.rows.nodes import Ticks
from tests.query.asking import ask, us, wrong
from tests.understood import Understood

DAY = 86_400_000_000


def days_of(query: Understood) -> Understood:
    assert query.days is not None
    return query.days


def condition(query: Understood) -> str:
    assert query.where is not None
    return expr_text(query.where)


def test_on_days_where() -> None:
    """The condition is on the regular 1d bars of the same symbols, zone and calendar."""
    query = ask(
        "CANDLES 5m FROM nasdaq:AAPL DURING 2025-02 TZ UTC SESSION premarket ON DAYS WHERE volume > 1 WHERE close > 2"
    )
    days = days_of(query)
    assert days.interval is not None
    assert days.interval.text == "1d"
    assert (days.symbols, days.zone, days.sessions, days.days) == (query.symbols, "UTC", (), None)
    assert condition(days) == "(volume > 1)"
    assert condition(query) == "(close > 2)"
    assert not query.across


def test_on_days_where_reaches_whole_days() -> None:
    """A day's bar may open before the range or after it; the range of the days has room for it."""
    query = ask("CANDLES 5m FROM nasdaq:AAPL DURING 2025-03-10T14:00Z .. 2025-03-10T15:00Z ON DAYS WHERE volume > 1")
    days = days_of(query)
    assert (query.start_us, query.end_us) == (us("2025-03-10T14:00"), us("2025-03-10T15:00"))
    assert days.start_us is not None
    assert days.end_us is not None
    assert days.start_us <= us("2025-03-10T14:00") - DAY
    assert days.end_us >= us("2025-03-10T15:00") + DAY
    assert days_of(ask("CANDLES 5m FROM nasdaq:AAPL ON DAYS WHERE volume > 1")).start_us is None


def test_keep_partial_keeps_today() -> None:
    """The day under way selects its bars only with KEEP partial."""
    text = "CANDLES 5m FROM nasdaq:AAPL ON DAYS WHERE volume > 1"
    assert not days_of(ask(text)).keep_partial
    assert days_of(ask(text + " KEEP partial")).keep_partial


def test_a_pipe_inherits() -> None:
    """The right of a pipe has the symbols, range, calendar and zone of its left."""
    query = ask(
        "DAYS FROM nasdaq:AAPL DURING last 1y TZ Europe/London CALENDAR XLON WHERE rvol(20) > 1 |> CANDLES 1h SESSION regular"
    )
    days = days_of(query)
    assert (query.symbols, query.start_us, query.end_us) == (days.symbols, days.start_us, days.end_us)
    assert (query.zone, query.calendar_of(query.symbols[0])) == ("Europe/London", "XLON")
    assert (days.sessions, len(query.sessions), query.where) == ((), 1, None)
    assert not query.across


def test_a_pipe_may_say_otherwise() -> None:
    """What the right says itself it does not inherit; other symbols are selected by date alone."""
    query = ask("DAYS FROM nasdaq:AAPL DURING 2025-01 |> CANDLES 1h FROM binance:BTCUSDT SINCE 2025-02 TZ UTC")
    assert (query.start_us, query.zone) == (us("2025-02-01T00:00"), "UTC")
    assert query.across
    fewer = ask("DAYS FROM nasdaq:AAPL, nyse:XXX DURING 2025-01 |> CANDLES 1h FROM nasdaq:AAPL")
    assert not fewer.across


def test_pipes_compose() -> None:
    """Days select days, which select rows."""
    query = ask("DAYS FROM nasdaq:AAPL WHERE volume > 1 |> DAYS WHERE gap_pct > 2 |> TICKS WHERE price > 3")
    assert isinstance(query.query.rows, Ticks)
    assert condition(days_of(query)) == "(gap_pct(open, close) > 2)"
    assert condition(days_of(days_of(query))) == "(volume > 1)"
    assert [str(s) for s in query.symbols] == ["nasdaq:AAPL"]


def test_a_pipe_and_on_days_where() -> None:
    """Both hold: the piped days select the days of the condition."""
    query = ask("DAYS FROM nasdaq:AAPL WHERE volume > 1 |> CANDLES 1h ON DAYS WHERE gap_pct > 2")
    assert condition(days_of(query)) == "(gap_pct(open, close) > 2)"
    assert condition(days_of(days_of(query))) == "(volume > 1)"


def test_pipes_that_cannot_be() -> None:
    """Only days select, and only rows within a day are selected."""
    assert wrong("CANDLES 1h FROM nasdaq:AAPL |> CANDLES 5m") == [("E207", "CANDLES 1h")]
    assert wrong("DAYS FROM nasdaq:AAPL |> CANDLES 1w") == [("E207", "CANDLES 1w")]
    assert wrong("DAYS FROM nasdaq:AAPL |> CANDLES 1d") == []
    assert wrong("DAYS FROM nasdaq:APL |> CANDLES 1h") == [("E103", "nasdaq:APL")]
    assert wrong("DAYS FROM nasdaq:AAPL DURING last 1d6h |> CANDLES 1h WHERE foo > 1") == [
        ("E203", "1d6h"),
        ("E101", "foo"),
    ]


def test_errors_of_day_conditions_are_told_once() -> None:
    """A mistake shared by a query and its days is one mistake."""
    assert wrong("CANDLES 1h FROM nasdaq:APL ON DAYS WHERE foo > 1") == [("E103", "nasdaq:APL"), ("E101", "foo")]


def test_settings_reach_the_days() -> None:
    """SET holds for every part of a sentence."""
    query = ask("DAYS FROM AAPL |> CANDLES 1h", Settings(venue="nasdaq", tz="UTC", engine="sql"))
    assert (query.zone, query.query.asked.settings.engine, days_of(query).zone) == ("UTC", "sql", "UTC")
