"""Row-wise expressions on DuckDB and Postgres: NULL wherever there is no finite answer, and the same answers as Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeql.query.nodes import (
    And,
    Arithmetic,
    Case,
    Column,
    Compare,
    Expr,
    In,
    IsNull,
    Literal,
    Negate,
    Not,
    Or,
    Scalar,
    Type,
)  # fmt: skip
from tapeql.run.lower import deep_recursion
from tapeql.sql.dialects import DIALECTS, Dialect
from tapeql.sql.expressions import KINDS, Field, Rowwise
from tapeql.sql.terms import Node, cast, double, integer, named, null, select, text, union_all
from tests.oracle.expressions import evaluate

A, B, C = (Column(name, Type.FLOAT) for name in "abc")
N = Column("n", Type.INT)
S = Column("s", Type.STRING)
T = Column("t", Type.BOOL)
COLUMNS = {c.name: Field(c.name, c.type) for c in (A, B, C, N, S, T)}
LARGEST = 1.7976931348623157e308

Row = dict[str, Any]
Engine = Callable[[Sequence[Expr], Sequence[Row]], list[list[Any]]]


def number(value: float | None) -> Literal:
    return Literal(value, Type.NULL if value is None else Type.FLOAT)


def statement(dialect: Dialect, exprs: Sequence[Expr], rows: Sequence[Row]) -> str:
    """All expressions over rows of constants."""
    dialect.start()

    def constant(field: Field, value: Any) -> Node:
        if value is None:
            return null(KINDS[field.type])
        if field.type is Type.FLOAT:
            return double(value)
        return cast(text(str(value)) if field.type is Type.STRING else integer(int(value)), KINDS[field.type])

    constants = [
        select(
            [
                named(cast(integer(n), KINDS[Type.INT]), "row"),
                *(named(constant(f, row[f.name]), f.name) for f in COLUMNS.values()),
            ]
        )
        for n, row in enumerate(rows)
    ]
    from sqlglot import exp

    alias = exp.TableAlias(this=exp.to_identifier("given", quoted=True))
    source = exp.Subquery(this=union_all(constants), alias=alias)
    rowwise = Rowwise(dialect, COLUMNS)
    values = [named(rowwise.value(expr), f"x{n}") for n, expr in enumerate(exprs)]
    with deep_recursion():
        return select(values, source, ordered=[exp.Ordered(this=exp.column("row"), nulls_first=False)]).sql(
            dialect.name
        )


@pytest.fixture(scope="module")
def duckdb_engine() -> Iterator[Engine]:
    import duckdb

    with duckdb.connect() as connection:
        yield lambda exprs, rows: [
            list(row) for row in connection.sql(statement(DIALECTS["duckdb"], exprs, rows)).fetchall()
        ]


@pytest.fixture(scope="module")
def postgres_engine(postgres: str) -> Iterator[Engine]:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        yield lambda exprs, rows: [
            list(row) for row in connection.execute(statement(DIALECTS["postgres"], exprs, rows)).fetchall()
        ]


@pytest.fixture(params=["duckdb_engine", "postgres_engine"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


def row(a: float | None = None, b: float | None = None, c: float | None = None, n: int | None = None,
        s: str | None = None, t: bool | None = None) -> Row:  # fmt: skip
    return {"a": a, "b": b, "c": c, "n": n, "s": s, "t": t}


def arithmetic(symbol: str) -> Arithmetic:
    return Arithmetic(symbol, A, B)


LAWS: list[tuple[Expr, Row, Any]] = [
    (arithmetic("/"), row(1.0, 0.0), None),
    (arithmetic("/"), row(0.0, 0.0), None),
    (arithmetic("/"), row(1.0, -0.0), None),
    (arithmetic("/"), row(7.0, 2.0), 3.5),
    (arithmetic("/"), row(1e308, 1e-308), None),
    (arithmetic("/"), row(1e-308, 1e308), 0.0),
    (arithmetic("/"), row(0.0, 1e308), 0.0),
    (arithmetic("/"), row(None, 1.0), None),
    (arithmetic("/"), row(0.0, None), None),
    (arithmetic("*"), row(1e308, 10.0), None),
    (arithmetic("*"), row(-1e308, 10.0), None),
    (arithmetic("*"), row(1e-200, 1e-200), 0.0),
    (arithmetic("*"), row(0.0, None), None),
    (arithmetic("*"), row(None, 0.0), None),
    (arithmetic("*"), row(0.0, LARGEST), 0.0),
    (arithmetic("*"), row(1e200, 1e100), 1e300),
    (arithmetic("+"), row(LARGEST, LARGEST), None),
    (arithmetic("+"), row(LARGEST, -LARGEST), 0.0),
    (arithmetic("+"), row(LARGEST, None), None),
    (arithmetic("-"), row(-LARGEST, LARGEST), None),
    (arithmetic("-"), row(LARGEST, LARGEST), 0.0),
    (arithmetic("+"), row(0.1, 0.2), 0.1 + 0.2),
    (Arithmetic("+", number(0.1), number(0.2)), row(), 0.1 + 0.2),
    (Arithmetic("/", N, Literal(2, Type.INT)), row(n=7), 3.5),
    (Arithmetic("/", number(1.0), Arithmetic("/", A, B)), row(1.0, 0.0), None),
    (Arithmetic("/", number(1.0), Arithmetic("*", A, B)), row(1e308, 1e308), None),
    (Arithmetic("*", number(0.0), Arithmetic("*", A, B)), row(1e308, 1e308), None),
    (Arithmetic("-", Arithmetic("*", A, B), Arithmetic("*", A, B)), row(1e308, 1e308), None),
    (Negate(Arithmetic("/", A, B)), row(1.0, 0.0), None),
    (Negate(N), row(n=3), -3),
    (Scalar("sqrt", (A,)), row(-1.0), None),
    (Scalar("sqrt", (A,)), row(9.0), 3.0),
    (Scalar("ln", (A,)), row(0.0), None),
    (Scalar("ln", (A,)), row(-1.0), None),
    (Scalar("log10", (A,)), row(1000.0), 3.0),
    (Scalar("log10", (A,)), row(0.0), None),
    (Scalar("exp", (A,)), row(1000.0), None),
    (Scalar("exp", (A,)), row(-1000.0), 0.0),
    (Scalar("pow", (A, B)), row(-8.0, 0.5), None),
    (Scalar("pow", (A, B)), row(-2.0, 3.0), -8.0),
    (Scalar("pow", (A, B)), row(0.0, -1.0), None),
    (Scalar("pow", (A, B)), row(0.0, 0.0), 1.0),
    (Scalar("pow", (A, B)), row(10.0, 400.0), None),
    (Scalar("pow", (A, B)), row(10.0, -400.0), 0.0),
    (Scalar("pow", (A, B)), row(0.5, 1e308), 0.0),
    (Scalar("pow", (A, B)), row(None, 0.0), None),
    (Scalar("round", (A,)), row(2.5), 3.0),
    (Scalar("round", (A,)), row(-2.5), -3.0),
    (Scalar("round", (A,)), row(0.49999999999999994), 0.0),
    (Scalar("round", (A,)), row(None), None),
    (Scalar("round", (A, B)), row(2.345, 2.0), 2.35),
    (Scalar("round", (A, B)), row(1250.0, -2.0), 1300.0),
    (Scalar("round", (A, B)), row(1e300, 300.0), 1e300),
    (Scalar("round", (A, B)), row(1.5, None), None),
    (Scalar("greatest", (A, B, C)), row(1.0, 2.0, None), None),
    (Scalar("greatest", (A, B, C)), row(1.0, 3.0, 2.0), 3.0),
    (Scalar("least", (A, Arithmetic("/", B, C))), row(1.0, 2.0, 0.0), None),
    (Scalar("coalesce", (Arithmetic("/", A, B), C)), row(1.0, 0.0, 5.0), 5.0),
    (Scalar("coalesce", (A, B)), row(), None),
    (Scalar("nullif", (A, B)), row(1.0, 1.0), None),
    (Scalar("nullif", (A, B)), row(1.0, None), 1.0),
    (Scalar("sign", (A,)), row(-0.5), -1.0),
    (Scalar("floor", (A,)), row(-2.5), -3.0),
    (Scalar("ceil", (A,)), row(-2.5), -2.0),
    (Scalar("abs", (A,)), row(-LARGEST), LARGEST),
    (Compare(">", Arithmetic("/", A, B), C), row(1.0, 0.0, 1.0), None),
    (Compare("=", A, number(None)), row(1.0), None),
    (Compare("!=", N, A), row(2.5, n=2), True),
    (Compare("=", N, Literal(2**62 + 1, Type.INT)), row(n=2**62), False),
    (Compare("<", N, Literal(10**30, Type.INT)), row(n=5), True),
    (Compare("<", S, Literal("a", Type.STRING)), row(s="B"), True),
    (Compare("<", S, Literal("é", Type.STRING)), row(s="z"), True),
    (Compare("=", S, Literal("it's; DROP TABLE ticks --", Type.STRING)), row(s="it's; DROP TABLE ticks --"), True),
    (Compare("=", S, Literal("\\'", Type.STRING)), row(s="\\'"), True),
    (Compare("=", T, Literal(False, Type.BOOL)), row(t=False), True),
    (Compare("=", T, Compare(">", A, B)), row(2.0, 1.0, t=True), True),
    (In(A, (number(1.0), number(None))), row(1.0), True),
    (In(A, (number(1.0), number(None))), row(2.0), None),
    (In(S, (Literal("x", Type.STRING), Literal("y", Type.STRING))), row(s="y"), True),
    (In(N, (Literal(1, Type.INT), number(2.5))), row(n=2), False),
    (IsNull(Arithmetic("/", A, B)), row(1.0, 0.0), True),
    (IsNull(number(None)), row(), True),
    (Not(Compare(">", A, B)), row(1.0, None), None),
    (Not(And((Compare(">", A, B), T))), row(1.0, None, t=False), True),
    (Not(Or((Compare(">", A, B), T))), row(1.0, None, t=False), None),
    (And((number(None), T)), row(t=False), False),
    (Or((number(None), T)), row(t=True), True),
    (And((Or((T, Compare("<", A, B))), Not(T))), row(1.0, 2.0, t=False), True),
    (Case(((Compare(">", A, B), number(1.0)),), number(2.0), Type.FLOAT), row(1.0, None), 2.0),
    (Case(((T, S),), Literal(None, Type.NULL), Type.STRING), row(s="x", t=False), None),
    (Case(((T, N),), number(0.5), Type.FLOAT), row(n=3, t=True), 3.0),
]  # fmt: skip


def test_null_laws(engine: Engine) -> None:
    """Each operator has one answer, on every engine, where arithmetic has none."""
    wrong = []
    for expr, given_row, expected in LAWS:
        ((found,),) = engine([expr], [given_row])
        if found != expected or isinstance(found, bool) != isinstance(expected, bool):
            wrong.append(f"{expr} of {given_row}: {found!r} and not {expected!r}")
    assert not wrong, "\n".join(wrong)


def test_remainders_are_exact() -> None:
    """mod is the remainder of doubles, which Postgres does not have and does not pretend to have."""
    import duckdb

    from tapeql.sql.dialects import Unsayable

    expr = Scalar("mod", (A, B))
    sql = statement(DIALECTS["duckdb"], [expr], [row(-7.0, 3.0), row(5.3, 0.1), row(1.0, 0.0)])
    assert duckdb.sql(sql).fetchall() == [(-1.0,), (math.fmod(5.3, 0.1),), (None,)]
    with pytest.raises(Unsayable):
        statement(DIALECTS["postgres"], [expr], [row(1.0, 1.0)])


def test_long_chains_are_sayable(engine: Engine) -> None:
    """An expression of five hundred operators is written and answered."""
    total: Expr = A
    for _ in range(250):
        total = Arithmetic("+", total, A)
    deep: Expr = A
    for _ in range(60):
        deep = Arithmetic("/", number(1.0), Arithmetic("+", deep, B))
    chain = Or(tuple(Compare("=", A, number(float(n))) for n in range(500)))
    ((summed, nested, found),) = engine([total, deep, chain], [row(1.0, 2.0)])
    assert summed == 251.0
    assert 0 < nested < 1
    assert found is True


# ── random expressions against the oracle ─────────────────────────────────────────────────────────────────────────────

VALUES = (None, 0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.5, 0.1, 1e16, 1e154, 1e308, -1e308)
ROWS = st.builds(
    row,
    a=st.sampled_from(VALUES),
    b=st.sampled_from(VALUES),
    c=st.sampled_from(VALUES),
    n=st.sampled_from((None, -2, 0, 3)),
    s=st.sampled_from((None, "", "a", "B", "ä")),
    t=st.sampled_from((None, True, False)),
)


def numbers(depth: int) -> st.SearchStrategy[Expr]:
    leaf = st.sampled_from((A, B, C, N)) | st.sampled_from(VALUES).map(number)
    if depth == 0:
        return leaf
    inner = st.deferred(lambda: numbers(depth - 1))
    return st.one_of(
        leaf,
        st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
        st.builds(Negate, inner.filter(lambda x: x.type is not Type.NULL)),
        st.builds(
            lambda f, x: Scalar(f, (x,)), st.sampled_from(("abs", "sign", "floor", "ceil", "round", "sqrt")), inner
        ),
        st.builds(
            lambda f, x, y: Scalar(f, (x, y)),
            st.sampled_from(("greatest", "least", "coalesce", "nullif")),
            inner,
            inner,
        ),
        st.builds(
            lambda test, x, y: Case(((test, x),), y, Type.FLOAT),
            st.deferred(lambda: conditions(depth - 1)),
            inner,
            inner,
        ),
    )


def conditions(depth: int) -> st.SearchStrategy[Expr]:
    texts = st.builds(
        lambda op, value: Compare(op, S, Literal(value, Type.STRING)),
        st.sampled_from(("=", "<", ">=")), st.sampled_from(("a", "b", "B")),
    )  # fmt: skip
    compared = st.builds(
        Compare,
        st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        numbers(max(depth - 1, 0)),
        numbers(max(depth - 1, 0)),
    )
    leaf = st.just(T) | texts | compared
    if depth == 0:
        return leaf
    inner = st.deferred(lambda: conditions(depth - 1))
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        leaf,
        several.map(And),
        several.map(Or),
        inner.map(Not),
        st.builds(IsNull, numbers(depth - 1)),
        st.builds(lambda x: In(x, (number(1.0), number(0.5))), numbers(depth - 1)),
    )


def near(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-300)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(exprs=st.lists(numbers(3) | conditions(3), min_size=1, max_size=4), rows=st.lists(ROWS, min_size=6, max_size=6))
def test_engines_agree_on_random_expressions(
    duckdb_engine: Engine, postgres_engine: Engine, exprs: list[Expr], rows: list[Row]
) -> None:
    """DuckDB, Postgres and a slow reading of the specification give the same values."""
    expected = [list(values) for values in zip(*(evaluate(e, rows, lambda _: True) for e in exprs), strict=True)]
    for name, engine in (("duckdb", duckdb_engine), ("postgres", postgres_engine)):
        found = engine(exprs, rows)
        for values, answers, given_row in zip(expected, found, rows, strict=True):
            for expr, value, answer in zip(exprs, values, answers, strict=True):
                assert near(value, answer), f"{name}: {expr} of {given_row} is {answer!r} and not {value!r}"
