"""FROM: the symbols, those of files and tables among them."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.from_ import From
from tapeql.query.nodes import Symbol
from tapeql.query.symbols import resolve_symbols
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause


@settled
def symbols(asking: Asking) -> tuple[Symbol, ...]:
    source, given = asking.clause(From), asking.given
    if source is None:
        reason = "nothing is asked about: FROM names the symbols"
        asking.report.add("E207", reason, asking.written.verb.span, "write `FROM venue:CODE`")
        return ()
    return resolve_symbols(source, given.catalogue, given.settings.venue, given.report, given.elsewhere)


CLAUSE: Final = Clause((From,), "FROM names the symbols", handed_on=True)
