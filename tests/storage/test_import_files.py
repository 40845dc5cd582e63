"""Importing files: every row is added, known, or accounted for."""

from __future__ import annotations

import bz2
import csv
import gzip
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from tapeql.errors import DataError, QueryError
from tapeql.language.clauses.from_ import From
from tapeql.language.parse import parse
from tapeql.language.statements.query import Query
from tapeql.storage.import_files import ImportReport, import_files
from tapeql.storage.lake import Lake
from tapeql.storage.schema import TABLES, TS
from tests.tapes import us

CSV = """ts,price,quantity,side,trade_id
2025-03-10T14:00:00Z,100.5,1,buy,1
2025-03-10T14:00:00Z,100.25,2.5,S,2
2025-03-10T14:00:01.5Z,101,0.001,,3
"""


def stored(lake: Lake, table: str = "ticks", interval: str = "") -> pa.Table:
    schema = TABLES[table].schema
    return pa.Table.from_batches(lake.snapshot().scan(table, "x", "A", -(2**62), 2**62, schema.names, interval), schema)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def run(lake: Lake, tmp_path: Path) -> Callable[..., ImportReport]:
    """`run(text, kind="trades", **options)` imports a CSV file of that text as x:A."""

    def import_text(text: str | bytes, kind: str = "trades", name: str = "file.csv", **options: Any) -> ImportReport:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_files(lake, [path], "x:A", kind, **options)

    return import_text


def test_a_plain_file(run: Callable[..., ImportReport], lake: Lake) -> None:
    """Columns named as the fields need no mapping; sides, ids and seq follow the rules."""
    report = run(CSV)
    assert (report.read, report.added, report.refused, report.notes) == (3, 3, 0, ())
    assert (report.first_us, report.last_us) == (us("2025-03-10T14:00"), us("2025-03-10T14:00:01.5"))
    trades = stored(lake)
    assert trades["seq"].to_pylist() == [1, 2, 3]
    assert trades["side"].to_pylist() == ["buy", "sell", None]
    assert trades["price"].to_pylist() == [100.5, 100.25, 101.0]


def _parquet(text: str, path: Path) -> None:
    pq.write_table(_typed(text), path)


def _typed(text: str) -> pa.Table:
    rows = list(csv.DictReader(text.splitlines()))
    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    return pa.table(
        {
            "ts": pa.array([us(t) for t in columns["ts"] if t]).cast(TS).cast(pa.timestamp("ns", "UTC")),
            "price": pa.array([float(p) for p in columns["price"] if p]),
            "quantity": pa.array([float(q) for q in columns["quantity"] if q], pa.float32()),
            "side": pa.array(columns["side"]).dictionary_encode(),
            "trade_id": pa.array([int(i) for i in columns["trade_id"] if i], pa.int32()),
        }
    ).set_column(2, "quantity", pa.array([float(q) for q in columns["quantity"] if q]))


def _zip(text: str, path: Path) -> None:
    header, *lines = text.splitlines()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "\n".join([header, *lines[:2]]))
        archive.writestr("b.csv", "\n".join([header, *lines[1:]]) + "\n\n")
        archive.writestr("__MACOSX/._a.csv", "nonsense")


FORMATS: dict[str, Callable[[str, Path], object]] = {
    "a.csv": lambda text, path: path.write_text(text),
    "bom.csv": lambda text, path: path.write_text(text, encoding="utf-8-sig"),
    "crlf.csv": lambda text, path: path.write_bytes(text.replace("\n", "\r\n").encode()),
    "semicolon.csv": lambda text, path: path.write_text(text.replace(",", ";")),
    "tab.tsv": lambda text, path: path.write_text(text.replace(",", "\t")),
    "quoted.csv": lambda text, path: path.write_text(
        "\n".join('"' + x.replace(",", '","') + '"' for x in text.split())
    ),
    "upper.csv": lambda text, path: path.write_text(text.replace("price", "PRICE").replace("ts", "Ts")),
    "a.csv.gz": lambda text, path: path.write_bytes(gzip.compress(text.encode())),
    "two.csv.gz": lambda text, path: path.write_bytes(
        gzip.compress(text[:50].encode()) + gzip.compress(text[50:].encode())
    ),
    "a.csv.bz2": lambda text, path: path.write_bytes(bz2.compress(text.encode())),
    "a.zip": _zip,
    "a.parquet": _parquet,
    "plain.feather": lambda text, path: feather.write_feather(_typed(text), path, compression="uncompressed"),
    "lz4.feather": lambda text, path: feather.write_feather(_typed(text), path, compression="lz4"),
    "zstd.feather": lambda text, path: feather.write_feather(_typed(text), path, compression="zstd"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_rows(lake: Lake, tmp_path: Path, name: str) -> None:
    """A tape is the same tape in any file, and known when it comes in another one."""
    plain = tmp_path / "plain.csv"
    plain.write_text(CSV)
    reference = Lake(tmp_path / "reference")
    import_files(reference, [plain], "x:A", "trades")
    FORMATS[name](CSV, tmp_path / name)
    import_files(lake, [tmp_path / name], "x:A", "trades")
    assert stored(lake).equals(stored(reference))
    assert import_files(lake, [plain], "x:A", "trades").added == 0


def test_a_file_cut_short_is_refused_whole(run: Callable[..., ImportReport], lake: Lake) -> None:
    """A compressed file without its end is an error, not half a tape."""
    with pytest.raises(DataError, match="cannot be read"):
        run(gzip.compress((CSV * 500).encode())[:-40], name="cut.csv.gz")
    assert not lake.exists()


def test_wrong_rows_are_refused_with_line_and_reason(run: Callable[..., ImportReport], lake: Lake) -> None:
    """Each unusable row is told by file, line and reason, and nothing at all is imported."""
    text = (
        "ts,price,quantity\n"
        "2025-03-10T14:00:00Z,1,1\n"
        "soon,1,1\n"
        "2025-03-10T14:00:00Z,nan,1\n"
        "2025-03-10T14:00:00Z,1,0\n"
        "\n"
        "2025-03-10T14:00:00Z,1\n"
        "2025-03-10T14:00:00Z,1,-5\n"
        "2025-03-10T14:00:00Z,,1\n"
        "2025-03-10T14:00:00Z,-inf,1\n"
        "2025-03-10T14:00:00Z,inf,1\n"
        "2025-03-10T14:00:00Z,1,many\n"
    )
    with pytest.raises(DataError) as caught:
        run(text)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("9 of 10 rows are unusable, so nothing was imported.")
    assert [line.rsplit("file.csv:", 1)[1] for line in lines[1:6]] == [
        "3: not a time (write ISO 8601, or numbers with --time-unit): 'soon'",
        "4: price is not finite: nan",
        "5: quantity is not above 0: 0.0",
        "7: 2 cells where the others have 3",
        "8: quantity is not above 0: -5.0",
    ]
    assert "9 rows in all" in lines[6]
    assert not lake.exists()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("soon,1,1\n", "1 of 1 row is unusable"),
        ("1741615200,1,1\nsoon,1,1\n", "1 of 2 rows is unusable"),
        ("soon,1,1\nlate,1,1\n", "2 of 2 rows are unusable"),
    ],
)
def test_refused_rows_are_counted_in_words(run: Callable[..., ImportReport], rows: str, told: str) -> None:
    """The noun goes with all rows, the verb with the unusable ones."""
    with pytest.raises(DataError, match=told):
        run("ts,price,quantity\n" + rows)


def test_a_quarantine_takes_them_aside(run: Callable[..., ImportReport], lake: Lake, tmp_path: Path) -> None:
    """With a quarantine the usable rows go in, and each other row is kept as it stood, with its reason."""
    aside = tmp_path / "aside.csv"
    text = 'ts;price;quantity;note\n2025-03-10;1;1;"a;b"\n2025-03-10;x;1;"c;d"\n2025-03-11;2\n2025-03-12;3;1;e\n;;;f\n'
    report = run(text, quarantine=aside, tz="UTC")
    assert (report.read, report.added, report.refused) == (5, 2, 3)
    assert sum(report.refusals.values()) == 3
    with aside.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["row"]) for row in rows] == [
        ("3", '2025-03-10;x;1;"c;d"'),
        ("4", "2025-03-11;2"),
        ("6", ";;;f"),
    ]
    assert rows[0]["reason"] == "price is not a number: 'x'"
    assert stored(lake)["price"].to_pylist() == [1.0, 3.0]
    run(text, quarantine=aside, tz="UTC")
    assert len(aside.read_text().splitlines()) == 7


def test_lines_are_right_across_blocks(run: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch) -> None:
    """Line numbers hold far into a file that is read in many pieces with refused lines between."""
    monkeypatch.setattr("tapeql.storage.importers.text._BLOCK_BYTES", 1000)
    lines = ["ts,price,quantity"]
    for n in range(2, 900):
        lines.append({0: "1,2", 1: f"{n},1,-1", 2: ""}.get(n % 50, f"{1_700_000_000 + n},1,1"))
    with pytest.raises(DataError) as caught:
        run("\n".join(lines))
    found = [int(line.split("file.csv:")[1].split(":")[0]) for line in str(caught.value).splitlines()[1:6]]
    assert found == [50, 51, 100, 101, 150]


def test_rows_of_typed_files_are_refused_by_their_number(lake: Lake, tmp_path: Path) -> None:
    """Parquet and Feather rows count from 1."""
    table = _typed(CSV).set_column(1, "price", pa.array([1.0, None, float("inf")]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError) as caught:
        import_files(lake, [tmp_path / "a.parquet"], "x:A", "trades")
    assert [line.split("a.parquet:")[1] for line in str(caught.value).splitlines()[1:]] == [
        "2: no price",
        "3: price is not finite: inf",
    ]
    report = import_files(lake, [tmp_path / "a.parquet"], "x:A", "trades", quarantine=tmp_path / "q.csv")
    assert (report.added, report.refused) == (1, 2)
    assert "101" not in (tmp_path / "q.csv").read_text().splitlines()[1].split("a.parquet")[1]


def test_columns_are_mapped_by_name_and_by_place(run: Callable[..., ImportReport], lake: Lake) -> None:
    """`field=NAME` in any case, `field=#3` by place, with or without a header."""
    run("when,px,size\n1741615200,1,2\n", columns={"ts": "When", "price": "px", "quantity": "#3"})
    assert stored(lake).select(["price", "quantity"]).to_pylist() == [{"price": 1.0, "quantity": 2.0}]
    report = run("1741615200 ,1,2\n1741615201,1,2\n", columns={"ts": "#1", "price": "#2", "quantity": "#3"})
    assert (report.read, report.added, report.present) == (2, 1, 1)


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("when,price,much\n1,1,1\n", {}, r"no column 'ts', 'quantity'.*--column ts=… --column quantity=…"),
        ("1741615200,1,1\n", {}, r"no header line.*1741615200, 1, 1.*--column ts=#1 --column price=#2"),
        ("ts,price,quantity\n", {"ts": "tss"}, "no column 'tss' for 'ts'.*Did you mean 'ts'"),
        ("ts,price,quantity\n", {"prise": "price"}, "no field 'prise'; did you mean price=price"),
        ("ts,price,quantity\n", {"foo": "price"}, r"there is no field 'foo'\. There are ts, seq, price"),
        ("ts,price,quantity\n", {"ts": "#4"}, "there is no #4"),
        ("ts,price,price,quantity\n", {}, "2 columns 'price'"),
        ("", {}, "is empty"),
    ],
)
def test_a_wrong_request_says_what_to_write(
    run: Callable[..., ImportReport], text: str, columns: dict[str, str], message: str
) -> None:
    """Errors list what the file has and the mapping that may be meant."""
    with pytest.raises(DataError, match=message):
        run(text, columns=columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "trade"}, "trades, quotes, candles"),
        ({"kind": "candles"}, "no column 'open'"),
        ({"kind": "candles", "interval": "1M"}, "month"),
        ({"dates": "mdy"}, "day-first or month-first"),
        ({"format": "binance-kline"}, "did you mean binance-klines"),
        ({"kind": "trades", "interval": "1m"}, "no interval"),
        ({"kind": "trades", "stamp": "close"}, "no close"),
        ({"kind": "candles", "interval": "1m", "stamp": "end"}, "not 'end'"),
        ({"tz": "Mars"}, "time zone"),
        ({"time_unit": "minutes"}, "time unit"),
    ],
)
def test_options_are_checked(run: Callable[..., ImportReport], options: dict[str, str], message: str) -> None:
    """An option that makes no sense is an error before anything is read."""
    with pytest.raises(DataError, match=message):
        run(CSV, **options)


@pytest.mark.parametrize("symbol", [":BTC", "x:", " x:A", "x:*", "x:{A,B}", "x:A:B", "x:A\n", "x:A--B", "1x:A", "é:A"])
def test_a_symbol_has_a_venue(lake: Lake, tmp_path: Path, symbol: str) -> None:
    """A symbol is VENUE:CODE."""
    with pytest.raises(DataError, match="VENUE:CODE"):
        import_files(lake, [tmp_path / "a"], symbol, "trades")


def test_a_symbol_is_one_that_a_query_can_name(lake: Lake, tmp_path: Path) -> None:
    """A code is accepted exactly where FROM reads it as that one symbol, and not as a pattern."""
    around = [f"A{chr(character)}B" for character in range(384)]
    for code in [*around, "..", "BTC/USD", "ES.c.0", "^GSPC", "-", "A--B", "--A", "A-", "FROM", "2025-01-01"]:
        with pytest.raises(DataError) as caught:
            import_files(lake, [tmp_path / "absent"], f"x:{code}", "trades")
        assert str(caught.value).startswith("there is no file") == _named(code), code
        assert str(caught.value).isprintable()


def _named(code: str) -> bool:
    try:
        (query,) = parse(f"TICKS FROM x:{code} DURING 2025").statements
    except (QueryError, ValueError):
        return False
    assert isinstance(query, Query)
    symbols = [s for clause in query.clauses if isinstance(clause, From) for s in clause.symbols]
    return [s.code for s in symbols] == [code] and not {"*", "?"} & set(code)


@pytest.mark.parametrize(
    ("suffix", "what"),
    [
        ("parquet", "a Parquet file"),
        ("PQ", "a Parquet file"),
        ("feather", "a Feather file"),
        ("arrow", "a Feather file"),
        ("zip", "a zip file"),
        ("csv.gz", "a gzip file"),
    ],
)
@pytest.mark.parametrize(
    "content", [CSV.encode(), random.Random(1).randbytes(5000), b""], ids=["csv", "random", "empty"]
)
def test_a_suffix_is_a_promise(run: Callable[..., ImportReport], suffix: str, what: str, content: bytes) -> None:
    """A file that is not what its suffix says is named as such, not read as text."""
    with pytest.raises(DataError) as caught:
        run(content, name=f"r.{suffix}")
    assert str(caught.value).endswith(f"r.{suffix} is not {what}")


def test_an_unknown_suffix_is_text(run: Callable[..., ImportReport]) -> None:
    """Text is read whatever it is called."""
    assert run(CSV, name="trades.2025-03-10").added == 3


def test_a_file_of_other_bytes_is_no_text(run: Callable[..., ImportReport]) -> None:
    """Bytes of value 0 here and there are none of a text."""
    with pytest.raises(DataError, match="is not a text file"):
        run(CSV.encode().replace(b",", b"\0,"), name="trades.txt")


def test_messages_are_printable(lake: Lake, tmp_path: Path) -> None:
    """Control characters in names of columns, files and members are escaped, and long lists are cut."""
    text = "t\x1b[31ms,\x07," + ",".join(["long" * 50] * 1000) + "\n1,2\n"
    (tmp_path / "a\x1b.csv").write_text(text)
    (tmp_path / "1.csv").write_text("1\x1b,2\n1,2\n")
    pq.write_table(pa.table({"a\nb": [1]}), tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("\x1b.csv", "\n")
    for name in ("a\x1b.csv", "1.csv", "a.parquet", "a.zip", "no\x1b.csv", "no\x1b.zip"):
        for columns in ({}, {"ts": "\x1bs"}):
            with pytest.raises(DataError) as caught:
                import_files(lake, [tmp_path / name], "x:A", "trades", columns=columns)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 5000


def test_a_missing_file_is_named(lake: Lake, tmp_path: Path) -> None:
    """A file that is not there is an error with its path."""
    with pytest.raises(DataError, match=r"no file .*nowhere\.csv"):
        import_files(lake, [tmp_path / "nowhere.csv"], "x:A", "trades")


def test_a_header_without_rows_imports_nothing(run: Callable[..., ImportReport], lake: Lake) -> None:
    """An empty table is no error and no commit."""
    report = run("ts,price,quantity\n")
    assert (report.read, report.added) == (0, 0)
    assert not lake.exists()


def test_the_maker_gives_the_side(run: Callable[..., ImportReport], lake: Lake) -> None:
    """Where only buyer_maker is given, a buyer who made the price was hit by a seller."""
    run("ts,price,quantity,buyer_maker\n1741615200,1,1,True\n1741615201,1,1,0\n1741615202,1,1,\n")
    assert stored(lake).select(["side", "buyer_maker"]).to_pylist() == [
        {"side": "sell", "buyer_maker": True},
        {"side": "buy", "buyer_maker": False},
        {"side": None, "buyer_maker": None},
    ]


def test_a_side_of_a_quote_may_be_missing(run: Callable[..., ImportReport], lake: Lake) -> None:
    """0 or nothing on a side is no quote there, and is kept: it ends the quote before."""
    report = run("ts,bid,ask\n1741615200,1,2\n1741615201,0,2\n1741615202,,2\n", kind="quotes")
    assert report.added == 3
    assert stored(lake, "quotes")["bid"].to_pylist() == [1.0, 0.0, None]
    with pytest.raises(DataError, match="bid_size is negative"):
        run("ts,bid,bid_size,ask\n1741615200,1,-1,2\n", kind="quotes")


def test_prices_may_be_zero_or_below(run: Callable[..., ImportReport], lake: Lake) -> None:
    """Oil traded at -37.63 on 2020-04-20; spreads and rates do so every day. A quantity is above 0."""
    assert run("ts,price,quantity\n1587406800,-37.63,1\n1587406801,0,2\n").added == 2
    assert run("ts,bid,ask\n1587406800,-38,-37.5\n", kind="quotes").added == 1
    assert run("ts,open,high,low,close\n1587406800,-1,0,-38,-37\n", kind="candles", interval="1m").added == 1
    assert stored(lake, "ohlcv", "1m")["volume"].to_pylist() == [None]


def test_candles_are_stamped_and_replaced(run: Callable[..., ImportReport], lake: Lake) -> None:
    """`stamp=close` moves candles to their opening; a later import of a candle replaces it."""
    head = "ts,open,high,low,close,volume\n"
    run(head + "2011-03-01 09:01Z,1,2,1,2,5\n", kind="candles", interval="1m", stamp="close")
    report = run(head + "2011-03-01 09:00Z,1,3,1,2,5\n", kind="candles", interval="60s")
    assert (report.added, report.replaced) == (0, 1)
    assert stored(lake, "ohlcv", "1m").to_pylist()[0]["high"] == 3.0
    assert stored(lake, "ohlcv", "1m")["ts"].cast(pa.int64()).to_pylist() == [us("2011-03-01T09:00")]
    with pytest.raises(DataError, match="high is below low"):
        run(head + "2011-03-01 09:00Z,1,1,2,2,5\n", kind="candles", interval="1m")


def test_what_candles_need_is_told(run: Callable[..., ImportReport]) -> None:
    """Candles without an opening are refused, saying what is needed and what the file has; a volume may be unknown."""
    with pytest.raises(DataError) as caught:
        run("timestamp,first price,high,low,close\n1741615200,1,2,1,2\n", kind="candles", interval="1m")
    assert str(caught.value).split("file.csv ")[1] == (
        "has no column 'open', which candles need. It has: timestamp, first price, high, low, close. "
        "Say which it is: --column open=…"
    )


def test_repeated_rows_of_a_file_are_trades_of_their_own(run: Callable[..., ImportReport], lake: Lake) -> None:
    """Without ids, two equal rows of one file are two trades; the same file again adds none."""
    text = "ts,price,quantity\n1741615200,1,1\n1741615200,1,1\n"
    assert run(text).added == 2
    assert run(text).added == 0
    assert run(text + "1741615200,1,1\n").added == 1


def test_all_files_or_none(lake: Lake, tmp_path: Path) -> None:
    """Files of one import go in together; overlapping ones repeat nothing; one bad one stops all."""
    one, two, bad = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.csv"
    one.write_text("ts,price,quantity\n1741615200,1,1\n1741615201,2,1\n")
    two.write_text("ts,price,quantity\n1741615201,2,1\n1741715202,3,1\n")
    bad.write_text("ts,price,quantity\n1741615201,,1\n")
    with pytest.raises(DataError, match=r"3\.csv:2: no price"):
        import_files(lake, [one, two, bad], "x:A", "trades")
    assert not lake.exists()
    seen: list[tuple[str, float, int]] = []
    report = import_files(lake, [two, one], "x:A", "trades", progress=lambda *at: seen.append(at))
    assert (report.snapshot, report.read, report.added, report.present) == ("1", 4, 3, 1)
    assert stored(lake)["price"].to_pylist() == [1.0, 2.0, 3.0]
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1][1:] == (1.0, 4)
