"""Sale conditions: what a trade counts for."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql import tapes

ALL, VOLUME, PRICES_ONCE, NOTHING = (True, True, True), (True, False, False), (True, True, False), (False, False, False)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        *((text, ALL) for text in (None, "", "null", "@", " ", "T", "FT", "@F", "6", "O", "5", "F K", "@,X", "E", "1")),
        *((text, VOLUME) for text in ("I", "FTI", "F I", "@,I", "C", "N T", "R", "7 V", "W", "H", "UI", "4 I", "4 B")),
        *((text, PRICES_ONCE) for text in ("4", "Z", "TP", "L", "G", "@4")),
        *((text, NOTHING) for text in ("M", "Q", "@ M", "9")),
    ],
)
def test_conditions_of_a_new_york_listing(conditions: str | None, expected: tuple[bool, bool, bool]) -> None:
    """Any one code that excludes is enough, wherever it stands."""
    rules = tapes.eligibility("nyse")
    assert rules is not None
    assert tapes.counts(rules, conditions) == expected


def test_a_closing_cross_counts_once() -> None:
    """The cross printed as 6 counts; the official close that repeats it as M does not."""
    rules = tapes.eligibility("nyse")
    assert rules is not None
    volume, high_low, open_close = tapes.flags(rules, pa.array(["6", "M"]))
    assert volume.tolist() == high_low.tolist() == open_close.tolist() == [True, False]


def test_the_two_tapes_differ_in_b() -> None:
    """B is an average price on tapes A and B, a bunched trade on tape C."""
    for venue, expected in (("nyse", VOLUME), ("ARCA", VOLUME), ("polygon", VOLUME), ("nasdaq", ALL)):
        rules = tapes.eligibility(venue)
        assert rules is not None
        assert tapes.counts(rules, "B") == expected


def test_numbered_conditions_are_codes() -> None:
    """`12,37` is extended hours and an odd lot, not the letters 1, 2, 3 and 7."""
    for venue in ("nyse", "nasdaq"):
        rules = tapes.eligibility(venue)
        assert rules is not None
        for numbers, letters in (
            ("12,37", "T,I"),
            ("14", "F"),
            ("15", "M"),
            ("37 14", "I"),
            ("2, 41, 10", "W4"),
            ("99", ""),
        ):
            assert tapes.counts(rules, numbers) == tapes.counts(rules, letters), (venue, numbers)
        assert tapes.counts(rules, "4") == tapes.counts(rules, "@4")


def test_other_venues_have_no_conditions() -> None:
    """Crypto, forex and other exchanges' trades all count."""
    assert [tapes.eligibility(venue) for venue in ("binance", "oanda", "lse", "somewhere_new")] == [None] * 4


@given(st.lists(st.none() | st.text("@ ,BFIMQTZ4679n", max_size=4)), st.sampled_from(["plain", "dictionary", "chunks"]))
def test_arrays_say_what_single_trades_say(texts: list[str | None], form: str) -> None:
    """Whatever the array's form, each trade gets the answer it would get alone."""
    array: pa.Array | pa.ChunkedArray = pa.array(texts, pa.string())
    if form == "dictionary":
        array = array.dictionary_encode()
    elif form == "chunks":
        array = pa.chunked_array([array.dictionary_encode(), array.slice(len(array) // 2).dictionary_encode()])
        texts = texts + texts[len(texts) // 2 :]
    for venue in ("nyse", "nasdaq"):
        rules = tapes.eligibility(venue)
        assert rules is not None
        found = tapes.flags(rules, array)
        assert [tuple(row) for row in zip(*(flag.tolist() for flag in found), strict=True)] == [
            tapes.counts(rules, text) for text in texts
        ]
