"""CryptoDataDownload: a banner line, newest first."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="cryptodatadownload",
        title="CryptoDataDownload",
        where="https://www.cryptodatadownload.com",
        kind="candles",
        fields={
            "ts": "unix",
            "volume": "volume*",
            "quote_volume": "|".join(
                f"volume{money}" for money in ("usdt", "usd", "usdc", "busd", "tusd", "fdusd", "eur", "gbp")
            ),
            "trades": "tradecount",
            "symbol": "symbol",
        },
        header=("unix", "date", "symbol", "open", "high", "low", "close"),
        path=r"(?:^|/)(?P<venue>[A-Za-z]+)_[A-Z0-9]+_(?P<interval>[0-9a-z]+)\.csv",
        spelled={"d": "1d", "minute": "1m"},
    ),
)
