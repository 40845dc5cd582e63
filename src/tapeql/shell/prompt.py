"""The prompt of the repl, in prompt_toolkit: what Enter means, what Tab offers, what gets which colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from tapeql.errors import QueryError, TapeQLError
from tapeql.functions.aggregates import AGGREGATES
from tapeql.functions.registry import functions
from tapeql.language import vocabulary
from tapeql.language.parse import parse
from tapeql.query.columns import BAR, QUOTE, QUOTE_MEASURES, TICK
from tapeql.serve.connect import Database

STYLE: Final = Style.from_dict(
    {
        "keyword": "bold ansiblue",
        "function": "ansicyan",
        "number": "ansimagenta",
        "text": "ansigreen",
        "comment": "ansibrightblack",
    }
)

_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*)|(?P<text>'[^']*'?)|(?P<symbol>\w+:[\w.^=!/*{},-]+)|(?P<number>\d[\w.%:-]*)|(?P<word>[A-Za-z_]\w*)|(?P<other>\s+|.)"
)
_WORD: Final = re.compile(r"[\w:.^=!/*-]*$")


def prompt(database: Database, history: Path) -> Callable[[], str]:
    """A function that asks for one statement. Raises EOFError at the end, KeyboardInterrupt on Ctrl-C."""
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(history)),
        completer=Words(database),
        lexer=Colours(),
        style=STYLE,
        key_bindings=_keys(),
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "… ".rjust(width),
    )
    return lambda: session.prompt("tapeql> ")


def is_complete(text: str) -> bool:
    """Whether Enter ends the statement: after `;`, when it parses, or when more text could not mend it."""
    text = text.strip()
    if not text or text.endswith(";") or text.startswith("\\") or text in ("help", "quit", "exit"):
        return True
    marks = [token.group() for token in _TOKEN.finditer(text) if token.lastgroup == "other"]
    if marks.count("(") > marks.count(")"):
        return False
    try:
        parse(text)
    except QueryError as error:
        return all(d.span.start < len(text) for d in error.diagnostics)
    return True


class Words(Completer):
    """Keywords, functions, columns and the stored symbols."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._symbols: list[str] | None = None
        columns = {*BAR, *TICK, *QUOTE, *QUOTE_MEASURES, "premarket", "regular", "aftermarket", "gap_pct"}
        self._lower = sorted({*columns, *functions(), *AGGREGATES})
        self._upper = vocabulary.keywords()

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        found = _WORD.search(document.text_before_cursor)
        word = found.group() if found else ""
        before = document.text_before_cursor[: len(document.text_before_cursor) - len(word)].rstrip().upper()
        if ":" in word or before.endswith("FROM"):
            offered: Iterable[str] = (s for s in self.symbols() if s.lower().startswith(word.lower()))
        elif not word:
            return
        else:
            lower = [w for w in self._lower if w.startswith(word.lower())]
            upper = [w for w in self._upper if w.startswith(word.upper())]
            offered = [*upper, *lower] if word.isupper() else [*lower, *upper]
        for text in offered:
            yield Completion(text, start_position=-len(word))

    def symbols(self) -> list[str]:
        if self._symbols is None:
            try:
                rows = self._database.query("SHOW symbols").to_pylist()
                self._symbols = [f"{row['exchange']}:{row['symbol']}" for row in rows]
            except TapeQLError:
                return []
        return self._symbols


class Colours(Lexer):
    """A line at a time, by the shape of its words."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        words, names = set(vocabulary.keywords()), {*functions(), *AGGREGATES}

        def line(number: int) -> StyleAndTextTuples:
            parts: StyleAndTextTuples = []
            for token in _TOKEN.finditer(document.lines[number]):
                kind, text = token.lastgroup or "other", token.group()
                if kind == "word":
                    kind = "keyword" if text.upper() in words else "function" if text.lower() in names else "name"
                parts.append((f"class:{kind}", text))
            return parts

        return line


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
