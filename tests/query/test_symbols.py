"""FROM."""

from __future__ import annotations

from tapeql.query.settings import Settings
from tests.query.asking import DEFAULTS, ask, refused, wrong


def found(source: str, settings: Settings = DEFAULTS) -> list[str]:
    return [str(symbol) for symbol in ask(f"TICKS FROM {source}", settings).symbols]


def test_lists_sets_and_globs() -> None:
    """Symbols come each once, by venue and code in byte order."""
    assert found("nasdaq:AAPL, binance:BTCUSDT, nasdaq:AAPL") == ["binance:BTCUSDT", "nasdaq:AAPL"]
    assert found("binance:{ETHUSDT,BTCUSDT}") == ["binance:BTCUSDT", "binance:ETHUSDT"]
    assert found("binance:*USDT") == ["binance:BTCUSDT", "binance:ETHUSDT"]
    assert found("binance:*, binance:BTC?SDT") == [
        "binance:BTCUSDT",
        "binance:ETHUSDT",
        "binance:SOLBTC",
        "binance:TWICE",
    ]
    assert found("kraken:BTC/USD") == ["kraken:BTC/USD"]


def test_a_bare_code_is_the_one_stored_symbol_of_that_code() -> None:
    """Where several venues hold it they are named, unless SET venue says which; what none holds is told as unknown."""
    assert found("AAPL, ETH*") == ["binance:ETHUSDT", "nasdaq:AAPL"]
    assert found("BTCUSDT, ETH*", Settings(venue="binance")) == ["binance:BTCUSDT", "binance:ETHUSDT"]
    assert found("nasdaq:AAPL", Settings(venue="binance")) == ["nasdaq:AAPL"]
    (diagnostic,) = refused("TICKS FROM APL")
    assert (diagnostic.code, diagnostic.fix and diagnostic.fix.text) == ("E103", "AAPL")
    (diagnostic,) = refused("TICKS FROM TWICE")
    assert "`binance:TWICE`, `kraken:TWICE`" in diagnostic.reason
    assert any("SET venue" in hint for hint in diagnostic.hints)


def test_unknown_symbols() -> None:
    """What no store knows is E103 with the nearest, each at its own place."""
    text = "TICKS FROM nasdaq:APL, binance:btcusdt, binance:*XYZ, lse:AAPL"
    assert wrong(text) == [
        ("E103", "nasdaq:APL"),
        ("E103", "binance:btcusdt"),
        ("E103", "binance:*XYZ"),
        ("E103", "lse:AAPL"),
    ]
    apl, btc, _, lse = refused(text)
    assert apl.fix is not None
    assert apl.fix.text == "nasdaq:AAPL"
    assert btc.fix is not None
    assert btc.fix.text == "binance:BTCUSDT"
    assert any("`nasdaq:AAPL`" in hint for hint in lse.hints)


def test_from_is_needed() -> None:
    """A query without FROM asks about nothing."""
    assert wrong("CANDLES 1h WHERE close > 1") == [("E207", "CANDLES 1h")]
