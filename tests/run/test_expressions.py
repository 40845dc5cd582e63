"""Three-valued logic and NULL laws of row-wise expressions."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest

from tapeql.kernels.expressions import evaluate, passes
from tapeql.kernels.frame import Frame, Vector
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
)

TRUTHS = (True, False, None)
NULL = Literal(None, Type.NULL)


def number(value: float | None) -> Literal:
    return Literal(value, Type.FLOAT)


def truth(value: bool | None) -> Literal:
    return Literal(value, Type.BOOL)


def value(expr: Expr) -> object:
    return evaluate(expr, Frame(1, {})).to_arrow()[0].as_py()


@pytest.mark.parametrize(("left", "right"), list(itertools.product(TRUTHS, TRUTHS)))
def test_kleene(left: bool | None, right: bool | None) -> None:
    """AND is NULL unless a side is FALSE, OR unless a side is TRUE; NOT NULL is NULL."""
    both = False if False in (left, right) else (None if None in (left, right) else True)
    either = True if True in (left, right) else (None if None in (left, right) else False)
    assert value(And((truth(left), truth(right)))) is both
    assert value(Or((truth(left), truth(right)))) is either
    assert value(Not(truth(left))) is (None if left is None else not left)


@pytest.mark.parametrize(
    "expr",
    [
        Arithmetic("/", number(1.0), number(0.0)),
        Arithmetic("/", number(0.0), number(0.0)),
        Arithmetic("*", number(1e308), number(10.0)),
        Arithmetic("-", number(None), number(1.0)),
        Scalar("sqrt", (number(-1.0),)),
        Scalar("ln", (number(0.0),)),
        Scalar("exp", (number(1e9),)),
        Negate(number(None)),
        Compare("=", number(None), number(None)),
        Compare("<", NULL, number(1.0)),
        In(number(1.0), (number(2.0), number(None))),
        Case(((truth(None), number(1.0)),), NULL, Type.FLOAT),
    ],
)
def test_nothing_but_numbers(expr: Expr) -> None:
    """What is no finite number, and what is compared with NULL, is NULL."""
    assert value(expr) is None


def test_in_finds_beside_null() -> None:
    """IN is TRUE where an item is equal, NULL or not beside it, and IS NULL is never NULL."""
    assert value(In(number(2.0), (number(None), number(2.0)))) is True
    assert value(IsNull(number(None))) is True
    assert value(IsNull(number(1.0))) is False


def test_only_true_passes() -> None:
    """A row passes on TRUE, not on FALSE and not on NULL."""
    frame = Frame(3, {"x": Vector(Type.FLOAT, np.array([1.0, 3.0, np.nan]))})
    assert list(passes(Compare(">", Column("x", Type.FLOAT), number(2.0)), frame)) == [False, True, False]


def test_texts_compare_with_nulls() -> None:
    """A NULL text is neither equal nor unequal."""
    frame = Frame(2, {"s": Vector(Type.STRING, pa.array(["a", None]))})
    column, literal = Column("s", Type.STRING), Literal("a", Type.STRING)
    assert evaluate(Compare("=", column, literal), frame).to_arrow().to_pylist() == [True, None]
    assert evaluate(Compare("!=", column, literal), frame).to_arrow().to_pylist() == [False, None]


def test_case_takes_the_first_true_branch() -> None:
    """CASE skips FALSE and NULL conditions, and may give texts."""
    expr = Case(
        ((truth(None), Literal("a", Type.STRING)), (truth(True), Literal("b", Type.STRING))),
        Literal("c", Type.STRING),
        Type.STRING,
    )
    assert value(expr) == "b"
