"""Syntax trees compared by what they say, not by where it stands."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from tapeql.language import syntax as s
from tapeql.language.clauses.where import Where
from tapeql.language.parse import parse
from tapeql.language.statements.query import Query


def said(node: Any) -> Any:
    """A tree without spans and source, the clauses of each query sorted."""
    if isinstance(node, tuple):
        return tuple(map(said, node))
    if not is_dataclass(node):
        return (type(node).__name__, node) if isinstance(node, int | float) else node
    kept = [(f.name, said(getattr(node, f.name))) for f in fields(node) if "span" not in f.name and f.name != "source"]
    if isinstance(node, Query):
        kept = [(name, tuple(sorted(value, key=repr)) if name == "clauses" else value) for name, value in kept]
    return (type(node).__name__, *kept)


def query(text: str) -> Query:
    """The only query of a text."""
    (statement,) = parse(text).statements
    assert isinstance(statement, Query)
    return statement


def expression(text: str) -> s.Expr:
    """An expression, read as a WHERE condition."""
    (clause,) = query(f"DAYS WHERE {text}").clauses
    assert isinstance(clause, Where)
    return clause.condition
