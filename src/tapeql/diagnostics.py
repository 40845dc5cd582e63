"""One record for everything that is told about a sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Fix:
    """A machine-applicable edit: replace the text at `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One record for every door: code, place, reason, ways out.

    Families: E0xx syntax, E1xx names, E2xx types and units, E3xx lookahead, E4xx data and range,
    E5xx limits of the engine, W… lints, N… notes.
    """

    code: str
    reason: str
    span: Span = NOWHERE
    hints: tuple[str, ...] = ()
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        return self.code.startswith("E")

    def before_insertion(self, at: int, length: int) -> Diagnostic:
        """The same with its places in the text as it was before so many characters were put in at a place."""

        def back(span: Span) -> Span:
            return Span(
                span.start - length if span.start >= at + length else span.start,
                span.end - length if span.end > at else span.end,
            )

        fix = replace(self.fix, span=back(self.fix.span)) if self.fix else None
        return replace(self, span=back(self.span), fix=fix)
