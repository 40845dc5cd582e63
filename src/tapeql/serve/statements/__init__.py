"""The statements, a file each with its `STATEMENT`: what it answers."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from tapeql.language import syntax
from tapeql.serve.statement import Statement


@functools.cache
def statements() -> Mapping[type[syntax.Statement], Statement[Any]]:
    """Every statement by its node."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {node: module.STATEMENT for module in modules for node in module.STATEMENT.nodes}
