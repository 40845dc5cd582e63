"""Instants as people write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.errors import DataError
from tapeql.storage.importers.instants import InstantReader, close_to_open
from tests.tapes import us


def read(values: list[Any] | pa.Array, unit: str | None = None, zone: str = "UTC") -> list[int | str]:
    """Microseconds, or why there is none."""
    column = values if isinstance(values, pa.Array) else pa.array(values)
    instants, faults = InstantReader(unit, zone).read(column)
    out: list[int | str] = [int(value) for value in instants]
    for fault in faults:
        out[fault.row] = fault.kind
    return out


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1625097621.647", "s", 1625097621647000),
        ("1625097621.6479999", "s", 1625097621647999),
        ("1625097621.64799999999999", "s", 1625097621647999),
        ("1.625097621647E9", "s", 1625097621647000),
        ("-0.0000015", "s", -2),
        ("1625097621647", "ms", 1625097621647000),
        ("1625097621647.9", "ms", 1625097621647900),
        ("1625097621647123", "us", 1625097621647123),
        ("1625097621647123999", "ns", 1625097621647123),
        (" 1625097621 ", "s", 1625097621000000),
    ],
)
def test_numbers_are_exact_and_floored_once(text: str, unit: str, expected: int) -> None:
    """Decimal text becomes microseconds without passing through a double."""
    assert read([text], unit) == [expected]


@given(st.integers(-2_000_000_000_000, 7_000_000_000_000), st.integers(0, 999_999))
def test_a_double_of_seconds_is_the_decimal_it_was(seconds: int, fraction: int) -> None:
    """Seconds with up to six places, kept as a double, give back those places while a double can tell them apart."""
    seconds //= 1000
    text = f"{seconds}.{fraction:06}"
    assert read(pa.array([float(text)]), "s") == [int(Decimal(text) * 1_000_000)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1625097621", "2021-07-01T00:00:21"),
        ("1625097621647", "2021-07-01T00:00:21.647"),
        ("1625097621647123", "2021-07-01T00:00:21.647123"),
        ("1625097621647123999", "2021-07-01T00:00:21.647123"),
    ],
)
def test_magnitude_tells_the_unit_with_a_note(number: str, expected: str) -> None:
    """Without --time-unit the size of the first number decides, and says so; integers and text agree."""
    for column in (pa.array([number]), pa.array([int(number)])):
        reader = InstantReader(None, "UTC")
        instants, faults = reader.read(column)
        assert (list(instants), faults) == ([us(expected)], [])
        assert len(reader.notes) == 1


@pytest.mark.parametrize("number", ["0", "60000", "-5", "1.5", "631151999.9", "34200000"])
def test_no_unit_is_guessed_for_times_before_1990(number: str) -> None:
    """Numbers that would be times before 1990, such as milliseconds since midnight, need their unit; with it all go."""
    for column in (pa.array([number]), pa.array([float(number)])):
        with pytest.raises(DataError, match=r"--time-unit \(s, ms, us, ns\)"):
            InstantReader(None, "UTC").read(column)
    assert read([number], "ms") == [int(Decimal(number) * 1000)]
    assert read(["631152000"]) == [us("1990-01-01")]
    assert read([None, "631152000", number])[2] == (
        "an instant outside the years 1990 to 2199 (if it is right, give --time-unit)"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-07-01T00:00:21Z", "2021-07-01T00:00:21"),
        ("2021-07-01 00:00:21.647", "2021-07-01T00:00:21.647"),
        ("2021-07-01T02:00:21.6471239+02:00", "2021-07-01T00:00:21.647123"),
        ("2021-07-01 00:00:21 UTC", "2021-07-01T00:00:21"),
        ("2021-07-01 00:00:21 +00:00", "2021-07-01T00:00:21"),
        ("2021-07-01", "2021-07-01T00:00"),
        ("2021-07-01 09:30", "2021-07-01T09:30"),
        ("20110301 090100", "2011-03-01T09:01"),
        ("20110301T090100.5", "2011-03-01T09:01:00.500"),
        ("20110301090100", "2011-03-01T09:01"),
        ("20141201 00:00", "2014-12-01T00:00"),
        ("20141201", "2014-12-01T00:00"),
    ],
)
def test_written_times(text: str, expected: str) -> None:
    """ISO 8601 with and without zone, and compact dates and times."""
    assert read([text]) == [us(expected)]


def test_zoned_and_naive_times_may_stand_in_one_column() -> None:
    """Each value is read by its own zone, a naive one in --tz."""
    zone = "America/New_York"
    assert read(["2021-07-01T00:00:00Z", "2021-07-01 00:00:00"], zone=zone) == [
        us("2021-07-01"),
        us("2021-07-01T04:00"),
    ]


def test_typed_columns() -> None:
    """Timestamps of every unit, dates, naive and zoned, are floored once."""
    moment = dt.datetime(2021, 7, 1, 0, 0, 21, 647123)
    expected = us("2021-07-01T00:00:21.647123")
    assert read(pa.array([expected * 1000 + 999], pa.timestamp("ns"))) == [expected]
    assert read(pa.array([-1], pa.timestamp("ns"))) == [-1]
    assert read(pa.array([moment], pa.timestamp("us", "UTC")), zone="Asia/Tokyo") == [expected]
    assert read(pa.array([moment], pa.timestamp("us")), zone="Asia/Tokyo") == [expected - 9 * 3_600_000_000]
    assert read(pa.array([dt.date(2021, 7, 1)]), zone="Asia/Tokyo") == [us("2021-06-30T15:00")]
    assert read(pa.array([1625097621, None], pa.timestamp("s"))) == [us("2021-07-01T00:00:21"), "no time"]


def test_local_times_around_clock_changes() -> None:
    """A time that happens twice or never is refused with the reason; its neighbours are not."""
    zone = "America/New_York"
    found = read(["2021-11-07 00:30", "2021-11-07 01:30", "2021-11-07 02:30"], zone=zone)
    assert found[0] == us("2021-11-07T04:30")
    assert "twice in America/New_York" in str(found[1])
    assert found[2] == us("2021-11-07T07:30")
    found = read(["2021-03-14 01:59", "2021-03-14 02:30", "2021-03-14 03:00"], zone=zone)
    assert found[0] == us("2021-03-14T06:59")
    assert "does not exist in America/New_York" in str(found[1])
    assert found[2] == us("2021-03-14T07:00")


@pytest.mark.parametrize("text", ["11/5/2019 9:30", "yesterday", "2021-13-01", "2021-07-01T25:00"])
def test_what_is_no_time_is_refused_alone(text: str) -> None:
    """A value that cannot be read does not take its neighbours with it."""
    first, second, third = read(["2021-07-01", text, "2021-07-02"])
    assert (first, third) == (us("2021-07-01"), us("2021-07-02"))
    assert "not a time" in str(second)


def test_numbers_that_are_none_are_refused_alone() -> None:
    """Text and emptiness among numbers are faults of their rows."""
    first, second, third = read(["1625097621", "soon", None])
    assert first == us("2021-07-01T00:00:21")
    assert "not a time" in str(second)
    assert third == "no time"


def test_the_wrong_unit_shows() -> None:
    """Milliseconds read as seconds lie in no year anybody trades in."""
    assert "time-unit" in str(read(["1625097621647"], "s")[0])


@pytest.mark.parametrize(("unit", "zone"), [("minutes", "UTC"), (None, "New York"), (None, "../etc")])
def test_units_and_zones_must_exist(unit: str | None, zone: str) -> None:
    """An unknown unit or zone is an error before anything is read."""
    with pytest.raises(DataError):
        InstantReader(unit, zone)


@pytest.mark.parametrize(
    ("close", "interval", "zone", "opened"),
    [
        ("2011-03-01T09:01", "1m", "UTC", "2011-03-01T09:00"),
        ("2021-03-15T04:00", "1d", "America/New_York", "2021-03-14T05:00"),
        ("2021-03-01", "1mo", "UTC", "2021-02-01"),
        ("2021-01-01", "1q", "UTC", "2020-10-01"),
        ("2021-01-01", "1y", "UTC", "2020-01-01"),
        ("2021-01-11", "1w", "UTC", "2021-01-04"),
    ],
)
def test_candles_stamped_by_their_close(close: str, interval: str, zone: str, opened: str) -> None:
    """The interval is taken off; days and months are counted on the zone's clock, over clock changes."""
    assert close_to_open(np.array([us(close)], np.int64), interval, zone).tolist() == [us(opened)]
