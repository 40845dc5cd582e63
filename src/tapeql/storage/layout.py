"""Names on disk: folders a symbol maps to and back, and the stretch of time one file holds.

ticks/<venue>/<symbol>/<date>[.<commit>].parquet             date = UTC day of ts
quotes/<venue>/<symbol>/<date>[.<commit>].parquet
ohlcv/<venue>/<symbol>/<interval>/<month>[.<commit>].parquet  1d and longer: by year
book/<venue>/<symbol>/<date>[.<commit>].parquet
gaps, corrections, instruments, coverage/<venue>/<symbol>/<month>[.<commit>].parquet
live/<table>/<commit>[.<n>].parquet                           rows of many symbols and dates, not yet folded into the above
packed/<table>/<commit>.<n>.parquet                           short stretches of many symbols, as an import brought them
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from tapeql.errors import DataError
from tapeql.storage.schema import TABLES

Ints = npt.NDArray[np.int64]

Series = tuple[str, str, str, str]
"""(table, venue, code, interval)"""

_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_DEVICE: Final = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\.|$)", re.IGNORECASE)
_NAME_BYTES: Final = 240

_INTERVAL: Final = re.compile(r"([1-9]\d*)(ms|mo|s|m|h|d|w|q|y)")
_UNIT_US: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_DAY_US: Final = 86_400_000_000


@lru_cache(maxsize=1 << 16)
def encode(name: str) -> str:
    """A folder name for a venue or a symbol: reversible, never `..`, hidden, or a device name. Case is kept."""
    raw = name.encode()
    if not raw or b"\0" in raw:
        raise DataError(f"{name!r} cannot be the name of a venue or a symbol")
    inner = range(1, len(raw) - 1)
    text = "".join(
        chr(byte) if byte in _PLAIN or (byte == ord(".") and i in inner) else f"%{byte:02X}"
        for i, byte in enumerate(raw)
    )
    if _DEVICE.match(name):
        text = f"%{raw[0]:02X}{text[1:]}"
    if len(text) > _NAME_BYTES:
        raise DataError(f"the name {name[:40]!r}… is too long to be a folder")
    return text


def decode(folder: str) -> str:
    """The name `encode` made a folder from."""
    return unquote(folder, errors="strict")


@lru_cache(maxsize=1024)
def canonical_interval(text: str) -> str:
    """`60m` → `1h`, `1h30m` → `1h30m`: the one spelling under which candles of that length are stored."""
    parts = _INTERVAL.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        hint = " (`1mo` is a month, `1m` a minute)" if re.fullmatch(r"\d+M", text) else ""
        raise DataError(f"{text!r} is not a candle interval; write 1m, 5m, 1h, 1d, 1w, 1mo …{hint}")
    us = interval_us(text)
    if us is None:
        if len(parts) > 1:
            raise DataError(f"{text!r} mixes calendar units; write one, such as 1d or 1mo")
        return text
    out = []
    for unit in ("h", "m", "s", "ms"):
        count, us = divmod(us, _UNIT_US[unit])
        if count:
            out.append(f"{count}{unit}")
    return "".join(out)


def interval_us(text: str) -> int | None:
    """Microseconds of an interval of elapsed time; None for calendar units (d w mo q y)."""
    parts = _INTERVAL.findall(text)
    if any(unit not in _UNIT_US for _, unit in parts):
        return None
    return sum(int(n) * _UNIT_US[unit] for n, unit in parts)


def series_of(table: str, venue: str, code: str, interval: str) -> Series:
    """What rows belong to; only candles have an interval."""
    return table, venue, code, canonical_interval(interval) if table == "ohlcv" else ""


def folder(table: str, venue: str, code: str, interval: str) -> str:
    parts = [table, encode(venue), encode(code)]
    return "/".join([*parts, interval] if table == "ohlcv" else parts)


def partition_unit(table: str, interval: str) -> Literal["D", "M", "Y"]:
    """What a file holds: a UTC day, month or year."""
    if table != "ohlcv":
        return "M" if TABLES[table].small else "D"
    return "M" if interval_us(interval) is not None else "Y"


def partitions(table: str, interval: str, ts_us: Ints) -> Ints:
    """The number of the UTC day (month, year) each instant lies in, since 1970."""
    unit = partition_unit(table, interval)
    if unit == "D":
        return ts_us // _DAY_US
    return ts_us.astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)


def partition_name(table: str, interval: str, number: int) -> str:
    """`2025-03-10`, `2025-03` or `2025`."""
    return str(np.datetime64(number, partition_unit(table, interval)))


def partition_span(table: str, interval: str, number: int) -> tuple[int, int]:
    """The half-open stretch of time of a partition."""
    unit = partition_unit(table, interval)
    start, end = (int(np.datetime64(n, unit).astype("datetime64[us]").astype(np.int64)) for n in (number, number + 1))
    return start, end
