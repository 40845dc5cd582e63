"""The words SQL statements are built from: thin constructors of sqlglot nodes that never parse anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

from sqlglot import exp

Node: TypeAlias = exp.Expr

_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS: Final = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint binary bit boolean
    both by case cast char character check coalesce collate collation column columns concurrently constraint create
    cross current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc describe distinct do else end except exists extract false fetch float for
    foreign freeze from full generated glob grant greatest group grouping grouping_id having ilike in initially
    inner inout int integer intersect interval into is isnull join lambda lateral leading least left like limit
    localtime localtimestamp map national natural nchar none normalize not notnull null nullif numeric offset on
    only or order out outer overlaps overlay pivot pivot_longer pivot_wider placing position positional precision
    primary qualify real references returning right row select semi session_user setof show similar smallint some
    struct substring summarize symmetric table tablesample then time timestamp to trailing treat trim true try_cast
    tuple union unique unpack unpivot user using values varchar variadic verbose when where window with
    xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
    xmltable
    """.split()  # noqa: SIM905
)
"""What cannot be a column or a table in DuckDB or Postgres without quotes."""

DOUBLE: Final = exp.DataType.Type.DOUBLE
BIGINT: Final = exp.DataType.Type.BIGINT
INTEGER: Final = exp.DataType.Type.INT
TEXT: Final = exp.DataType.Type.TEXT
BOOLEAN: Final = exp.DataType.Type.BOOLEAN
DATE: Final = exp.DataType.Type.DATE
Kind: TypeAlias = exp.DType

_TIGHT: Final = (
    exp.Column, exp.Literal, exp.Cast, exp.Func, exp.Paren, exp.Case, exp.Subquery, exp.Bracket, exp.Null, exp.Boolean,
)  # fmt: skip


def name(text: str) -> exp.Identifier:
    """In quotes where an engine might read something else."""
    return exp.to_identifier(text, quoted=text in _WORDS or not _PLAIN.fullmatch(text))


def column(text: str, table: str = "") -> exp.Column:
    return exp.Column(this=name(text), table=name(table) if table else None)


def star(table: str = "") -> Node:
    return exp.Column(this=exp.Star(), table=name(table)) if table else exp.Star()


def table(text: str, alias: str = "") -> exp.Table:
    return exp.Table(this=name(text), alias=exp.TableAlias(this=name(alias)) if alias else None)


def integer(value: int) -> Node:
    return exp.Literal.number(value)


def text(value: str) -> Node:
    return exp.Literal.string(value)


def double(value: float) -> Node:
    """Read by the engine from its shortest decimal form, which gives the same double back."""
    return cast(text(repr(float(value))), DOUBLE)


def null(kind: Kind) -> Node:
    return cast(exp.Null(), kind)


def cast(x: Node, kind: Kind) -> Node:
    return exp.Cast(this=x, to=exp.DataType(this=kind))


def array(kind: Kind) -> exp.DataType:
    return exp.DataType(this=exp.DataType.Type.ARRAY, expressions=[exp.DataType(this=kind)], nested=True)


def call(function: str, *arguments: Node) -> Node:
    """A function of the engine, by the engine's own name."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def tight(x: Node) -> Node:
    """An operand, in parentheses unless it holds together by itself."""
    return x if isinstance(x, _TIGHT) and not isinstance(x, exp.Binary) else exp.Paren(this=x)


_BINARY: Final[dict[str, type[exp.Binary]]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}


def op(symbol: str, left: Node, right: Node) -> Node:
    if not (_is_double(left) and _is_double(right)):  # next to what is no constant an engine takes one for a double
        left, right = _bare(left), _bare(right)
    if symbol == "/":
        return exp.Div(this=tight(left), expression=tight(right), typed=True, safe=False)
    return _BINARY[symbol](this=tight(left), expression=tight(right))


def _is_double(x: Node) -> bool:
    return isinstance(x, exp.Cast) and isinstance(x.this, exp.Literal) and x.to.this is DOUBLE


def _bare(x: Node) -> Node:
    """A constant as a person writes it, where its digits are few enough to be exact by any way of reading them."""
    if not _is_double(x) or not re.fullmatch(r"[0-9]{1,11}[.][0-9]{1,4}", x.this.this):
        return x
    return exp.Literal.number(x.this.this.removesuffix(".0"))


def both(*conditions: Node) -> Node:
    return _joined(exp.And, conditions)


def either(*conditions: Node) -> Node:
    return _joined(exp.Or, conditions)


def _joined(kind: type[exp.Connector], conditions: Sequence[Node]) -> Node:
    """Balanced, so that a long chain does not make a deep tree."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    left, right = _joined(kind, conditions[:middle]), _joined(kind, conditions[middle:])
    return kind(this=_arm(kind, left), expression=_arm(kind, right))


def _arm(kind: type[exp.Connector], x: Node) -> Node:
    return exp.Paren(this=x) if isinstance(x, exp.Connector) and not isinstance(x, kind) else x


def negation(x: Node) -> Node:
    return exp.Not(this=tight(x))


def is_null(x: Node) -> Node:
    return exp.Is(this=tight(x), expression=exp.Null())


def case(*whens: tuple[Node, Node], otherwise: Node | None = None) -> Node:
    return exp.Case(ifs=[exp.If(this=test, true=value) for test, value in whens], default=otherwise)


def least(*items: Node) -> Node:
    return call("least", *items)


def greatest(*items: Node) -> Node:
    return call("greatest", *items)


def coalesce(*items: Node) -> Node:
    return call("coalesce", *items)


def named(x: Node, alias: str) -> Node:
    return x if isinstance(x, exp.Column) and x.name == alias else exp.Alias(this=x, alias=name(alias))


def order(*keys: Node) -> list[Node]:
    """Upwards, by what is never NULL."""
    return [exp.Ordered(this=key, desc=None, nulls_first=False) for key in keys]


def nulls_last(key: Node, descending: bool) -> Node:
    """Written out by hand: engines differ in where NULLs go, and in which defaults they leave unsaid."""
    return exp.Ordered(this=key, desc=descending, nulls_first=False)


def backwards(key: Node) -> Node:
    """The opposite order of a key."""
    return exp.Ordered(this=key.this, desc=not key.args.get("desc"), nulls_first=not key.args.get("nulls_first"))


def over(
    aggregate: Node,
    partition: Sequence[Node],
    ordered: Sequence[Node] = (),
    frame: str = "",
    preceding: int | None = None,
    *,
    where: Node | None = None,
) -> Node:
    """A window; `frame` is "", "ROWS" or "RANGE", from `preceding` (None: all) before to the current row."""
    spec = None
    if frame:
        start: Node | str = "UNBOUNDED" if preceding is None else integer(preceding)
        spec = exp.WindowSpec(kind=frame, start=start, start_side="PRECEDING", end="CURRENT ROW")
    if where is not None:
        aggregate = filtered(aggregate, where)
    return exp.Window(
        this=aggregate,
        partition_by=list(partition),
        order=exp.Order(expressions=list(ordered)) if ordered else None,
        spec=spec,
    )


def filtered(aggregate: Node, where: Node | None) -> Node:
    return aggregate if where is None else exp.Filter(this=aggregate, expression=exp.Where(this=where))


def join(other: Node, on: Node, *, side: str = "", method: str = "") -> exp.Join:
    return exp.Join(this=other, on=on, side=side or None, method=method or None)


def select(
    columns: Sequence[Node],
    source: Node | None = None,
    *,
    joins: Sequence[exp.Join] = (),
    where: Node | None = None,
    group: Sequence[Node] = (),
    ordered: Sequence[Node] = (),
    limit: int | None = None,
    distinct: bool = False,
) -> exp.Select:
    return exp.Select(
        expressions=list(columns),
        from_=None if source is None else exp.From(this=source),
        joins=list(joins),
        where=None if where is None else exp.Where(this=where),
        group=exp.Group(expressions=list(group)) if group else None,
        order=exp.Order(expressions=list(ordered)) if ordered else None,
        limit=None if limit is None else exp.Limit(expression=integer(limit)),
        distinct=exp.Distinct() if distinct else None,
    )


def union_all(selects: Sequence[exp.Query]) -> exp.Query:
    whole = selects[0]
    for more in selects[1:]:
        whole = exp.Union(this=whole, expression=more, distinct=False)
    return whole


def false() -> Node:
    return exp.false()
