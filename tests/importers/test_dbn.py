"""Databento's binary files, written by Databento's own encoder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databento_dbn as dbn
import pyarrow as pa
import pytest

from tapeql.errors import DataError
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.tapes import us

AT = 1_677_628_800_000_000_000
"""2023-03-01T00:00Z in nanoseconds."""


def file(path: Path, schema: Any, records: list[Any]) -> Path:
    mapped = SimpleNamespace(start_date=dt.date(2023, 3, 1), end_date=dt.date(2023, 3, 2), symbol="5482")
    head = dbn.Metadata(
        dataset="GLBX.MDP3",
        schema=schema,
        start=AT,
        end=AT + 86_400_000_000_000,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        symbols=["ESH3"],
        partial=[],
        not_found=[],
        mappings=[SimpleNamespace(raw_symbol="ESH3", intervals=[mapped])],  # type: ignore[list-item]
    )
    path.write_bytes(head.encode() + b"".join(map(bytes, records)))
    return path


def trade(at: int, price: int, size: int, side: Any) -> Any:
    return dbn.TradeMsg(1, 5482, AT + at, price, size, dbn.Action.TRADE, side, 0, AT + at + 35_844)


def stored(lake: Lake, table: str, names: list[str], interval: str = "") -> list[dict[str, Any]]:
    batches = lake.snapshot().scan(table, "cme", "ESH3", -(2**62), 2**62, names, interval)
    return pa.Table.from_batches(batches).to_pylist()


def test_trades_of_a_dbn_file(tmp_path: Path) -> None:
    """Symbols come from the file's own mapping, prices from 1e-9, sides from who aggressed."""
    records = [
        trade(234_567, 3_970_500_000_000, 2, dbn.Side.ASK),
        trade(100_234_567, 3_970_750_000_000, 1, dbn.Side.BID),
    ]
    lake = Lake(tmp_path / "lake")
    report = import_files(lake, [file(tmp_path / "es.dbn", dbn.Schema.TRADES, records)])
    assert dict(report.symbols) == {"cme:ESH3": 2}
    rows = stored(lake, "ticks", ["ts", "price", "quantity", "side"])
    assert [(row["price"], row["quantity"], row["side"]) for row in rows] == [
        (3970.5, 2.0, "sell"),
        (3970.75, 1.0, "buy"),
    ]
    assert report.first_us == us("2023-03-01T00:00:00.000234")


def test_bars_of_a_dbn_file(tmp_path: Path) -> None:
    """The record's type is the interval."""
    bars = [
        dbn.OHLCVMsg(33, 1, 5482, AT + n * 60_000_000_000, 10**9, 3 * 10**9, 5 * 10**8, 2 * 10**9, 7) for n in range(3)
    ]
    lake = Lake(tmp_path / "lake")
    report = import_files(lake, [file(tmp_path / "es.dbn", dbn.Schema.OHLCV_1M, bars)])
    assert (report.files[0].interval, report.added) == ("1m", 3)
    assert stored(lake, "ohlcv", ["open", "high", "low", "close", "volume"], "1m")[0] == {
        "open": 1.0,
        "high": 3.0,
        "low": 0.5,
        "close": 2.0,
        "volume": 7.0,
    }


def test_a_dbn_file_cut_short_is_refused(tmp_path: Path) -> None:
    """Half a record is no record, and nothing is stored."""
    whole = file(tmp_path / "es.dbn", dbn.Schema.TRADES, [trade(0, 10**9, 1, dbn.Side.BID)])
    whole.write_bytes(whole.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"es\.dbn is no DBN file that can be read"):
        import_files(Lake(tmp_path / "lake"), [whole])
    assert not (tmp_path / "lake").exists()
