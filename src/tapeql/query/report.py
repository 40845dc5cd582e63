"""Refusals with their place, reason and ways out, collected so that independent ones are told together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tapeql.errors import Diagnostic, Diagnostics, Fix, Span


@dataclass(frozen=True, slots=True)
class Report:
    """Where the rooms of resolve put what they find."""

    found: Diagnostics = field(default_factory=Diagnostics)

    def add(self, code: str, reason: str, span: Span, *hints: str, fix: Fix | None = None) -> None:
        self.found.add(Diagnostic(code, reason, span, hints, fix))

    def unknown(self, code: str, reason: str, span: Span, word: str, candidates: Iterable[str], *hints: str) -> None:
        """A name nothing answers to, with the nearest that exist; the first of them is the fix."""
        from tapeql.language.nearest import nearest

        close = list(nearest(word, list(candidates)))
        if close:
            hints = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?", *hints)
        self.add(code, reason, span, *hints, fix=Fix(span, close[0]) if close else None)

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        return tuple(diagnostic for diagnostic in self.found.found if not diagnostic.is_error)
