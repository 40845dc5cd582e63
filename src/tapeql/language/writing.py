"""Expressions and names as canonical text: no parenthesis too many, no quotes without need."""

from __future__ import annotations

import re
from collections.abc import Collection

from tapeql.language import syntax as s
from tapeql.language import vocabulary

# how strongly an expression holds together; an operand weaker than its place needs parentheses
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _UNARY, _OVER, _POSTFIX, _LITERAL, _ATOM = range(11)


def format_expr(expr: s.Expr) -> str:
    """The expression with as few parentheses as its meaning allows."""
    return _in(expr, _OR)


def _in(expr: s.Expr, place: int) -> str:
    """The expression in a place that holds together as strongly as `place`."""
    text = _text(expr)
    return f"({text})" if _strength(expr) < place else text


def _strength(expr: s.Expr) -> int:
    match expr:
        case s.Logical(op=op):
            return _OR if op == "or" else _AND
        case s.Not():
            return _NOT
        case s.Compare() | s.Between() | s.InList() | s.IsNull() | s.Crosses():
            return _COMPARISON
        case s.Binary(op=op):
            return _SUM if op in "+-" else _PRODUCT
        case s.Unary():
            return _UNARY
        case s.Over():
            return _OVER
        case s.Index() | s.Output():
            return _POSTFIX
        case s.Number() | s.Duration() | s.Time() | s.Date():
            return _LITERAL
        case _:
            return _ATOM


def _text(expr: s.Expr) -> str:
    match expr:
        case s.Number(value=value, unit=unit):
            return f"{value!r}{unit}"
        case s.String(value=value):
            return _quoted(value)
        case s.Boolean(value=value):
            return "TRUE" if value else "FALSE"
        case s.Null():
            return "NULL"
        case s.Duration(parts=parts):
            return "".join(f"{count}{unit}" for count, unit in parts)
        case s.Time(us=us):
            return _clock(us)
        case s.Date(text=text):
            return text
        case s.Parameter(name=name):
            return f"${name}"
        case s.Name(parts=parts):
            return ".".join(name_in(part, vocabulary.reserved()) for part in parts)
        case s.Call(name=name, arguments=arguments):
            return f"{name_in(name, vocabulary.operands())}({', '.join(map(_argument, arguments))})"
        case s.Output(call=call, output=output):
            inside = _text(call) if isinstance(call, s.Index | s.Output) else _in(call, _ATOM)
            return f"{inside}.{name_in(output, vocabulary.reserved())}"
        case s.Index(x=x, n=n):
            return f"{_in(x, _POSTFIX)}[{n if isinstance(n, int) else _text(n)}]"
        case s.Over(x=x, window=window):
            return f"{_in(x, _POSTFIX)} OVER {format_expr(window) if window else 'ALL'}"
        case s.Unary(op=op, x=x):
            operand = _in(x, _UNARY)
            return f"{op} {operand}" if operand[0] in "+-" else f"{op}{operand}"
        case s.Binary():
            return _chain(expr)
        case s.Compare(op=op, left=left, right=right):
            return f"{_in(left, _SUM)} {op} {_in(right, _SUM)}"
        case s.Between(x=x, low=low, high=high, negated=negated):
            return f"{_in(x, _SUM)} {'NOT ' * negated}BETWEEN {_in(low, _SUM)} AND {_in(high, _SUM)}"
        case s.InList(x=x, items=items, negated=negated):
            return f"{_in(x, _SUM)} {'NOT ' * negated}IN ({', '.join(map(format_expr, items))})"
        case s.IsNull(x=x, negated=negated):
            return f"{_in(x, _SUM)} IS {'NOT ' * negated}NULL"
        case s.Crosses(left=left, right=right, direction=direction):
            way = "" if direction == "either" else f" {direction.upper()}"
            other = _in(right, _SUM)
            if not way:
                other = re.sub(r"^(above|below)\b", r'"\1"', other, flags=re.I)
            return f"{_in(left, _SUM)} CROSSES{way} {other}"
        case s.Not(x=x):
            return f"NOT {_in(x, _NOT)}"
        case s.Logical(op=op, items=items):
            return f" {op.upper()} ".join(_in(item, _strength(expr) + 1) for item in items)
        case s.Case(whens=whens, otherwise=otherwise):
            branches = [f"WHEN {format_expr(when)} THEN {format_expr(then)}" for when, then in whens]
            return " ".join(["CASE", *branches, *([f"ELSE {format_expr(otherwise)}"] if otherwise else []), "END"])
    raise TypeError(f"not an expression: {expr!r}")


def _chain(expr: s.Binary) -> str:
    """`a + b - c`: down the left side in a loop, since a chain may be hundreds of operators long."""
    strength = _strength(expr)
    written: list[str] = []
    left: s.Expr = expr
    while isinstance(left, s.Binary) and _strength(left) == strength:
        written.append(f"{left.op} {_in(left.right, strength + 1)}")
        left = left.left
    return " ".join([_in(left, strength), *reversed(written)])


def _argument(argument: s.Argument) -> str:
    if argument.keyword is not None:
        return f"{name_in(argument.keyword, vocabulary.reserved())} = {format_expr(argument.value)}"
    text = format_expr(argument.value)
    return f"({text})" if _begins_like_keyword(argument.value) else text


def _begins_like_keyword(expr: s.Expr) -> bool:
    """`x = 1` alone in a call would be read as a keyword argument."""
    while isinstance(expr, s.Logical):
        expr = expr.items[0]
    match expr:
        case s.Compare(op="=", left=s.Name(parts=(_,))):
            return True
        case _:
            return False


def _clock(us: int) -> str:
    seconds, fraction = divmod(us, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    if us % 60_000_000:
        text += f":{seconds % 60:02}" + (f".{fraction:06}".rstrip("0") if fraction else "")
    return text


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def name_in(name: str, keywords: Collection[str]) -> str:
    """A name in a place where these words, in capitals, would be read as keywords."""
    return f'"{name}"' if name.upper() in keywords else name


def bare_or_quoted(text: str, bare: re.Pattern[str]) -> str:
    is_bare = bare.fullmatch(text) and text.upper() not in vocabulary.reserved() | vocabulary.openers()
    return text if is_bare else _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
