"""Rows that must be seen together, within the memory a query may use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from tapeql.kernels.database import too_much

T = TypeVar("T", bound="Sized")

COPIES = 2
"""What is gathered is held once more while it is joined or put in order."""


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


def gathered(pieces: Iterable[T], why: str, memory: int) -> list[T]:
    """All frames of a symbol, or batches of a result. Raises LimitError where they need more bytes than a query may use."""
    found: list[T] = []
    held = 0
    for piece in pieces:
        found.append(piece)
        held += piece.nbytes
        if COPIES * held > memory:
            raise too_much(why, memory)
    return found
