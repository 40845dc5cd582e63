"""Sources one after another into a transaction; small files that are alike are read together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tapeql.errors import DataError
from tapeql.limits import IMPORT_TOGETHER_BYTES
from tapeql.storage.importers.alike import Like, Rows, like_of
from tapeql.storage.importers.recognise import Questions, Taken, Unsaid, recognise
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.text import TextSource
from tapeql.storage.importers.wishes import Wishes, checked_symbol
from tapeql.storage.store import Transaction
from tapeql.storage.taking import Advance, File, Tally, take

T = TypeVar("T")

_QUESTIONS: Final = 1000
"""So many files that ask are enough for a message."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: str
    source: TextSource
    taken: Taken
    advance: Advance


@dataclass(slots=True)
class Taking:
    """Rows go in in the order of their sources. What waits is added by `finish`, or by the next source that is not alike."""

    wishes: Wishes
    transaction: Transaction
    quarantine: str | os.PathLike[str] | None
    tally: Tally
    _likes: dict[bytes, Like | None] = field(default_factory=dict)
    """By the first line of a file; None where others were not like it."""
    _like: Like | None = None
    _waiting: list[_Waiting] = field(default_factory=list)
    _bytes: int = 0
    _questions: list[Unsaid] = field(default_factory=list)

    def add(self, name: str, source: Source, advance: Advance) -> None:
        """Raises DataError for what cannot be taken, be it a source before.

        Once a source does not say all, the others are only asked what they do not say.
        """
        try:
            if self._questions:
                recognise(source, self.wishes)
            else:
                self._add(name, source, advance)
        except Unsaid as question:
            self._questions.append(question)
            if len(self._questions) >= _QUESTIONS:
                self.ask()
        except DataError:
            self.ask()
            raise

    def over(self, sources: Iterable[T]) -> Iterator[T]:
        """Sources as they are opened; what was asked before one that cannot be is told first."""
        try:
            yield from sources
        except DataError:
            self.ask()
            raise

    def ask(self) -> None:
        """Raises DataError with what the sources so far do not say, if there is anything."""
        if len(self._questions) == 1:
            raise self._questions[0]
        if self._questions:
            raise Questions(self._questions)

    def _add(self, name: str, source: Source, advance: Advance) -> None:
        alone = self.wishes.consolidate  # the best of markets is told row by row, from file to file
        like = self._likes.get(_first_line(source)) if isinstance(source, TextSource) and not alone else None
        taken = like.follows(source) if like is not None and isinstance(source, TextSource) else None
        if taken is None or not isinstance(source, TextSource):
            self._flush()
            self._alone(name, source, advance)
            return
        if like is not self._like or self._bytes > IMPORT_TOGETHER_BYTES:
            self._flush()
        self._like = like
        self._bytes += len(source.head)
        self._waiting.append(_Waiting(name, source, taken, advance))

    def finish(self) -> None:
        """Adds what waits. Raises DataError, with all questions where there are some."""
        self.ask()
        self._flush()

    def _flush(self) -> None:
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if self._like is None or not waiting:
            return
        rows = self._like.read([each.source.head for each in waiting])
        if rows.files.count(None) * 2 > len(waiting):
            self._likes[_first_line(waiting[0].source)] = None
        begin = 0
        for number, each in enumerate(waiting):
            if rows.files[number] is None:
                self._together(waiting, rows, begin, number)
                self._alone(each.name, each.source, each.advance)
                begin = number + 1
        self._together(waiting, rows, begin, len(waiting))

    def _alone(self, name: str, source: Source, advance: Advance) -> None:
        file = take(source, self.wishes, self.transaction, name, self.quarantine, self.tally, advance)
        if isinstance(source, TextSource):
            line = _first_line(source)
            if self._likes.get(line, ...) is not None:
                self._likes[line] = like_of(source, file.taken, self.wishes)

    def _together(self, waiting: Sequence[_Waiting], rows: Rows, begin: int, end: int) -> None:
        """Adds the rows of some files that are all alike."""
        pieces = []
        for each, alike in zip(waiting[begin:end], rows.files[begin:end], strict=True):
            assert alike is not None
            taken = each.taken
            venue, code = checked_symbol(taken.venue, taken.symbol)
            pieces.append((venue, code, each.name, alike.usable))
            target = (taken.kind.table.name, venue, code, taken.interval)
            file = File(taken, each.source.label, {target: alike.usable}, {target: (alike.first_us, alike.last_us)})
            self.tally.files.append(file)
            self.tally.notes += file.notes
            self.tally.read += alike.read
            self.tally.skipped += alike.read - alike.usable
            self.tally.blank += alike.read - alike.usable
            self.tally.odd += alike.odd
            each.advance(1.0)
        if pieces:
            taken = waiting[begin].taken
            self.transaction.add_pieces(taken.kind.table.name, rows.of(begin, end), pieces, taken.interval)


def _first_line(source: TextSource) -> bytes:
    return source.head[: source.head.find(b"\n")]
