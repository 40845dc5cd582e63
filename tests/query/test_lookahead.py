"""What looks ahead, and what SET strict refuses."""

from __future__ import annotations

import pytest

from tapeql.query.settings import Settings
from tapeql.words.lookahead import lookahead
from tests.query.asking import ask, noted, wrong

DAYS = "CANDLES 1h FROM nasdaq:AAPL SESSION regular ON DAYS WHERE "


def kinds(text: str) -> list[tuple[str, str]]:
    return [(use.kind, use.known_at) for use in lookahead(ask(text).query)]


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("CANDLES 1h FROM nasdaq:AAPL WHERE close > sma(20)", []),
        ("CANDLES 1h FROM nasdaq:AAPL FILL previous", []),
        ("CANDLES 1h FROM nasdaq:AAPL WHERE premarket.high < close AND gap_pct > 1", []),
        ("CANDLES 1h FROM nasdaq:AAPL WHERE close > avg(close) OVER 30m", []),
        ("CANDLES 1h FROM nasdaq:AAPL WHERE close > avg(close) OVER ALL", [("whole range", "the end of the range")]),
        ("CANDLES 1h FROM nasdaq:AAPL FILL linear", [("linear fill", "the next trade")]),
        ("CANDLES 1h FROM nasdaq:AAPL FILL close linear", [("linear fill", "the next trade")]),
        (DAYS + "premarket.spread_pct < 5bps", []),
        (DAYS + "gap_pct > 2", []),
        (DAYS + "open > close[1]", []),
        (DAYS + "rvol(20)[1] > 1", []),
        (DAYS + "rvol(20) > 1", [("own day", "the close of the day's session")]),
        (DAYS + "volume > avg(volume, 20)[1]", [("own day", "the close of the day's session")]),
        ("CANDLES 1h FROM nasdaq:AAPL ON DAYS WHERE gap_pct > 2", [("own day", "the regular open")]),
        ("CANDLES 1h FROM nasdaq:AAPL ON DAYS WHERE gap_pct[1] > 2", []),
        ("CANDLES 1d FROM nasdaq:AAPL ON DAYS WHERE rvol(20) > 1", []),
        ("DAYS FROM nasdaq:AAPL WHERE rvol(20) > 1", []),
        ("DAYS FROM nasdaq:AAPL WHERE rvol(20) > 1 |> DAYS WHERE gap_pct > 1", []),
        ("DAYS FROM nasdaq:AAPL WHERE rvol(20) > 1 |> TICKS", [("own day", "the close of the day's session")]),
    ],
)
def test_uses_of_the_future(text: str, uses: list[tuple[str, str]]) -> None:
    """Each use of the future is listed with when it is really known."""
    assert kinds(text) == uses


def test_the_question_asked_most() -> None:
    """Of its two conditions the spread is known at the open, the volume only at the close."""
    text = "CANDLES 1h FROM nasdaq:AAPL ON DAYS WHERE premarket.spread_pct < 0.05% AND volume > avg(volume, 20)[1]"
    assert kinds(text) == [("own day", "the regular open"), ("own day", "the close of the day's session")]
    assert noted(text) == ["N301", "N301"]


def test_strict_refuses() -> None:
    """With SET strict what was a note is an error, at the same place."""
    strict = Settings(strict=True)
    assert wrong(DAYS + "gap_pct > 2 AND rvol(20) > 1", strict) == [("E301", "rvol(20) > 1")]
    assert wrong("CANDLES 1h FROM nasdaq:AAPL ADD avg(close) OVER ALL AS m", strict) == [
        ("E301", "avg(close) OVER ALL")
    ]
    assert [code for code, _ in wrong("CANDLES 1h FROM nasdaq:AAPL FILL linear", strict)] == ["E301"]
    assert wrong(DAYS + "gap_pct > 2", strict) == []
