"""What the kernels of one query share: the snapshot, the clock, the way to stop, and what they count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tapeql.errors import Diagnostic
from tapeql.run.cancel import Cancel
from tapeql.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Context:
    snapshot: Snapshot
    now_us: int
    cancel: Cancel
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[Diagnostic] = field(default_factory=list)
