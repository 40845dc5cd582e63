"""The bytes of a file, wherever they are: plain, compressed, or in a zip archive."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from tapeql.errors import DataError
from tapeql.storage.importers.shown import shown

_MAGIC: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz"}
_ARCHIVE: Final = b"PK"
_MACS: Final = "__MACOSX/"
HEAD_BYTES: Final = 256 * 1024
"""How much of a file is read to tell what it is."""
BROKEN: Final = (EOFError, pa.ArrowException, lzma.LZMAError, zlib.error, zipfile.BadZipFile, UnicodeError)
"""What readers raise for bytes that are not what they began as."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file, or a member of an archive."""

    path: Path
    member: str | None = None

    @property
    def label(self) -> str:
        return shown(f"{self.path}({self.member})" if self.member else self.path)

    @property
    def full(self) -> str:
        """The path, with the member as its last part."""
        return "/".join([self.path.as_posix(), *([self.member] if self.member else [])])

    @property
    def is_plain(self) -> bool:
        """Whether the file can be opened by its path."""
        if self.member is not None:
            return False
        with self.path.open("rb") as file:
            return compression(file) is None

    def open(self) -> Stream:
        return Stream(self)

    def head(self) -> bytes:
        """The first bytes, uncompressed: all of a file that has fewer than HEAD_BYTES."""
        with self.open() as stream:
            return stream.read(HEAD_BYTES)


class Stream:
    """The bytes of a Packed, uncompressed; `position` is how much of the file on disk has been read, 0 to 1."""

    def __init__(self, packed: Packed) -> None:
        self._file = open(packed.path, "rb")  # noqa: SIM115
        self._size = max(packed.path.stat().st_size, 1)
        stream: IO[bytes] = self._file
        if packed.member is not None:
            try:
                stream = zipfile.ZipFile(self._file).open(packed.member)  # noqa: SIM115
            except (RuntimeError, NotImplementedError) as error:  # a password, or a compression nobody else knows
                raise DataError(f"{packed.label} cannot be unpacked: {error}") from None
        self._bytes = _uncompressed(stream)

    def read(self, count: int = -1) -> bytes:
        return bytes(
            self._bytes.read(None if count < 0 else count) if _is_arrow(self._bytes) else self._bytes.read(count)
        )

    def arrow(self) -> Any:
        """What pyarrow reads from."""
        return self._bytes

    def position(self) -> float:
        return self._file.tell() / self._size if not self._file.closed else 1.0

    def close(self) -> None:
        self._bytes.close()
        self._file.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def members(path: Path) -> Iterator[Packed]:
    """The file itself, or what an archive holds, in the archive's order."""
    with open(path, "rb") as file:
        is_archive = file.read(2) == _ARCHIVE and zipfile.is_zipfile(file)
    if not is_archive:
        yield Packed(path)
        return
    with zipfile.ZipFile(path) as archive:
        names = [m.filename for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(_MACS)]
    if not names:
        raise DataError(f"{shown(path)} is an empty archive")
    yield from (Packed(path, name) for name in names)


def is_packed(file: IO[bytes]) -> bool:
    """Whether a file is compressed or an archive; it is at its start again."""
    packed = compression(file) is not None or zipfile.is_zipfile(file)
    file.seek(0)
    return packed


def compression(stream: IO[bytes]) -> str | None:
    """What the first bytes say; the stream is where it was."""
    head = stream.read(6)
    stream.seek(0)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def _uncompressed(stream: IO[bytes]) -> Any:
    match compression(stream):
        case None:
            return stream
        case "xz":
            return lzma.LZMAFile(stream)
        case kind:
            return pa.CompressedInputStream(stream, kind)


def _is_arrow(stream: Any) -> bool:
    return isinstance(stream, pa.NativeFile)
