"""`tapeql collect`: a daemon in the foreground, and how one is doing."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import math
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

from tapeql.errors import ConnectionFailed
from tapeql.serve.clock import iso
from tapeql.serve.connect import store_at
from tapeql.serve.daemon import is_loopback
from tapeql.shell import visible
from tapeql.shell.command import DONE, FAILED, address, as_asked, target, usage
from tapeql.storage.kinds import is_database

STATUS: Final = "status"
ASK_S: Final = 5.0

DRAIN_S: Final = 5.0
"""How long the bus is waited for at the end; what it lacks then it gets at the next start."""


def collect(options: argparse.Namespace) -> int:
    """Collects until SIGTERM or SIGINT. Raises DataError, StoreError."""
    if options.symbols == [STATUS]:
        return status(options)
    from tapeql.collect.bus import open_bus
    from tapeql.collect.clock import steady_clock
    from tapeql.collect.collector import Collector
    from tapeql.collect.journal import Journal
    from tapeql.collect.logs import log_to
    from tapeql.collect.watched import watched
    from tapeql.connectors.events import Kind

    kinds: list[Kind] = [kind for kind, asked in _kinds(options).items() if asked]
    if not kinds:
        raise usage("say what to collect: --ticks, --quotes, --book")
    where = target(options)
    with as_asked():
        watching = watched(options.symbols, kinds)
        bus = None if options.bus is None else open_bus(options.bus)
    timing = _timing(options)
    host, port = address(options.metrics, "--metrics")
    log_to(level=options.log_level)
    journal = Journal(_journal_folder(options, where))
    try:
        collector = Collector(watching, store_at(where), journal, steady_clock(), timing)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_collect(collector, bus, host, port))
    finally:
        journal.close()


async def _collect(collector: Any, bus: Any, host: str, port: int) -> int:
    from tapeql.collect.operation import Operation
    from tapeql.collect.status import status as state_of

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    publisher = publishing = None
    if bus is not None:
        from tapeql.collect.bus.publisher import Publisher
        from tapeql.collect.streams import split

        publisher = Publisher(collector.journal, bus, "bus", split)
        publishing = asyncio.create_task(publisher.run(), name="bus")
    operation = Operation(collector, publisher)
    host, port = await operation.serve(host, port)
    if not is_loopback(host):
        sys.stderr.write(f"tapeql: {host} is reachable from other machines, and /status has no authentication\n")
    said = state_of(collector)
    what = ", ".join(f"{venue['venue']} {' '.join(venue['kinds'])}" for venue in said["venues"])
    sys.stdout.write(visible.lines(f"tapeql collects {what} into {said['store']}; http://{host}:{port}/status\n"))
    sys.stdout.flush()
    try:
        stored = await collector.run(stop)
    finally:
        if bus is not None and publisher is not None and publishing is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(publisher.drained(), DRAIN_S)
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
            await bus.close()
        await operation.close()
    if not stored:
        sys.stderr.write("tapeql: not everything is stored yet; the journal has it, and the next start stores it\n")
    return DONE if stored else FAILED


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _kinds(options: argparse.Namespace) -> dict[Any, bool]:
    return {"trades": options.ticks, "quotes": options.quotes, "book": options.book}


def _timing(options: argparse.Namespace) -> Any:
    from tapeql.collect.timing import Timing

    hours: float = options.backfill_hours
    if not (math.isfinite(hours) and hours >= 0):
        raise usage(f"--backfill-hours is a number of hours, 0 or more, not `{hours:g}`")
    return Timing(horizon_s=hours * 3600.0)


def _journal_folder(options: argparse.Namespace, where: str) -> Path:
    """Beside a lake, in it; for a database, where the user's state lies."""
    if options.journal:
        return Path(options.journal)
    if is_database(where):
        return Path("~/.local/state/tapeql/journal").expanduser()
    return Path(where) / "journal"


# ── status ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def status(options: argparse.Namespace) -> int:
    """Asks a running collector. Exit status 1 where it is not well."""
    host, port = address(options.metrics, "--metrics")
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/status", timeout=ASK_S) as reply:
            said = json.load(reply)
        text, well = told(said), not said["faults"]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise ConnectionFailed(
            f"no collector answers at {host}:{port} ({_why(error)}); --metrics HOST:PORT says where"
        ) from None
    sys.stdout.write(visible.lines(text))
    return DONE if well else FAILED


def _why(error: Exception) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return cause if isinstance(cause, str) else "something else is there"


def told(said: dict[str, Any]) -> str:
    lines = [
        f"{said['state']}, into {said['store']}: {said['stored']:,} events stored, "
        f"{said['journal_depth_bytes']:,} bytes of the journal not yet"
    ]
    for venue in said["venues"]:
        skew = "" if venue["skew_s"] is None else f", clock {venue['skew_s']:+.3f} s"
        refused = sum(venue["refused"].values())
        lines.append(
            f"{venue['venue']}: {venue['connections']} of {venue['connections_wanted']} connections, "
            f"{venue['frames']:,} frames, {venue['repeated']:,} repeated, {refused:,} refused{skew}"
        )
        for each in venue["symbols"]:
            last = max(filter(None, (each["last_trade_us"], each["last_quote_us"], each["last_book_us"])), default=None)
            missing = _holes(each["missing"], "being filled") + _holes(each["given_up"], "given up")
            live = " ".join(each["live"]) or "nothing"
            lines.append(f"  {each['symbol']}: live {live}, last {'never' if last is None else iso(last)}{missing}")
    lines += [f"trouble: {fault}" for fault in said["faults"]]
    return "\n".join(lines) + "\n"


def _holes(number: int, how: str) -> str:
    return f", {number} hole{'s' if number > 1 else ''} {how}" if number else ""
