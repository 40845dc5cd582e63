"""From a word the grammar does not accept to a diagnostic that says what was expected and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tapeql import limits
from tapeql.errors import Diagnostic, Fix, Span
from tapeql.language import later, vocabulary
from tapeql.language import syntax as s
from tapeql.language.nearest import nearest
from tapeql.language.statements.query import Query
from tapeql.language.tokens import Statement

_PLAIN = {
    "NAME": "a name", "PARAMETER": "a parameter such as `$start`", "STRING": "a string such as `'text'`",
    "NUMBER": "a number", "INT": "a whole number", "DURATION": "a duration such as `1h`", "TIME": "a time such as `09:30`",
    "ONE_DAY": "a date such as `2025-03-10`", "DATE": "a date such as `2025-03-10`", "TICKER": "a symbol such as `binance:BTCUSDT`",
    "CODE": "a symbol's code", "ZONE": "a time zone such as `America/New_York`", "CALENDAR_NAME": "a calendar such as `XNYS`",
    "SETTING": "a value", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "COMMA": "`,`",
    "DOT": "`.`", "DOTS": "`..`", "EQUAL": "`=`",
}  # fmt: skip
_EXPRESSION = frozenset({"NAME", "NUMBER", "STRING", "LPAR", "CASE"})
_UNSAID = frozenset({"SET_OPEN", "PLUS", "MINUS", "STAR", "SLASH", "COMPARISON", "PIPE", "RESERVED", "$END"})
_OPERATOR_WORDS = frozenset(["AND", "OR", "NOT", "BETWEEN", "IN", "IS", "CROSSES", "OVER", "EQUAL", "LSQB", "DOT"])
UNFINISHED = "add the closing bracket"
"""The hint of brackets that the end of the text left open."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What to say about the word at `at`, and how to read on.

    repair      the terminal that the word should be read as, where that is clear
    may_begin   a clause could have begun at the word, so what came before is whole
    resume      from where on the next clause is looked for; the word itself when None
    """

    diagnostic: Diagnostic
    at: Span
    repair: str | None = None
    may_begin: bool = False
    resume: int | None = None


def about(unexpected: Any, statement: Statement) -> Complaint:
    """What to say about lark's UnexpectedToken."""
    token = unexpected.token
    accepts = frozenset(unexpected.interactive_parser.accepts())
    if token.type == "$END":
        return _about_end(statement, accepts)
    at = Span(token.start_pos, token.end_pos)
    before = statement.recent[-1] if statement.recent else None
    complaint = (
        _about_brackets(token, at, statement, accepts)
        or _about_later(token, at, before, statement, accepts)
        or _about_start(token, at, before, statement)
        or _about_range(token, at, before, statement)
        or _about_spelling(token, at, accepts)
        or _about_habits(token, at, before, statement, accepts)
        or Complaint(_general(token, at, accepts), at)
    )
    return replace(complaint, may_begin="FROM" in accepts)


def _about_end(statement: Statement, accepts: Collection[str]) -> Complaint:
    last = statement.recent[-1]
    end = Span(last.end_pos or 0, last.end_pos or 0)
    if statement.brackets:
        bracket, start = statement.brackets[-1]
        return Complaint(
            Diagnostic("E004", f"this `{bracket}` is never closed", Span(start, start + 1), (UNFINISHED,)), end
        )
    reason = f"something is missing after `{last}`"
    return Complaint(Diagnostic("E003", reason, end, (f"expected {_expected(accepts)}",)), end)


def _about_brackets(token: Any, at: Span, statement: Statement, accepts: Collection[str]) -> Complaint | None:
    if token.type in ("RPAR", "RSQB", "RBRACE"):
        if not statement.brackets and not set(accepts) >= _EXPRESSION:
            reason = f"this `{token}` closes nothing"
            return Complaint(Diagnostic("E004", reason, at, ("remove it, or open it before",), Fix(at, "")), at)
        return None
    opens_clause = token.type in vocabulary.reserved() and token.type in vocabulary.openers()
    if statement.brackets and (opens_clause or token.type == "PIPE"):
        bracket, start = statement.brackets[-1]
        reason, hint = f"this `{bracket}` is never closed", f"it is still open at `{token}`"
        return Complaint(Diagnostic("E004", reason, Span(start, start + 1), (hint,)), at)
    return None


def _about_later(token: Any, at: Span, before: Any, statement: Statement, accepts: Collection[str]) -> Complaint | None:
    word = token.upper()
    kind = before.type if before is not None else ""
    if "CANDLES" in accepts and word in later.VERBS:
        return Complaint(later.later(f"`{word}`", at, later.VERBS[word]), at)
    if word in later.CHOICES.get(kind, ()):
        span = Span(before.start_pos, at.end)
        return Complaint(later.later(f"`{kind} {word.lower()}`", span), at)
    if token.type == "OF" and kind == "AS":
        span = Span(before.start_pos, at.end)
        return Complaint(later.later("`AS OF`", span, "data as it was known on a day"), span)
    if token.type == "AS" and re.match(r"as\s+of\b", statement.text[at.start : statement.end], re.I):
        return Complaint(later.later("`AS OF`", at, "data as it was known on a day"), at)
    if "FROM" in accepts and word in later.CLAUSES and token.type == "NAME":
        return Complaint(later.later(f"`{word}`", at, later.CLAUSES[word]), at)
    in_from = statement.clause is not None and statement.clause.type == "FROM"
    if in_from and token.type == "AS":
        return Complaint(later.later("a symbol's alias", at), at)
    if in_from and token.type == "SLASH":
        return Complaint(later.later("the ratio of two symbols", at), at)
    if token.type == "OF" and "AND" in accepts:
        return Complaint(later.later("another symbol with `OF`", at), at)
    if kind == "ON" and token.type == "LPAR":
        return Complaint(later.later("`ON (query)`", Span(before.start_pos, at.end)), at)
    return None


def _about_start(token: Any, at: Span, before: Any, statement: Statement) -> Complaint | None:
    """The beginning of a statement, or of the right of `|>`, and CANDLES without its interval."""
    if before is not None and before.type == "CANDLES":
        units = ", ".join(f"`{unit}`" for unit in vocabulary.units())
        hint = f"such as `CANDLES 1h`, or `CANDLES 1000 ticks`; intervals count {units}"
        return Complaint(Diagnostic("E002", f"CANDLES needs an interval, found `{token}`", at, (hint,)), at)
    if before is not None and before.type != "PIPE":
        return None
    starts = (*vocabulary.verbs(), *(vocabulary.statements() if before is None else ()))
    if token.type == "NAME" and nearest(token, starts):
        return _misspelt(token, at, starts)
    reason = f"{'a statement' if before is None else 'what follows `|>`'} begins with its verb, not with `{token}`"
    hints = [vocabulary.A_BEGINNING if before is None else "begin with a verb such as `CANDLES 1h`"]
    fix = None
    if token.type == "SELECT":
        meant = _from_sql(statement.text[at.start : statement.end])
        hints = [
            f"write `{meant[0]}`" if meant else "columns are chosen after the verb: `CANDLES 1h FROM … SELECT close`"
        ]
        fix = Fix(Span(at.start, at.start + meant[1]), meant[0]) if meant else None
    return Complaint(Diagnostic("E002", reason, at, tuple(hints), fix), at)


_SQL = re.compile(r"select\s+(?P<columns>[^;]*?)\s+from\s+(?P<symbol>[\w:./^=!*-]+)", re.I)


def _from_sql(text: str) -> tuple[str, int] | None:
    """`SELECT close FROM x` as a sentence, and how much of the text it stands for."""
    found = _SQL.match(text)
    if found is None:
        return None
    chosen = "" if found["columns"].strip() == "*" else f" SELECT {found['columns'].strip()}"
    return f"CANDLES 1h FROM {found['symbol']}{chosen}", found.end()


def _about_range(token: Any, at: Span, before: Any, statement: Statement) -> Complaint | None:
    """`2025-01 TO 2025-03`"""
    in_range = statement.clause is not None and statement.clause.type == "DURING"
    if not in_range or before is None or before.type not in ("DATE", "PARAMETER"):
        return None
    if token.upper() not in ("TO", "THROUGH", "TILL") and token.type not in ("AND", "MINUS", "UNTIL"):
        return None
    hint = "a range is written `a .. b`; a date on the right stands for its whole span"
    return Complaint(Diagnostic("E002", f"`{token}` joins no range", at, (hint,), Fix(at, "..")), at, "DOTS")


def _about_spelling(token: Any, at: Span, accepts: Collection[str]) -> Complaint | None:
    if token.type != "NAME" or len(token) < 2:
        return None
    keywords = [word for word in vocabulary.keywords() if word in accepts]
    if not nearest(token, keywords):
        return None
    return _misspelt(token, at, keywords)


def _misspelt(token: Any, at: Span, keywords: Collection[str]) -> Complaint:
    close = nearest(token, keywords)
    shown = [vocabulary.spelling()[word] for word in close]
    hint = f"did you mean {_or([f'`{word}`' for word in shown])}?"
    diagnostic = Diagnostic("E011", f"unknown keyword `{token}`", at, (hint,), Fix(at, shown[0]))
    return Complaint(diagnostic, at, close[0])


_SQL_CLAUSES = {
    "GROUP": "a row is one symbol's bar already: `CANDLES 1h` groups by the hour, `CANDLES 1d` by the day",
    "HAVING": "conditions on bars go into WHERE: `WHERE volume > 1000`",
    "JOIN": "FROM takes several symbols: `FROM binance:{BTCUSDT,ETHUSDT}`",
    "RESAMPLE": "the interval follows the verb: `CANDLES 5m`",
    "INTERVAL": "the interval follows the verb: `CANDLES 5m`",
    "TIMEFRAME": "the interval follows the verb: `CANDLES 5m`",
    "LIKE": "texts are compared whole, `session IN ('premarket', 'regular')`; symbols match by globs in FROM",
}


def _about_habits(
    token: Any, at: Span, before: Any, statement: Statement, accepts: Collection[str]
) -> Complaint | None:
    """What people bring along from other languages."""
    text = statement.text
    complete = "AND" in accepts
    if token.type in ("COMPARISON", "EQUAL") and complete:
        hint = "join two comparisons with AND, or write `x BETWEEN a AND b`"
        return Complaint(Diagnostic("E013", "comparisons do not chain", at, (hint,)), at)
    if before is not None and before.type in ("AS", "DOT") and token.type in vocabulary.reserved():
        reason = f"`{token}` is a reserved word and cannot be a name"
        hint = f"choose another one, such as `{token.lower()}_`"
        return Complaint(Diagnostic("E012", reason, at, (hint,)), at, resume=at.end)
    if "FROM" in accepts and token.upper() in ("LAST", "TAIL", "HEAD", "FIRST") and token.type in ("NAME", "LAST"):
        count = re.match(r"\s+(\d+)(?!\w)", text[at.end :])
        rows, last = (count[1] if count else "n"), token.upper() in ("LAST", "TAIL")
        meant = f"LIMIT {'LAST ' if last else ''}{rows}"
        span = Span(at.start, at.end + (count.end() if count else 0))
        fix = Fix(span, meant) if count else None
        hint = f"write `{meant}`" + ("; the time up to now is `DURING last 30d`" if last else "")
        return Complaint(Diagnostic("E002", f"`{token}` opens no clause", span, (hint,), fix), at)
    if before is not None and before.type == "DATE" and token.type == "TIME":
        gap = Span(before.end_pos, at.start)
        reason, hint = "a date and a time of day are joined by `T`", f"write `{before}T{token}`"
        return Complaint(Diagnostic("E009", reason, Span(before.start_pos, at.end), (hint,), Fix(gap, "T")), at)
    if before is not None and "TICKER" in accepts and text[at.end : at.end + 1] == ":":
        hint = "write `venue:code` in one piece, such as `binance:BTCUSDT` or `binance:{BTCUSDT,ETHUSDT}`"
        return Complaint(Diagnostic("E002", f"no symbol follows `{token}:`", Span(at.start, at.end + 1), (hint,)), at)
    if before is not None and before.type == "SELECT" and token.type == "STAR":
        hint = "leave SELECT out to get every column"
        return Complaint(Diagnostic("E002", "`*` is no list of columns", at, (hint,)), at)
    if token.type == "NAME" and token.upper() in _SQL_CLAUSES:
        return Complaint(Diagnostic("E002", f"there is no {token.upper()}", at, (_SQL_CLAUSES[token.upper()],)), at)
    if token.type == "NAME" and complete and "AS" in accepts:
        hint = f"a name for a column is written `AS {token}`; expected {_expected(accepts)}"
        return Complaint(Diagnostic("E002", f"unexpected `{token}`", at, (hint,)), at)
    return None


def _general(token: Any, at: Span, accepts: Collection[str]) -> Diagnostic:
    hints = [f"expected {_expected(accepts)}"]
    if token.type in vocabulary.reserved():
        if "NAME" in accepts:
            kind = "begins a clause" if token.type in vocabulary.openers() else "is a word of the language"
            hints.append(f"{token.type} {kind} and is never a name")
        return Diagnostic("E002", f"unexpected keyword `{token}`", at, tuple(hints))
    return Diagnostic("E002", f"unexpected `{token}`", at, tuple(hints))


def _expected(accepts: Collection[str]) -> str:
    """The terminals a state accepts, in plain words."""
    left = set(accepts) - _UNSAID
    said: list[str] = []
    if left >= _EXPRESSION:
        said.append("an expression")
        left -= {*_PLAIN, "CASE", "NOT", "NULL", "TRUE", "FALSE"} - {"RPAR"}
    if {"TICKER", "STRING"} <= left:
        said += ["a symbol such as `binance:BTCUSDT`", "a file such as `'trades.csv'`"]
        left -= {"TICKER", "STRING", "PARAMETER"}
    if {"AND", "OR"} <= left:
        said.append("an operator")
        left -= {*_OPERATOR_WORDS, "LPAR"}
    clauses = left & vocabulary.openers()
    if len(clauses) > 3:
        said.append("a clause such as `WHERE …`" if "WHERE" in clauses else "a clause")
        left -= clauses
    verbs = left & set(vocabulary.verbs())
    if "DAYS" in verbs:
        said.append("a verb such as `CANDLES 1h`")
        left -= verbs
    said += [
        _PLAIN.get(name, f"`{vocabulary.spelling().get(name, name)}`")
        for name in sorted(left, key=lambda name: (name not in _PLAIN, name))
    ]
    if "$END" in accepts:
        said.append("the end")
    return _or(list(dict.fromkeys(said)))


def _or(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


# ── a statement as a whole ────────────────────────────────────────────────────────────────────────────────────────────


def about_clauses(statement: s.Statement, text: str) -> Iterator[Diagnostic]:
    """Clauses given twice."""
    for query in s.within(statement, Query):
        yield from _twice(query, text)


def _twice(query: Query, text: str) -> Iterator[Diagnostic]:
    first: dict[type, s.Clause] = {}
    for clause in query.clauses:
        seen = first.setdefault(type(clause), clause)
        if seen is not clause:
            opening = vocabulary.opening_of(type(clause))
            line = text.count("\n", 0, seen.span.start) + 1
            column = seen.span.start - text.rfind("\n", 0, seen.span.start)
            start = clause.span.start
            hint = f"the first is at line {line}, column {column}: `{_short(text[seen.span.start : seen.span.end])}`"
            yield Diagnostic("E010", f"{opening} is given twice", Span(start, clause.span.end), (hint,))


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else f"{flat[:39]}…"


_OPENING = re.compile(rf"\b(?:{'|'.join(sorted(vocabulary.openers() & vocabulary.reserved()))})\b|\|>", re.I)
_CLOSED = re.compile(r"\([^()]*\)")
_MASKED = re.compile(r"'(?:[^'\n]|'')*'|--[^\n]*")


def without_clause(statement: Statement, at: Span, may_begin: bool, resume: int | None = None) -> str | None:
    """The text with the broken clause blanked out, up to the next one; None where the verb itself is broken."""
    if may_begin:
        start = at.start
    elif statement.clause is not None:
        start = statement.clause.start_pos or 0
    else:
        return None
    resume = resume or (at.end if may_begin else max(at.start, start + 1))
    following = _OPENING.search(_masked(statement.text), resume, statement.end)
    stop = following.start() if following else statement.end
    if not statement.text[start:stop].strip():
        return None
    return f"{statement.text[:start]}{' ' * (stop - start)}{statement.text[stop:]}"


def _masked(text: str) -> str:
    """The text with strings, comments and everything in closed parentheses blanked out."""
    masked = _MASKED.sub(lambda match: " " * len(match[0]), text)
    for _ in range(limits.QUERY_NESTING_LEVELS):
        masked, closed = _CLOSED.subn(lambda match: " " * len(match[0]), masked)
        if not closed:
            break
    return masked
