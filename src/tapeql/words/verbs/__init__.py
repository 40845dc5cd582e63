"""The verbs, a file each with its `VERB`, or the `VERBS` of a family: what a row of the result is."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping

from tapeql.query.verb import Verb


@functools.cache
def verbs() -> Mapping[str, Verb]:
    """Every verb by name."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    found: list[Verb] = [verb for module in modules for verb in getattr(module, "VERBS", None) or (module.VERB,)]
    return {verb.name: verb for verb in found}
