"""Finds the modules of an operator's folder."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import Any

from tapeql.operators.operator import Operator


def module_of(step: Operator, name: str) -> Any:
    """The module `name` of the operator's folder; None where it has none."""
    return _module(f"{type(step).__module__}.{name}")


@functools.cache
def _module(path: str) -> Any:
    return importlib.import_module(path) if importlib.util.find_spec(path) else None
