"""What a sentence reads: the store's snapshot, and files and tables where it names some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tapeql.language import syntax
from tapeql.language.clauses.from_ import From, Given, SymbolPattern
from tapeql.query.symbols import Elsewhere
from tapeql.storage.snapshot import Snapshot

Pipeline = syntax.Query | syntax.Pipe


@dataclass(frozen=True, slots=True)
class Sight:
    """A snapshot, and which of its symbols are of which file or table."""

    snapshot: Snapshot
    elsewhere: Elsewhere = field(default_factory=dict)


def stages(query: Pipeline) -> Iterator[syntax.Query]:
    if isinstance(query, syntax.Pipe):
        yield from stages(query.left)
        yield query.right
    else:
        yield query


def sources(stage: syntax.Query) -> Iterator[SymbolPattern | Given]:
    """What FROM of one verb names."""
    for clause in stage.clauses:
        if isinstance(clause, From):
            yield from clause.symbols


def names(query: Pipeline, kind: type[SymbolPattern | Given]) -> bool:
    return any(isinstance(source, kind) for stage in stages(query) for source in sources(stage))
