"""Which trades are missing: whatever a feed does, every id is stored once or declared, at every moment."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tapeql.collect.trades import ANEW, ANEW_US, TOO_OLD, ContiguousTrades, KeyedTrades
from tapeql.connectors.events import Gap, Kept, Trade, Void

FIRST = 100


def trade(seq: int, ts_us: int | None = None, trade_id: str | None = None) -> Trade:
    return Trade("binance", "BTCUSDT", trade_id or str(seq), seq, ts_us or seq * 1000, 0, 1.0, 1.0, "buy")


def stored(kept: Sequence[Kept]) -> list[int]:
    return [each.seq for each in kept if isinstance(each, Trade)]


def declared(kept: Sequence[Kept], newest: int) -> set[int]:
    """The ids that the newest record of each gap says are missing."""
    records = {each.gap_id: each for each in kept if isinstance(each, Gap)}
    missing: set[int] = set()
    for gap in records.values():
        if gap.filled_us is None:
            assert gap.from_id is not None
            first = gap.from_id if gap.filled_to_id is None else gap.filled_to_id + 1
            missing |= set(range(first, (newest if gap.to_id is None else gap.to_id) + 1))
    return missing


def check(kept: Sequence[Kept]) -> None:
    """Each id up to the newest stored one is stored exactly once or declared, never both."""
    ids = stored(kept)
    assert len(ids) == len(set(ids))
    if ids:
        newest = max(ids)
        missing = {seq for seq in declared(kept, newest) if seq <= newest}
        assert set(ids) | missing == set(range(min(ids), newest + 1))
        assert not set(ids) & missing


steps = st.lists(
    st.one_of(
        st.tuples(st.just("live"), st.integers(0, 4), st.integers(0, 3)),
        st.tuples(st.just("again"), st.integers(1, 30), st.just(0)),
        st.tuples(st.just("lost"), st.just(0), st.just(0)),
        st.tuples(st.just("history"), st.integers(0, 40), st.integers(1, 25)),
        st.tuples(st.just("restart"), st.integers(0, 5), st.just(0)),
    ),
    max_size=60,
)


@given(steps)
def test_every_id_is_stored_once_or_declared(script: list[tuple[str, int, int]]) -> None:
    """At every moment, also after a restart from what a cut-off journal holds."""
    trades, kept, happened = ContiguousTrades("binance", "BTCUSDT"), list[Kept](), FIRST
    for what, a, b in script:
        match what:
            case "live":
                # `a` trades never arrive, then some do, the last `b` of them in the wrong order.
                arriving = list(range(happened + a, happened + a + b + 1))
                happened = arriving[-1] + 1
                for seq in reversed(arriving):
                    kept += trades.live(trade(seq))
                    check(kept)
            case "again":
                kept += trades.live(trade(max(FIRST, happened - a))) if trades.next is not None else []
            case "lost":
                kept += trades.lost("outage")
            case "history":
                missing = trades.missing()
                if missing and missing[0].next_id is not None:
                    start = missing[0].next_id + a // 20
                    kept += trades.history([trade(seq) for seq in range(start, min(happened, start + b))])
            case "restart":
                # The journal may have lost its end: whole frames, never a part of one answer.
                ids = stored(kept)
                newest = trade(max(ids)) if ids else None
                records = list({each.gap_id: each for each in kept if isinstance(each, Gap)}.values())
                trades = ContiguousTrades("binance", "BTCUSDT")
                trades.restore(newest, records)
                kept += trades.lost("restart")
        check(kept)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.data())
def test_history_fills_every_hole(losses: list[int], data: st.DataObject) -> None:
    """Once history has been read, every id is stored and no gap is left."""
    trades, kept, seq = ContiguousTrades("binance", "BTCUSDT"), list[Kept](), FIRST
    kept += trades.live(trade(seq))
    for lost in losses:
        if data.draw(st.booleans()):
            kept += trades.lost("outage")
        seq += lost + 1
        kept += trades.live(trade(seq))
    while trades.missing():
        hole = trades.missing()[0]
        assert hole.next_id is not None
        size = data.draw(st.integers(1, 10))
        kept += trades.history([trade(n) for n in range(hole.next_id, min(hole.next_id + size, seq + 1))])
        check(kept)
    assert sorted(stored(kept)) == list(range(FIRST, seq + 1))


def test_an_outage_without_trades_is_no_loss() -> None:
    """The first trade after an outage has the next id: the gap closes as filled."""
    trades = ContiguousTrades("binance", "BTCUSDT")
    trades.live(trade(5))
    (gap,) = trades.lost("outage")
    assert isinstance(gap, Gap)
    assert (gap.from_id, gap.to_id, gap.until_us) == (6, None, None)
    closed, _ = trades.live(trade(6))
    assert isinstance(closed, Gap)
    assert closed.filled_us == 6000
    assert trades.missing() == []


def test_a_gap_is_recorded_before_the_trade_that_shows_it() -> None:
    """A journal cut between the two holds neither."""
    trades = ContiguousTrades("binance", "BTCUSDT")
    trades.live(trade(5))
    gap, shown = trades.live(trade(9))
    assert isinstance(gap, Gap)
    assert (gap.from_id, gap.to_id) == (6, 8)
    assert isinstance(shown, Trade)


def test_a_repeated_trade_says_nothing_of_an_open_hole_before_it() -> None:
    """The store has later trades from elsewhere; the hole before them is missing still."""
    trades = ContiguousTrades("kraken", "BTC/USD")
    trades.restore(trade(900), [Gap("kraken", "BTC/USD", "trades:100", "trades", 1, None, 100, None, "stopped")])
    assert trades.live(trade(890)) == [trade(890)]
    gap, _ = trades.live(trade(910))
    assert isinstance(gap, Gap)
    assert (gap.from_id, gap.to_id, gap.filled_to_id) == (100, 909, None)


def test_two_open_holes_are_one_after_the_other() -> None:
    """Each of two collectors left one behind: both end."""
    first, second = (Gap("v", "S", f"trades:{n}", "trades", n, None, n, None, "stopped") for n in (100, 200))
    trades = ContiguousTrades("v", "S")
    trades.restore(trade(300), [second, first])
    trades.live(trade(310))
    assert [(hole.from_id, hole.to_id) for hole in trades.missing()] == [(100, 199), (200, 309)]


def test_what_was_given_up_stays_so_after_a_restart() -> None:
    gap = Gap("binance", "BTCUSDT", "trades:1", "trades", 1, 9, 1, 9, TOO_OLD)
    trades = ContiguousTrades("binance", "BTCUSDT")
    trades.restore(trade(50), [gap])
    assert trades.missing() == []


def test_nothing_is_left_of_a_hole_that_ended_before_the_horizon() -> None:
    trades = ContiguousTrades("binance", "BTCUSDT")
    kept = [*trades.live(trade(5)), *trades.lost("outage"), *trades.live(trade(9))]
    (given_up,) = trades.skip_to(trades.missing()[0], 9, 9000, TOO_OLD)
    assert isinstance(given_up, Gap)
    assert (given_up.from_id, given_up.to_id, given_up.reason) == (6, 8, TOO_OLD)
    assert trades.missing() == []
    check([*kept, given_up])


def test_ids_that_begin_anew_are_declared_once() -> None:
    """A store knows trades by their ids: what comes with ids of before cannot be kept, but is not passed over."""
    trades = ContiguousTrades("binance", "BTCUSDT")
    trades.live(trade(1000))
    assert trades.live(trade(1, ts_us=1_000_000 + ANEW_US)) == []
    (gap,) = trades.live(trade(2, ts_us=1_000_001 + ANEW_US))
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.until_us) == (ANEW, None)
    assert trades.live(trade(3, ts_us=2_000_000 + ANEW_US)) == []
    stepped = ContiguousTrades("binance", "BTCUSDT")
    stepped.live(trade(1000, ts_us=2 * ANEW_US))
    stepped.live(trade(1001, ts_us=1))
    assert stepped.live(trade(1000, ts_us=2 * ANEW_US)) == [], "a clock that was set back is no new numbering"
    again = ContiguousTrades("binance", "BTCUSDT")
    again.restore(trade(1000), [gap])
    assert again.missing() == []
    assert again.live(trade(4, ts_us=3_000_000 + ANEW_US)) == []


def test_what_a_venue_tells_late_belongs_to_an_outage() -> None:
    """A trade may have been made before the outage in which it was told, or before the one that ended it."""
    trades = KeyedTrades("alpaca", "AAPL", late_us=10_000)
    trades.live(trade(100))
    trades.lost("outage")
    trades.live(trade(120))
    (hole,) = trades.missing()
    assert (hole.from_us, hole.next_us, hole.until_us) == (100_000, 90_000, 120_000)
    assert stored(trades.history([trade(seq) for seq in (89, 90, 99, 100, 110, 120, 130, 131)])) == [90, 99, 110, 130]


def test_void_ids_are_no_holes() -> None:
    """An id that was no trade of the market is passed over and not stored."""
    trades = ContiguousTrades("binanceusdm", "BTCUSDT")
    kept = [*trades.live(trade(5)), *trades.live(Void("BTCUSDT", 6)), *trades.live(trade(7))]
    assert stored(kept) == [5, 7]
    assert not [each for each in kept if isinstance(each, Gap)]


def test_history_beyond_a_hole_is_left_to_the_live_feed() -> None:
    """REST may be ahead of the feed; what it tells of the present is not a trade twice."""
    trades = ContiguousTrades("binance", "BTCUSDT")
    trades.live(trade(5))
    trades.live(trade(8))
    kept = trades.history([trade(6), trade(7), trade(8), trade(9), trade(10)])
    assert stored(kept) == [6, 7]
    assert stored(trades.live(trade(9))) == [9]


def test_the_horizon_gives_up_only_what_is_too_old() -> None:
    """What lies before the horizon stays declared with its reason, the rest is filled."""
    trades = ContiguousTrades("binance", "BTCUSDT")
    kept = [*trades.live(trade(5)), *trades.lost("outage")]
    kept += trades.skip_to(trades.missing()[0], 50, 50_000, "too old")
    kept += trades.history([trade(seq) for seq in range(50, 60)])
    kept += trades.live(trade(60))
    assert stored(kept) == [5, *range(50, 61)]
    assert declared(kept, 60) == set(range(6, 50))
    check(kept)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=60))
def test_keyed_trades_are_stored_once(script: list[tuple[int, bool]]) -> None:
    """Ids that are only unique: repetitions are dropped, an outage is a stretch of time that history fills."""
    trades, kept = KeyedTrades("alpaca", "AAPL"), list[Kept]()
    newest = 0
    for n, outage in script:
        if outage:
            kept += trades.lost("outage")
        newest = max(newest, n)
        kept += trades.live(trade(n, trade_id=f"2024-05-01/V/{n}"))
    ids = [each.trade_id for each in kept if isinstance(each, Trade)]
    assert len(ids) == len(set(ids))
    for hole in list(trades.missing()):
        page = [trade(n, trade_id=f"2024-05-01/V/{n}") for n in range(hole.from_us // 1000, newest + 1)]
        kept += trades.history(page)
        kept += trades.exhausted(hole, None)
    assert all(hole.until_us is None for hole in trades.missing())
    ids = [each.trade_id for each in kept if isinstance(each, Trade)]
    assert len(ids) == len(set(ids))
