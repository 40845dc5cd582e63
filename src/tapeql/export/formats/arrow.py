"""Arrow IPC file; the result information is custom metadata (`tapeql.info`) of its last, empty batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from tapeql.export.info import INFO_KEY, encode_info

if TYPE_CHECKING:
    from tapeql.run.result import Result

SUFFIX = ".arrow"


def write(result: Result, sink: BinaryIO) -> None:
    with pa.ipc.new_file(sink, result.schema) as writer:
        for batch in result.batches:
            writer.write_batch(batch)
        # The footer is opened before the first batch, when the information is not known yet.
        empty = pa.RecordBatch.from_pylist([], result.schema)
        writer.write_batch(empty, custom_metadata={INFO_KEY: encode_info(result.info)})
