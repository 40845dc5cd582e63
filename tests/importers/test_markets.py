"""Quotes and trades of several market centres: each with its market, or the best of them."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

import tapeql
from tapeql.errors import DataError
from tests.importers.conftest import Import

HEAD = "DATE,TIME_M,EX,BID,BIDSIZ,ASK,ASKSIZ,SYM_ROOT\n"
SPREADS = "CANDLES 5m FROM nyse:XXX SELECT ts, spread, bid, ask"


def taq(seed: int, markets: str = "NQPZ") -> str:
    """Two mornings of quotes, some one-sided, some crossed across markets, some before the market opens."""
    dice = random.Random(seed)
    lines = []
    for day in (3, 4):
        at = dt.datetime(2024, 6, day, 3, 50)
        for _ in range(400):
            at += dt.timedelta(microseconds=dice.randrange(30_000_000))
            bid, ask = (round(50 + dice.gauss(0, 0.03) + side, 2) for side in (-0.05, 0.05))
            shown = dice.choice([(bid, ask)] * 8 + [(0, ask), (bid, 0)])
            lines.append(f"{at:%Y-%m-%d},{at:%H:%M:%S.%f},{dice.choice(markets)},{shown[0]},1,{shown[1]},2,XXX\n")
    return HEAD + "".join(lines)


def answers(lake: Path, rows: str) -> list[dict[str, Any]]:
    db = tapeql.connect(lake)
    db.write("ticks", _trades(), symbol="nyse:XXX")
    found: list[dict[str, Any]] = db.query(rows).to_pylist()
    return found


def _trades() -> Any:
    import pyarrow as pa

    first = [dt.datetime(2024, 6, day, 8, tzinfo=dt.UTC) for day in (3, 4)]
    ts = [at + dt.timedelta(minutes=5 * n) for at in first for n in range(30)]
    return pa.table({"ts": ts, "price": [50.0] * 60, "quantity": [1.0] * 60})


@pytest.mark.parametrize("seed", range(3))
def test_spreads_are_the_same_whether_markets_are_kept_or_consolidated(tmp_path: Path, seed: int) -> None:
    """The best of the markets is found when it is asked for as it is when the file is brought."""
    file = tmp_path / "taq.csv"
    file.write_text(taq(seed))
    found = []
    for name, column in (("kept", ""), ("consolidated", "EX")):
        with tapeql.connect(tmp_path / name) as db:
            report = db.import_files([file], venue="nyse", consolidate=column)
        assert report.read == 800
        found.append(answers(tmp_path / name, SPREADS))
    kept, consolidated = found
    assert len(kept) == 60
    assert any(row["spread"] for row in kept)
    for one, other in zip(kept, consolidated, strict=True):
        assert one.pop("ts") == other.pop("ts")
        assert one == pytest.approx(other)


def test_each_quote_keeps_its_market(imported: Import) -> None:
    text = HEAD + "2024-06-03,09:30:00,N,9,1,11,2,XXX\n2024-06-03,09:30:00,Q,9,1,11,2,XXX\n"
    rows = imported("taq.csv", text, venue="nyse")["quotes", "nyse:XXX", ""]
    assert [row["market"] for row in rows] == ["N", "Q"]


def test_sizes_at_the_best_price_add_up_and_quotes_that_change_nothing_are_skipped(imported: Import) -> None:
    lines = ("N,9,1,11,2", "Q,9,4,12,2", "P,8,5,13,1", "N,8,1,11,3")
    text = HEAD + "".join(f"2024-06-03,09:30:0{n},{','.join(line.split(','))},XXX\n" for n, line in enumerate(lines))
    rows = imported("taq.csv", text, venue="nyse", consolidate="EX")["quotes", "nyse:XXX", ""]
    told = [tuple(row.get(name) for name in ("bid", "bid_size", "ask", "ask_size", "market")) for row in rows]
    assert told == [(9, 1, 11, 2, None), (9, 5, 11, 2, None), (9, 4, 11, 3, None)]


def test_the_best_of_markets_goes_on_from_file_to_file(tmp_path: Path) -> None:
    """What one file said stands in the next."""
    names = []
    for n, line in enumerate(("N,9,1,11,2", "Q,8,4,10,2", "P,9,5,13,1", "N,7,1,12,1")):
        names.append(tmp_path / f"{n}.csv")
        names[-1].write_text(HEAD + f"2024-06-03,09:30:0{n},{line},XXX\n")
    with tapeql.connect(tmp_path / "lake") as db:
        db.import_files(names, venue="nyse", consolidate="EX")
        found = db.query("QUOTES FROM nyse:XXX SELECT bid, bid_size, ask, ask_size").to_pylist()
    assert [tuple(row.values()) for row in found] == [(9, 1, 11, 2), (9, 1, 10, 2), (9, 6, 10, 2), (9, 5, 10, 2)]


def test_what_cannot_be_consolidated_is_said(imported: Import, tmp_path: Path) -> None:
    """Trades have no best; quotes that go back in time have none that could be told."""
    with pytest.raises(DataError, match="holds trades: only quotes"):
        imported("trades.csv", "ts,price,quantity,ex\n1704067200,1,1,N\n", symbol="nyse:A", consolidate="ex")
    back = HEAD + "2024-06-03,09:30:01,N,9,1,11,2,XXX\n2024-06-03,09:30:00,Q,9,1,11,2,XXX\n"
    with pytest.raises(DataError, match="nyse:XXX go back in time at 2024-06-03T13:30:00"):
        imported("taq.csv", back, venue="nyse", consolidate="EX")


def test_codes_of_exchanges_are_markets(imported: Import) -> None:
    """A column of exchanges that names no venue says in which market a trade was made."""
    text = "ts,symbol,price,quantity,exchange\n1704067200,A,1,1,N\n1704067201,A,2,1,Q\n"
    rows = imported("trades.csv", text, venue="nyse")["trades", "nyse:A", ""]
    assert [row["market"] for row in rows] == ["N", "Q"]
