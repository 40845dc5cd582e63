"""The live bus: what is journalled, shared with everyone who follows. It knows positions and bytes, and no venue.

    Publisher ──publish──▶ stream: (position, payload), (position, payload), …  ──subscribe──▶ Message, Message, Missed, …

A stream is bounded and its positions rise, so a replayed journal is on it exactly once, and a reader that remembers a
position goes on behind it. `memory` is for one process, `redis` between processes.
"""

from __future__ import annotations

import re

from tapeql.collect.bus.contract import Bus as Bus
from tapeql.collect.bus.contract import BusDown as BusDown
from tapeql.errors import DataError


def open_bus(url: str | None = None) -> Bus:
    """A bus in this process (None or "memory:"), or one on a Redis server ("redis://…", "rediss://…"; not reached yet).

    Raises DataError for other URLs, and where the `redis` package is missing.
    """
    if url is None or url == "memory:":
        from tapeql.collect.bus.memory import MemoryBus

        return MemoryBus()
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url)
    if scheme is None or scheme.group().lower() not in ("redis:", "rediss:"):
        what = f"no live bus speaks {scheme.group()}" if scheme else "that is no URL of a live bus"
        raise DataError(f"{what}; name memory:, redis://HOST:PORT or rediss://HOST:PORT")
    try:
        from tapeql.collect.bus.redis import RedisBus
    except ModuleNotFoundError as error:
        raise DataError(f"a bus on Redis needs more packages ({error.name}): pip install 'tapeql[feeds]'") from None
    return RedisBus(url)
