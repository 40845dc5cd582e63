"""Massive's numbers of sale conditions as the letters the tapes print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tapeql.tapes.numbered import CTA, UTP

UTP_TAPE: Final = 3


def letters(numbers: Iterable[int], tape: int | None) -> str | None:
    """`[12, 37]` → `T,I`; None where nothing is to be said."""
    table = UTP if tape == UTP_TAPE else CTA
    return ",".join(table[number] for number in numbers if number in table) or None
