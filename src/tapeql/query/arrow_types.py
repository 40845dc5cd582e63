"""The Arrow type of each type of the language."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.query.nodes import Type

ARROW: Final[dict[Type, pa.DataType]] = {
    Type.FLOAT: pa.float64(),
    Type.INT: pa.int64(),
    Type.INSTANT: pa.timestamp("us", tz="UTC"),
    Type.DATE: pa.date32(),
    Type.TIME: pa.time64("us"),
    Type.DURATION: pa.duration("us"),
    Type.BOOL: pa.bool_(),
    Type.STRING: pa.string(),
    Type.NULL: pa.float64(),
}
