"""Every function of the language, one entry each, found by name.

An entry is a `Function` in a module of its own in this folder; the registry imports them all, so adding one touches
one file. Arrays are contiguous float64 with NaN standing for NULL, of one symbol, in row order.

    kernel    arrays in, arrays out, same length, NaN where NULL (the fast answer, TA-Lib's C where it is sound)
    formula   the same in TapeQL itself, of inputs by their names and params as `$name` (then there is no kernel)
    oracle    three slow lines of plain Python over lists of float | None (the independent answer)
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Params = Sequence[Any]
Kernel = Callable[[Sequence[Floats], Params], Sequence[Floats]]
Values = Sequence[float | None]
Oracle = Callable[[Sequence[Values], Params], Sequence[Sequence[float | None]]]


@dataclass(frozen=True, slots=True)
class Param:
    """A constant argument. `kind` is int or float; `default` None means it must be given."""

    name: str
    kind: type[int] | type[float]
    default: int | float | None = None
    minimum: float = 1
    maximum: float = 100_000


@dataclass(frozen=True, slots=True)
class Input:
    """A series argument and the column it stands for when left out; `default` None means it must be given."""

    name: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language.

    lookback(params)   rows before the first value (0: the first row has one)
    warmup(params)     rows before a range after which older data moves the result by less than 1e-10 of the
                       input's scale; equal to lookback for windows, larger for recursive functions
    cumulative         every older row counts, so everything stored is read
    unit               what the output is in: "input" (as the first input), "percent", "fraction", "ratio",
                       "index" (0 to 100), "count"
    """

    name: str
    title: str
    inputs: tuple[Input, ...]
    params: tuple[Param, ...]
    outputs: tuple[str, ...]
    lookback: Callable[[Params], int]
    warmup: Callable[[Params], int]
    oracle: Oracle
    kernel: Kernel | None = None
    formula: str | None = None
    cumulative: bool = False
    unit: str = "input"
    nulls: str = "NULL unless all rows of the window exist and are not NULL."
    definition: str = ""
    reference: str = ""

    def __post_init__(self) -> None:
        if (self.kernel is None) == (self.formula is None):
            raise ValueError(f"function {self.name} needs a kernel or a formula, and not both")


@functools.cache
def functions() -> Mapping[str, Function]:
    """All entries by name, in byte order. A module offers `FUNCTION` or, for a family, `FUNCTIONS`."""
    import tapeql.functions as room

    found: dict[str, Function] = {}
    for module in pkgutil.iter_modules(room.__path__):
        if module.name == __name__.rpartition(".")[2]:
            continue
        entries = importlib.import_module(f"{room.__name__}.{module.name}")
        for entry in getattr(entries, "FUNCTIONS", (getattr(entries, "FUNCTION", None),)):
            if entry is not None:
                if entry.name in found:
                    raise ValueError(f"function {entry.name} has two entries")
                found[entry.name] = entry
    return dict(sorted(found.items()))


def find(name: str) -> Function | None:
    """A function by its name, in any case."""
    return functions().get(name) or functions().get(name.lower())
