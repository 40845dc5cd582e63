"""Files named by a URI: those of this machine are read, others are asked for as files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from tapeql.errors import DataError
from tapeql.storage.importers.shown import shown

_URI: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(.*)", re.DOTALL)
_WEB: Final = "curl -LO"
_FETCHED: Final = {
    "http": _WEB,
    "https": _WEB,
    "ftp": _WEB,
    "s3": "aws s3 cp",
    "gs": "gcloud storage cp",
    "az": "azcopy copy",
    "abfs": "azcopy copy",
    "abfss": "azcopy copy",
}
"""What brings a file of such a URI here."""


def path_of(name: str | os.PathLike[str]) -> Path:
    """Where a name lies on this machine. Raises DataError for a URI of another, with a way to bring it here."""
    uri = _URI.fullmatch(os.fspath(name))
    if uri is None or Path(name).exists():
        return Path(name)
    scheme, host, path = uri[1].lower(), uri[2], uri[3]
    if scheme == "file" and host in ("", "localhost"):
        return Path(unquote(path))
    bring = _FETCHED.get(scheme)
    way = f"bring it here (such as with `{bring}`)" if bring else "bring it here"
    raise DataError(
        f"{shown(name)} is not on this machine, and only files that are can be read: {way}, and name the file"
    )
