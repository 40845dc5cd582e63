"""Names on disk."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.errors import DataError
from tapeql.storage.layout import (
    canonical_interval,
    decode,
    encode,
    folder,
    interval_us,
    partition_name,
    partition_span,
    partitions,
)

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=19)


@given(NAMES)
def test_encoding_is_reversible_and_stays_inside_its_folder(name: str) -> None:
    """Any name comes back, and as a path it is one plain component of printable ASCII."""
    encoded = encode(name)
    assert decode(encoded) == name
    assert PurePosixPath(encoded).parts == (encoded,)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert encoded[0] != "."
    assert encoded[-1] not in ". "


@given(NAMES, NAMES)
def test_two_names_never_share_a_folder(one: str, other: str) -> None:
    """Different names have different folders."""
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("btcUsdt", "btcUsdt"),
        ("BTC/USD", "BTC%2FUSD"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("CON", "%43ON"),
        ("con.x", "%63on.x"),
        ("BRK.B", "BRK.B"),
        ("ES=F", "ES%3DF"),
        ("50%", "50%25"),
        ("é", "%C3%A9"),
    ],
)
def test_known_names(name: str, expected: str) -> None:
    """Plain names are kept as they are; what a file system may misread is percent-encoded."""
    assert encode(name) == expected


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300])
def test_names_no_folder_can_have_are_refused(name: str) -> None:
    """An empty name, a NUL and a name too long raise DataError."""
    with pytest.raises(DataError):
        encode(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60m", "1h"), ("90m", "1h30m"), ("1h30m", "1h30m"), ("60s", "1m"), ("1d", "1d"), ("1mo", "1mo")],
)
def test_intervals_have_one_spelling(text: str, expected: str) -> None:
    """Equal lengths are stored under one name."""
    assert canonical_interval(text) == expected


@pytest.mark.parametrize("text", ["", "1M", "m", "1d12h", "0m", "1 h", "1x"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    """A wrong interval raises DataError; `1M` is told apart from a minute and a month."""
    with pytest.raises(DataError, match="month" if text == "1M" else None):
        canonical_interval(text)


@given(st.integers(-60_000_000_000_000_000, 250_000_000_000_000_000), st.sampled_from(["ticks", "1m", "1d"]))
def test_every_instant_lies_in_its_partition(ts_us: int, kind: str) -> None:
    """The span of the partition an instant is put into holds it, before 1970 too."""
    table, interval = ("ticks", "") if kind == "ticks" else ("ohlcv", kind)
    number = int(partitions(table, interval, np.array([ts_us], np.int64))[0])
    start, end = partition_span(table, interval, number)
    assert start <= ts_us < end
    assert str(np.datetime64(ts_us, "us")).startswith(partition_name(table, interval, number))


def test_folders_follow_the_layout() -> None:
    """Ticks and quotes lie under venue and symbol, candles also under their interval."""
    assert folder("ticks", "kraken", "BTC/USD", "") == "ticks/kraken/BTC%2FUSD"
    assert folder("ohlcv", "nyse", "SPY", "1m") == "ohlcv/nyse/SPY/1m"
    assert interval_us("1h30m") == 5_400_000_000
    assert interval_us("1mo") is None
