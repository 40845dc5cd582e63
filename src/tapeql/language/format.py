"""Syntax → the one canonical text: clauses in one order, keywords in capitals, no parenthesis too many."""

from __future__ import annotations

import re

from tapeql.language import syntax as s
from tapeql.language import vocabulary
from tapeql.language.writing import bare_or_quoted, format_expr, name_in

_ORDER = {phrase: place for place, phrase in enumerate(vocabulary.clauses())}
_BARE_SETTING = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_/+:.]|-(?!-))+")


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
            return f"DESCRIBE {name_in(name, vocabulary.verbs())}"
        case s.Describe(subject=(s.Query() | s.Pipe()) as query):
            return f"DESCRIBE {format_statement(query)}"
        case s.Show(what=what):
            return f"SHOW {what}"
        case s.Set(name=name, value=value):
            return f"SET {name} = {bare_or_quoted(value, _BARE_SETTING)}"
        case _:
            raise TypeError(f"not a statement: {node!r}")


def _verb(verb: s.Verb) -> str:
    return f"{verb.name.upper()} {format_expr(verb.interval)}" if verb.interval else verb.name.upper()


def format_clause(clause: s.Clause) -> str:
    return f"{vocabulary.clause_of(type(clause))} {clause.write()}"
