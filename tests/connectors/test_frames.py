"""What stands in frames, and in what unit its times are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapeql.connectors.frames import UNREADABLE, documents, is_code, printable, shown, sound
from tapeql.connectors.instants import epoch_us, rfc3339_us


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (b'{"a":1}', [{"a": 1}]),
        (b'[{"a":1},{"b":2}]', [{"a": 1}, {"b": 2}]),
        (b'{"a":1}{"b":2}', [{"a": 1}, {"b": 2}]),
        (b'\n {"a":1}\r\n{"b":2} ,[3,4]\n', [{"a": 1}, {"b": 2}, 3, 4]),
        (b"", []),
        (b"  ", []),
    ],
)
def test_all_documents_of_a_frame_are_found(frame: bytes, found: list[object]) -> None:
    """One, an array of them, or several in a row, however they are set apart."""
    assert list(documents(frame)) == found


def test_what_came_before_a_break_is_good() -> None:
    """A frame that breaks off gives its first documents, then raises."""
    reading = documents(b'{"a":1}{"b":')
    assert next(reading) == {"a": 1}
    with pytest.raises(UNREADABLE):
        next(reading)


@pytest.mark.parametrize("frame", [b"\xff", b"{", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000])
def test_what_cannot_be_read_raises_what_is_said(frame: bytes) -> None:
    """Bytes, depth, length: nothing else escapes."""
    with pytest.raises(UNREADABLE):
        list(documents(frame))


@pytest.mark.parametrize("frame", [b'{"p":0.10}', b'{"p":0.10}{"p":0.10}'])
def test_digits_are_kept_where_asked(frame: bytes) -> None:
    """A checksum needs the zero at the end."""
    assert {str(each["p"]) for each in documents(frame, Decimal)} == {"0.10"}


def test_levels_are_sound_when_they_are_numbers() -> None:
    """Finite and not negative."""
    assert sound([])
    assert sound([(1.0, 0.0), (1e300, 1e300)])
    for number in (float("nan"), float("inf"), float("-inf"), -1.0):
        assert not sound([(1.0, 1.0), (number, 1.0)])
        assert not sound([(1.0, number), (1.0, 1.0)])


@pytest.mark.parametrize("code", ["BTCUSDT", "BTC/USD", "币安人生USDT", "BRK.B"])
def test_codes_are_printable_text(code: str) -> None:
    """Whatever its alphabet."""
    assert is_code(code)


@pytest.mark.parametrize("code", ["", "A" * 65, "A\x00", "A\n", "\ud800", None, 7, ["A"]])
def test_what_no_store_could_hold_is_no_code(code: object) -> None:
    """Zero bytes, half characters, other types."""
    assert not is_code(code)


def test_what_goes_to_a_log_is_short_and_printable() -> None:
    """No line of a venue's can look like one of ours."""
    assert shown(b"a\nb\x00\xff" + b"x" * 200).isprintable()
    assert len(shown(b"\xff" * 200)) < 400
    assert printable("a\nb\x1b[31m\ud800") == "a?b?[31m?"


@pytest.mark.parametrize("value", [1_723_161_255, 1_723_161_255_000, 1_723_161_255_000_000, 1_723_161_255_000_000_999])
def test_the_unit_of_a_number_is_told_by_its_size(value: int) -> None:
    """Seconds, milliseconds, microseconds, nanoseconds: one instant."""
    assert epoch_us(value) == 1_723_161_255_000_000


@pytest.mark.parametrize("value", [0, -1, 10**11 - 1, 2**63, 10**400])
def test_numbers_that_are_no_time_are_refused(value: int) -> None:
    """Before 1970, and where nanoseconds leave 64 bits."""
    with pytest.raises(ValueError):
        epoch_us(value)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("2024-08-08T23:54:15Z", 1_723_161_255_000_000),
        ("2024-08-08T23:54:15.1Z", 1_723_161_255_100_000),
        ("2024-08-08T23:54:15.123456999Z", 1_723_161_255_123_456),
        ("2024-08-08T19:54:15.000001-04:00", 1_723_161_255_000_001),
    ],
)
def test_texts_of_times_are_floored_to_microseconds(text: str, us: int) -> None:
    """In any zone, with any number of digits."""
    assert rfc3339_us(text) == us


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2024-08-08T23:54:15",
        "2024-02-30T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_texts_that_are_no_time_are_refused(text: str) -> None:
    """Without a zone, on no day, before 1970, after 2262."""
    with pytest.raises(ValueError):
        rfc3339_us(text)
