"""Expressions of the sentence understood: every name is bound, every type known, every date an instant.

Nodes are frozen; spans are kept for messages and left out of equality, so two equal expressions are one.
Instants are int microseconds since 1970-01-01T00:00Z, ranges half-open.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from tapeql.calendars.spec import ANY_INTRADAY as ANY_INTRADAY
from tapeql.calendars.spec import ONE_DAY as ONE_DAY
from tapeql.calendars.spec import SEQUENCE_US as SEQUENCE_US
from tapeql.calendars.spec import Align as Align
from tapeql.calendars.spec import Interval as Interval
from tapeql.calendars.spec import SessionSpec as SessionSpec
from tapeql.errors import NOWHERE, Span


class Type(enum.Enum):
    BOOL = "boolean"
    INT = "integer"
    FLOAT = "number"
    STRING = "text"
    INSTANT = "instant"
    DATE = "date"
    TIME = "time of day"
    DURATION = "duration"
    NULL = "null"


# ── expressions over the rows of one symbol, in (ts, seq) order ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Literal:
    """INSTANT, TIME and DURATION literals are int microseconds, DATE literals int days since 1970-01-01."""

    value: bool | int | float | str | None
    type: Type
    span: Span = field(default=NOWHERE, compare=False)


class Of(enum.Enum):
    """What a column tells of, where it is nothing of the row's date."""

    ROW = "the row itself"
    QUOTES = "the quotes that stood in the bar: their time-weighted mean"
    PREVAILING = "the quote that prevailed at the trade"
    PRICES = "the last prices that stood in the bar: their time-weighted mean"
    TIME = "a part of the row's time"
    SESSIONS = "whether the row lies wholly inside the session of that name"


@dataclass(frozen=True, slots=True)
class OfDate:
    """A column that tells of the row's session date: of its session of that name, or of the whole day."""

    session: str | None


@dataclass(frozen=True, slots=True)
class OfAnchor:
    """A column that tells of the trades since an anchor: of each `session`, `day`, `week` or `month`, or `time` of day."""

    kind: str
    time_us: int = 0


_PREFIX: Final = {Of.ROW: "", Of.QUOTES: "", Of.PRICES: "", Of.PREVAILING: "quote.", Of.TIME: "at.", Of.SESSIONS: "in."}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row stream: `close`, `hour` of the row's time, `high` of its date's premarket."""

    name: str
    type: Type
    of: Of | OfDate | OfAnchor = Of.ROW
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def key(self) -> str:
        """What frames, statements and EXPLAIN call it."""
        if isinstance(self.of, OfDate):
            return f"{self.of.session or 'day'}.{self.name}"
        if isinstance(self.of, OfAnchor):
            return f"running.{self.name}"
        return f"{_PREFIX[self.of]}{self.name}"


@dataclass(frozen=True, slots=True)
class Shift:
    """`x[n]`: the value n rows before, NULL where there is none. n >= 0."""

    x: Expr
    rows: int
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return self.x.type


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the registry over whole rows: `inputs` in its order, `params` complete and in its order.

    All inputs are numeric and the output is FLOAT. `output` is one of the entry's outputs.
    """

    function: str
    inputs: tuple[Expr, ...]
    params: tuple[int | float, ...]
    output: str
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.FLOAT


@dataclass(frozen=True, slots=True)
class Over:
    """An aggregate (`avg sum min max count median stddev`) of x over a time window, or (`us` None) over the whole range.

    The time window of a row holds the rows with ts in (row.ts - us, row.ts]; NULLs in it are skipped, none left is NULL.
    The whole range holds the rows of the query's range, warm-up excluded, before WHERE.
    """

    aggregate: str
    x: Expr
    us: int | None
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.FLOAT


@dataclass(frozen=True, slots=True)
class Scalar:
    """Row-wise mathematics: abs sign sqrt ln log10 exp pow floor ceil round greatest least coalesce nullif mod.

    FLOAT out. Outside its domain a function is NULL, never NaN or infinity.
    `greatest` and `least` are NULL if any argument is; `coalesce` is the first that is not.
    """

    function: str
    arguments: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.FLOAT


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` on numbers, in doubles: real division; x/0 and overflow are NULL."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.FLOAT


@dataclass(frozen=True, slots=True)
class Negate:
    x: Expr
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return self.x.type


@dataclass(frozen=True, slots=True)
class Compare:
    """`= != < <= > >=` on two numbers, two texts, two instants, two dates or (`=`, `!=`) two booleans."""

    op: str
    left: Expr
    right: Expr
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class In:
    x: Expr
    items: tuple[Literal, ...]
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class IsNull:
    """Never NULL itself."""

    x: Expr
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class Not:
    x: Expr
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Expr, ...]
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def type(self) -> Type:
        return Type.BOOL


@dataclass(frozen=True, slots=True)
class Case:
    """The first branch whose condition is TRUE, else `otherwise` (a NULL literal when not written)."""

    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr
    type: Type
    span: Span = field(default=NOWHERE, compare=False)


Expr = (
    Literal | Column | Shift | Call | Over | Scalar | Arithmetic | Negate | Compare | In | IsNull | Not | And | Or | Case
)  # fmt: skip


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct operands of an expression, in written order."""
    match expr:
        case Literal() | Column():
            return ()
        case Shift(x=x) | Over(x=x) | Negate(x=x) | In(x=x) | IsNull(x=x) | Not(x=x):
            return (x,)
        case Call(inputs=items) | And(items=items) | Or(items=items) | Scalar(arguments=items):
            return items
        case Arithmetic(left=left, right=right) | Compare(left=left, right=right):
            return (left, right)
        case Case(whens=whens, otherwise=otherwise):
            return (*(e for pair in whens for e in pair), otherwise)


# ── the query ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """Stored data of one instrument at one venue; `code` is the bare symbol of results."""

    venue: str
    code: str

    def __str__(self) -> str:
        return f"{self.venue}:{self.code}"


@dataclass(frozen=True, slots=True)
class Fill:
    """A method (`previous zero null linear none`) for each of open high low close volume trades vwap.

    `previous` of open, high, low and close carries the last close. Holes of more than `max_rows` slots stay whole.
    """

    methods: tuple[tuple[str, str], ...]
    max_rows: int | None


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of the result."""

    name: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Order:
    expr: Expr
    descending: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """The first rows, or the last, of all or of each group of rows that agree in `per`; NULLs agree."""

    rows: int
    per: tuple[Expr, ...] = ()
    last: bool = False
