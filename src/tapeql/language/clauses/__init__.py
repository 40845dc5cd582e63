"""The clauses as they are written, a file each: the node, how the grammar's rules are read into it, how it is written.

Each file has in `RULES` the functions of its rules, called as the grammar calls them.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any


@functools.cache
def rules() -> Mapping[str, Callable[[list[Any]], Any]]:
    """What reads the rules of clauses, by the name of the rule."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {rule.__name__: rule for module in modules for rule in module.RULES}
