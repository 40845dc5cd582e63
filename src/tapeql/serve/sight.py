"""What a sentence reads: the store's snapshot, and files and tables where it names some."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapeql.query.symbols import Elsewhere
from tapeql.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Sight:
    """A snapshot, and which of its symbols are of which file or table."""

    snapshot: Snapshot
    elsewhere: Elsewhere = field(default_factory=dict)
