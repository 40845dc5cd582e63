"""The clauses, a file each with its `CLAUSE`: what it settles, which operators it adds."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from tapeql.language import syntax
from tapeql.words.clause import Clause


@functools.cache
def clauses() -> Mapping[type[syntax.Clause], Clause]:
    """Every clause by its node."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {node: module.CLAUSE for module in modules for node in module.CLAUSE.nodes}


@functools.cache
def in_place() -> tuple[Clause, ...]:
    """Those that add operators, in the order of these."""
    placed = {entry.place: entry for entry in clauses().values() if entry.place is not None}
    return tuple(placed[place] for place in sorted(placed))
