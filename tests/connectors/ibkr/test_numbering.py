"""Numbers of trades: the same from both doors, and unique."""

from __future__ import annotations

import random

import pytest

from tapeql.connectors.ibkr.numbering import SECONDS, UNREPORTED, Numbers

Said = tuple[int, str, bool]


def numbered(said: list[Said]) -> list[tuple[int, int, str]]:
    numbers = Numbers()
    return [(second, *numbers.next(second, f"{second}/{what}", reported=reported)) for second, what, reported in said]


def stream(seed: int) -> list[Said]:
    chance = random.Random(seed)
    return [(n // 5, chance.choice("ABC"), chance.random() < 0.8) for n in range(400)]


@pytest.mark.parametrize("seed", range(20))
def test_history_agrees_with_the_stream(seed: int) -> None:
    """What the history leaves out shifts the number of nothing that it has."""
    whole = stream(seed)
    live = [each for each, said in zip(numbered(whole), whole, strict=True) if said[2]]
    assert numbered([said for said in whole if said[2]]) == live


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_unique(seed: int) -> None:
    """No two trades of a second have one seq, and no two trades one id."""
    found = numbered(stream(seed))
    assert len({(second, seq) for second, seq, _ in found}) == len(found)
    assert len({trade_id for _, _, trade_id in found}) == len(found)


def test_a_page_from_any_second_gives_the_same_numbers() -> None:
    """Numbers depend on their second alone."""
    whole = stream(1)
    assert numbered(whole)[100:] == numbered(whole[100:])


def test_late_trades() -> None:
    """A trade of an earlier second goes on with that second; one of a forgotten second is refused."""
    numbers = Numbers()
    assert numbers.next(0, "A", reported=True) == (0, "A/0")
    assert numbers.next(1, "A", reported=False) == (UNREPORTED, "A/u0")
    assert numbers.next(0, "A", reported=True) == (1, "A/1")
    for second in range(2, SECONDS + 2):
        numbers.next(second, "A", reported=True)
    with pytest.raises(ValueError, match="too late"):
        numbers.next(0, "A", reported=True)
