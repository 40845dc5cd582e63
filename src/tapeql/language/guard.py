"""What is refused before any tree is built: texts too long, too deep or with too many operators for recursive code."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapeql import limits
from tapeql.errors import Diagnostic, QueryError, Span


def check_size(text: str) -> None:
    """Raises QueryError (E501) when `text` is over `limits.QUERY_TEXT_BYTES` in UTF-8; the span is what is beyond."""
    if len(text) * 4 <= limits.QUERY_TEXT_BYTES:
        return
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limits.QUERY_TEXT_BYTES:
        return
    passed = len(encoded[: limits.QUERY_TEXT_BYTES].decode("utf-8", "ignore"))
    reason = f"the text is {len(encoded):,} bytes long; the limit is {limits.QUERY_TEXT_BYTES:,}"
    hint = "load long lists of symbols with a glob such as `binance:*USDT`, or send several queries"
    raise QueryError([Diagnostic("E501", reason, Span(passed, len(text)), (hint,))], text)


_OPERATORS = frozenset(
    [
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "IN",
        "IS",
        "CROSSES",
        "OVER",
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "EQUAL",
        "COMPARISON",
        "LSQB",
        "WHEN",
    ]
)
_ONE_OPERATOR = frozenset({("IS", "NOT"), ("NOT", "IN"), ("NOT", "BETWEEN")})
_PREFIXES = frozenset({"NOT", "PLUS", "MINUS"})
_OPERAND_ENDS = frozenset(
    [
        "NAME",
        "NUMBER",
        "INT",
        "DURATION",
        "TIME",
        "ONE_DAY",
        "STRING",
        "PARAMETER",
        "NULL",
        "TRUE",
        "FALSE",
        "RPAR",
        "RSQB",
        "END",
        "ALL",
    ]
)
_OPENING = frozenset({"LPAR", "CASE"})
_CLOSING = frozenset({"RPAR", "END"})
_POSTFIX = frozenset({"LSQB", "DOT", "OVER"})
_INSIDE_POSTFIX = frozenset({"INT", "MINUS", "RSQB", "NAME", "DURATION", "ALL"})


_LISTS = frozenset({"FROM", "ADD", "SELECT", "ORDER", "FILL", "SESSION"})
_BRACKETS = frozenset({"LPAR", "SET_OPEN", "LBRACE"})
_CLOSED = frozenset({"RPAR", "RBRACE"})


@dataclass(slots=True)
class Guard:
    """Counts, token by token, how deep and how wide one statement becomes.

    Every operator counts once. A level is an open parenthesis or CASE, a sign or NOT, or one of the postfixes of one
    operand (`x[1][1]`), since each becomes a level of the tree.
    """

    operators: int = 0
    outer: list[int] = field(default_factory=list)
    levels: int = 0
    prefixes: int = 0
    postfixes: int = 0
    before: str = ""
    stages: int = 1
    clause: str = ""
    items: list[int] = field(default_factory=lambda: [1])

    def see(self, kind: str, start: int, end: int) -> Diagnostic | None:
        """The diagnostic of the limit that this token passes, if it passes one."""
        wide = self._count(kind, start, end)
        if wide is not None:
            return wide
        if kind in _OPERATORS and (self.before, kind) not in _ONE_OPERATOR:
            self.operators += 1
            if self.operators > limits.QUERY_OPERATORS:
                reason = f"more than {limits.QUERY_OPERATORS} operators in one statement"
                return Diagnostic("E503", reason, Span(start, end), ("write long lists of values as `x IN (…)`",))
        is_prefix = kind in _PREFIXES and self.before not in _OPERAND_ENDS
        self.before = kind
        if is_prefix:
            self.prefixes += 1
        if kind in _OPENING:
            self.outer.append(self.prefixes + 1)
            self.levels += self.prefixes + 1
            self.prefixes = 0
        elif kind in _CLOSING and self.outer:
            self.levels -= self.outer.pop()
        if kind in _POSTFIX:
            self.postfixes += 1
        elif kind not in _INSIDE_POSTFIX:
            self.postfixes = 0
        if self.levels + max(self.prefixes, self.postfixes) > limits.QUERY_NESTING_LEVELS:
            reason = f"more than {limits.QUERY_NESTING_LEVELS} levels of nesting"
            return Diagnostic("E502", reason, Span(start, end), ("name parts of it with ADD … AS, or split the query",))
        if not is_prefix:
            self.prefixes = 0
        return None

    def _count(self, kind: str, start: int, end: int) -> Diagnostic | None:
        """Stages, items of clauses, and values in brackets."""
        if kind == "PIPE":
            self.stages += 1
            self.items = [1]
            if self.stages > limits.QUERY_STAGES:
                reason = f"more than {limits.QUERY_STAGES} stages of `|>` in one statement"
                return Diagnostic("E504", reason, Span(start, end), ("join their conditions with AND",))
        elif kind in _LISTS and len(self.items) == 1:
            self.clause, self.items = kind, [1]
        elif kind in _BRACKETS:
            self.items.append(1)
        elif kind in _CLOSED and len(self.items) > 1:
            self.items.pop()
        elif kind == "COMMA":
            self.items[-1] += 1
            listed = len(self.items) > 1 or self.clause == "FROM"
            most = limits.QUERY_LIST_ITEMS if listed else limits.QUERY_COLUMNS
            if self.items[-1] > most:
                what, hint = ("values in one list", "a glob such as `binance:*USDT` names many symbols at once")
                if not listed:
                    what, hint = f"items in one {self.clause}", "ask in several queries"
                return Diagnostic("E504", f"more than {most:,} {what}", Span(start, end), (hint,))
        return None
