"""Syntax → the one canonical text: clauses in one order, keywords in capitals, no parenthesis too many."""

from __future__ import annotations

import re
from collections.abc import Collection

from tapeql.language import grammar, vocabulary
from tapeql.language import syntax as s

_ORDER = {phrase: place for place, phrase in enumerate(vocabulary.clauses())}
_BARE_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_BARE_CALENDAR = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/]*")
_BARE_SETTING = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_/+:.]|-(?!-))*")

# how strongly an expression holds together; an operand weaker than its place needs parentheses
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _UNARY, _OVER, _POSTFIX, _LITERAL, _ATOM = range(11)


def format_script(script: s.Script) -> str:
    """Every statement on a line of its own, separated by `;`."""
    return ";\n".join(map(format_statement, script.statements))


def format_statement(node: s.Statement) -> str:
    """One line that parses back to an equal tree, its clauses in canonical order."""
    match node:
        case s.Query(verb=verb, clauses=clauses):
            ordered = sorted(clauses, key=lambda clause: _ORDER[vocabulary.clause_of(type(clause))])
            return " ".join([_verb(verb), *map(format_clause, ordered)])
        case s.Pipe(left=left, right=right):
            return f"{format_statement(left)} |> {format_statement(right)}"
        case s.Explain(what="plan", query=query):
            return f"EXPLAIN {format_statement(query)}"
        case s.Explain(what=what, query=query):
            return f"EXPLAIN {what} {format_statement(query)}"
        case s.Describe(subject=str(name)):
            return f"DESCRIBE {_name(name, vocabulary.verbs())}"
        case s.Describe(subject=(s.Query() | s.Pipe()) as query):
            return f"DESCRIBE {format_statement(query)}"
        case s.Show(what=what):
            return f"SHOW {what}"
        case s.Set(name=name, value=value):
            return f"SET {name} = {_bare_or_quoted(value, _BARE_SETTING)}"
        case _:
            raise TypeError(f"not a statement: {node!r}")


def _verb(verb: s.Verb) -> str:
    return f"{verb.name.upper()} {format_expr(verb.interval)}" if verb.interval else verb.name.upper()


def format_clause(clause: s.Clause) -> str:
    opening = vocabulary.clause_of(type(clause))
    match clause:
        case s.From(symbols=symbols):
            return f"{opening} {', '.join(f'{p.venue}:{p.code}' if p.venue else p.code for p in symbols)}"
        case s.During(last=s.Duration() as last):
            return f"{opening} last {format_expr(last)}"
        case s.During(start=start, end=end):
            points = [format_expr(point) for point in (start, end) if point is not None]
            return f"{opening} {' .. '.join(points)}"
        case s.Since(start=point) | s.Until(end=point):
            return f"{opening} {format_expr(point)}"
        case s.Session(sessions=sessions):
            return f"{opening} {', '.join(map(_session, sessions))}"
        case s.Calendar(name=name):
            return f"{opening} {_bare_or_quoted(name, _BARE_CALENDAR)}"
        case s.Tz(zone=zone):
            return f"{opening} {_bare_or_quoted(zone, _BARE_ZONE)}"
        case s.TicksWhere(condition=condition) | s.OnDaysWhere(condition=condition) | s.Where(condition=condition):
            return f"{opening} {format_expr(condition)}"
        case s.Align(to=to):
            return f"{opening} {to if isinstance(to, str) else format_expr(to)}"
        case s.Offset(by=by):
            return f"{opening} {format_expr(by)}"
        case s.Fill(columns=columns, max_rows=max_rows):
            filled = ", ".join(map(_filled, columns))
            return f"{opening} {filled}" + ("" if max_rows is None else f" MAX {max_rows}")
        case s.Add(items=items) | s.Select(items=items):
            return f"{opening} {', '.join(map(_item, items))}"
        case s.OrderBy(items=keys):
            return f"{opening} {', '.join(format_expr(k.value) + (' DESC' if k.descending else '') for k in keys)}"
        case s.Limit(rows=rows, per=per, last=last):
            count = str(rows) if isinstance(rows, int) else format_expr(rows)
            return f"{opening}{' LAST' if last else ''} {count}" + (
                f" PER {', '.join(map(format_expr, per))}" if per else ""
            )
        case s.Keep():
            return f"{opening} partial"
        case s.Label(side=side):
            return f"{opening} {side}"
        case s.Warmup(rows=rows):
            return f"{opening} {rows or 'none'}"
    raise TypeError(f"not a clause: {clause!r}")


def _name(name: str, keywords: Collection[str]) -> str:
    """A name in a place where these words, in capitals, would be read as keywords."""
    return f'"{name}"' if name.upper() in keywords else name


def _filled(column: s.FillColumn) -> str:
    methods = {word.upper() for word in grammar.words("fill_column")}
    return (
        f"{_name(column.column, vocabulary.reserved() | methods)} {column.method}" if column.column else column.method
    )


def _session(session: s.NamedSession | s.TimeSession) -> str:
    match session:
        case s.NamedSession(name=name):
            return _name(name, vocabulary.reserved())
        case s.TimeSession(start=start, end=end, calendar=calendar):
            return f"{format_expr(start)} .. {format_expr(end)}" + (f" OF {calendar}" if calendar else "")


def _item(item: s.Item) -> str:
    return format_expr(item.value) + (f" AS {_name(item.alias, vocabulary.reserved())}" if item.alias else "")


def _bare_or_quoted(text: str, bare: re.Pattern[str]) -> str:
    is_bare = bare.fullmatch(text) and text.upper() not in vocabulary.reserved() | vocabulary.openers()
    return text if is_bare else _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────────


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
            return ".".join(_name(part, vocabulary.reserved()) for part in parts)
        case s.Call(name=name, arguments=arguments):
            return f"{_name(name, vocabulary.operands())}({', '.join(map(_argument, arguments))})"
        case s.Output(call=call, output=output):
            inside = _text(call) if isinstance(call, s.Index | s.Output) else _in(call, _ATOM)
            return f"{inside}.{_name(output, vocabulary.reserved())}"
        case s.Index(x=x, n=n):
            return f"{_in(x, _POSTFIX)}[{n}]"
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
        return f"{_name(argument.keyword, vocabulary.reserved())} = {format_expr(argument.value)}"
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
