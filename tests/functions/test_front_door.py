"""Each function through the front door: a sentence on each engine against the entry's own plain-Python answer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import tapeql
from tapeql.functions.plain import deviation, mean, number, over_windows
from tapeql.functions.registry import Function, Input, Param, Params, Values, functions
from tapeql.functions.scalars import SCALARS
from tapeql.query.formulas import formula
from tapeql.storage.lake import Lake
from tapeql.storage.stores import open_store
from tests import tapes

ROWS = 60
FROM = "FROM binance:BTCUSDT"
TOLERANCE = 1e-9


def bars() -> list[tuple[object, ...]]:
    """Hourly candles that rise and fall, stand still for a while, and have a hole."""
    found: list[tuple[object, ...]] = []
    for n in range(ROWS):
        middle = 100 + 8 * math.sin(n / 3) + (n if n < 30 else 30)
        open_, close = middle, middle + 3 * math.cos(n)
        if 40 <= n < 46:
            open_ = close = 130.0
        low, high = min(open_, close) - 0.25, max(open_, close) + 0.5
        ts = tapes.us("2025-03-03") + (n + (n > 50) * 3) * 3_600_000_000
        found.append((ts, open_, high, low, close, 10 + n % 7))
    return found


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = Lake(tmp_path_factory.mktemp("functions") / "lake")
    lake.write("ohlcv", "binance", "BTCUSDT", tapes.candles(bars()), "1h")
    return lake.path


@pytest.fixture(scope="module")
def postgres_tape(postgres_server: object) -> str:
    url: str = postgres_server.create_database()  # type: ignore[attr-defined]
    open_store(url).write("ohlcv", "binance", "BTCUSDT", tapes.candles(bars()), "1h")
    return url


@pytest.fixture(scope="module", params=["kernels", "sql", pytest.param("postgres", marks=pytest.mark.postgres)])
def db(request: pytest.FixtureRequest, lake: Path) -> Iterator[tapeql.Database]:
    there = request.getfixturevalue("postgres_tape") if request.param == "postgres" else lake
    with tapeql.connect(there, now="2025-04-01") as opened:
        if request.param == "sql":
            opened.settings["engine"] = "sql"
        yield opened


COLUMNS: Mapping[str, Sequence[float]] = MappingProxyType(
    {
        name: [float(row[place]) for row in bars()]  # type: ignore[arg-type]
        for place, name in enumerate(("open", "high", "low", "close", "volume"), 1)
    }
)


def params_of(entry: Function) -> list[list[int | float]]:
    """What people ask for, and small and odd choices."""
    usual = [param.default if param.default is not None else 5 for param in entry.params]
    odd = [max(int(param.minimum), 3 + n) if param.kind is int else 1.25 for n, param in enumerate(entry.params)]
    return [list(usual), list(odd)] if usual != odd else [list(usual)]


def close_to(found: object, expected: float | None) -> bool:
    if expected is None or not isinstance(found, float):
        return found is None and expected is None
    return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 100)


def check(db: tapeql.Database, entry: Function) -> None:
    """Every output, with default inputs and with others, for several parameters."""
    for params in params_of(entry):
        for shifted in (False, True):
            names = [i.default or "close" for i in entry.inputs]
            if shifted:
                names = [{"close": "high", "high": "close", "volume": "close"}.get(name, name) for name in names]
            elif any(i.default is None for i in entry.inputs):
                continue
            written = ", ".join([*(names if shifted else ()), *map(str, params)])
            expected = entry.oracle([COLUMNS[name] for name in names], params)
            for output, values in zip(entry.outputs, expected, strict=True):
                call = f"{entry.name}({written})" + (f".{output}" if len(entry.outputs) > 1 else "")
                found = db.query(f"CANDLES 1h {FROM} SELECT {call} AS x")["x"].to_pylist()
                pairs = zip(found, [number(lambda v: v, v) for v in values], strict=True)
                wrong = [(n, a, b) for n, (a, b) in enumerate(pairs) if not close_to(a, b)]
                assert not wrong, (call, wrong[:3])


@pytest.mark.parametrize("name", functions())
def test_a_function_is_its_plain_answer(name: str, db: tapeql.Database) -> None:
    """What a sentence gives is what the oracle of the entry gives."""
    if name == "gap_pct":  # a word for the day's own gap, not a call
        days = db.query(f"CANDLES 1d {FROM} SELECT open, close, gap_pct").to_pydict()
        (expected,) = functions()[name].oracle([days["open"], days["close"]], ())
        assert all(close_to(a, b) for a, b in zip(days["gap_pct"], expected, strict=True))
        assert sum(value is not None for value in days["gap_pct"]) > 1
        return
    check(db, functions()[name])


@pytest.mark.parametrize("name", SCALARS)
def test_a_scalar_is_its_plain_answer(name: str, db: tapeql.Database) -> None:
    """Row by row, with as many arguments as it takes."""
    entry = SCALARS[name]
    arguments = [f"({text})" for text in ("close - 120", "volume - 12", "open - 110")][: max(entry.fewest, 1)]
    rows = [
        (c - 120, v - 12, o - 110) for c, v, o in zip(COLUMNS["close"], COLUMNS["volume"], COLUMNS["open"], strict=True)
    ]
    found = db.query(f"CANDLES 1h {FROM} SELECT {name}({', '.join(arguments)}) AS x")["x"].to_pylist()
    expected = [entry.oracle(row[: len(arguments)]) for row in rows]
    assert all(close_to(a, b) for a, b in zip(found, expected, strict=True)), name


@pytest.mark.parametrize("entry", [f for f in functions().values() if f.formula is not None], ids=lambda f: f.name)
def test_a_formula_is_an_expression_of_the_language(entry: Function) -> None:
    """It is understood with every choice of parameters."""
    for params in params_of(entry):
        formula(entry, params)


def zscore(text: str) -> Function:
    def distance(v: float, m: float, d: float) -> float:
        return abs((v - m) / d)

    def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Sequence[float | None]]:
        (x,), (n,) = inputs, params
        rows = zip(x, over_windows(x, n, mean), over_windows(x, n, deviation), strict=True)
        return ([None if None in row else number(distance, *row) for row in rows],)

    return Function(
        name="zscore", title="distance from the mean", inputs=(Input("x", "close"),), params=(Param("n", int),),
        outputs=("zscore",), lookback=lambda p: p[0] - 1, warmup=lambda p: p[0] - 1, formula=text, oracle=oracle, unit="ratio",
    )  # fmt: skip


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_a_wrong_function_is_found(engine: str, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control arm: a right formula, with a function of a row in it, passes; one that adds 1 does not."""
    right = zscore("abs((x - avg(x, $n)) / stddev(x, $n))")
    registered: Any = functions()
    for entry in (right, replace(right, formula=f"1 + {right.formula}")):
        monkeypatch.setitem(registered, "zscore", entry)
        with tapeql.connect(lake, now="2025-04-01") as db:
            db.settings["engine"] = engine
            if entry is right:
                check(db, entry)
            else:
                with pytest.raises(AssertionError, match="zscore"):
                    check(db, entry)
