"""The oracle itself, against answers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tapeql.language.parse import parse
from tapeql.query.settings import Settings
from tapeql.words.resolve import resolve
from tests.oracle.answer import answer
from tests.oracle.tape import Recorded, Row, Tape
from tests.understood import Understood


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def trade(when: str, price: float, quantity: float = 1.0, seq: int = 0) -> Row:
    return {
        "ts": us(when), "seq": seq, "price": price, "quantity": quantity, "side": None, "trade_id": None,
        "buyer_maker": None, "conditions": None, "market": None,
    }  # fmt: skip


def quote(when: str, bid: float | None, ask: float | None) -> Row:
    return {"ts": us(when), "seq": 0, "bid": bid, "bid_size": None, "ask": ask, "ask_size": None, "market": None}


class Stored:
    """What resolve asks of a store."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def symbols(self) -> Sequence[tuple[str, str]]:
        return sorted(self.tape.symbols)


def ask(text: str, recorded: Recorded, now: str = "2025-06-01", symbol: tuple[str, str] = ("nyse", "XXX")) -> list[Any]:
    """The rows of a query with one SELECTed column as a plain list, of several as tuples."""
    tape = Tape({symbol: recorded}, us(now))
    (statement,) = parse(text).statements
    rows = answer(Understood(resolve(statement, Stored(tape), Settings(), {}, tape.now_us, text)), tape)
    return [row[0] if len(row) == 1 else row for row in rows]


def test_open_and_close_are_decided_by_ts_and_seq() -> None:
    """Of two trades at one instant the first in source order is the open."""
    recorded = Recorded([trade("2025-03-10T14:00", 5.0), trade("2025-03-10T14:00", 7.0, seq=1)])
    assert ask("CANDLES 1h FROM nyse:XXX SELECT open, close, high, low", recorded) == [(5.0, 7.0, 7.0, 5.0)]


def test_hours_start_at_the_session_open() -> None:
    """Regular hours of New York begin at 13:30Z in summer, and the last bar of the day is half an hour."""
    recorded = Recorded([trade("2025-03-10T13:30", 5.0), trade("2025-03-10T19:59", 6.0)])
    rows = ask("CANDLES 1h FROM nyse:XXX SELECT ts, ts_close", recorded)
    assert rows == [
        (us("2025-03-10T13:30"), us("2025-03-10T14:30")),
        (us("2025-03-10T19:30"), us("2025-03-10T20:00")),
    ]


def test_a_day_of_25_hours_has_25_hourly_bars() -> None:
    """Time inside a day is elapsed time."""
    recorded = Recorded([trade(f"2025-11-0{2 + h // 24}T{h % 24:02}:00", 1.0) for h in range(48)])
    text = "CANDLES 1h FROM binance:B DURING 2025-11-02 TZ America/New_York SELECT ts"
    assert len(ask(text, recorded, "2025-12-01", ("binance", "B"))) == 25


def test_spread_is_weighted_by_time_and_crossed_quotes_do_not_stand() -> None:
    """Half an hour of 1 and a quarter of 3 make 5/3; the crossed quarter is left out with its time."""
    recorded = Recorded(
        [trade("2025-03-10T14:00", 10.0)],
        [quote("2025-03-10T13:40", 9, 10), quote("2025-03-10T14:00", 8, 11), quote("2025-03-10T14:15", 12, 11)],
    )
    (spread,) = ask("CANDLES 1h FROM nyse:XXX SELECT spread", recorded)
    assert abs(spread - (20 * 1 + 15 * 3) / 35) < 1e-15


def test_a_quote_of_yesterday_does_not_prevail_today() -> None:
    """A closed market ends the life of a quote."""
    recorded = Recorded([trade("2025-03-11T14:00", 10.0)], [quote("2025-03-10T19:00", 9, 10)])
    assert ask("CANDLES 1h FROM nyse:XXX SELECT spread", recorded) == [None]


def test_a_session_measure_is_known_once_the_session_has_closed() -> None:
    """The high of the pre-market is NULL in the pre-market."""
    recorded = Recorded(
        [trade("2025-03-10T12:00", 8.0), trade("2025-03-10T13:00", 9.0), trade("2025-03-10T14:00", 7.0)]
    )
    assert ask("CANDLES 1h FROM nyse:XXX SELECT premarket.high", recorded) == [None, None, 9.0]


def test_fill_carries_the_last_close_inside_an_open_market() -> None:
    """Empty slots get flat bars; the night does not."""
    recorded = Recorded([trade("2025-03-10T22:30", 5.0), trade("2025-03-11T13:30", 6.0)])
    rows = ask("CANDLES 1h FROM nyse:XXX FILL previous SELECT ts, close, volume, filled", recorded, "2025-03-11T14:00")
    assert rows == [(us("2025-03-10T22:00"), 5.0, 1.0, False), (us("2025-03-10T23:00"), 5.0, 0, True)]


def test_days_look_back_over_days_that_have_data() -> None:
    """A gap is measured from the last day that traded, a weekend and a silent day before."""
    recorded = Recorded([trade("2025-03-07T15:00", 10.0), trade("2025-03-11T15:00", 11.0)])
    rows = ask("DAYS FROM nyse:XXX WHERE gap_pct > 9", recorded)
    assert [row[2:5] for row in rows] == [(20158, us("2025-03-11T13:30"), us("2025-03-11T20:00"))]


def test_where_passes_on_true_alone() -> None:
    """A comparison with NULL is neither true nor, with NOT, false."""
    recorded = Recorded([trade("2025-03-10T14:00", 5.0), trade("2025-03-10T15:00", 6.0)])
    for condition in ("close > close[1]", "NOT (close <= close[1])"):
        assert ask(f"CANDLES 1h FROM nyse:XXX WHERE {condition} SELECT close", recorded) == [6.0]


def test_windows_see_rows_before_the_range() -> None:
    """A range cuts what is shown, not what is computed."""
    recorded = Recorded([trade("2025-03-10T14:00", 5.0), trade("2025-03-11T14:00", 7.0)])
    assert ask("CANDLES 1d FROM nyse:XXX DURING 2025-03-11 SELECT sma(2)", recorded) == [6.0]


def test_an_unfinished_bar_is_left_out() -> None:
    """Only KEEP partial shows the bar that now lies in."""
    recorded = Recorded([trade("2025-03-10T14:00", 5.0), trade("2025-03-10T15:00", 6.0)])
    text = "CANDLES 1h FROM nyse:XXX SELECT close"
    assert ask(text, recorded, "2025-03-10T15:10") == [5.0]
    assert ask(f"{text} KEEP partial", recorded, "2025-03-10T15:10") == [5.0, 6.0]
