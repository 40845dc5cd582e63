"""The pacing rules of IBKR's history, on a clock of the test's own."""

from __future__ import annotations

import random

from tapeql.connectors.ibkr.pacing import BURST_S, IN_BURST, IN_WINDOW, PENALTY_S, SAME_S, WINDOW_S, Pacer


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_no_rule_is_broken() -> None:
    """Whatever is asked, as fast as allowed: no window of any rule ever holds more than its number."""
    clock, chance = Clock(), random.Random(3)
    pacer = Pacer(clock)
    asked: list[tuple[float, int, int]] = []
    for _ in range(400):
        about = chance.randrange(3)
        request = chance.randrange(40)
        while (wait_s := pacer.wait_s(about, (about, request))) > 0:
            clock.s += wait_s
        asked.append((clock.s, about, request))
        clock.s += chance.choice([0.0, 0.0, 0.01])
    for n, (at_s, about, request) in enumerate(asked):
        before = asked[: n + 1]
        at = at_s + 1e-6
        assert sum(each[0] > at - WINDOW_S for each in before) <= IN_WINDOW
        assert sum(each[0] > at - BURST_S and each[1] == about for each in before) <= IN_BURST
        assert sum(each[0] > at - SAME_S and each[1:] == (about, request) for each in before) == 1


def test_it_waits_no_longer_than_needed() -> None:
    """Different questions about different instruments go at once until the window is full."""
    clock = Clock()
    pacer = Pacer(clock)
    assert [pacer.wait_s(n, n) for n in range(IN_WINDOW)] == [0.0] * IN_WINDOW
    assert pacer.used == IN_WINDOW
    assert pacer.wait_s("next", "next") == WINDOW_S
    clock.s += WINDOW_S
    assert pacer.wait_s("next", "next") == 0.0
    assert pacer.used == 1


def test_the_same_question() -> None:
    """It may be repeated after a quarter of a minute."""
    clock = Clock()
    pacer = Pacer(clock)
    assert pacer.wait_s("AAPL", 1) == 0.0
    clock.s += 5
    assert pacer.wait_s("AAPL", 1) == SAME_S - 5
    assert pacer.wait_s("AAPL", 2) == 0.0


def test_a_complaint_silences_everything() -> None:
    """After TWS has complained, nothing is asked for a minute."""
    clock = Clock()
    pacer = Pacer(clock)
    pacer.too_fast()
    assert pacer.wait_s("AAPL", 1) == PENALTY_S
