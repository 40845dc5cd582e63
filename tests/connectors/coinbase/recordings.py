"""Where Coinbase's frames come from: half a minute of Exchange from 2021, the documented samples of Advanced Trade."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

EXCHANGE = "wire/cryptofeed/COINBASE.ws.28.0.gz"
PRODUCTS = "wire/cryptofeed/COINBASE.0.gz"
ADVANCED = "wire/nautilus"


def exchange_frames(folder: Path) -> Iterator[tuple[int, bytes]]:
    """What the socket gave, lines of `seconds: message`; those that begin with the address are what was asked."""
    with gzip.open(folder / EXCHANGE, "rt") as lines:
        for line in lines:
            at_s, _, message = line.rstrip("\n").partition(": ")
            if message and not at_s.startswith("wss:"):
                yield int(float(at_s) * 1e9), message.encode()


def products(folder: Path) -> bytes:
    """The reply to /products."""
    with gzip.open(folder / PRODUCTS, "rt") as lines:
        return next(lines).split(": ", 1)[1].strip().encode()


def advanced_frames(folder: Path) -> Iterator[tuple[int, bytes]]:
    for n, path in enumerate(sorted((folder / ADVANCED).glob("coinbase_ws_*.json"))):
        yield (1_775_572_200 + n) * 1_000_000_000, path.read_bytes()


def reply(name: str) -> object:
    """Reads a documented REST reply of Advanced Trade from the folder of recordings."""
    return lambda folder: (folder / ADVANCED / f"coinbase_http_{name}.json").read_bytes()
