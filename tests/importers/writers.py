"""How each layout's source writes a tape: a line a file, its columns as `name=cell`, between bars.

A cell is a field of the row, a time (`s ms us ns`, `iso`, or a strftime pattern with %L for milliseconds), a `'word`, or one of CELLS.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.importers.sheet import Sheet
from tests.importers.tape import DAY_US, Row, Tape, random_tape

NEW_YORK = "America/New_York"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": 1_000_000, "ms": 1000, "us": 1}
FIELDS = {
    "trades": ("price", "quantity"),
    "quotes": ("bid", "bid_size", "ask", "ask_size"),
    "candles": ("open", "high", "low", "close", "volume", "trades", "vwap"),
}
STEPS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": 1, "iso": 1}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Writer:
    """One kind of file of a layout.

    columns     `name=cell | …`, or `cell | …` where the file has no header (`bare`)
    path        of the file; {code} {lower} {i} {day} {date} stand for the tape's
    intervals   interval → the source's word for it
    symbol      VENUE:{code} as must come out
    zone        whose clock strftime patterns show
    given       flags that such a file needs
    """

    layout: str
    kind: str
    columns: str
    path: str
    symbol: str
    code: str = "AAPL"
    intervals: Mapping[str, str] = field(default_factory=lambda: {"1m": "1m"})
    bare: bool = False
    mark: str = ","
    zone: str = "UTC"
    form: str = "text"
    wrap: Callable[[str, str, list[Any]], Any] = lambda code, word, rows: rows
    above: tuple[tuple[str, ...], ...] = ()
    below: tuple[tuple[str, ...], ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.layout}-{self.path.rpartition('.')[2]}-{self.cells[0][1]}"

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(name, cell) of each column."""
        pairs = [column.strip() for column in self.columns.split("|")]
        return [("", pair) if self.bare else tuple(pair.split("=", 1)) for pair in pairs]  # type: ignore[misc]

    def tape(self, dice: random.Random, longest: int = 12) -> Tape:
        interval = dice.choice(list(self.intervals)) if self.kind == "candles" else ""
        return random_tape(dice, self.kind, self.code, interval, max(map(_step, self._times()), default=1), longest)

    def sheet(self, tape: Tape) -> Sheet:
        said = {
            "code": tape.code,
            "lower": tape.code.lower(),
            "i": self.intervals.get(tape.interval, ""),
            "day": _clock(tape.rows[0].ts, "%Y%m%d", self.zone),
            "date": _clock(tape.rows[0].ts, "%Y-%m-%d", self.zone),
        }
        rows, expected = [], []
        for row in tape.rows:
            out: dict[str, Any] = {"ts": row.ts}
            cells = []
            for _, cell in self.cells:
                text, fields = self._cell(cell, row, said)
                cells.append(text)
                out |= fields
            rows.append(cells)
            expected.append({key: value for key, value in out.items() if value is not None})
        return Sheet(
            path=self.path.format(**said),
            names=() if self.bare else [name for name, _ in self.cells],
            rows=rows,
            mark=self.mark,
            above=self.above,
            below=self.below,
            form=self.form,
            wrap=lambda found: self.wrap(tape.code, said["i"], found),
            series=(self.kind, self.symbol.format(**said), tape.interval),
            expected=expected,
            flags={key: value.format(**said) if isinstance(value, str) else value for key, value in self.given.items()},
        )

    def _times(self) -> list[str]:
        return [cell for _, cell in self.cells if cell in STEPS or cell.startswith("%")]

    def _cell(self, cell: str, row: Row, said: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        if cell.startswith("'"):
            return cell[1:].format(**said), {}
        if cell.startswith("%"):
            return _clock(row.ts, cell, self.zone), {}
        if cell in CELLS:
            return CELLS[cell](row)
        value = getattr(row, cell)
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        if cell == "id":
            return text, {"trade_id": text} if self.kind == "trades" else {}
        if cell == "side":
            return text, {"side": text}
        if cell == "quote_volume":
            return text, {"vwap": float(value) / float(row.volume)}
        if cell in FIELDS[self.kind]:
            return text, {cell: value if isinstance(value, int) else float(value)}
        return text, {}


def _step(time: str) -> int:
    """The microseconds between instants that such a time can tell apart."""
    if "%L" in time:
        return 1000
    if "%f" in time or time in STEPS:
        return STEPS.get(time, 1)
    return 1_000_000


def _clock(ts: int, pattern: str, zone: str) -> str:
    moment = (EPOCH + timedelta(microseconds=ts)).astimezone(ZoneInfo(zone))
    offset = moment.strftime("%z")
    pattern = pattern.replace("%L", f"{moment.microsecond // 1000:03}").replace("%:z", f"{offset[:3]}:{offset[3:]}")
    return moment.strftime(pattern)


def _iso(row: Row) -> str:
    return (EPOCH + timedelta(microseconds=row.ts)).isoformat().replace("+00:00", "Z")


def _of_day(row: Row) -> str:
    local = (EPOCH + timedelta(microseconds=row.ts)).astimezone(ZoneInfo(NEW_YORK))
    return str(((local.hour * 60 + local.minute) * 60 + local.second) * 1000)


def _end(row: Row) -> int:
    return row.ts + 59_999_999


def _scaled(field_: str, by: int) -> Callable[[Row], tuple[str, dict[str, Any]]]:
    return lambda row: (str(int(getattr(row, field_) * by)), {field_: float(getattr(row, field_))})


def _worded(field_: str, words: Callable[[Decimal], str]) -> Callable[[Row], tuple[str, dict[str, Any]]]:
    return lambda row: (words(getattr(row, field_)), {field_: float(getattr(row, field_))})


def _maker(true: str, false: str) -> Callable[[Row], tuple[str, dict[str, Any]]]:
    """A buyer who made the price was hit by a seller."""
    return lambda row: (
        true if row.side == "sell" else false,
        {"side": row.side, "buyer_maker": row.side == "sell"},
    )


def _side(buy: str, sell: str) -> Callable[[Row], tuple[str, dict[str, Any]]]:
    return lambda row: (buy if row.side == "buy" else sell, {"side": row.side})


def _pair(side: str) -> Callable[[Row], tuple[str, dict[str, Any]]]:
    names = (side, f"{side}_size")
    return lambda row: (
        "_".join(f"{getattr(row, name):f}" for name in names),
        {name: float(getattr(row, name)) for name in names},
    )


CELLS: Mapping[str, Callable[[Row], tuple[str, dict[str, Any]]]] = {
    "s": lambda row: (str(row.ts // 1_000_000), {}),
    "s.f": lambda row: (f"{row.ts // 1_000_000}.{row.ts % 1_000_000:06}", {}),
    "ms": lambda row: (str(row.ts // 1000), {}),
    "us": lambda row: (str(row.ts), {}),
    "ns": lambda row: (str(row.ts * 1000), {}),
    "iso": lambda row: (_iso(row), {}),
    "of_day": lambda row: (_of_day(row), {}),
    "of_day_utc": lambda row: (str(row.ts % DAY_US // 1000), {}),
    "end_ms": lambda row: (str(_end(row) // 1000), {}),
    "end_us": lambda row: (str(_end(row)), {}),
    "maker": _maker("true", "false"),
    "Maker": _maker("True", "False"),
    "maker01": _maker("1", "0"),
    "Side": _side("Buy", "Sell"),
    "SIDE": _side("BUY", "SELL"),
    "AB": _side("B", "A"),
    "maker_side": _side("sell", "buy"),
    "at": lambda row: ('["@"]', {"conditions": "@"}),
    "codes": lambda row: ("12,37", {"conditions": "12,37"}),
    "sale": lambda row: ("@  I", {"conditions": "@  I"}),
    **{f"in_{code}": lambda row, code=code: (code, {"market": code}) for code in ("N", "V", "1", "11")},
    "M_volume": lambda row: (f"{Decimal(row.trades) / 100:f}M", {"volume": float(row.trades * 10_000)}),
    "whole_volume": lambda row: (str(int(row.volume) + 1), {"volume": float(int(row.volume) + 1)}),
    **{f"nano_{name}": _scaled(name, 10**9) for name in ("open", "high", "low", "close", "price", "bid", "ask")},
    **{f"x10000_{name}": _scaled(name, 10**4) for name in ("open", "high", "low", "close")},
    "bid_pair": _pair("bid"),
    "ask_pair": _pair("ask"),
    "price_9": _worded("price", "{:.9f}".format),
    **{f"usd_{name}": _worded(name, "${:f}".format) for name in ("open", "high", "low", "close")},
    **{f"comma_{name}": _worded(name, "{:,f}".format) for name in ("open", "high", "low", "close")},
    **{
        f"german_{name}": _worded(name, lambda x: f"{x:,f}".translate(str.maketrans(",.", ".,")))
        for name in ("open", "high", "low", "close", "volume", "price", "quantity")
    },
}


def candles(layout: str, path: str, symbol: str, columns: str, **more: Any) -> Writer:
    return Writer(layout=layout, kind="candles", path=path, symbol=symbol, columns=columns, **more)


def trades(layout: str, path: str, symbol: str, columns: str, **more: Any) -> Writer:
    return Writer(layout=layout, kind="trades", path=path, symbol=symbol, columns=columns, **more)


def quotes(layout: str, path: str, symbol: str, columns: str, **more: Any) -> Writer:
    return Writer(layout=layout, kind="quotes", path=path, symbol=symbol, columns=columns, **more)


OHLC = "Open=open | High=high | Low=low | Close=close"
SMALL = "open=open | high=high | low=low | close=close | volume=volume"
BARE = "open | high | low | close | volume"
NANO = "open=nano_open | high=nano_high | low=nano_low | close=nano_close | volume=whole_volume"
DBN = "rtype='0 | publisher_id=in_1 | instrument_id='5482"
TARDIS = "exchange='binance | symbol='{code} | timestamp=us | local_timestamp=us"
X10000 = "x10000_open | x10000_high | x10000_low | x10000_close | whole_volume"
DAYS = {"1d": "1d"}
USUAL = {"1m": "1m", "1h": "1h", "1d": "1d"}
ATHENS: Any = {"mark": "\t", "zone": "Europe/Athens", "given": {"tz": "Europe/Athens"}, "code": "EURUSD"}
NAMED: Any = {"given": {"symbol": "x:{code}"}}
CRYPTO: Any = {"code": "BTCUSDT"}

WRITERS = (
    candles(
        "alpaca-bars", "bars.json", "alpaca:{code}",
        "t=iso | o=open | h=high | l=low | c=close | v=volume | n=trades | vw=vwap", intervals=USUAL, form="objects",
        wrap=lambda code, word, rows: {"bars": rows, "symbol": code, "next_page_token": None},
    ),
    candles(
        "alpaca-bars", "bars.csv", "alpaca:{code}",
        "symbol='{code} | t=iso | o=open | h=high | l=low | c=close | v=volume | n=trades | vw=vwap", intervals=USUAL,
    ),
    trades(
        "alpaca-trades", "trades.json", "alpaca:{code}", "t=iso | x=in_V | p=price | s=quantity | c=at | i=id | z='C",
        form="objects", wrap=lambda code, word, rows: {"trades": rows, "symbol": code},
    ),
    quotes(
        "alpaca-quotes", "quotes.json", "alpaca:{code}",
        "t=iso | ax='V | ap=ask | as=ask_size | bx='V | bp=bid | bs=bid_size | c='[\"R\"] | z='C",
        form="objects", wrap=lambda code, word, rows: {"quotes": {code: rows}},
    ),
    candles(
        "alphavantage", "intraday_{i}_{code}.csv", "alphavantage:{code}", f"timestamp=%Y-%m-%d %H:%M:%S | {SMALL}",
        intervals={"1m": "1min", "5m": "5min", "1h": "60min"}, zone=NEW_YORK,
    ),
    candles(
        "binance-klines", "{code}-{i}-2024-01.csv", "binance:{code}",
        f"us | {BARE} | end_us | quote_volume | trades | '1.5 | '3.5 | '0", bare=True, intervals=USUAL, **CRYPTO,
    ),
    candles(
        "binance-klines", "{code}-{i}-{date}.csv", "binance:{code}",
        f"ms | {BARE} | end_ms | quote_volume | trades | '1.5 | '3.5 | '0", bare=True, intervals=USUAL, **CRYPTO,
    ),
    candles(
        "binance-futures-klines", "{code}-{i}-2024-01.csv", "binanceusdm:{code}",
        f"open_time=ms | {SMALL} | close_time=end_ms | quote_volume=quote_volume | count=trades | taker_buy_volume='1.5 | "
        "taker_buy_quote_volume='3.5 | ignore='0", intervals=USUAL, **CRYPTO,
    ),
    candles(
        "binance-coin-futures-klines", "{code}-{i}-2024-01.csv", "binancecoinm:{code}",
        f"open_time=ms | {SMALL} | close_time=end_ms | quote_volume='0.013 | count=trades | taker_buy_volume='1.5 | "
        "taker_buy_quote_volume='0.004 | ignore='0", intervals=USUAL, code="BTCUSD_PERP",
    ),
    trades(
        "binance-trades", "{code}-trades-{date}.csv", "binance:{code}", "id | price | quantity | '9.5 | us | Maker | 'True",
        bare=True, **CRYPTO,
    ),
    trades(
        "binance-futures-trades", "{code}-trades-{date}.csv", "binanceusdm:{code}",
        "id=id | price=price | qty=quantity | quote_qty='9.5 | time=ms | is_buyer_maker=maker", **CRYPTO,
    ),
    trades(
        "binance-aggtrades", "{code}-aggTrades-{date}.csv", "binance:{code}",
        "id | price | quantity | '77 | '78 | ms | Maker | 'True", bare=True, **CRYPTO,
    ),
    trades(
        "binance-futures-aggtrades", "{code}-aggTrades-{date}.csv", "binanceusdm:{code}",
        "agg_trade_id=id | price=price | quantity=quantity | first_trade_id='77 | last_trade_id='78 | transact_time=ms | "
        "is_buyer_maker=maker", **CRYPTO,
    ),
    quotes(
        "binance-bookticker", "{code}-bookTicker-{date}.csv", "binanceusdm:{code}",
        "update_id=id | best_bid_price=bid | best_bid_qty=bid_size | best_ask_price=ask | best_ask_qty=ask_size | "
        "transaction_time=ms | event_time=ms", **CRYPTO,
    ),
    trades("bitcoincharts", "bitstampUSD.csv", "bitstamp:USD", "s | price | quantity", bare=True),
    trades(
        "bybit-trades", "{code}{date}.csv", "bybit:{code}",
        "timestamp=s.f | symbol='{code} | side=Side | size=quantity | price=price | tickDirection='ZeroMinusTick | "
        "trdMatchID=id | grossValue='1 | homeNotional='1 | foreignNotional='1", **CRYPTO,
    ),
    trades(
        "bybit-spot-trades", "{code}_{date}.csv", "bybit:{code}",
        "id=id | timestamp=ms | price=price | volume=quantity | side=side", **CRYPTO,
    ),
    quotes(
        "ccapi-quotes", "coinbase__btc-usd__{date}__market-depth.csv", "coinbase:btc-usd",
        "time_seconds=s | bid_price_bid_size=bid_pair | ask_price_ask_size=ask_pair",
    ),
    trades(
        "ccapi-trades", "coinbase__btc-usd__{date}__trade.csv", "coinbase:btc-usd",
        "time_seconds=s.f | price=price | size=quantity | is_buyer_maker=maker01",
    ),
    candles(
        "coinbase-candles", "BTC-USD.json", "coinbase:BTC-USD", "s | low | high | open | close | volume", bare=True,
        form="lists", intervals={"1m": "", "1h": "", "5m": ""},
    ),
    candles(
        "coinbase-advanced-candles", "BTC-USD.json", "coinbase:BTC-USD",
        "start=s | low=low | high=high | open=open | close=close | volume=volume", form="objects",
        wrap=lambda code, word, rows: {"candles": rows},
    ),
    trades(
        "coinbase-trades", "BTC-USD.json", "coinbase:BTC-USD",
        "trade_id=id | side=maker_side | size=quantity | price=price | time=iso", form="objects",
    ),
    candles(
        "cryptodatadownload", "Binance_{code}_{i}.csv", "binance:{code}",
        f"unix=ms | date=%Y-%m-%d %H:%M:%S | symbol='{{code}} | {OHLC} | Volume BTC=volume | Volume USDT=quote_volume | tradecount=trades",
        above=(("https://www.CryptoDataDownload.com",),), intervals={"1m": "minute", "1h": "1h", "1d": "d"}, **CRYPTO,
    ),
    trades(
        "databento-trades", "trades.csv", "cme:ESH3",
        f"ts_recv=iso | ts_event=iso | {DBN} | action='T | side=AB | depth='0 | price=price_9 | size=quantity | flags='0 | "
        "ts_in_delta='13000 | sequence='5793 | symbol='ESH3",
    ),
    trades(
        "databento-trades", "trades.csv", "cme:ESH3",
        f"ts_recv=ns | ts_event=ns | {DBN} | action='T | side=AB | depth='0 | price=nano_price | size=quantity | flags='0 | "
        "ts_in_delta='13000 | sequence='5793 | symbol='ESH3",
    ),
    candles(
        "databento-bars", "ohlcv.csv", "cme:ESH3",
        f"ts_event=ns | rtype='{{i}} | publisher_id='1 | instrument_id='5482 | {NANO} | symbol='ESH3",
        intervals={"1s": "32", "1m": "33", "1h": "34", "1d": "35"},
    ),
    quotes(
        "databento-quotes", "mbp-1.csv", "cme:ESH3",
        f"ts_recv=ns | ts_event=ns | {DBN} | action='A | side='B | depth='0 | price='1000000000 | size='5 | flags='0 | "
        "ts_in_delta='13000 | sequence='5793 | bid_px_00=nano_bid | ask_px_00=nano_ask | bid_sz_00=bid_size | "
        "ask_sz_00=ask_size | bid_ct_00='1 | ask_ct_00='1 | symbol='ESH3",
    ),
    candles(
        "dukascopy-candles", "{code}_Candlestick_{i}_BID_01.01.2020-02.01.2020.csv", "dukascopy:{code}",
        f"Gmt time=%d.%m.%Y %H:%M:%S.%L | {OHLC} | Volume=volume", code="EURUSD",
        intervals={"1m": "1_M", "5m": "5_M", "1h": "1_Hour", "1d": "1_D"},
    ),
    candles(
        "dukascopy-local-candles", "{code}_Candlestick_{i}_BID_01.01.2020-02.01.2020.csv", "dukascopy:{code}",
        f"Local time=%d.%m.%Y %H:%M:%S.%L GMT%z | {OHLC} | Volume=volume", code="EURUSD", zone="Europe/Berlin",
        intervals={"1m": "1_M", "5m": "5_M", "1h": "1_Hour"},
    ),
    quotes(
        "dukascopy-ticks", "{code}_Ticks_{date}.csv", "dukascopy:{code}",
        "Gmt time=%d.%m.%Y %H:%M:%S.%L | Ask=ask | Bid=bid | AskVolume=ask_size | BidVolume=bid_size", code="EURUSD",
    ),
    candles(
        "eodhd-intraday", "intraday.csv", "x:{code}",
        f"Timestamp=s | Gmtoffset='0 | Datetime=%Y-%m-%d %H:%M:%S | {OHLC} | Volume=volume", **NAMED,
    ),
    candles(
        "eodhd-days", "{code}.US.csv", "eodhd:{code}.US", f"Date=%Y-%m-%d | {OHLC} | Adjusted_close='1.5 | Volume=volume",
        intervals=DAYS,
    ),
    candles(
        "freqtrade-json", "data/binance/BTC_USDT-{i}.json", "binance:BTC/USDT", f"ms | {BARE}", bare=True, form="lists",
        intervals=USUAL,
    ),
    candles(
        "freqtrade", "data/binance/BTC_USDT-{i}.feather", "binance:BTC/USDT", f"date=ms | {SMALL}", form="feather",
        intervals=USUAL,
    ),
    trades(
        "freqtrade-trades-json", "data/binance/BTC_USDT-trades.json", "binance:BTC/USDT",
        "ms | id | 'limit | side | price | quantity | '9.5", bare=True, form="lists",
    ),
    trades(
        "ccxt-trades", "data/binance/BTC_USDT-trades.feather", "binance:BTC/USDT",
        "timestamp=ms | id=id | type='limit | side=side | price=price | amount=quantity | cost='9.5", form="feather",
    ),
    candles(
        "histdata-m1", "DAT_ASCII_{code}_M1_2012.csv", "histdata:{code}", "%Y%m%d %H%M%S | open | high | low | close | '0",
        bare=True, mark=";", zone="Etc/GMT+5", code="EURUSD",
    ),
    candles(
        "histdata-m1-mt", "DAT_MT_{code}_M1_2012.csv", "histdata:{code}", "%Y.%m.%d | %H:%M | open | high | low | close | '0",
        bare=True, zone="Etc/GMT+5", code="EURUSD",
    ),
    quotes(
        "histdata-ticks", "DAT_ASCII_{code}_T_201202.csv", "histdata:{code}", "%Y%m%d %H%M%S%L | bid | ask | '0", bare=True,
        zone="Etc/GMT+5", code="EURUSD",
    ),
    candles(
        "ibkr-bars", "bars.csv", "x:{code}",
        f"date=%Y-%m-%d %H:%M:%S%:z | {SMALL} | average=vwap | barCount=trades", zone=NEW_YORK, **NAMED,
    ),
    candles(
        "influx-long", "query.csv", "x:{code}",
        "result='_result | table='0 | _time=iso | _value=close | _field='close | _measurement='bars", **NAMED,
    ),
    candles(
        "investing", "Historical Data.csv", "x:{code}",
        "Date=%b %d, %Y | Price=comma_close | Open=comma_open | High=comma_high | Low=comma_low | Vol.=M_volume | Change %='-2.70%",
        intervals=DAYS, **NAMED,
    ),
    trades("kraken-trades", "XBTUSD.csv", "kraken:XBTUSD", "s.f | price | quantity", bare=True),
    candles(
        "kraken-candles", "XBTUSD_{i}.csv", "kraken:XBTUSD", f"s | {BARE} | trades", bare=True,
        intervals={"1m": "1", "5m": "5", "1h": "60", "1d": "1440"},
    ),
    candles(
        "lean-equity", "equity/usa/minute/spy/{day}_spy_minute_trade.csv", "usa:spy", f"of_day | {X10000}", bare=True,
    ),
    candles(
        "lean-equity-days", "equity/usa/hour/spy.csv", "usa:spy", f"%Y%m%d %H:%M | {X10000}", bare=True,
        intervals={"1h": ""}, zone=NEW_YORK,
    ),
    candles(
        "lean-crypto", "crypto/coinbase/minute/btcusd/{day}_btcusd_minute_trade.csv", "coinbase:btcusd",
        f"of_day_utc | {BARE}", bare=True,
    ),
    candles(
        "lean-crypto-days", "crypto/coinbase/{i}/btcusd_trade.csv", "coinbase:btcusd", f"%Y%m%d %H:%M | {BARE}", bare=True,
        intervals={"1h": "hour", "1d": "daily"},
    ),
    quotes(
        "lean-quotes", "forex/oanda/minute/eurusd/{day}_eurusd_minute_quote.csv", "oanda:eurusd",
        "of_day_utc | bid | bid | bid | bid | bid_size | ask | ask | ask | ask | ask_size", bare=True,
    ),
    candles(
        "lona", "lona.json", "binance:{code}", f"timestamp=ms | {SMALL}", form="objects", intervals=USUAL, **CRYPTO,
        wrap=lambda code, word, rows: {"symbol": code, "interval": word, "exchange": "binance", "data": rows},
    ),
    candles(
        "massive-aggregates", "{i}_aggs_{date}.csv", "massive:{code}",
        "ticker='{code} | volume=whole_volume | open=open | close=close | high=high | low=low | window_start=ns | "
        "transactions=trades", intervals={"1m": "minute", "1d": "day"},
    ),
    trades(
        "massive-trades", "trades_{date}.csv", "massive:{code}",
        "ticker='{code} | conditions=codes | correction='0 | exchange=in_11 | id=id | participant_timestamp=ns | price=price | "
        "sequence_number='1201 | sip_timestamp=ns | size=quantity | tape='3 | trf_id='0 | trf_timestamp='0",
    ),
    trades(
        "massive-crypto-trades", "trades_{date}.csv", "massive:X.BTC-USD",
        "ticker='X:BTC-USD | conditions=codes | exchange=in_1 | id=id | participant_timestamp=ns | price=price | size=quantity",
    ),
    quotes(
        "massive-quotes", "quotes_{date}.csv", "massive:{code}",
        "ticker='{code} | ask_exchange='11 | ask_price=ask | ask_size=ask_size | bid_exchange='12 | bid_price=bid | "
        "bid_size=bid_size | conditions='1 | indicators='1 | participant_timestamp=ns | sequence_number='1 | sip_timestamp=ns | "
        "tape='3 | trf_timestamp='0",
    ),
    candles(
        "metatrader5-bars", "{code}_{i}_202401020000_202401052359.csv", "metatrader:{code}",
        "<DATE>=%Y.%m.%d | <TIME>=%H:%M:%S | <OPEN>=open | <HIGH>=high | <LOW>=low | <CLOSE>=close | <TICKVOL>=trades | "
        "<VOL>=whole_volume | <SPREAD>='6", intervals={"1m": "M1", "5m": "M5", "1h": "H1"}, **ATHENS,
    ),
    candles(
        "metatrader5-days", "{code}_{i}_202401020000_202401052359.csv", "metatrader:{code}",
        "<DATE>=%Y.%m.%d | <OPEN>=open | <HIGH>=high | <LOW>=low | <CLOSE>=close | <TICKVOL>=trades | <VOL>='0 | <SPREAD>='6",
        intervals={"1d": "Daily"}, code="EURUSD", mark="\t",
    ),
    quotes(
        "metatrader5-ticks", "{code}_202401020000_202401022359.csv", "metatrader:{code}",
        "<DATE>=%Y.%m.%d | <TIME>=%H:%M:%S.%L | <BID>=bid | <ASK>=ask | <LAST>=' | <VOLUME>=' | <FLAGS>='6", **ATHENS,
    ),
    candles(
        "metatrader4-bars", "{code}{i}.csv", "metatrader:{code}",
        "%Y.%m.%d | %H:%M | open | high | low | close | trades", bare=True, intervals={"1m": "1", "5m": "5", "1h": "60"},
        **{**ATHENS, "mark": ","},
    ),
    candles(
        "nasdaq", "HistoricalData.csv", "x:{code}",
        "Date=%m/%d/%Y | Close/Last=usd_close | Volume=whole_volume | Open=usd_open | High=usd_high | Low=usd_low",
        intervals=DAYS, **NAMED,
    ),
    trades(
        "okx-trades", "BTC-USDT-trades-{date}.csv", "okx:BTC-USDT",
        "instrument_name='BTC-USDT | trade_id=id | side=side | size=quantity | price=price | created_time=ms",
    ),
    candles(
        "okx-candles", "BTC-USDT-candlesticks-{date}.csv", "okx:BTC-USDT",
        "instrument_name='BTC-USDT | open=open | high=high | low=low | close=close | vol=volume | vol_ccy='1.5 | "
        "vol_quote=quote_volume | open_time=ms | confirm='1",
    ),
    candles(
        "quandl-wiki", "WIKI-{code}.csv", "quandl:{code}",
        f"Date=%Y-%m-%d | {OHLC} | Volume=volume | Ex-Dividend='0.0 | Split Ratio='1.0 | Adj. Open='1.5 | Adj. High='1.5 | "
        "Adj. Low='1.5 | Adj. Close='1.5 | Adj. Volume='77.0", intervals=DAYS,
    ),
    candles(
        "stooq", "download.txt", "stooq:AAPL.US",
        "<TICKER>='AAPL.US | <PER>='{i} | <DATE>=%Y%m%d | <TIME>=%H%M%S | <OPEN>=open | <HIGH>=high | <LOW>=low | "
        "<CLOSE>=close | <VOL>=volume | <OPENINT>='0", intervals={"1d": "D"},
    ),
    candles(
        "stooq-download", "aapl_us_{i}.csv", "stooq:aapl_us", f"Date=%Y-%m-%d | {OHLC} | Volume=volume",
        intervals={"1d": "d"},
    ),
    trades(
        "taq-wrds-trades", "taq.csv", "taq:{code}",
        "DATE=%Y%m%d | TIME_M=%-H:%M:%S.%f | EX=in_N | SYM_ROOT='{code} | SYM_SUFFIX=' | TR_SCOND=sale | SIZE=quantity | PRICE=price",
        zone=NEW_YORK,
    ),
    quotes(
        "taq-wrds-quotes", "taq.csv", "taq:{code}.B",
        "DATE=%Y-%m-%d | TIME_M=%H:%M:%S.%f | EX=in_N | BID=bid | BIDSIZ=bid_size | ASK=ask | ASKSIZ=ask_size | QU_COND='R | "
        "SYM_ROOT='{code} | SYM_SUFFIX='B", zone=NEW_YORK,
    ),
    trades(
        "tardis-trades", "binance_trades_{date}_{code}.csv", "binance:{code}",
        f"{TARDIS} | id=id | side=side | price=price | amount=quantity", **CRYPTO,
    ),
    quotes(
        "tardis-quotes", "binance_quotes_{date}_{code}.csv", "binance:{code}",
        f"{TARDIS} | ask_amount=ask_size | ask_price=ask | bid_price=bid | bid_amount=bid_size", **CRYPTO,
    ),
    quotes(
        "tardis-snapshots", "binance_book_snapshot_5_{date}_{code}.csv", "binance:{code}",
        f"{TARDIS} | asks[0].price=ask | asks[0].amount=ask_size | bids[0].price=bid | bids[0].amount=bid_size | "
        "asks[1].price='77 | asks[1].amount='1 | bids[1].price='76 | bids[1].amount='1", **CRYPTO,
    ),
    quotes(
        "tardis-book", "binance_incremental_book_L2_{date}_{code}.csv", "binance:{code}",
        f"{TARDIS} | is_snapshot='false | side='bid | price=bid | amount=bid_size", **CRYPTO,
    ),
    quotes("book-snapshots", "{code}.csv", "x:{code}", "time=ms | is_snapshot='true | side='bid | price=bid | size=bid_size"),
    quotes("book-updates", "{code}.csv", "x:{code}", "time=ms | side='b | update_type='set | price=bid | qty=bid_size"),
    quotes("book-diffs", "{code}.csv", "x:{code}", "time=ms | first_update_id='1 | side='b | price=bid | qty=bid_size"),
    quotes("book-levels", "{code}.csv", "x:{code}", "time=ms | side='b | level='1 | price=bid | size=bid_size"),
    candles(
        "tradingview", "BINANCE_{code}, {i}.csv", "binance:{code}",
        "time=s | open=open | high=high | low=low | close=close | Volume=volume | RSI='55.5", **CRYPTO,
        intervals={"1m": "1", "5m": "5", "1h": "60", "1d": "1D"},
    ),
    candles(
        "yahoo", "{code}.csv", "yahoo:{code}", f"Date=%Y-%m-%d | {OHLC} | Adj Close='1.5 | Volume=whole_volume", intervals=DAYS,
    ),
    candles(
        "yfinance", "yfinance.csv", "yahoo:{code}",
        "Price=%Y-%m-%d | Close=close | High=high | Low=low | Open=open | Volume=whole_volume", intervals=DAYS,
        below=(("Ticker", *["AAPL"] * 5), ("Date", "", "", "", "", "")),
    ),
    candles(
        "yfinance-flat", "{code}.csv", "yahoo:{code}",
        f"Datetime=%Y-%m-%d %H:%M:%S%:z | {OHLC} | Volume=whole_volume | Dividends='0.0 | Stock Splits='0.0", zone=NEW_YORK,
    ),
)  # fmt: skip
