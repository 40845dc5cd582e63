"""Kraken's names: `BTC/USD` of websocket v2, which are ours, and those that REST knows."""

from __future__ import annotations

from typing import Final

import msgspec

from tapeql.connectors.events import Instrument
from tapeql.connectors.kraken.decode import VENUE, Reply

OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
"""What two assets are called everywhere but in websocket v2."""

_NEW_NAMES: Final = {old: new for new, old in OLD_NAMES.items()}


class PairReply(msgspec.Struct):
    altname: str
    pair_decimals: int
    lot_decimals: int
    wsname: str | None = None
    tick_size: float | None = None
    status: str = "online"


_pairs: Final = msgspec.json.Decoder(Reply[dict[str, PairReply]], strict=False)


def rest_pair(code: str) -> str:
    """`XBTUSD` for `BTC/USD`: the altname, which is the websocket's old name without its slash."""
    return "".join(OLD_NAMES.get(asset, asset) for asset in code.split("/"))


def code_of(wsname: str) -> str:
    """`BTC/USD` for `XBT/USD`."""
    return "/".join(_NEW_NAMES.get(asset, asset) for asset in wsname.split("/"))


def decode_symbols(body: bytes, now_us: int) -> list[Instrument]:
    """The reply to /AssetPairs, by code; pairs without a feed are left out. Raises ValueError.

    Not through ccxt, which renames assets by rules of its own and takes `pair_decimals` for the step of prices.
    """
    found = []
    for native, pair in _pairs.decode(body).result.items():
        if pair.wsname is None or pair.wsname.count("/") != 1:
            continue
        code = code_of(pair.wsname)
        base, quote = code.split("/")
        price_step = pair.tick_size or _step(pair.pair_decimals)
        status = "trading" if pair.status == "online" else pair.status
        step = _step(pair.lot_decimals)
        found.append(Instrument(VENUE, code, now_us, "spot", base, quote, price_step, step, status, native))
    return sorted(found, key=lambda instrument: instrument.symbol)


def _step(decimals: int) -> float:
    if not 0 <= decimals <= 30:
        raise ValueError(f"{decimals} decimals")
    return float(f"1e-{decimals}")
