"""A result as a table in the terminal: the first and last rows, numbers right-aligned to one count of decimals."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.export.text import text
from tapeql.shell import visible

HEAD_ROWS: Final = 30
TAIL_ROWS: Final = 10
"""A longer result shows its beginning, its end, and how many rows lie between."""

NULL: Final = "·"
ELLIPSIS: Final = "…"
DISPENSABLE: Final = ("ts_close", "session_date", "trades", "vwap")
"""What a terminal that is too narrow leaves out first; then columns from the middle."""
SIGNIFICANT_DIGITS: Final = 9
MAX_DECIMALS: Final = 8


def render(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    width: int | None = None,
    head_rows: int = HEAD_ROWS,
    tail_rows: int = TAIL_ROWS,
) -> str:
    """The table as text, ended by a line with the count of rows.

    Only the rows shown are kept while the batches pass. `width` in characters: columns that hold one value all the
    way are told above the table first; what is too wide still is left out from the middle and named below.
    None: no bound. A result of one text column `line` is printed as it is, all of it.
    """
    if schema.names == ["line"]:
        return "".join(f"{visible.lines(line)}\n" for batch in batches for line in batch.column(0).to_pylist())
    shown = _Shown(schema, head_rows, tail_rows)
    for batch in batches:
        shown.add(batch)
    columns = [_column(field, shown.values(i)) for i, field in enumerate(schema)]
    return shown.layout(columns, width)


class _Shown:
    """The head, the tail, the count, and which columns have been constant so far."""

    def __init__(self, schema: pa.Schema, head_rows: int, tail_rows: int) -> None:
        self.schema = schema
        self._head_rows, self._tail_rows = head_rows, tail_rows
        self.count = 0
        self._head: list[pa.RecordBatch] = []
        self._tail: deque[pa.RecordBatch] = deque()
        self._constant: dict[int, Any] = {
            i: None for i, f in enumerate(schema) if pa.types.is_string(f.type) or pa.types.is_boolean(f.type)
        }

    def add(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        for i in list(self._constant):
            different = pc.unique(batch.column(i))
            first = different[0].as_py()
            if len(different) > 1 or (self.count and first != self._constant[i]):
                del self._constant[i]
            else:
                self._constant[i] = first
        room = max(0, self._head_rows + self._tail_rows - self.count)
        if room:
            self._head.append(batch.slice(0, room))
        self.count += batch.num_rows
        self._tail.append(batch.slice(max(0, batch.num_rows - self._tail_rows)))
        while sum(b.num_rows for b in self._tail) - self._tail[0].num_rows >= self._tail_rows:
            self._tail.popleft()

    @property
    def cut(self) -> bool:
        return self.count > self._head_rows + self._tail_rows

    def values(self, i: int) -> pa.Array:
        """The values shown of a column, head before tail."""
        head = pa.Table.from_batches(self._head, self.schema).column(i)
        if self.cut:
            tail = pa.Table.from_batches(self._tail, self.schema).column(i)
            head = pa.chunked_array(
                [*head.slice(0, self._head_rows).chunks, *tail.slice(len(tail) - self._tail_rows).chunks]
            )
        return head.combine_chunks() if isinstance(head, pa.ChunkedArray) else head

    def layout(self, columns: Sequence[Sequence[str]], width: int | None) -> str:
        names, numeric = [visible.cell(name) for name in self.schema.names], [_is_number(f.type) for f in self.schema]
        widths = [max(map(len, (name, *cells)), default=0) for name, cells in zip(names, columns, strict=True)]
        keep = list(range(len(names)))
        above: list[str] = []
        hidden: list[int] = []

        def total() -> int:
            return sum(widths[i] + 2 for i in keep) - 2

        if width is not None and self.count > 1 and total() > width:
            folded = [i for i in keep if i in self._constant]
            above = [f"{names[i]}={columns[i][0]}" for i in folded]
            keep = [i for i in keep if i not in folded] or keep[:1]
        while width is not None and total() > width and len(keep) > 2:
            first = next((k for name in DISPENSABLE for k, i in enumerate(keep) if names[i] == name), len(keep) // 2)
            hidden.append(keep.pop(first))

        rows = [_line(names, widths, numeric, keep)]
        rows.append("  ".join("─" * widths[i] for i in keep))
        for r in range(len(columns[0]) if columns else 0):
            if self.cut and r == self._head_rows:
                rows.append(f"{ELLIPSIS} {self.count - self._head_rows - self._tail_rows:,} more rows {ELLIPSIS}")
            rows.append(_line([c[r] for c in columns], widths, numeric, keep))
        if above:
            rows.insert(0, "  ".join(above))
        count = f"{self.count:,} row{'' if self.count == 1 else 's'}"
        left_out = f", not shown: {', '.join(names[i] for i in sorted(hidden))}" if hidden else ""
        return "\n".join([*rows, f"({count}{left_out})", ""])


def _line(cells: Sequence[str], widths: list[int], numeric: list[bool], keep: list[int]) -> str:
    parts = [cells[i].rjust(widths[i]) if numeric[i] else cells[i].ljust(widths[i]) for i in keep]
    return "  ".join(parts).rstrip()


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _column(field: pa.Field, values: pa.Array) -> list[str]:
    if pa.types.is_floating(field.type):
        return _floats(values.to_pylist())
    written = [NULL if v is None else visible.cell(v) for v in text(values).to_pylist()]
    if pa.types.is_timestamp(field.type) and all(w.endswith(":00Z") for w in written if w != NULL):
        written = [w if w == NULL else f"{w[:-4]}Z" for w in written]
    return written


def _floats(values: list[float | None]) -> list[str]:
    """Nine significant digits, and for the whole column as many decimals as its values need."""
    known = [v for v in values if v is not None]
    if any(v != 0 and not 1e-5 <= abs(v) < 1e15 for v in known):
        return [NULL if v is None else f"{v:.{SIGNIFICANT_DIGITS}g}" for v in values]
    decimals = max((_decimals(v) for v in known), default=0)
    return [NULL if v is None else f"{v:.{decimals}f}" for v in values]


def _decimals(value: float) -> int:
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 1
    room = min(MAX_DECIMALS, max(0, SIGNIFICANT_DIGITS - whole))
    fraction = f"{value:.{room}f}".partition(".")[2].rstrip("0")
    return len(fraction)
