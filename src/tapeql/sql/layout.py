"""A statement as a person reads it: a clause a line, lists filled up to a width, inputs named with their size.

What is long and says nothing (instants of a calendar, paths of files) is left out unless all is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    text = "WITH " if ctes else ""
    for number, cte in enumerate(ctes):
        head, rows, comment = printer.text(name(cte.alias)), inputs.get(cte.alias, 0), ""
        body = list(printer.query(cte.this))
        if rows > FEW and not full:
            columns = ", ".join(printer.text(name(e.alias)) for e in cte.this.expressions)
            text, comment = f"{text}{head} ({columns}) AS (…)", f"  -- {rows:,} rows"
        elif len(line := f"{head} AS ({' '.join(body)})") < WIDTH:
            text += line
        else:
            text += f"{head} AS (\n{_indented(body)}\n)"
        if number == len(ctes) - 1:
            text += f"{comment}\n"
        else:
            text += ", " if text.endswith("\n)") else f",{comment}\n"
    return text + "\n".join(printer.query(statement))


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
            alias = f" AS {self.text(name(source.alias))}" if source.alias else ""
            return f"(\n{_indented(self.query(source.this))}\n){alias}"
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


def _indented(lines: Iterable[str]) -> str:
    """Not textwrap's, which would also indent inside a text of several lines."""
    return "\n".join(f"  {line}" for line in lines)


def _conditions(condition: Node) -> list[Node]:
    """What all has to hold."""
    if isinstance(condition, exp.And):
        return [*_conditions(condition.this), *_conditions(condition.expression)]
    return [condition]
