"""STYLE heikin_ashi, from the first bar stored on."""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.tape import Row


def heikin_ashi(bars: Sequence[Row]) -> list[Row]:
    found: list[Row] = []
    last: Row | None = None
    for bar in bars:
        own = [bar[name] for name in ("open", "high", "low", "close")]
        if None in own:
            found.append(bar | dict.fromkeys(("open", "high", "low", "close")))
            continue
        close = sum(own) / 4
        opened = (bar["open"] + bar["close"]) / 2 if last is None else (last["open"] + last["close"]) / 2
        high, low = max(bar["high"], opened, close), min(bar["low"], opened, close)
        last = bar | {"open": opened, "high": high, "low": low, "close": close}
        found.append(last)
    return found
