"""The commands of `tapeql`, a file each with its `COMMAND`; what they do is imported when they run."""

from __future__ import annotations

import importlib
import pkgutil

from tapeql.shell.command import Command


def commands() -> list[Command]:
    """Every command, in the order of their places."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    found: list[Command] = [module.COMMAND for module in modules]
    return sorted(found, key=lambda command: command.place)
