"""Cuts a statement into the grammar's terminals, asking the parser at each step which of them it would accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lark.lexer import Lexer, Token

from tapeql.errors import Diagnostic, Diagnostics, Span
from tapeql.language import vocabulary
from tapeql.language.guard import Guard
from tapeql.language.misread import Misreading, Stop, bad_date, misread

Match = Callable[[str, int, int], "re.Match[str] | None"]

_QUOTED = "QUOTED"
_MAY_BE_RESERVED = frozenset({"SETTING_NAME", "SETTING", "CODE", "DATE"})
_BRACKETS = frozenset({"LPAR", "LSQB", "SET_OPEN", "LBRACE", "RPAR", "RSQB", "RBRACE"})
_NEVER_DATES = frozenset({"TIME", "ONE_DAY", "DURATION", "NUMBER", "STRING"})
_FOREIGN = frozenset({"==", "=<", "=>", "/*", "||"})
_PAIRS = {")": "(", "]": "[", "}": "{"}
_LARGEST_COUNT = 2**63 - 1


@dataclass(slots=True)
class Statement:
    """The text of one statement and what was found while reading it.

    repairs   offset → terminal: words read as the keyword they were meant to be
    clause    the word that opened the clause being read, None in a verb
    brackets  the brackets now open, with their offsets
    recent    the last three tokens
    """

    text: str
    start: int
    end: int
    found: Diagnostics
    repairs: dict[int, str] = field(default_factory=dict)
    clause: Token | None = None
    brackets: list[tuple[str, int]] = field(default_factory=list)
    recent: list[Token] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _State:
    """What one state of the parser accepts; `only_here` are the terminals tried before all others."""

    accepts: frozenset[str]
    only_here: tuple[tuple[str, Match], ...]


class Tokenizer(Lexer):
    """Lark's lexer interface over `Statement`; built once a grammar, safe to share."""

    __future_interface__ = 2

    def __init__(self, conf: Any) -> None:
        pattern = {t.name: t.pattern.to_regexp() for t in conf.terminals}
        literal = {t.name: t.pattern.value for t in conf.terminals if t.pattern.type == "str"}
        self.keywords = {text.upper(): name for name, text in literal.items() if text.isidentifier()}
        self.only_here = [(t.name, re.compile(pattern[t.name]).match) for t in conf.terminals if t.priority > 0]
        self.blank = re.compile(f"(?:{pattern['BLANK']}|{pattern['COMMENT']})+").match
        whole = r"(?![\w:]|\.\w)"
        numeric = [f"(?P<{name}>{pattern[name]}{whole})" for name in ("TIME", "ONE_DAY", "DURATION", "NUMBER")]
        words = [f"(?P<{name}>{pattern[name]})" for name in ("NAME", "STRING", "PARAMETER")]
        words.append(f'(?P<{_QUOTED}>"{pattern["NAME"]}")')
        marks = sorted((text for text in literal.values() if not text.isidentifier()), key=len, reverse=True)
        names = {text: name for name, text in literal.items()}
        signs = [f"(?P<COMPARISON>{pattern['COMPARISON']})", *(f"(?P<{names[m]}>{re.escape(m)})" for m in marks)]
        self.plain = re.compile("|".join([*words, *numeric, *signs])).match
        self.states: dict[Any, _State] = {}
        self.openers = vocabulary.openers()
        self.verbs = frozenset(vocabulary.verbs())
        self.reserved = vocabulary.reserved()
        self.never_codes = self.reserved | self.openers

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Token]:
        statement: Statement = lexer_state.text
        statement.clause = None
        statement.brackets.clear()
        statement.recent.clear()
        guard = Guard()
        text, at, end = statement.text, statement.start, statement.end
        while True:
            blank = self.blank(text, at, end)
            if blank:
                at = blank.end()
            if at >= end:
                return
            state = self._state(parser_state)
            token, at = self._next(statement, state, at)
            beyond = guard.see(token.type, token.start_pos or 0, at)
            if beyond is not None:
                raise Stop(beyond)
            if token.type in _BRACKETS:
                _check_pair(statement, token)
            elif token.type in self.openers and "FROM" in state.accepts and not statement.brackets:
                statement.clause = token
            elif token.type in self.verbs and "CANDLES" in state.accepts:
                statement.clause = None
            yield token
            if token.type in _BRACKETS:
                _follow(statement, token)
            statement.recent = [*statement.recent[-2:], token]

    def _state(self, parser_state: Any) -> _State:
        position = parser_state.position
        state = self.states.get(position)
        if state is None:
            accepts = frozenset(parser_state.parse_conf.states[position])
            first = tuple((name, match) for name, match in self.only_here if name in accepts)
            state = self.states[position] = _State(accepts, first)
        return state

    def _next(self, statement: Statement, state: _State, at: int) -> tuple[Token, int]:
        text, end = statement.text, statement.end
        for name, match in state.only_here:
            found = match(text, at, end)
            if found is None or not (found[0].isascii() or name == "SETTING"):
                continue
            if name in _MAY_BE_RESERVED or found[0].upper() not in self.never_codes:
                return _token(name, found[0], at)
        found = self.plain(text, at, end)
        if found is not None and found.lastgroup == _QUOTED:
            if "NAME" in state.accepts:
                return _token("NAME", found[0][1:-1], at, len(found[0]))
            found = None
        if "DATE" in state.accepts and (found is None or found.lastgroup in _NEVER_DATES):
            if found is None or found.lastgroup != "TIME" or "TIME" not in state.accepts:
                return self._misread(statement, bad_date(text, at, end), at)
            _check_same_day(statement, found[0], at)
        if found is None or text[at : at + 2] in _FOREIGN:
            return self._misread(statement, misread(text, at, end, state.accepts), at)
        kind, word = found.lastgroup or "", found[0]
        if kind == "NAME":
            return _token(self._word(statement, state, word, at), word, at)
        if kind == "NUMBER" and "INT" in state.accepts and word.replace("_", "").isdigit():
            kind = "INT"
        if kind in ("TIME", "DURATION", "NUMBER", "INT"):
            _check_size(kind, word, at)
        return _token(kind, word, at)

    def _word(self, statement: Statement, state: _State, word: str, at: int) -> str:
        """A keyword where the grammar accepts it, else a NAME; reserved words are keywords everywhere."""
        if at in statement.repairs:
            return statement.repairs[at]
        keyword = self.keywords.get(word.upper())
        if keyword is None or keyword in state.accepts:
            return keyword or "NAME"
        if keyword not in self.reserved:
            return "NAME"
        if "RESERVED" in state.accepts:
            return "RESERVED"
        is_called = statement.text[at + len(word) : at + len(word) + 1] == "("
        return "NAME" if is_called else keyword

    def _misread(self, statement: Statement, found: Misreading, at: int) -> tuple[Token, int]:
        statement.found.add(found.diagnostic)
        return _token(found.kind, found.meant, at, found.length)


def _check_pair(statement: Statement, token: Token) -> None:
    """A closing bracket must match the one opened last."""
    opening = _PAIRS.get(token[-1])
    if opening and statement.brackets and statement.brackets[-1][0] != opening:
        wrong, at = statement.brackets[-1]
        hint = f"close it before the `{token[-1]}` at the end of the marked text"
        raise Stop(Diagnostic("E004", f"this `{wrong}` is never closed", Span(at, token.end_pos or at + 1), (hint,)))


def _follow(statement: Statement, token: Token) -> None:
    """Keeps the open brackets, once the parser took the token."""
    if token[-1] not in _PAIRS:
        statement.brackets.append((token[-1], (token.end_pos or 1) - 1))
    elif statement.brackets:
        statement.brackets.pop()


def _token(kind: str, text: str, at: int, length: int | None = None) -> tuple[Token, int]:
    end = at + (len(text) if length is None else length)
    return Token(kind, text, start_pos=at, end_pos=end), end


def _check_same_day(statement: Statement, word: str, at: int) -> None:
    """A time of day may end a range whose beginning names a day."""
    begin = next((t for t in reversed(statement.recent) if t.type in ("DATE", "PARAMETER")), None)
    if begin is None or not re.match(r"\d{4}-\d{2}-\d{2}", begin):
        hint = "write its date too, such as `2025-03-10T16:00`"
        raise Stop(Diagnostic("E009", f"`{word}` on which day?", Span(at, at + len(word)), (hint,)))


def _check_size(kind: str, word: str, at: int) -> None:
    """Right shapes of numbers and times that cannot be."""
    span = Span(at, at + len(word))
    if kind == "TIME":
        hours, minutes, *seconds = (float(part) for part in word.split(":"))
        past_midnight = hours > 24 or (hours == 24 and (minutes or any(seconds)))
        if past_midnight or minutes >= 60 or any(s >= 60 for s in seconds):
            raise Stop(Diagnostic("E009", f"`{word}` is not a time of day", span, ("times go from 00:00 to 24:00",)))
    elif kind == "NUMBER":
        digits = re.sub(r"[\s_%]|bps", "", word.lower())
        if not word.isascii() or float(digits) == float("inf"):
            raise Stop(Diagnostic("E015", "this number is too large", span, ("numbers go up to about 1.8e308",)))
    elif len(word) > 18 and any(int(n.replace("_", "")[:20]) > _LARGEST_COUNT for n in re.findall(r"[\d_]+", word)):
        raise Stop(Diagnostic("E015", "this number is too large", span, (f"counts go up to {_LARGEST_COUNT}",)))
