"""The parser of the grammar; its table is computed once for a grammar and then kept as plain data.

Lark's own cache is a pickle, which runs whatever is written in it. The table is only numbers and names, so it is kept
as JSON.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any, Final

from tapeql import cache
from tapeql.language import grammar

_NAME: Final = "grammar"


@functools.cache
def parser() -> Any:
    """Lark is loaded with the first sentence, not with the package."""
    from lark import __version__

    key = f"{__version__} {sys.version_info[:2]}\n{grammar.text()}".encode()
    kept = cache.load(_NAME, key)
    if kept is not None:
        return _loaded(kept)
    made = _made()
    cache.store(_NAME, key, _dumped(made))
    return made


def _made() -> Any:
    from lark import Lark

    from tapeql.language.build import Builder
    from tapeql.language.tokens import Tokenizer

    return Lark(
        grammar.text(),
        start="statement",
        parser="lalr",
        lexer=Tokenizer,
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def _dumped(made: Any) -> bytes:
    """Everything but our own classes."""
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    data, memo = made.memo_serialize([TerminalDef, Rule])
    data["options"] = {**data["options"], "lexer": None, "transformer": None}
    data["parser"]["lexer_conf"]["lexer_type"] = None
    return json.dumps({"data": data, "memo": memo}, separators=(",", ":")).encode()


def _loaded(kept: bytes) -> Any:
    from lark import Lark

    from tapeql.language.build import Builder
    from tapeql.language.tokens import Tokenizer

    table = json.loads(kept)
    data, automaton = table["data"], table["data"]["parser"]["parser"]
    # States and terminals are numbers; as keys, JSON spells them as text.
    automaton["tokens"] = _numbered(automaton["tokens"])
    automaton["states"] = {int(state): _numbered(actions) for state, actions in automaton["states"].items()}
    table["memo"] = _numbered(table["memo"])
    data["options"] |= {"lexer": Tokenizer, "transformer": Builder()}
    data["parser"]["lexer_conf"]["lexer_type"] = Tokenizer
    return Lark.load(table)


def _numbered(found: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in found.items()}
