"""What a refusal says of a whole file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from tapeql.errors import DataError
from tapeql.storage import in_place
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.conftest import Import
from tests.importers.sheet import PACKINGS
from tests.importers.stored import stored
from tests.tapes import us


@pytest.mark.parametrize(
    ("times", "told"),
    [(("0", "60"), "--time-unit"), (("13/01/2024 10:00", "01/13/2024 10:01"), "a day in some rows")],
)
def test_times_that_cannot_be_told_name_the_file(imported: Import, times: tuple[str, ...], told: str) -> None:
    """A refusal names the file, also where it is one of many."""
    with pytest.raises(DataError, match=rf"ticks\.csv cannot be taken: .*{told}"):
        imported("ticks.csv", "ts,price,quantity\n" + "".join(f"{t},1,1\n" for t in times), symbol="x:A", tz="UTC")


HEADS = ("open,high,low,close", "high,open,low,close", "close,high,open,low", "low,open,close,high")


@pytest.mark.parametrize("head", HEADS)
def test_candles_that_do_not_lie_as_such_are_refused(imported: Import, head: str) -> None:
    """Columns of candles under wrong names are known by opens and closes beyond highs and lows, and the flags are named."""
    text = f"ts,{head},volume\n" + "".join(
        f"{1704067200 + 60 * n},{5 + n},{9 + n},{2 + n},{6 + n},10\n" for n in range(5)
    )
    if head == HEADS[0]:
        assert imported("candles.csv", text, symbol="x:A")
        return
    with pytest.raises(DataError, match=r"candles\.csv: 5 of its first 5 candles .*--column open=…"):
        imported("candles.csv", text, symbol="x:A")


def test_columns_that_were_named_are_taken_as_named(imported: Import) -> None:
    """Who names a column of prices knows; candles that lie oddly are counted as before."""
    text = "ts,a,b,c,d\n" + "".join(f"{1704067200 + 60 * n},9,8,2,6\n" for n in range(5))
    columns = {"open": "a", "high": "b", "low": "c", "close": "d"}
    assert len(imported("candles.csv", text, symbol="x:A", columns=columns)["candles", "x:A", "1m"]) == 5


def test_flat_candles_and_opens_of_nothing_prove_nothing(imported: Import) -> None:
    """Markets without trades, and sources that write 0 for an open they do not know, are no swapped columns."""
    text = "ts,open,high,low,close\n" + "".join(f"{1704067200 + 60 * n},0,8,2,6\n" for n in range(5))
    assert len(imported("candles.csv", text, symbol="x:A")["candles", "x:A", "1m"]) == 5


def test_quotes_that_are_all_crossed_are_refused(imported: Import) -> None:
    """A market is crossed now and then; where it always is, bid and ask have changed places."""
    text = "ts,bid,ask\n" + "".join(f"{1704067200 + n},{7 + n},{6 + n}\n" for n in range(5))
    with pytest.raises(DataError, match=r"quotes\.csv: 5 of its first 5 quotes have their bid above their ask"):
        imported("quotes.csv", text, symbol="x:A")


def test_only_one_column_behind_the_close_can_be_the_volume(imported: Import) -> None:
    """Without names nothing tells a volume from an adjusted close: of two columns neither is taken."""
    rows = [(f"{1704067200 + 60 * n},5,9,2,6,", n) for n in range(3)]
    with_volume = imported("A_1m.csv", "".join(f"{row}10\n" for row, _ in rows), symbol="x:A")
    assert [row["volume"] for row in with_volume["candles", "x:A", "1m"]] == [10] * 3
    without = imported("B_1m.csv", "".join(f"{row}5.9,10\n" for row, _ in rows), symbol="x:B")
    assert all("volume" not in row for row in without["candles", "x:B", "1m"])


def test_rows_of_another_mark_are_no_banner(imported: Import) -> None:
    """The few rows of one file in front of the many of another are not lost as lines above a header."""
    one = "symbol,ts,price,quantity\nA,1704067200,5,1\nA,1704067201,5,1\n"
    other = "time;open;high;low;close\n" + "".join(f"{1704067200 + 60 * n};5;9;2;6\n" for n in range(9))
    with pytest.raises(
        DataError, match=r"two\.csv:2: this line has cells between ',', and those from line 4 on between ';'"
    ):
        imported("two.csv", one + other, symbol="x:A")


def test_a_banner_is_left_out(imported: Import) -> None:
    """Words above a header, also with commas and dates in them, are no rows."""
    text = "Symbol: A, from 2024-01-02, to 2024-01-03\nts;price;quantity\n1704067200;5;1\n"
    assert len(imported("one.csv", text, symbol="x:A")["trades", "x:A", ""]) == 1


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz", ".zip"])
def test_a_packed_file_with_a_wrong_bit_is_refused(lake: Lake, tmp_path: Path, packing: str) -> None:
    """Whatever reads it finds the file broken at any byte: a refusal with its name, or the rows as they were."""
    text = "ts,price,quantity\n" + "".join(f"{1704067200 + n},{n + 1},{n % 7 + 1}\n" for n in range(40))
    data = _packed(text, packing)
    path = tmp_path / f"ticks.csv{packing}"
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        try:
            report = import_files(lake, [path], "x:A", dry_run=True)
            right = (report.read, report.last_us) == (40, us("2024-01-01T00:00:39"))
        except DataError as error:
            right = str(path) in str(error)
        assert right, place


def test_half_a_character_is_refused(lake: Lake, tmp_path: Path) -> None:
    """A file of two bytes a character that ends behind one of them was cut."""
    (tmp_path / "ticks.csv").write_bytes("ts,price,quantity\n1704067200,5,1\n".encode("utf-16")[:-3])
    with pytest.raises(DataError, match=r"ticks\.csv cannot be read"):
        import_files(lake, [tmp_path / "ticks.csv"], "x:A")


def test_an_archive_with_a_password_is_refused(lake: Lake, tmp_path: Path) -> None:
    """What cannot be unpacked says so."""
    data = bytearray(_packed("ts,price,quantity\n1704067200,5,1\n", ".zip"))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "ticks.zip").write_bytes(data)
    with pytest.raises(DataError, match=r"ticks\.zip\(ticks\.csv\) cannot be unpacked: .*password"):
        import_files(lake, [tmp_path / "ticks.zip"], "x:A")


def _packed(text: str, packing: str) -> bytes:
    if packing != ".zip":
        return PACKINGS[packing](text.encode())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ticks.csv", text)
    return out.getvalue()


def test_a_symbol_that_is_none_names_the_file(imported: Import) -> None:
    """One of many files holds a symbol that no query could name: which one is told."""
    with pytest.raises(DataError, match=r"ticks\.csv: \"x:1'2\" is not a symbol"):
        imported("ticks.csv", "symbol,ts,price,quantity\n1'2,1704067200,5,1\n", venue="x")


def test_a_row_gone_wrong_makes_no_other_file(imported: Import) -> None:
    """A file without a header is its source's also with one bad cell, which is told by its line."""
    row = "{0}000000,5,9,2,6,10,{0}999999,50,12,1,1,0\n"
    text = "".join(row.format(1735689600 + 60 * n) for n in range(5)) + row.format(1735689900).replace(",10,", ",oops,")
    with pytest.raises(DataError, match=r"BTCUSDT-1m-2025-01-01\.csv:6: volume is not a number: 'oops'"):
        imported("BTCUSDT-1m-2025-01-01.csv", text)


def test_lists_of_another_length_are_refused(imported: Import) -> None:
    """A list in JSON with a cell more or less than the others may have all its cells in wrong places."""
    rows = [f"[{1704067200000 + 60000 * n}, 5, 9, 2, 6, 10]" for n in range(3)] + ["[1704067380000, 5, 9, 2, 6, 7, 10]"]
    with pytest.raises(DataError, match=r"BTC_USDT-1m\.json:4: 7 cells where the others have 6"):
        imported("BTC_USDT-1m.json", f"[{', '.join(rows)}]")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_a_quotation_mark_swallows_no_lines(lake: Lake, tmp_path: Path, encoding: str, newline: str, end: str) -> None:
    """One that nothing closes would make one cell of all that follows, and rows would be gone without a word."""
    good = "ts,price,quantity,é\n" + "\n".join(f'{1704067200 + n},{n + 1},"1","a"' for n in range(9)) + end
    path = tmp_path / "ticks.csv"
    path.write_bytes(good.replace("\n", newline).encode(encoding))
    assert import_files(lake, [path], "x:A").added == 9
    path.write_bytes(good.replace('6,"1","a"', '6,"1","a').replace("\n", newline).encode(encoding))
    with pytest.raises(DataError, match=r"ticks\.csv:(7|8): "):
        import_files(lake, [path], "x:A")


def test_words_for_prices_are_no_empty_candle(imported: Import) -> None:
    """A second header, or four prices that are none, is refused; a day that was left empty is skipped."""
    head = "ts,open,high,low,close\n"
    rows = [f"{1704067200 + 60 * n},5,9,2,6\n" for n in range(3)]
    assert (
        len(imported("A_1m.csv", head + rows[0] + "1704067260,,null,NaN,-\n" + rows[2])["candles", "file:A", "1m"]) == 2
    )
    for wrong, told in ((head, "ts"), ("1704067260,oops,oops,oops,oops\n", "open is not a number: 'oops'")):
        with pytest.raises(DataError, match=rf"A_1m\.csv:3: .*{told}"):
            imported("A_1m.csv", head + rows[0] + wrong + rows[2])


def test_a_bad_cell_makes_no_other_column(imported: Import) -> None:
    """Of a file without names the volume stays the volume with one bad cell in it, which is told."""
    text = "".join(f"{1704067200 + 60 * n},5,9,2,6,{'12%' if n == 3 else 10}\n" for n in range(5))
    with pytest.raises(DataError, match=r"A_1m\.csv:4: volume is not .*: '12%'"):
        imported("A_1m.csv", text)


def test_a_quotation_mark_far_below_swallows_no_lines(imported: Import) -> None:
    """The first one in a file may come late."""
    rows = [f"{1704067200 + n},5,1,a\n" for n in range(20_000)]
    with pytest.raises(DataError, match=r"ticks\.csv:19002: a quotation mark opens here"):
        imported(
            "ticks.csv",
            "ts,price,quantity,note\n"
            + "".join(rows).replace(f"{1704067200 + 19_000},5,1,", f'{1704067200 + 19_000},5,1,"'),
            symbol="x:A",
        )


def test_a_header_almost_known_is_asked_about(imported: Import) -> None:
    """Where a source counts prices in billionths, a wrong letter in a header must not make them whole."""
    text = "ts_event,rtype,publishe_id,instrument_id,open,high,low,close,volume,symbol\n"
    text += "1677628800000000000,33,1,5482,3970500000000,3971000000000,3970250000000,3970750000000,100,ESH3\n"
    with pytest.raises(
        DataError, match=r"ohlcv\.csv has the columns of Databento bars but for publishe_id, .*--format databento-bars"
    ):
        imported("ohlcv.csv", text)
    (row,) = imported("ohlcv.csv", text, format="databento-bars")["candles", "databento:ESH3", "1m"]
    assert row["open"] == 3970.5


def test_a_volume_is_no_high(imported: Import) -> None:
    """Volumes under the name of a high lie above all prices, but ten times above."""
    text = "ts,open,high,low,close,volume\n" + "".join(f"{1704067200 + 60 * n},5,{900 + n},2,6,9\n" for n in range(5))
    with pytest.raises(DataError, match=r"5 of its first 5 candles"):
        imported("candles.csv", text, symbol="x:A")


def test_files_are_named_by_uri_too(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "a file.csv"
    path.write_text("ts,price,quantity\n2024-01-02T00:00:00Z,5,1\n")
    assert import_files(lake, [path.as_uri()], "x:A").added == 1


@pytest.mark.parametrize(
    ("uri", "way"),
    [
        ("https://data.binance.vision/x.zip", "curl"),
        ("s3://bucket/x.parquet", "aws s3 cp"),
        ("az://container/*.csv", "azcopy"),
        ("gopher://host/x.csv", "bring it here, and name the file"),
        ("file://elsewhere/x.csv", "bring it here"),
    ],
)
def test_what_lies_elsewhere_is_asked_for_as_a_file(lake: Lake, uri: str, way: str) -> None:
    with pytest.raises(DataError, match=rf"is not on this machine, and only files that are can be read: .*{way}"):
        import_files(lake, [uri])


NASDAQ = "Date,Close/Last,Volume,Open,High,Low\n" + "".join(
    f"01/{day:02}/2024,$11.50,{day}000,$10.00,$12.00,$9.00\n" for day in range(2, 30)
)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "HistoricalData.csv",
            NASDAQ + "01/30/2024,11.50,30000,$10.00,$12.00,$9.00\n",
            "close is not written as the other",
        ),
        (
            "de_1d.csv",
            "date;open;high;low;close;volume\n"
            + "".join(f"2024-01-{n:02};5,800.25;5,900.25;5,700.25;5,800.25;1\n" for n in range(1, 9))
            + "2024-01-09;5 800.25;5,900.25;5,700.25;5,800.25;1\n",
            "open is not written as the other numbers",
        ),
        (
            "days_1d.csv",
            "time,open,high,low,close\n"
            + "".join(f"{1704067200 + 86400 * n},1,2,1,2\n" for n in range(9))
            + "170484480,1,2,1,2\n",
            "a time of fewer digits than the others",
        ),
        (
            "AAPL_1m.csv",
            "".join(f"2024-01-02 09:{n:02}:00,1,2,1,2,5\n" for n in range(30)) + "20240102 09:30,1,2,1,2,5\n",
            "not a time",
        ),
    ],
)
def test_a_cell_of_another_file_is_refused(imported: Import, name: str, text: str, told: str) -> None:
    """It could be read, but none of the others is written so."""
    with pytest.raises(DataError, match=rf":\d+: {told}"):
        imported(name, text, symbol="x:A", tz="UTC")


def test_seconds_of_the_last_century_are_taken(imported: Import) -> None:
    """Numbers had a digit less until September 2001, and files of days reach over it."""
    rows = "".join(f"{86400 * n},1,2,1,2\n" for n in range(11500, 11700))
    assert (
        len(imported("days_1d.csv", "time,open,high,low,close\n" + rows, symbol="x:A")["candles", "x:A", "1d"]) == 200
    )


def test_flat_candles_with_an_open_elsewhere_are_refused(imported: Import) -> None:
    """Candles of one price show nothing; an open that is another one shows that it is none."""
    rows = "".join(f"{1381093200 + 3600 * n},0.1,122,122,122,122,1\n" for n in range(2))
    with pytest.raises(DataError, match="2 of its first 2 candles have an open, a low or a close that cannot be"):
        imported("XBTUSD_60.csv", rows)


def test_volumes_that_make_no_price_are_refused(imported: Import) -> None:
    """CryptoDataDownload writes an amount of coins and one of money: their quotient lies among the prices."""
    head = (
        "https://www.CryptoDataDownload.com\nUnix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount\n"
    )
    row = "1700002800000,2023-11-14 23:00:00,BTCUSDT,35500,35600,35400,35528.66,{},{},25100\n"
    (candle,) = imported("Binance_BTCUSDT_1h.csv", head + row.format(600, 21_300_000))[
        "candles", "binance:BTCUSDT", "1h"
    ]
    assert candle["vwap"] == 35500
    with pytest.raises(DataError, match="two volumes whose quotient is no price"):
        imported("Binance_BTCUSDT_1h.csv", head + row.format(21_300_000, 600))


def test_a_line_between_the_names_and_the_rows_is_refused(imported: Import) -> None:
    """Left out, it would take the names with it, and columns would be told by their looks."""
    text = "ts,open,high,low,close,trades\n_result;0;2018-12-20T14:48:00Z;25360.70\n"
    rows = "".join(f"{1704067200 + 60 * n},1,2,1,2,5\n" for n in range(9))
    with pytest.raises(
        DataError, match=r"x\.csv:2: this line is no row, and stands between line 1, which names the columns"
    ):
        imported("x.csv", text + rows, symbol="x:A")


@pytest.mark.parametrize(
    ("format", "told"), [("binance-klines", "12 columns, .*has 6"), ("lean-equity", "the day that")]
)
def test_a_format_that_a_file_has_not_is_refused(imported: Import, format: str, told: str) -> None:
    """What was named is believed, but for what the file cannot be."""
    text = "".join(f"2024-01-02 09:3{n}:00,1,2,1,2,10\n" for n in range(5))
    with pytest.raises(DataError, match=told):
        imported("AAPL_1min.txt", text, format=format, symbol="x:A")


def test_words_beside_the_files_of_a_folder_are_no_data(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "ticks.csv").write_text("ts,price,quantity\n1704067200,1,1\n")
    for name in ("README.md", "LICENSE", "_SUCCESS"):
        (folder / name).write_text("words\n")
    assert import_files(lake, [folder], symbol="x:A").added == 1


def test_all_files_ask_at_once(lake: Lake, tmp_path: Path) -> None:
    """A folder asks for what each kind of its files does not say, though another file cannot be read; nothing is stored."""
    for n in range(7):
        (tmp_path / f"t{n}.csv").write_text("ts,price,quantity\n1704067200,5,1\n")
    (tmp_path / "u.csv").write_text("ts,open,high,low,close\n2024-01-01 10:00:00,1,2,1,2\n")
    (tmp_path / "x_1m.csv").write_text("ts,open,high,low,close\n2024-01-01T10:00:00Z,1,2,1,2\n")
    (tmp_path / "z.parquet").write_text("nothing")
    with pytest.raises(DataError) as caught:
        import_files(lake, [tmp_path])
    told = str(caught.value)
    assert "t3.csv and 3 more are taken for trades. What they do not say:\n  --symbol VENUE:CODE" in told
    assert "u.csv is taken for candles" in told
    assert [flag.split()[0] for flag in told.split("u.csv")[1].split("\n")[1:4]] == ["--symbol", "--interval", "--tz"]
    assert "x_1m.csv is taken for 1m candles" in told
    assert not lake.exists()


def test_candles_that_contradict_each_other_are_counted(lake: Lake, tmp_path: Path) -> None:
    """Two files of one command count as two commands would: the later values replace the earlier, and in place it is said."""
    head, row = "ts,open,high,low,close\n", "2024-01-01T10:0{}:00Z,1,3,1,{}\n"
    (tmp_path / "a.csv").write_text(head + row.format(0, 2) + row.format(1, 2))
    (tmp_path / "b.csv").write_text(head + row.format(1, 3) + row.format(2, 2))
    one = import_files(lake, [tmp_path / "a.csv", tmp_path / "b.csv"], "x:A", interval="1m")
    assert (one.read, one.added, one.replaced, one.present) == (4, 3, 1, 0)
    other = Lake(tmp_path / "other")
    two = [import_files(other, [tmp_path / f"{name}.csv"], "x:A", interval="1m") for name in "ab"]
    assert (sum(r.added for r in two), sum(r.replaced for r in two)) == (3, 1)
    assert stored(lake) == stored(other)
    held = in_place.Files().read(str(tmp_path / "?.csv"), "x:A", "", lambda: None)
    assert "1 candles were there with other values before; the last ones were taken" in held.notes


def test_a_venue_that_is_misspelt_is_told_of(lake: Lake, tmp_path: Path) -> None:
    """With the one it is like, once: what is stored is known. Other unknown venues are nobody's business."""
    (tmp_path / "t.csv").write_text("ts,price,quantity\n1704067200,5,1\n")
    told = [
        import_files(lake, [tmp_path / "t.csv"], f"{venue}:A").notes for venue in ("nasdq", "mine", "nasdaq", "nasdq")
    ]
    assert [[note for note in notes if "did you mean" in note] for notes in told] == [
        ["no venue `nasdq` is known: did you mean `nasdaq`? Under `nasdq` its symbols trade around the clock"],
        [],
        [],
        [],
    ]
