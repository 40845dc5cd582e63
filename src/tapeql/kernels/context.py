"""What the kernels of one query share: the snapshot, the clock, the way to stop, and what they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tapeql.cancel import Cancel
from tapeql.errors import Diagnostic
from tapeql.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Context:
    snapshot: Snapshot
    now_us: int
    cancel: Cancel
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Diagnostic] = field(default_factory=list)

    def scan(
        self,
        table: str,
        venue: str,
        code: str,
        start_us: int,
        end_us: int,
        columns: Sequence[str],
        interval: str = "",
    ) -> Iterator[pa.RecordBatch]:
        """The stored rows of [start, end) that were there before now: what comes later is not known yet."""
        return self.snapshot.scan(table, venue, code, start_us, min(end_us, self.now_us), columns, interval)
