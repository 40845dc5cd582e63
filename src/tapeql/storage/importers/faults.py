"""What is wrong with a row of a file, and the account kept of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

EXAMPLES: Final = 5
"""Refused rows shown in a message."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row (its place in a batch) that cannot be used. `kind` counts, `value` is what was there."""

    row: int
    kind: str
    value: str = ""

    @property
    def reason(self) -> str:
        return f"{self.kind}: {self.value}" if self.value else self.kind


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row of a file that was refused: `line` counts from 1, the header included (rows, in files without lines)."""

    file: str
    line: int
    reason: str
    raw: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class Refusals:
    """All refusals of an import: every one counted, the first few kept."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    examples: list[Refusal] = field(default_factory=list)

    def add(self, refusal: Refusal, kind: str) -> None:
        self.count += 1
        self.kinds[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(refusal)

    def summary(self) -> str:
        """The first few, then how many of each kind."""
        lines = [str(refusal) for refusal in self.examples]
        if self.count > len(self.examples):
            counts = "; ".join(f"{count:,} × {kind}" for kind, count in self.kinds.most_common())
            lines.append(f"… {self.count:,} rows in all: {counts}")
        return "\n".join(lines)
