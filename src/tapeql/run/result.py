"""What an engine hands back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa


@dataclass(slots=True)
class Result:
    """Columns, streamed.

    schema    exact, with the metadata that text and catalogue determine
    batches   record batches of that schema, in order; may be iterated once
    info      what running it told: engine, snapshot, sources, notes, counts; complete when `batches` is exhausted
    """

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    info: dict[str, Any] = field(default_factory=dict)

    def table(self) -> pa.Table:
        """The whole result in memory."""
        return pa.Table.from_batches(self.batches, self.schema)
