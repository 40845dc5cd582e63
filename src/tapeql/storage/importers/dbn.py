"""Databento's binary encoding, read as the text that Databento itself makes of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from tapeql.errors import DataError
from tapeql.storage.importers.packed import Packed
from tapeql.storage.importers.text import TextSource

_PIECE_BYTES: Final = 1 << 20


class DbnSource(TextSource):
    """A DBN file, which may be compressed; its lines are those of the text, a header and a line a record."""

    def __init__(self, packed: Packed) -> None:
        self._text = _as_text(packed)  # gone with this object
        text = Packed(Path(self._text.name))
        super().__init__(text, text.head())
        self.label = packed.label
        self.path = packed.full


def _as_text(packed: Packed) -> Any:
    dbn: Any
    try:
        import databento_dbn as dbn
    except ModuleNotFoundError:
        raise DataError(
            f"{packed.label} is a DBN file, which needs one more package: pip install 'tapeql[dbn]'"
        ) from None
    text = tempfile.NamedTemporaryFile(prefix="tapeql-dbn-", suffix=".csv")  # noqa: SIM115
    try:
        # Whole numbers are quicker to write and to read than decimals and dates.
        records = dbn.Transcoder(text, dbn.Encoding.CSV, dbn.Compression.NONE, pretty_px=False, pretty_ts=False)
        with packed.open() as stream:
            while piece := stream.read(_PIECE_BYTES):
                records.write(piece)
        records.flush()
        text.flush()
        if records.buffer():
            raise dbn.DBNError("it ends within a record")
    except (dbn.DBNError, OSError) as error:
        text.close()
        raise DataError(f"{packed.label} is no DBN file that can be read: {error}") from None
    return text
