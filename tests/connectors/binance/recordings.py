"""The recorded frames of Binance, as (recv_ns, frame) in the order of receipt."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from tests.connectors.card import Frame

SPOT = "wire/binance/spot_btcusdt_20240808.raw.gz"
USDM = "wire/binance/usdm_btcusdt_20240808.raw.gz"
SPOT_2021 = "wire/cryptofeed/BINANCE.ws.1.0.gz"
SPOT_2021_REST = "wire/cryptofeed/BINANCE.http.0.0.gz"


def numbered_lines(path: Path) -> Iterator[Frame]:
    """`<recv_ns> <frame>` a line; the one REST reply among them, a book, is told by `is_book`."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            recv_ns, _, frame = line.rstrip(b"\n").partition(b" ")
            yield int(recv_ns), frame


def is_book(frame: bytes) -> bool:
    return b"lastUpdateId" in frame[:200]


def frames_2024(path: Path) -> list[Frame]:
    return [each for each in numbered_lines(path) if not is_book(each[1])]


def book_2024(path: Path) -> Frame:
    (book,) = [each for each in numbered_lines(path) if is_book(each[1])]
    return book


def frames_2021(path: Path) -> list[Frame]:
    """`<seconds>: <frame>` a line; the first one tells the address."""
    found = []
    with gzip.open(path, "rb") as lines:
        for line in lines:
            recv_s, told, frame = line.rstrip(b"\n").partition(b": ")
            if told:
                found.append((round(float(recv_s) * 1e9), frame))
    return found


def books_2021(path: Path) -> dict[str, Frame]:
    """`<address> -> <seconds>: <body>` a line: the replies to /depth, by code."""
    found = {}
    with gzip.open(path, "rb") as lines:
        for line in lines:
            address, _, rest = line.rstrip(b"\n").partition(b" -> ")
            recv_s, _, body = rest.partition(b": ")
            if b"/depth?" in address:
                code = address.partition(b"symbol=")[2].partition(b"&")[0].decode()
                found[code] = (round(float(recv_s) * 1e9), body)
    return found
