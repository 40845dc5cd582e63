"""Frames of the journal as bytes: length, CRC-32 of position and payload, position, payload.

length u32 │ crc32 u32 │ position i64 │ payload        big-endian, one after the other
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from tapeql.limits import JOURNAL_FRAME_BYTES

HEAD: Final = struct.Struct(">IIq")
_LENGTH_AND_CRC: Final = struct.Struct(">II")
_POSITION: Final = struct.Struct(">q")
_PERHAPS_A_HEAD: Final = re.compile(rb"(?=\0.{7}\0)", re.DOTALL)
"""Lengths fit in three bytes, and microseconds in seven until the year 4253."""

Frame = tuple[int, bytes]
"""(position, payload)"""


def encode(first: int, payloads: Sequence[bytes]) -> bytes:
    """Frames at the positions `first`, `first + 1`, …"""
    pieces: list[bytes] = []
    for position, payload in enumerate(payloads, first):
        place = _POSITION.pack(position)
        pieces += (_LENGTH_AND_CRC.pack(len(payload), crc32(payload, crc32(place))), place, payload)
    return b"".join(pieces)


def decode(block: bytes, previous: int) -> tuple[list[Frame], int]:
    """The frames a block begins with, and the bytes they take: up to the first that is cut, damaged or out of order."""
    frames: list[Frame] = []
    view = memoryview(block)
    offset, size = 0, len(block)
    while offset + HEAD.size <= size:
        length, crc, position = HEAD.unpack_from(block, offset)
        end = offset + HEAD.size + length
        if end > size or position <= previous or crc32(view[offset + 8 : end]) != crc:
            break
        frames.append((position, block[offset + HEAD.size : end]))
        previous, offset = position, end
    return frames, offset


def take(fd: int, offset: int, end: int, previous: int, max_bytes: int) -> tuple[list[Frame], int]:
    """Whole frames of a file from an offset on, about `max_bytes` of them and at least one, and the offset after them.

    No frames: there is damage, and the offset is that of the next readable frame, or `end`.
    """
    block = os.pread(fd, min(max(max_bytes, HEAD.size), end - offset), offset)
    frames, used = decode(block, previous)
    if not frames and len(block) >= HEAD.size:
        needed = HEAD.size + HEAD.unpack_from(block)[0]
        if len(block) < needed <= min(end - offset, HEAD.size + JOURNAL_FRAME_BYTES):
            frames, used = decode(os.pread(fd, needed, offset), previous)
    if frames:
        return frames, offset + used
    rest = os.pread(fd, end - offset, offset)
    found = _next(rest, previous)
    return [], end if found == len(rest) else offset + found


def _next(block: bytes, previous: int) -> int:
    """Where, behind damage at the beginning of a block, the next readable frame begins; the block's end if nowhere."""
    view = memoryview(block)
    for found in _PERHAPS_A_HEAD.finditer(block, 1):
        offset = found.start()
        if offset + HEAD.size > len(block):
            break
        length, crc, position = HEAD.unpack_from(block, offset)
        end = offset + HEAD.size + length
        if end <= len(block) and position > previous and crc32(view[offset + 8 : end]) == crc:
            return offset
    return len(block)
