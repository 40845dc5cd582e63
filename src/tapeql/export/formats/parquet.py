"""Parquet, zstd; the result information is the footer's key `tapeql.info`."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow.parquet as pq

from tapeql.export.info import INFO_KEY, encode_info

if TYPE_CHECKING:
    from tapeql.run.result import Result

SUFFIX = ".parquet"


def write(result: Result, sink: BinaryIO) -> None:
    with pq.ParquetWriter(sink, result.schema, compression="zstd") as writer:
        for batch in result.batches:
            if batch.num_rows:
                writer.write_batch(batch)
        writer.add_key_value_metadata({INFO_KEY: encode_info(result.info)})
