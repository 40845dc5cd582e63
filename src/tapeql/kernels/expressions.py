"""Row-wise expressions over a frame: three-valued logic, and NULL wherever a number would not be finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow
from tapeql.functions.scalars import SCALARS
from tapeql.kernels.frame import DTYPE, Bools, Frame, Vector, constant
from tapeql.query.nodes import (
    And,
    Arithmetic,
    Call,
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
    Over,
    Scalar,
    Shift,
    Type,
)

_COMPARE: dict[str, tuple[Any, Any]] = {
    "=": (np.equal, pc.equal),
    "!=": (np.not_equal, pc.not_equal),
    "<": (np.less, pc.less),
    "<=": (np.less_equal, pc.less_equal),
    ">": (np.greater, pc.greater),
    ">=": (np.greater_equal, pc.greater_equal),
}
_ARITHMETIC: dict[str, Any] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


def evaluate(expr: Expr, frame: Frame) -> Vector:
    """The value of a row-wise expression in every row of the frame."""
    match expr:
        case Literal(value=value, type=type):
            return constant(value, type, frame.length)
        case Column():
            return frame[expr.key]
        case Arithmetic(op=op, left=left, right=right):
            with np.errstate(all="ignore"):
                return Vector(Type.FLOAT, finite(_ARITHMETIC[op](_numbers(left, frame), _numbers(right, frame))))
        case Negate(x=x):
            vector = evaluate(x, frame)
            return Vector(vector.type, -vector.values, vector.valid)
        case Scalar(function=name, arguments=arguments):
            with np.errstate(all="ignore"):
                return Vector(Type.FLOAT, finite(SCALARS[name].kernel([_numbers(a, frame) for a in arguments])))
        case Compare(op=op, left=left, right=right):
            if {left.type, right.type} == {Type.FLOAT, Type.INT}:
                return _compare(op, *(Vector(Type.FLOAT, _numbers(side, frame)) for side in (left, right)))
            return _compare(op, evaluate(left, frame), evaluate(right, frame))
        case In(x=x, items=items):
            return _in(evaluate(x, frame), [item.value for item in items])
        case IsNull(x=x):
            return Vector(Type.BOOL, ~evaluate(x, frame).is_valid)
        case Not(x=x):
            vector = _truth(evaluate(x, frame))
            return Vector(Type.BOOL, ~vector.values, vector.valid)
        case And(items=items):
            return reduce(_and, (_truth(evaluate(item, frame)) for item in items))
        case Or(items=items):
            return reduce(_or, (_truth(evaluate(item, frame)) for item in items))
        case Case(whens=whens, otherwise=otherwise, type=type):
            return _case(whens, otherwise, type, frame)
        case Shift() | Call() | Over():
            raise AssertionError("the planner leaves no windows in row-wise expressions")


def passes(condition: Expr, frame: Frame) -> Bools:
    """The rows where a condition is TRUE: neither FALSE nor NULL."""
    vector = _truth(evaluate(condition, frame))
    values: Bools = vector.values
    return values if vector.valid is None else values & vector.valid


def finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """NaN in place of the infinities."""
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values


def _numbers(expr: Expr, frame: Frame) -> npt.NDArray[np.float64]:
    if isinstance(expr, Literal):
        return constant(expr.value, Type.FLOAT, frame.length).floats()
    return evaluate(expr, frame).floats()


def _truth(vector: Vector) -> Vector:
    """A bare NULL where a condition is expected is an unknown boolean."""
    return constant(None, Type.BOOL, len(vector)) if vector.type is Type.NULL else vector


def _compare(op: str, left: Vector, right: Vector) -> Vector:
    if Type.NULL in (left.type, right.type):
        return constant(None, Type.BOOL, len(left))
    numeric, textual = _COMPARE[op]
    if left.type is Type.STRING:
        return _compare_texts(textual, left, right)
    values = numeric(left.values, right.values)
    if left.type is Type.FLOAT:
        unknown = np.isnan(left.values) | np.isnan(right.values)
        return Vector(Type.BOOL, values, ~unknown if unknown.any() else None)
    if left.valid is None and right.valid is None:
        return Vector(Type.BOOL, values)
    return Vector(Type.BOOL, values, left.is_valid & right.is_valid)


def _compare_texts(compare: Any, left: Vector, right: Vector) -> Vector:
    same = right.one_text
    if same is not None:
        return _by_text(left, lambda texts: compare(texts, arrow.text(same)))
    found = compare(left.texts(), right.texts())
    return Vector(Type.BOOL, arrow.bools(found), arrow.valid(found))


def _by_text(vector: Vector, test: Callable[[pa.Array], pa.Array]) -> Vector:
    """What depends on a text alone; each that is in a dictionary is looked at once."""
    values = vector.values
    if not pa.types.is_dictionary(values.type):
        found = test(values)
        return Vector(Type.BOOL, arrow.bools(found), arrow.valid(values))
    found = np.append(arrow.bools(test(values.dictionary)), False)
    return Vector(Type.BOOL, found[arrow.filled(values.indices, -1)], arrow.valid(values.indices))


def _in(subject: Vector, items: Sequence[Any]) -> Vector:
    """Among constants: TRUE where one is equal, else NULL where one is NULL."""
    known = [item for item in items if item is not None]
    if subject.type is Type.NULL:
        return constant(None, Type.BOOL, len(subject))
    if subject.type is Type.STRING:
        found = _by_text(subject, lambda texts: pc.is_in(texts, arrow.texts(known))).values
    else:
        found = np.isin(subject.values, np.array(known, dtype=subject.values.dtype))
    valid = subject.is_valid if len(known) == len(items) else subject.is_valid & found
    return Vector(Type.BOOL, found & subject.is_valid, None if valid.all() else valid)


def _and(left: Vector, right: Vector) -> Vector:
    if left.valid is None and right.valid is None:
        return Vector(Type.BOOL, left.values & right.values)
    known_false = (left.is_valid & ~left.values) | (right.is_valid & ~right.values)
    both = left.is_valid & right.is_valid
    return Vector(Type.BOOL, both & left.values & right.values, both | known_false)


def _or(left: Vector, right: Vector) -> Vector:
    if left.valid is None and right.valid is None:
        return Vector(Type.BOOL, left.values | right.values)
    known_true = (left.is_valid & left.values) | (right.is_valid & right.values)
    return Vector(Type.BOOL, known_true, (left.is_valid & right.is_valid) | known_true)


def _case(whens: tuple[tuple[Expr, Expr], ...], otherwise: Expr, type: Type, frame: Frame) -> Vector:
    chosen = np.full(frame.length, len(whens))
    for number, (condition, _) in reversed(list(enumerate(whens))):
        chosen[passes(condition, frame)] = number
    branches = [_as(evaluate(value, frame), type) for value in (*(v for _, v in whens), otherwise)]
    if type is Type.STRING:
        return Vector(type, pc.choose(arrow.places(chosen), *(b.texts() for b in branches)))
    if type is Type.NULL:
        return constant(None, type, frame.length)
    values = np.choose(chosen, [b.values for b in branches]) if len(branches) <= 32 else _pick(chosen, branches)
    if type is Type.FLOAT:
        return Vector(type, values)
    return Vector(
        type,
        values.astype(DTYPE[type]),
        np.select([chosen == n for n in range(len(branches))], [b.is_valid for b in branches]),
    )


def _pick(chosen: npt.NDArray[np.int64], branches: list[Vector]) -> Any:
    return np.select([chosen == n for n in range(len(branches))], [b.values for b in branches])


def _as(vector: Vector, type: Type) -> Vector:
    if vector.type is type:
        return vector
    if vector.type is Type.NULL:
        return constant(None, type, len(vector))
    return Vector(type, vector.floats())
