"""Which reader a file needs: its bytes say so, not its name."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tapeql.errors import DataError
from tapeql.storage.importers.packed import BROKEN, Packed, is_packed, members
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.uris import path_of

_PROMISED: Final = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".feather": "Feather",
    ".arrow": "Feather",
    ".zip": "zip",
    ".gz": "gzip",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".zst": "Zstandard",
}
"""What a file of this suffix is: never a text file."""


def files_of(names: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The files named, by path or as file://, those in folders, and those that patterns such as `trades/*.csv` find.

    Of a folder hidden ones are left out, and those that tell of the others, such as README.md.
    """
    found: list[Path] = []
    for name in names:
        path = path_of(name)
        if path.is_dir():
            inside = sorted(
                each for each in path.rglob("*") if each.is_file() and not _is_aside(each.relative_to(path))
            )
            if not inside:
                raise DataError(f"the folder {shown(path)} holds no file")
            found += inside
        elif not path.exists() and glob.has_magic(str(path)):
            matching = sorted(each for each in map(Path, glob.glob(str(path), recursive=True)) if each.is_file())
            if not matching:
                raise DataError(f"no file is named like {shown(path)}")
            found += matching
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def open_sources(path: Path) -> Iterator[Source]:
    """A file's sources: one, or one a member of a zip archive. Raises DataError for what cannot be read."""
    try:
        _keeps_promise(path)
        for packed in members(path):
            yield _open(packed)
    except FileNotFoundError:
        raise DataError(f"there is no file {shown(path)}") from None
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror or shown(error)}") from error
    except BROKEN as error:
        raise DataError(f"{shown(path)} cannot be read: {shown(error)}") from error


def _open(packed: Packed) -> Source:
    head = packed.head()
    if head.startswith(b"PAR1"):
        from tapeql.storage.importers.parquet import ParquetSource

        return ParquetSource(packed)
    if head.startswith(b"ARROW1"):
        from tapeql.storage.importers.feather import FeatherSource

        return FeatherSource(packed)
    if head.startswith(b"FEA1"):
        raise DataError(f"{packed.label} is Feather version 1, which is no longer read; write it anew as version 2")
    if head.startswith(b"DBN"):
        from tapeql.storage.importers.dbn import DbnSource

        return DbnSource(packed)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        from tapeql.storage.importers.json import JsonSource

        return JsonSource(packed)
    from tapeql.storage.importers.split import splits
    from tapeql.storage.importers.text import TextSource

    return splits(TextSource(packed, head), head)


def _keeps_promise(path: Path) -> None:
    promised = _PROMISED.get(path.suffix.lower())
    if promised is None:
        return
    with open(path, "rb") as file:
        kept = is_packed(file) or file.read(4) in (b"PAR1", b"ARRO", b"FEA1")
    if not kept:
        raise DataError(f"{shown(path)} is not a {promised} file")


def _is_aside(path: Path) -> bool:
    """Hidden, or words about the data beside them."""
    words = path.suffix.lower() in (".md", ".rst", ".html", ".pdf") or path.stem.upper() in (
        "README",
        "LICENSE",
        "NOTICE",
    )
    return words or any(part.startswith((".", "_")) for part in path.parts)
