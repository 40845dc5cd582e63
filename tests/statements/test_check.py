"""CHECK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tapeql
from tests.tour import NOW, store

BTC = "CANDLES 1h FROM binance:BTCUSDT"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    with tapeql.connect(store(tmp_path_factory.mktemp("check") / "lake").path, now=NOW) as opened:
        yield opened


def test_a_query_without_fault_has_no_rows(db: tapeql.Database) -> None:
    """Nothing to tell, nothing told."""
    assert db.query(f"CHECK {BTC} WHERE close > open").num_rows == 0


def test_notes_have_their_places(db: tapeql.Database) -> None:
    """What running it would tell, with the words it is about; what is about the whole has no place."""
    sentence = f"{BTC}\nWHERE premarket AND close > avg(close) OVER ALL"
    told = db.query(f"CHECK {sentence}").to_pylist()
    result = db.run(sentence)
    result.table()
    assert [row["code"] for row in told] == [note.code for note in result.info["notes"]] == ["N101", "N301"]
    assert (told[0]["line"], told[0]["column"], told[0]["words"]) == (None, None, None)
    assert (told[1]["line"], told[1]["column"], told[1]["words"]) == (2, 29, "avg(close) OVER ALL")
    assert "every row" in told[1]["reason"]


def test_a_wrong_query_is_refused(db: tapeql.Database) -> None:
    """With the diagnostics it would have when asked, and with SET strict for the future it sees."""
    for text in (f"CHECK {BTC} WHERE clos > 1", f"SET strict = on; CHECK {BTC} WHERE close > avg(close) OVER ALL"):
        with pytest.raises(tapeql.QueryError) as wrong:
            db.query(text)
        assert all(d.is_error for d in wrong.value.diagnostics)


def test_nothing_is_run(db: tapeql.Database) -> None:
    """What only running would find is not found: CHECK of a query that sorts more than it may answers."""
    assert db.query(f"SET memory = 1KB; CHECK {BTC} ORDER BY close").num_rows == 0
