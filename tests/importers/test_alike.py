"""Small files of one header: read together, they bring what each brings alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tapeql.errors import DataError
from tapeql.storage import taking_many
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.stored import stored

HEAD = "date,open,high,low,close,volume\n"
DAYS = "".join(f"2024-01-{day:02},10,12,9,11.5,{day}\n" for day in range(1, 29))
MINUTES = "".join(f"2024-01-02 09:{minute:02},10,12,9,11.5,{minute}\n" for minute in range(60))
SECONDS = "".join(f"{1704186000 + 60 * n},10,12,9,11.5,{n}\n" for n in range(60))
TRADES = "time,price,size,side\n"
TICKS = "".join(f"2024-01-02T09:00:{n:02}Z,10.{n},{n + 1},{'buy' if n % 2 else 'sell'}\n" for n in range(60))

FOLLOWERS = {
    "the same": DAYS,
    "other days": DAYS.replace("2024-01", "2023-02"),
    "newest first": "\n".join(reversed(DAYS.splitlines())) + "\n",
    "weeks": "".join(f"2024-01-{day:02},10,12,9,11.5,1\n" for day in (1, 8, 15, 22)),
    "hours": "".join(f"2024-01-02 {hour:02}:00,10,12,9,11.5,1\n" for hour in range(24)),
    "midnights": DAYS.replace(",10,", " 00:00,10,"),
    "hours with a zone": "".join(f"2024-01-02T{hour:02}:00Z,10,12,9,11.5,1\n" for hour in range(24)),
    "seconds": SECONDS,
    "milliseconds": SECONDS.replace(",10,", "000,10,"),
    "compact dates": DAYS.replace("2024-01-", "202401"),
    "dates with slashes": DAYS.replace("2024-01-", "2024/01/"),
    "days or months": "".join(f"0{day}/01/2024,10,12,9,11.5,1\n" for day in range(1, 9)),
    "carriage returns": DAYS.replace("\n", "\r\n"),
    "one carriage return": DAYS.replace("\n", "\r", 1),
    "no end of line": DAYS.rstrip(),
    "blank lines at the end": DAYS + "\n\n",
    "a blank line within": DAYS.replace("2024-01-05", "\n2024-01-05"),
    "nothing": "",
    "one row": DAYS[:30].split("\n")[0],
    "quotation marks": DAYS.replace("11.5", '"11.5"'),
    "a quotation mark": DAYS.replace("11.5", '"11.5', 1),
    "decimal commas": DAYS.replace(",", ";").replace("11.5", "11,5"),
    "a decimal comma": DAYS.replace("11.5", "11,5", 1),
    "thousands": DAYS.replace(",1\n", ",1 000\n"),
    "millions": "".join(f"2024-01-{day:02},10,12,9,11.5,1.{day}M\n" for day in range(1, 29)),
    "an exponent": DAYS.replace("11.5", "1.15e1"),
    "money": DAYS.replace("11.5", "$11.5"),
    "a price that is none": DAYS.replace("11.5", "n/a", 1),
    "no price": DAYS.replace("11.5", "", 1),
    "no volume": DAYS.replace(",7\n", ",\n"),
    "a day that says nothing": DAYS.replace("2024-01-05,10,12,9,11.5,5", "2024-01-05,,,,,"),
    "nan": DAYS.replace("11.5", "nan", 1),
    "infinity": DAYS.replace("11.5", "inf", 1),
    "a high below its low": DAYS.replace("12", "8", 1),
    "a close beyond": DAYS.replace("11.5", "13.5", 1),
    "closes beyond": DAYS.replace("11.5", "13.5"),
    "volume first": DAYS.replace(",10,12,9,11.5,", ",5000,10,12,9,"),
    "a cell more": DAYS.replace("11.5", "11.5,1", 1),
    "cells more": DAYS.replace("11.5", "11.5,1"),
    "a cell fewer": DAYS.replace(",11.5", "", 1),
    "twice the same day": DAYS + DAYS.splitlines()[4],
    "a letter with an accent": DAYS.replace("11.5", "é", 1),
    "a zero byte": DAYS.replace("11.5", "\0", 1),
    "another header": "XDate" + HEAD[4:] + DAYS,
    "the header twice": HEAD + DAYS,
    "the year 1899": DAYS.replace("2024", "1899"),
}


def _bring(tmp_path: Path, name: str, texts: Sequence[tuple[str, str]], **flags: Any) -> object:
    """What is stored then, and the report; or the refusal."""
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    paths = []
    for file, text in texts:
        (folder / file).write_text(text, newline="")
        paths.append(folder / file)
    lake = Lake(tmp_path / name)
    try:
        report = import_files(lake, paths, **flags)
    except DataError as error:
        return str(error)
    # Of files that are alike, the times of one are an example for all.
    notes = sorted(re.sub(r"times such as .*? were", "times were", note) for note in report.notes)
    return stored(lake), dataclasses.replace(report, notes=tuple(notes))


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Files are looked at one by one while it lasts."""
    monkeypatch.setattr(taking_many, "like_of", lambda *_: None)
    return monkeypatch


@pytest.mark.parametrize("follower", FOLLOWERS)
@pytest.mark.parametrize("named", ["daily", "told by distance"])
def test_days(follower: str, named: str, tmp_path: Path, alone: pytest.MonkeyPatch) -> None:
    ending = "_daily.csv" if named == "daily" else ".csv"
    text = FOLLOWERS[follower]
    text = text if text.startswith("X") else HEAD + text
    texts = [(f"{code}{ending}", HEAD + DAYS) for code in ("AA", "AB")]
    texts += [(f"AC{ending}", text), (f"AD{ending}", HEAD + DAYS)]
    for flags in ({"venue": "nasdaq"}, {"symbol": "x:Y"}, {"venue": "nasdaq", "quarantine": tmp_path / "aside.csv"}):
        by_themselves = _bring(tmp_path, f"alone{len(flags)}{'venue' in flags}", texts, **flags)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(taking_many, "like_of", LIKE_OF)
            together = _bring(tmp_path, f"together{len(flags)}{'venue' in flags}", texts, **flags)
        assert together == by_themselves


LIKE_OF = taking_many.like_of


@pytest.mark.parametrize(
    ("leader", "follower"),
    [
        (MINUTES, MINUTES.replace(",10,", "Z,10,")),
        (MINUTES.replace(",10,", "Z,10,"), MINUTES),
        (MINUTES, MINUTES.replace(",10,", "Z,10,", 1)),
        (MINUTES.replace(",10,", "Z,10,"), MINUTES.replace(",10,", "+01:00,10,")),
        (MINUTES, MINUTES.replace(" 09:", " 9:")),
        (MINUTES, MINUTES.replace("2024-01-02 ", "2024-03-10 ").replace(" 09:", " 02:")),
        (MINUTES, DAYS),
        (SECONDS, MINUTES),
        (SECONDS, SECONDS.replace(",10,", "000,10,")),
        (SECONDS, SECONDS.replace(",10,", ".5,10,")),
        (SECONDS, DAYS.replace("2024-01-", "202401")),
    ],
)
def test_minutes(leader: str, follower: str, tmp_path: Path, alone: pytest.MonkeyPatch) -> None:
    texts = [("AA.csv", HEAD + leader), ("AB.csv", HEAD + leader), ("AC.csv", HEAD + follower)]
    for n, flags in enumerate(
        ({"venue": "nasdaq", "tz": "America/New_York"}, {"venue": "kraken"}, {"venue": "nasdaq"})
    ):
        by_themselves = _bring(tmp_path, f"alone{n}", texts, **flags)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(taking_many, "like_of", LIKE_OF)
            assert _bring(tmp_path, f"together{n}", texts, **flags) == by_themselves


@pytest.mark.parametrize(
    "follower", [TICKS, TICKS.replace("sell", "short"), TICKS.replace("10.5,", "10.5,-", 1), TICKS.replace("Z", "")]
)
def test_trades(follower: str, tmp_path: Path, alone: pytest.MonkeyPatch) -> None:
    """Several files of one symbol are so many sources: what one repeats is there twice, what two hold is not."""
    texts = [("AA.csv", TRADES + TICKS), ("AB.csv", TRADES + TICKS + TICKS[-30:]), ("AC.csv", TRADES + follower)]
    for n, flags in enumerate(({"venue": "nasdaq"}, {"symbol": "x:Y"})):
        by_themselves = _bring(tmp_path, f"alone{n}", texts, **flags)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(taking_many, "like_of", LIKE_OF)
            assert _bring(tmp_path, f"together{n}", texts, **flags) == by_themselves


def test_the_last_file_that_has_a_candle_is_right(tmp_path: Path) -> None:
    """Also where one between them had to be looked at by itself."""
    closes = ("11.1", "11.2", '"11.3"', "11.4")
    texts = [(f"{n}/A_daily.csv", HEAD + DAYS.replace("11.5", close)) for n, close in enumerate(closes)]
    for name, _ in texts:
        (tmp_path / "files" / name).parent.mkdir(parents=True)
    rows, _ = _bring(tmp_path, "lake", texts, venue="nasdaq")  # type: ignore[misc]
    assert {row["close"] for row in rows["candles", "nasdaq:A", "1d"]} == {11.4}


def test_they_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    take = taking_many.take
    monkeypatch.setattr(
        taking_many, "take", lambda source, *rest: (looked_at.append(source.label), take(source, *rest))[1]
    )
    texts = [(f"A{n}_daily.csv", HEAD + DAYS) for n in range(50)]
    rows, report = _bring(tmp_path, "lake", texts, venue="nasdaq")  # type: ignore[misc]
    assert len(looked_at) == 1
    assert len(rows) == len(report.files) == 50
    assert report.added == 50 * 28
