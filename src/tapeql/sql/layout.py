"""A statement as a person reads it: a clause a line, lists filled up to a width, inputs named with their size.

What is long and says nothing (instants of a calendar, paths of files) is left out unless all is asked for.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlglot import exp

from tapeql.sql.terms import Node, name

WIDTH: Final = 116
FEW: Final = 4
"""So many items of a list are shown."""


def laid_out(statement: exp.Select, dialect: str, inputs: Mapping[str, int], *, full: bool) -> str:
    """The text of a statement; `inputs` are the tables of constants among its CTEs, with their numbers of rows."""
    printer = _Printer(dialect, full)
    ctes = statement.args["with_"].expressions if statement.args.get("with_") else []
    written = []
    for cte in ctes:
        rows = inputs.get(cte.alias, 0)
        if rows > FEW and not full:
            columns = ", ".join(printer.text(name(e.alias)) for e in cte.this.expressions)
            written.append((f"{printer.text(name(cte.alias))} ({columns}) AS (…)", f"  -- {rows:,} rows"))
        else:
            body = textwrap.indent("\n".join(printer.query(cte.this)), "  ")
            written.append((f"{printer.text(name(cte.alias))} AS (\n{body}\n)", ""))
    last = len(written) - 1
    parts = [f"{text}{',' if n < last else ''}{comment}" for n, (text, comment) in enumerate(written)]
    return "\n".join([*(["WITH " + "\n".join(parts)] if parts else []), *printer.query(statement)])


class _Printer:
    def __init__(self, dialect: str, full: bool) -> None:
        self._dialect, self._full = dialect, full

    def text(self, node: Node) -> str:
        return node.sql(self._dialect, comments=False)

    def query(self, query: exp.Expr) -> Iterator[str]:
        if isinstance(query, exp.Union):
            yield from self.query(query.this)
            yield "UNION ALL"
            yield from self.query(query.expression)
            return
        args = query.args
        yield from self._list("SELECT DISTINCT" if args.get("distinct") else "SELECT", query.expressions)
        if args.get("from_"):
            yield f"FROM {self._source(args['from_'].this)}"
        for join in args.get("joins") or ():
            head = self.text(join).strip().partition(" ON ")[0]
            yield from self._list(f"{head} ON", _conditions(join.args["on"]), " AND ")
        if args.get("where"):
            yield from self._list("WHERE", _conditions(args["where"].this), " AND ")
        if args.get("group"):
            yield from self._list("GROUP BY", args["group"].expressions)
        if args.get("order"):
            yield from self._list("ORDER BY", args["order"].expressions)
        yield from (self.text(args[key]).strip() for key in ("limit", "offset") if args.get(key))

    def _source(self, source: exp.Expr) -> str:
        if isinstance(source, exp.Subquery):
            inner = "\n".join(self.query(source.this))
            alias = f" AS {self.text(name(source.alias))}" if source.alias else ""
            return f"(\n{textwrap.indent(inner, '  ')}\n){alias}"
        if self._full:
            return self.text(source)
        source = source.copy()
        for listed in source.find_all(exp.Array):
            if len(listed.expressions) > FEW:
                listed.replace(exp.Var(this=f"[… {len(listed.expressions):,} files]"))
        return self.text(source)

    def _list(self, clause: str, items: Sequence[Node], separator: str = ", ") -> Iterator[str]:
        """On one line where it fits, else indented below its word."""
        texts = [self.text(item) for item in items]
        whole = f"{clause} {separator.join(texts)}"
        if len(whole) <= WIDTH:
            yield whole
            return
        yield clause
        line = ""
        for number, text in enumerate(texts):
            more = text + (separator.rstrip() if number < len(texts) - 1 else "")
            if line and len(line) + len(more) + 3 > WIDTH:
                yield f"  {line}"
                line = more
            else:
                line = f"{line} {more}" if line else more
        yield f"  {line}"


def _conditions(condition: Node) -> list[Node]:
    """What all has to hold."""
    if isinstance(condition, exp.And):
        return [*_conditions(condition.this), *_conditions(condition.expression)]
    return [condition]
