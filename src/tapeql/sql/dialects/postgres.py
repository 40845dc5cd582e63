"""PostgreSQL: arithmetic that raises, so every operator first asks whether there is an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlglot import exp

from tapeql.query.nodes import Symbol
from tapeql.sql.dialects.dialect import Constants, Dialect, Read, Unsayable, half_away
from tapeql.sql.terms import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    TEXT,
    Kind,
    Node,
    array,
    both,
    call,
    case,
    cast,
    column,
    double,
    either,
    filtered,
    integer,
    is_null,
    join,
    least,
    name,
    named,
    null,
    op,
    order,
    select,
    star,
    table,
    text,
    union_all,
)
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot

_KINDS: Final = {"string": TEXT, "double": DOUBLE, "int64": BIGINT}
LARGEST: Final = 1.7976931348623157e308
LN_LARGEST: Final = 709.782712893384
LN_LEAST: Final = -745.0
"""Products below are zero, and Postgres refuses to round them."""
LN_NORMAL: Final = -708.0
"""exp() and power() refuse also results that lose digits."""
MODERATE: Final = 1e150
"""Products and quotients of numbers between its inverse and this are safe without a logarithm."""


class Postgres(Dialect):
    name = "postgres"
    ieee = False

    def _let(self, bound: Sequence[tuple[exp.Column, Node]], body: Node) -> Node:
        # OFFSET 0 keeps the planner from writing the values back into the body, once for each mention
        inner = select([named(value, atom.name) for atom, value in bound])
        inner.set("offset", exp.Offset(expression=integer(0)))
        alias = exp.TableAlias(this=name("bound"))
        return exp.Subquery(this=select([body], exp.Subquery(this=inner, alias=alias)))

    def arithmetic(self, symbol: str, left: Node, right: Node) -> Node:
        result = op(symbol, left.copy(), right.copy())
        size, other = call("abs", left.copy()), call("abs", right.copy())
        if symbol in "+-":
            fits = op("<=", size, op("-", double(LARGEST), other))
            below = op("<", left.copy(), double(0)), op("<", right.copy(), double(0))
            apart = op("!=" if symbol == "+" else "=", *below)
            return case((either(fits, apart), result))
        zero_left, zero_right = op("=", left.copy(), double(0)), op("=", right.copy(), double(0))
        moderate = both(_moderate(size), _moderate(other))
        magnitude = op("+" if symbol == "*" else "-", call("ln", size.copy()), call("ln", other.copy()))
        if symbol == "*":
            zero = either(zero_left, zero_right)
            nothing = case((either(is_null(left.copy()), is_null(right.copy())), null(DOUBLE)), otherwise=double(0))
        else:
            zero = zero_left
            nothing = case((op("!=", right.copy(), double(0)), double(0)))
        return case(
            (moderate, result),
            (zero, nothing),
            *(((zero_right, null(DOUBLE)),) if symbol == "/" else ()),
            (op("<", magnitude, double(LN_LEAST)), double(0)),
            (op("<", magnitude.copy(), double(LN_LARGEST)), result.copy()),
        )

    def scalar(self, function: str, arguments: Sequence[Node]) -> Node:
        x = arguments[0]
        match function:
            case "sqrt":
                return case((op(">=", x, double(0)), call("sqrt", x.copy())))
            case "ln":
                return case((op(">", x, double(0)), call("ln", x.copy())))
            case "log10":
                return case((op(">", x, double(0)), call("log", x.copy())))
            case "exp":
                return case(
                    (op("<", x, double(LN_NORMAL)), double(0)),
                    (op("<", x.copy(), double(LN_LARGEST)), call("exp", x.copy())),
                )
            case "pow":
                return _power(*arguments)
            case "round":
                return half_away(x)
            case "mod":
                raise Unsayable("an exact remainder of doubles")
            case _:
                return call(function, *arguments)

    def text(self, value: str) -> Node:
        if "\0" in value:
            raise Unsayable("a text with a NUL character")
        return cast(text(value), TEXT)

    def byte_order(self, x: Node) -> Node:
        return exp.Collate(this=x, expression=exp.to_identifier("C", quoted=True))

    def whole_division(self, left: Node, right: Node) -> Node:
        return op("/", left, right)

    def instant(self, x: Node) -> Node:
        epoch = _timestamp(0)
        one = exp.Cast(this=text("1 microsecond"), to=exp.DataType(this=exp.DataType.Type.INTERVAL))
        return op("+", epoch, exp.Paren(this=op("*", x, one)))

    def date(self, x: Node) -> Node:
        return op("+", cast(text("1970-01-01"), DATE), cast(x, INTEGER))

    def first(self, x: Node, keys: Sequence[str], where: Node | None = None, *, last: bool = False) -> Node:
        # the same array either way, which Postgres then gathers once
        ordered = order(*(column(key) for key in keys))
        gathered = filtered(call("array_agg", exp.Order(this=x, expressions=ordered)), where)
        count = filtered(call("count", exp.Star()), where.copy() if where is not None else None)
        index = cast(count, INTEGER) if last else integer(1)
        return exp.Bracket(this=exp.Paren(this=gathered), expressions=[index], offset=1)

    def sum(self, x: Node) -> Node:
        return call("sum", x)

    def median(self, x: Node) -> Node:
        raise Unsayable("a median over a window")

    def unnested(self, values: Sequence[object], kind: Kind) -> Node:
        if kind is TEXT:
            items: Node = exp.Array(expressions=[exp.Null() if v is None else text(str(v)) for v in values])
        else:
            items = text("{" + ", ".join("NULL" if v is None else str(v) for v in values) + "}")
        return call("unnest", exp.Cast(this=items, to=array(kind)))

    def tape(
        self,
        table_name: str,
        interval: str,
        reads: Sequence[Read],
        columns: Sequence[str],
        numbers: Sequence[str],
        snapshot: Snapshot,
        constants: Constants,
    ) -> exp.Query:
        # one branch a symbol: the planner sees constants, and reads each by the index
        there = self._there(table_name, columns, snapshot)
        branches = [self._read(table_name, interval, read, there, numbers) for read in reads or [_NOTHING]]
        if len(branches) == 1:
            return branches[0]
        alias = exp.TableAlias(this=name("read"))
        return union_all([select([star()], exp.Subquery(this=branch, alias=alias.copy())) for branch in branches])

    def _there(self, table_name: str, columns: Sequence[str], snapshot: Snapshot) -> list[Node]:
        """The columns; one that the table has not got, since an older version made it, is NULL."""
        columns_of = getattr(snapshot, "columns", None)  # of a database; files tell no one before they are read
        known = columns_of(table_name) if columns_of is not None else None
        types = TABLES[table_name].schema
        return [
            column(c) if known is None or c in known else named(null(_KINDS[str(types.field(c).type)]), c)
            for c in columns
        ]

    def _read(
        self, table_name: str, interval: str, read: Read, columns: Sequence[Node], numbers: Sequence[str]
    ) -> exp.Select:
        keys = {"venue": read.symbol.venue, "symbol": read.symbol.code}
        if interval:
            keys["interval"] = interval
        values = [
            *(named(integer(getattr(read, number)), number) for number in numbers),
            named(_exact_microseconds(read), "ts_us"),
            column("seq"),
            *(node.copy() for node in columns),
        ]
        where = both(
            *(op("=", column(key), text(value)) for key, value in keys.items()),
            op(">=", column("ts"), _timestamp(read.start_us)),
            op("<", column("ts"), _timestamp(read.end_us)),
        )
        return self.computed_once(select(values, table(table_name), where=where))

    def interval_index(self, table_name: str, *, groups: int) -> exp.Select:
        starts = call("array_agg", exp.Order(this=column("start"), expressions=[exp.Ordered(this=column("i"))]))
        if groups == 1:
            return select([named(starts, "starts")], table(table_name))
        return select([column("g"), named(starts, "starts")], table(table_name), group=[column("g")])

    def containing(
        self, at: Node, g: Node, table_name: str, alias: str, *, groups: int, side: str = ""
    ) -> list[exp.Join]:
        # the edges of each group are looked up once for the statement, not joined with every row
        edges = [
            exp.Subquery(
                this=select(
                    [column("starts")],
                    table(f"{table_name}_edges"),
                    where=op("=", column("g"), integer(n)) if groups > 1 else None,
                )
            )
            for n in range(groups)
        ]
        starts = edges[0] if groups == 1 else case(*((op("=", g.copy(), integer(n)), e) for n, e in enumerate(edges)))
        number = call("width_bucket", at, starts)
        numbered = op("=", column("i", alias), number)
        on = both(op("=", column("g", alias), g), numbered) if groups > 1 else numbered
        return [join(table(table_name, alias), on, side=side)]

    def computed_once(self, rows: exp.Select) -> exp.Select:
        rows.set("offset", exp.Offset(expression=integer(0)))
        return rows


_NOTHING: Final = Read(0, 0, Symbol("", ""), 0, 0)


def _exact_microseconds(read: Read) -> Node:
    """`ts` as microseconds: through doubles where they are fine enough, which costs a third of exact decimals."""
    if read.start_us > -_FINE_US and read.end_us < _FINE_US:
        seconds = call("date_part", text("epoch"), column("ts"))
        return cast(call("round", op("*", seconds, integer(1_000_000))), BIGINT)
    exact = exp.Extract(this=exp.Var(this="EPOCH"), expression=column("ts"))
    return cast(op("*", exact, integer(1_000_000)), BIGINT)


_FINE_US: Final = 2**51
"""Two roundings of seconds err by less than half a microsecond up to here, the year 2041."""


def _timestamp(us: int) -> Node:
    """An instant as a constant. The database's calendar begins in 4713 BC; ours is content with the year 1."""
    moment = datetime(1970, 1, 1) + timedelta(microseconds=min(max(us, _FIRST_US), _LAST_US))
    written = text(f"{moment.isoformat(sep=' ')}+00")
    return exp.Cast(this=written, to=exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ))


_FIRST_US: Final = -62_135_596_800_000_000
_LAST_US: Final = 253_402_300_799_999_999


def _moderate(size: Node) -> Node:
    return exp.Between(this=size, low=double(1 / MODERATE), high=double(MODERATE))


def _power(x: Node, y: Node) -> Node:
    exponent = least(call("greatest", y.copy(), double(-1e300)), double(1e300))
    magnitude = op("*", exponent, call("ln", call("abs", x.copy())))
    fractional = op("!=", y.copy(), call("floor", y.copy()))
    return case(
        (either(is_null(x), is_null(y)), null(DOUBLE)),
        (op("<", call("abs", y.copy()), double(1e-290)), double(1)),
        (op("=", x.copy(), double(0)), case((op(">", y.copy(), double(0)), double(0)))),
        (both(op("<", x.copy(), double(0)), fractional), null(DOUBLE)),
        (op(">=", magnitude, double(LN_LARGEST)), null(DOUBLE)),
        (op("<", magnitude.copy(), double(LN_NORMAL)), double(0)),
        otherwise=call("power", x.copy(), y.copy()),
    )
