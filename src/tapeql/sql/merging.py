"""CTEs that only choose rows, or only name columns, become part of the one that reads them.

passing AS (SELECT * FROM bars WHERE complete) SELECT close FROM passing WHERE close > 1
─▶ SELECT close FROM bars WHERE complete AND close > 1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlglot import exp

from tapeql.sql.terms import Node, both, column, table

_ROWS_CHANGE = ("joins", "group", "order", "limit", "offset", "distinct")


def merged(ctes: dict[str, exp.Query], last: exp.Select) -> tuple[dict[str, exp.Query], exp.Select]:
    """The same statement in fewer steps."""
    queries = [*ctes.values(), last]
    readers = Counter(found.name for query in queries for found in query.find_all(exp.Table) if found.name)
    kept: dict[str, exp.Query] = {}
    for name, query in ctes.items():
        kept[name] = _with_source(query, kept, readers)
    return kept, _named_at_once(_with_source(last, kept, readers), kept, readers)


def _with_source(query: exp.Query, ctes: dict[str, exp.Query], readers: Counter[str]) -> exp.Query:
    """A query that reads a choice of rows, as one that chooses itself."""
    if not isinstance(query, exp.Select):
        return query
    while (name := _source(query)) and readers[name] == 1 and _only_chooses(ctes.get(name)):
        choice = ctes.pop(name)
        source = _source(choice)
        assert source
        condition = choice.args["where"].this
        if query.args.get("joins"):
            for mentioned in _columns(condition):
                mentioned.set("table", column("", source).args["table"])
        for mentioned in _columns(query):
            if mentioned.table == name:
                mentioned.set("table", column("", source).args["table"])
        query.set("from_", exp.From(this=table(source)))
        own = query.args.get("where")
        query.set("where", exp.Where(this=both(condition, own.this) if own else condition))
    return query


def _named_at_once(last: exp.Query, ctes: dict[str, exp.Query], readers: Counter[str]) -> exp.Select:
    """The last query over what its source is computed from."""
    assert isinstance(last, exp.Select)
    name = _source(last) or ""
    inner = ctes.get(name)
    if readers[name] != 1 or not isinstance(inner, exp.Select) or last.args.get("where"):
        return last
    source = _source(inner)
    if not source:
        return last
    if any(inner.args.get(key) for key in _ROWS_CHANGE) or any(map(_is_star, inner.expressions)):
        return last
    values = {e.alias_or_name: e.unalias() for e in inner.expressions}
    used = Counter(mentioned.name for mentioned in _columns(last))
    shown = {e.alias_or_name for e in last.expressions}
    if any(used[c] > 1 and not isinstance(value, exp.Column) for c, value in values.items()):
        return last
    for key in last.args["order"].expressions if last.args.get("order") else ():
        for mentioned in list(_columns(key)):
            value = exp.Paren(this=values[mentioned.name].copy())
            for stored in _columns(value):
                if stored.name in shown:  # an output of that name would be taken first
                    stored.set("table", column("", source).args["table"])
            mentioned.replace(value.this if isinstance(value.this, exp.Column) else value)
    outputs: list[Node] = []
    for output in last.expressions:
        alias, value = output.alias_or_name, output.unalias()
        if isinstance(value, exp.Column):
            value = values[value.name].copy()
        else:
            for mentioned in list(_columns(value)):
                mentioned.replace(values[mentioned.name].copy())
        outputs.append(_named(value, alias, output))
    last.set("expressions", outputs)
    last.set("from_", inner.args["from_"])
    last.set("where", inner.args.get("where"))
    del ctes[name]
    return last


def _named(value: Node, alias: str, output: Node) -> Node:
    if isinstance(value, exp.Column) and value.name == alias:
        return value
    name = output.args["alias"] if isinstance(output, exp.Alias) else output.this
    return exp.Alias(this=value, alias=name.copy())


def _only_chooses(query: exp.Query | None) -> bool:
    if not isinstance(query, exp.Select) or not query.args.get("where") or not _source(query):
        return False
    return [*map(_is_star, query.expressions)] == [True] and not any(query.args.get(key) for key in _ROWS_CHANGE)


def _columns(node: Node) -> Iterator[exp.Column]:
    """The columns mentioned; the name that a lambda gives its own argument is none."""
    for mentioned in node.find_all(exp.Column):
        around = mentioned.find_ancestor(exp.Lambda)
        while around is not None and all(argument.name != mentioned.name for argument in around.expressions):
            around = around.find_ancestor(exp.Lambda)
        if around is None:
            yield mentioned


def _is_star(node: Node) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def _source(query: exp.Query) -> str | None:
    """The name of the one relation a query begins with."""
    source = query.args.get("from_")
    return source.this.name if source and isinstance(source.this, exp.Table) and not source.this.alias else None
