"""`tapeql backfill`: a venue's history into a store, with progress and an estimate; stopped, it goes on where it was."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tapeql.errors import VenueError
from tapeql.serve.clock import iso
from tapeql.serve.connect import store_at
from tapeql.shell import visible
from tapeql.shell.bring import BAR_CHARACTERS, REDRAWN_EVERY_S
from tapeql.shell.command import DONE, as_asked, target, usage
from tapeql.storage.kinds import is_database

if TYPE_CHECKING:
    from tapeql.collect.fetch import Progress
    from tapeql.storage.store import Store

TOLD_EVERY_S: Final = 10.0


def backfill(options: argparse.Namespace) -> int:
    """Fetches the history the command line asks for. Raises DataError, StoreError, VenueError, ConnectionFailed, Usage."""
    since_us, until_us = instant(options.since, "--since"), None
    if options.until:
        until_us = instant(options.until, "--until")
        if until_us <= since_us:
            raise usage("--until must be later than --since")
    where = target(options)
    return asyncio.run(_backfill(options, store_at(where), _bookmarks(where), since_us, until_us))


async def _backfill(
    options: argparse.Namespace, store: Store, bookmarks: Path, since_us: int, until_us: int | None
) -> int:
    from tapeql.collect.clock import steady_clock
    from tapeql.collect.fetch import Bookmark, fetch_candles, fetch_trades
    from tapeql.collect.watched import watched

    interval = options.candles or "1m"
    what = "ticks" if options.ticks else f"candles-{interval}"
    with as_asked():
        watching = watched(options.symbols, ["trades"] if options.ticks else [])  # candles need no stream
    for each in watching:
        venue = each.settings.venue
        history = venue.connector(each.settings, steady_clock())
        try:
            present_us = until_us or (await history.info()).time_us or time.time_ns() // 1000
            for symbol in each.symbols:
                name = f"{venue.name}:{symbol}"
                bar = Bar(name, since_us, present_us)
                bookmark = Bookmark(bookmarks, venue.name, symbol, what)
                span = (since_us, until_us, bookmark, bar.show)
                try:
                    if options.ticks:
                        done = await fetch_trades(store, history, symbol, *span)
                    else:
                        done = await fetch_candles(store, history, symbol, interval, *span)
                except VenueError as error:
                    raise VenueError(f"{name}: {error}", status=error.status, code=error.code) from None
                bar.end()
                rows = "trades" if options.ticks else f"candles of {interval}"
                to = iso(max(done.next_us - 1, since_us))
                sys.stdout.write(visible.lines(f"{name}: {done.rows:,} {rows}, {iso(since_us)} .. {to}\n"))
                sys.stdout.flush()
        finally:
            await history.disconnect()
    return DONE


def instant(text: str, option: str) -> int:
    """A date or a time with its zone, as microseconds; a date is its midnight in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"{option} is a date such as 2024-01-01, or 2024-01-01T09:30Z, not `{text}`") from None
    if at.tzinfo is None:
        if len(text) > 10:
            raise usage(f"{option} `{text}` has a time without a zone; write {text}Z for UTC")
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp()) * 1_000_000


def _bookmarks(where: str) -> Path:
    """In the lake; for a database, where the user's state lies, under a name that tells nothing of its password."""
    if is_database(where):
        return Path("~/.local/state/tapeql/backfill").expanduser() / hashlib.sha256(where.encode()).hexdigest()[:16]
    return Path(where) / "backfill"


class Bar:
    """A line that fills up on a terminal; elsewhere a line now and then. The estimate goes by the history's own time."""

    def __init__(self, name: str, since_us: int, present_us: int) -> None:
        self._name = name
        self._since_us = since_us
        self._span_us = max(1, present_us - since_us)
        self._terminal = sys.stderr.isatty()
        self._began_s = time.monotonic()
        self._began_share: float | None = None
        self._shown_s = 0.0

    def show(self, progress: Progress) -> None:
        now_s = time.monotonic()
        share = min(1.0, (progress.next_us - self._since_us) / self._span_us)
        if self._began_share is None:
            # What an earlier run fetched took no time of this one.
            self._began_share, self._began_s = share, now_s
        if now_s - self._shown_s < (REDRAWN_EVERY_S if self._terminal else TOLD_EVERY_S):
            return
        self._shown_s = now_s
        text = f"{100 * share:3.0f}%  {progress.rows:>12,} rows  {iso(progress.next_us)[:19]}Z{self._estimate(share, now_s)}"
        if self._terminal:
            full = round(BAR_CHARACTERS * share)
            bar = "█" * full + "░" * (BAR_CHARACTERS - full)
            sys.stderr.write(f"\r\x1b[K{bar} {text}  {visible.cell(self._name)}")
        else:
            sys.stderr.write(f"{visible.cell(self._name)} {text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._terminal and self._shown_s:
            sys.stderr.write("\n")

    def _estimate(self, share: float, now_s: float) -> str:
        gained = share - (self._began_share or 0.0)
        if gained <= 0:
            return ""
        left_s = int((1 - share) / gained * (now_s - self._began_s))
        return f"  {left_s // 3600}:{left_s // 60 % 60:02}:{left_s % 60:02} left"
