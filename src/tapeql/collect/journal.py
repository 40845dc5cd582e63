"""The one durability point of a collector: a folder of append-only segments, fsynced before anything is acknowledged.

    append ──frames, one fdatasync──▶ <first position>.journal ──Reader.next──▶ consumers ──acknowledge──▶ <name>.ack

A position is a number that only rises, over restarts and clocks that step back: microseconds of the local clock where
that is possible. Opening a journal is recovering it. One process writes and reads it, from any of its threads.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tapeql.collect.frames import HEAD, Frame, encode, take
from tapeql.errors import DataError, LimitError, StoreError
from tapeql.limits import JOURNAL_FRAME_BYTES, JOURNAL_KEEP_BYTES, JOURNAL_LIMIT_BYTES, JOURNAL_SEGMENT_BYTES
from tapeql.storage.locks import FileLock

log: Final = logging.getLogger("tapeql.collect")

_SEGMENT: Final = re.compile(r"(\d{19})\.journal")
_ACKNOWLEDGED: Final = re.compile(r"([a-z][a-z0-9_-]*)\.ack")
_BLOCK_BYTES: Final = 1 << 20
_MARK_BYTES: Final = 64 * 1024
"""How far apart the known places in a segment are, from which a reader starts and the depth is counted."""


class JournalFull(LimitError):
    """The journal holds as much as it may; nothing was written."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that cannot be read: frames after position `after` and before position `before` are lost."""

    segment: str
    offset: int
    bytes: int
    after: int
    before: int


class JournalDamaged(DataError):
    """What was acknowledged once cannot be read any more; reading on goes on behind it."""

    def __init__(self, damage: Damage) -> None:
        self.damage = damage
        super().__init__(
            f"{damage.segment} is damaged: {damage.bytes} bytes at offset {damage.offset} cannot be read "
            f"(positions after {damage.after} and before {damage.before})"
        )


@dataclass(slots=True)
class Segment:
    """A file of frames at positions first..last (last: no later than). `bytes` are durable; `marks` are (position,
    offset): frames up to the position end there."""

    first: int
    path: Path
    bytes: int = 0
    last: int = 0
    marks: list[tuple[int, int]] = field(default_factory=list)

    def mark(self, position: int, offset: int) -> None:
        self.last = position
        if offset >= (self.marks[-1][1] if self.marks else 0) + _MARK_BYTES:
            self.marks.append((position, offset))

    def before(self, position: int) -> tuple[int, int]:
        """The nearest mark whose frames are all at or before a position, else the beginning."""
        at = bisect_right(self.marks, position, key=lambda mark: mark[0])
        return self.marks[at - 1] if at else (self.first - 1, 0)

    def at(self, offset: int) -> int:
        """The position of the nearest mark at or before an offset."""
        at = bisect_right(self.marks, offset, key=lambda mark: mark[1])
        return self.marks[at - 1][0] if at else self.first - 1


class Journal:
    """Opens a journal, made when there is none: takes its lock and cuts what a crash left half-written.

    `segment_bytes`, `limit_bytes` and `keep_bytes` are sizes on disk: when a new segment begins, when `append` refuses,
    and how much of the newest stays although every consumer has acknowledged it. `clock_us` is the local clock.
    `cut_bytes` is the size of the half-written end that opening removed; it was never acknowledged.

    Raises StoreError when another process has the journal, or when the disk refuses.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        segment_bytes: int = JOURNAL_SEGMENT_BYTES,
        limit_bytes: int = JOURNAL_LIMIT_BYTES,
        keep_bytes: int = JOURNAL_KEEP_BYTES,
        clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        if limit_bytes < 2 * segment_bytes:
            raise ValueError("a journal must have room for two segments: one to write, one to delete")
        self.folder = Path(folder).expanduser().absolute()
        self.cut_bytes = 0
        self.appended_bytes = 0
        self._segment_bytes = segment_bytes
        self._limit_bytes = limit_bytes
        self._keep_bytes = keep_bytes
        self._clock_us = clock_us
        self._segments: tuple[Segment, ...] = ()
        """Replaced, never changed: readers in other threads take it as it is."""
        self._acknowledged: dict[str, int] = {}
        self._consumers: dict[str, bool] = {}
        """Those registered, and whether they are optional."""
        self.dropped = 0
        """The newest position that was deleted although an optional consumer had not acknowledged it."""
        self._writing = threading.Lock()
        self._settling = threading.Lock()
        self._arrived = threading.Condition()
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._last = 0
        self._fd = -1
        self._unclean = False
        try:
            self._open()
        except OSError as error:
            raise StoreError(f"the journal {self.folder} cannot be opened: {error.strerror or error}") from error

    def close(self) -> None:
        """Lets go of the lock. Readers may read on."""
        with self._writing:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
                self._lock.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def last(self) -> int:
        """The position of the newest durable frame, or one before any that will come."""
        return self._last

    def append(self, payloads: Sequence[bytes]) -> int:
        """Writes payloads as frames, on disk when this returns; gives the position of the last. Blocks.

        All or nothing: raises JournalFull or StoreError, and then none of them is in the journal. (A crash may leave
        the first of a group that was never acknowledged.)
        """
        with self._writing:
            if self._fd < 0:
                raise StoreError(f"the journal {self.folder} is closed")
            if not payloads:
                return self._last
            if max(map(len, payloads)) > JOURNAL_FRAME_BYTES:
                raise LimitError(f"a payload has more than {JOURNAL_FRAME_BYTES:,} bytes", "JOURNAL_FRAME_BYTES")
            first = max(self._last + 1, self._clock_us())
            group = encode(first, payloads)
            self._make_room(len(group))
            try:
                segment = self._write(first, group)
            except OSError as error:
                self._roll_back()
                raise StoreError(f"the journal {self.folder} cannot be written: {error.strerror or error}") from error
            self._last = first + len(payloads) - 1
            segment.bytes += len(group)
            segment.mark(self._last, segment.bytes)
            self.appended_bytes += len(group)
            last = self._last
        with self._arrived:
            self._arrived.notify_all()
        for watcher in self._watchers:
            watcher()
        return last

    def _write(self, first: int, group: bytes) -> Segment:
        if self._unclean:
            self._cut_to_durable()
        segment = self._segments[-1]
        if segment.bytes and segment.bytes + len(group) > self._segment_bytes:
            segment = self._begin_segment(first)
        self._unclean = True
        view, offset = memoryview(group), segment.bytes
        while view:
            written = os.pwrite(self._fd, view, offset)
            view, offset = view[written:], offset + written
        os.fdatasync(self._fd)
        self._unclean = False
        return segment

    def _begin_segment(self, first: int) -> Segment:
        segment = Segment(first, self.folder / f"{first:019}.journal")
        # What a failed try left under this name has no durable frame.
        fd = os.open(segment.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _fsync_folder(self.folder)
        except OSError:
            os.close(fd)
            segment.path.unlink()
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        # No later frame may lie before the name of its segment, whatever the clock does.
        self._last = first - 1
        with self._settling:
            self._segments = (*self._segments, segment)
        return segment

    def _roll_back(self) -> None:
        if self._unclean:
            # Where this fails too, it is tried again before the next write; readers look no further than what is durable.
            with suppress(OSError):
                self._cut_to_durable()

    def _cut_to_durable(self) -> None:
        os.ftruncate(self._fd, self._segments[-1].bytes)
        os.fdatasync(self._fd)
        self._unclean = False

    def _make_room(self, wanted: int) -> None:
        if self.bytes + wanted > self._limit_bytes:
            # Recording comes before the replay of what all have acknowledged.
            self._delete(keep_bytes=0)
        if self.bytes + wanted > self._limit_bytes:
            self._delete(keep_bytes=0, for_all=False)
        if self.bytes + wanted > self._limit_bytes:
            raise JournalFull(
                f"the journal {self.folder} is full: {self.bytes:,} of {self._limit_bytes:,} bytes, and nobody has "
                "acknowledged its oldest segment. See what keeps its consumers from writing.",
                "JOURNAL_LIMIT_BYTES",
            )

    # ── consumers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def register(self, name: str, *, optional: bool = False) -> int:
        """From now on nothing is deleted that this consumer has not acknowledged; gives what it has, 0 if nothing.

        Register all consumers before the first of them acknowledges. One that is not registered holds nothing back, so
        that a consumer which no longer exists cannot fill the disk. Nor can an optional one: where the journal would
        be full because of it alone, it goes short.
        """
        _check_name(name)
        with self._settling:
            self._consumers.setdefault(name, optional)
            return self._acknowledged.setdefault(name, 0)

    def acknowledged(self, name: str) -> int:
        """The position up to which a consumer needs nothing any more, 0 if it never said so."""
        return self._acknowledged.get(name, 0)

    def acknowledge(self, name: str, position: int) -> None:
        """A registered consumer needs nothing up to this position any more; an older position than known is ignored.

        Replaced atomically but not fsynced: after a power failure an older acknowledgement may come back, and frames
        are read again. Consumers must bear repeats, as they must when killed before acknowledging.
        """
        self.register(name)
        with self._settling:
            if position <= self._acknowledged[name]:
                return
            draft = self.folder / f".{name}.ack"
            try:
                draft.write_text(f"{position}\n")
                draft.replace(self.folder / f"{name}.ack")
            except OSError as error:
                raise StoreError(f"{self.folder} cannot be written: {error.strerror or error}") from error
            self._acknowledged[name] = position
        self._delete(self._keep_bytes)

    def _delete(self, keep_bytes: int, *, for_all: bool = True) -> None:
        """Deletes the oldest segments that every consumer has acknowledged, down to the newest `keep_bytes`."""
        with self._settling:
            heard = [self._acknowledged[name] for name, optional in self._consumers.items() if for_all or not optional]
            if not heard:
                return
            size = self.bytes
            kept = list(self._segments)
            while len(kept) > 1 and kept[0].last <= min(heard) and size - kept[0].bytes >= keep_bytes:
                gone = kept.pop(0)
                size -= gone.bytes
                gone.path.unlink(missing_ok=True)
                if gone.last > min(self._acknowledged[name] for name in self._consumers):
                    self.dropped = gone.last
            self._segments = tuple(kept)

    # ── sizes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def bytes(self) -> int:
        """Size on disk."""
        return sum(segment.bytes for segment in self._segments)

    def depth_bytes(self, name: str) -> int:
        """What a consumer has not acknowledged yet; up to 64 KiB too much (a segment, if from before a restart)."""
        position = self.acknowledged(name)
        if position >= self._last:
            return 0
        segments = self._segments
        at = _segment_of(segments, position)
        return sum(s.bytes for s in segments[at:]) - segments[at].before(position)[1]

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def oldest(self) -> int:
        """No frame before this position is kept."""
        return self._segments[0].first

    def back(self, position: int, size: int) -> int:
        """A position at least `size` bytes before another one, or the beginning."""
        segments = self._segments
        at = _segment_of(segments, position)
        offset = segments[at].before(position)[1] - size
        while offset < 0 and at > 0:
            at -= 1
            offset += segments[at].bytes
        return segments[at].at(max(offset, 0))

    def reader(self, after: int, on_damage: Callable[[Damage], None] | None = None) -> Reader:
        """A place in the journal behind a position, from which to read on and on."""
        return Reader(self, after, on_damage)

    def read(self, after: int, on_damage: Callable[[Damage], None] | None = None) -> Iterator[Frame]:
        """(position, payload) of every durable frame after a position, as far as they are kept.

        `on_damage` is told, in its place between the frames, what cannot be read; without one, JournalDamaged is raised.
        """
        with self.reader(after, on_damage) as reader:
            while frames := reader.next():
                yield from frames

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back after each append, in the thread that appended; gives what ends it. Must not block or raise."""
        self._watchers = (*self._watchers, callback)

        def end() -> None:
            self._watchers = tuple(each for each in self._watchers if each is not callback)

        return end

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> None:
        fresh = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            _fsync_folder(self.folder.parent)
        self._lock = FileLock(self.folder / ".lock", wait_s=0)
        try:
            self._lock.__enter__()
        except StoreError:
            owner = (self.folder / ".lock").read_text(errors="replace") or "?"
            raise StoreError(
                f"the journal {self.folder} belongs to process {owner}, which is running: "
                "stop that collector, or give this one another folder"
            ) from None
        try:
            self._recover()
        except BaseException as error:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
            self._lock.__exit__(type(error), error, None)
            raise

    def _recover(self) -> None:
        names = sorted(os.listdir(self.folder))
        for found in filter(None, map(_ACKNOWLEDGED.fullmatch, names)):
            text = (self.folder / found[0]).read_bytes().strip()
            # A power failure may leave it empty: then all that is kept counts as new.
            self._acknowledged[found[1]] = int(text) if text.isdigit() else 0
        segments = [
            Segment(int(found[1]), self.folder / found[0], (self.folder / found[0]).stat().st_size)
            for found in filter(None, map(_SEGMENT.fullmatch, names))
        ]
        for older, newer in pairwise(segments):
            older.last = newer.first - 1
        self._segments = tuple(segments)
        # Should segments be missing, what consumers have acknowledged is not given out again.
        self._last = max(0, *self._acknowledged.values()) if self._acknowledged else 0
        if segments:
            self._fd = os.open(segments[-1].path, os.O_RDWR | os.O_CLOEXEC)
            self._last = max(self._last, self._scan(segments[-1]))
        else:
            self._begin_segment(max(self._last + 1, self._clock_us()))

    def _scan(self, segment: Segment) -> int:
        """Finds the last frame of the last segment, cuts what is behind it, and gives its position."""
        offset, previous = 0, segment.first - 1
        while offset < segment.bytes:
            frames, following = take(self._fd, offset, segment.bytes, previous, _BLOCK_BYTES)
            if frames:
                previous = frames[-1][0]
                segment.mark(previous, following)
            elif following == segment.bytes:
                self.cut_bytes = segment.bytes - offset
                segment.bytes = offset
                os.ftruncate(self._fd, offset)
                what = {"segment": segment.path.name, "bytes": self.cut_bytes}
                log.info("the journal ended half-written; that is cut off", extra=what)
            # else it is damage between good frames, of which readers will tell
            offset = following
        # A killed writer's last frames may be in the file but not on disk yet; from here on they are given out.
        os.fdatasync(self._fd)
        return previous


class Reader:
    """Reads a journal from a place on, and remembers it. For one thread, which need not be the writer's."""

    def __init__(self, journal: Journal, after: int, on_damage: Callable[[Damage], None] | None = None) -> None:
        self._fd = -1
        self.position = after
        """All frames up to here have been given out, or were so before."""
        self._journal = journal
        self._on_damage = on_damage
        segments = journal._segments
        segment = segments[_segment_of(segments, after)]
        self._segment = segment
        self._previous, self._offset = segment.before(after)

    def next(self, max_bytes: int = _BLOCK_BYTES) -> list[Frame]:
        """The next (position, payload), in order: about `max_bytes` of them, at least one; none if nothing is new.

        Raises JournalDamaged, once for each damage, if nobody was named to be told; the next call reads on behind it.
        """
        try:
            while self._more():
                frames, offset = take(self._fd, self._offset, self._segment.bytes, self._previous, max_bytes)
                if not frames:
                    self._pass_over(offset)
                    continue
                self._previous, self._offset = frames[-1][0], offset
                if frames[0][0] <= self.position:
                    frames = frames[bisect_right(frames, self.position, key=lambda frame: frame[0]) :]
                if frames:
                    self.position = self._previous
                    return frames
        except OSError as error:
            raise StoreError(f"{self._segment.path} cannot be read: {error.strerror or error}") from error
        return []

    def wait(self, timeout_s: float) -> bool:
        """Blocks until there is something to read, or for so long; tells which."""
        with self._journal._arrived:
            return self._journal._arrived.wait_for(lambda: self.behind_bytes() > 0, timeout_s)

    def behind_bytes(self) -> int:
        """What is durable and not read yet."""
        later = [s.bytes for s in self._journal._segments if s.first > self._segment.first]
        return self._segment.bytes - self._offset + sum(later)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _more(self) -> bool:
        """Whether there are bytes to read, in this segment or in one that follows, which is then opened."""
        while True:
            # Asked in this order: a segment with a successor does not grow any more.
            segments = self._journal._segments
            if self._offset < self._segment.bytes and self._opened():
                return True
            at = bisect_right(segments, self._segment.first, key=lambda segment: segment.first)
            if at == len(segments):
                return False
            self.close()
            self._segment = segments[at]
            self._previous, self._offset = self._segment.first - 1, 0

    def _opened(self) -> bool:
        """Whether the segment is there: one that all consumers have acknowledged may be deleted meanwhile."""
        if self._fd < 0:
            try:
                self._fd = os.open(self._segment.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        return True

    def _pass_over(self, offset: int) -> None:
        size, start, self._offset = offset - self._offset, self._offset, offset
        before = self._position_at(offset)
        if before <= self.position + 1:
            return  # nothing that was asked for
        damage = Damage(self._segment.path.name, start, size, max(self._previous, self.position), before)
        self.position = max(self.position, self._previous)
        if self._on_damage is None:
            raise JournalDamaged(damage)
        self._on_damage(damage)

    def _position_at(self, offset: int) -> int:
        """Of the first frame at or behind an offset before which all is damaged."""
        if offset < self._segment.bytes:
            position: int = HEAD.unpack(os.pread(self._fd, HEAD.size, offset))[2]
            return position
        later = [segment.first for segment in self._journal._segments if segment.first > self._segment.first]
        return min(later, default=self._journal.last + 1)


def _segment_of(segments: Sequence[Segment], position: int) -> int:
    """The index of the segment in which frames after a position begin, or of the oldest."""
    return max(bisect_right(segments, position + 1, key=lambda segment: segment.first) - 1, 0)


def _check_name(name: str) -> None:
    if not _ACKNOWLEDGED.fullmatch(f"{name}.ack"):
        raise ValueError(f"{name!r} is no name for a consumer: small letters, digits, - and _")


def _fsync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
