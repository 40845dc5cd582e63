"""Every diagnostic code of the product and its story, for `tapeql explain E102` and for the docs.

E0xx syntax · E1xx names · E2xx types and units · E3xx lookahead · E4xx data and range · E5xx limits
W… lints · N… notes
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """What a code means. `wrong` earns the code and `right` does not; both are whole statements, or empty."""

    title: str
    text: str
    wrong: str = ""
    right: str = ""


CODES: dict[str, Story] = {}
"""By code, in the order they are told. A room that brings a code of its own adds it with `tell`."""


def tell(code: str, title: str, text: str, wrong: str = "", right: str = "") -> None:
    """Adds a code; two stories for one code are a bug."""
    if code in CODES:
        raise ValueError(f"{code} is told twice")
    CODES[code] = Story(title, text, wrong, right)


def explain(code: str) -> str | None:
    """The long story of a code as text; None for a code that does not exist."""
    code = code.strip().upper()
    story = CODES.get(code)
    if story is None:
        return None
    parts = [f"{code} {story.title}", story.text]
    parts += [f"wrong:\n    {story.wrong}"] if story.wrong else []
    parts += [f"right:\n    {story.right}"] if story.right else []
    return "\n\n".join(parts)


_BTC = "CANDLES 1h FROM binance:BTCUSDT"
_AAPL = "CANDLES 1h FROM nasdaq:AAPL"

# ── syntax ────────────────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E001",
    "the statement is empty",
    "There is nothing between two semicolons, or nothing at all. A `;` after the last statement is fine.",
    f"{_BTC};; SHOW symbols",
    f"{_BTC}; SHOW symbols",
)
tell(
    "E002",
    "a word that cannot stand here",
    "The sentence makes sense up to this word. The message says what could have come instead. A query is a verb\n"
    "(CANDLES with an interval, TICKS, QUOTES or DAYS) and then clauses in any order.",
    f"{_BTC} WHERE close > AND volume > 5",
    f"{_BTC} WHERE close > 1 AND volume > 5",
)
tell(
    "E003",
    "the statement breaks off",
    "More was expected after the last word.",
    f"{_BTC} WHERE close >",
    f"{_BTC} WHERE close > 100",
)
tell(
    "E004",
    "a bracket without its partner",
    "The caret stands under the bracket that was opened and never closed, or that closes nothing.",
    f"{_BTC} WHERE (close > 1 AND volume > 5",
    f"{_BTC} WHERE (close > 1 AND volume > 5)",
)
tell(
    "E005",
    "a string that never ends",
    "Strings stand in single quotes on one line; a quote inside is written twice: 'it''s'.",
    "TICKS FROM binance:BTCUSDT WHERE side = 'buy",
    "TICKS FROM binance:BTCUSDT WHERE side = 'buy'",
)
tell(
    "E006",
    "a character without a meaning",
    "Names hold letters a to z, digits and `_`; strings stand in single quotes. Powers and remainders are functions:\n"
    "pow(x, y), mod(x, y).",
    f"{_BTC} WHERE close ^ 2 > 5",
    f"{_BTC} WHERE pow(close, 2) > 5",
)
tell(
    "E007",
    "an operator of another language",
    "Equality is `=`, conditions are joined by AND, OR and NOT.",
    f"{_BTC} WHERE close == 5 && !premarket",
    f"{_BTC} WHERE close = 5 AND NOT premarket",
)
tell(
    "E008",
    "a unit of time that does not exist",
    "Durations count ns, us, ms, s, m, h, d, bd (sessions of the calendar), w, mo, q and y, in small letters and whole\n"
    "numbers: 1h30m, not 1.5h. `1m` is a minute and `1mo` a month; `1M`, which is a month in some tools, is refused so\n"
    "that nobody gets the other one.",
    "CANDLES 1H FROM binance:BTCUSDT",
    "CANDLES 1h FROM binance:BTCUSDT",
)
tell(
    "E009",
    "not a date or a time",
    "A date is 2025, 2025-03, 2025-Q1, 2025-W03, 2025-03-10 or 2025-03-10T09:30 (with Z or +01:00 where it should not be\n"
    "read in the query's zone), today, yesterday or now, without quotes. A range of the past is `last 30d`.",
    f"{_BTC} DURING '2025-03-10'",
    f"{_BTC} DURING 2025-03-10",
)
tell(
    "E010",
    "a clause given twice",
    "Clauses may come in any order, but each only once; the message names both places. Two conditions are joined by AND.",
    f"{_BTC} WHERE close > 1 WHERE volume > 5",
    f"{_BTC} WHERE close > 1 AND volume > 5",
)
tell(
    "E011",
    "a misspelt keyword",
    "The word is no keyword, but close to one that could stand here.",
    f"{_BTC} WEHRE close > 1",
    f"{_BTC} WHERE close > 1",
)
tell(
    "E012",
    "a reserved word as a name",
    "Words that open clauses and the words of conditions (FROM, WHERE, AND, …) cannot name a column. Most other words\n"
    "can, also last, max, step, label, open and close.",
    f"{_BTC} ADD close AS from",
    f"{_BTC} ADD close AS origin",
)
tell(
    "E013",
    "comparisons do not chain",
    "`a < b < c` would compare a truth value with c. Say both comparisons, or use BETWEEN, which includes both ends.",
    f"{_BTC} WHERE 1 < close < 5",
    f"{_BTC} WHERE close > 1 AND close < 5",
)
tell(
    "E015",
    "not a number",
    "Numbers are written 1000, 1_000, 0.5 or 1e6, with % or bps behind them where that is meant.",
    f"{_BTC} WHERE close > 12abc3",
    f"{_BTC} WHERE close > 123",
)

tell(
    "E016",
    "more than one statement to answer",
    "A text is answered once. SETs may come before the statement that is; send other statements one at a time.",
)
tell(
    "E017",
    "a request that cannot be read",
    'A request to a server is the text of a query in UTF-8, or a JSON object {"query": "…", "params": {…}}; `now` is an\n'
    "instant such as 2025-03-10T13:30:00Z.",
)

# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E101",
    "unknown column or name",
    "Rows have the fixed columns of their verb, the measures of a spread (spread, spread_pct, mid, bid, ask), a session's\n"
    "measures (premarket.high), the names of sessions as conditions (premarket), and what ADD … AS names.",
    f"{_BTC} WHERE closing > 5",
    f"{_BTC} WHERE close > 5",
)
tell(
    "E102",
    "unknown function",
    "`SHOW functions` lists them all, `DESCRIBE sma` tells everything about one.",
    f"{_BTC} WHERE close > smaa(20)",
    f"{_BTC} WHERE close > sma(20)",
)
tell(
    "E103",
    "unknown symbol",
    "No store that is asked holds this symbol, or nothing fits the pattern. Symbols are `venue:code`, as `SHOW symbols`\n"
    "lists them; `SET venue = binance` allows the bare code.",
    "CANDLES 1h FROM binance:BTCUSD",
    "CANDLES 1h FROM binance:BTCUSDT",
)
tell(
    "E104",
    "unknown session",
    "Sessions belong to a calendar: premarket, regular and aftermarket on US stock exchanges, regular elsewhere.\n"
    "Any span of local times can be written out.",
    f"{_AAPL} SESSION morning",
    f"{_AAPL} SESSION 09:30 .. 12:00",
)
tell(
    "E105",
    "unknown calendar",
    "Calendars are named by the exchange's MIC (XNYS, XLON, XTKS), or `24x7`, or `forex`.",
    f"{_AAPL} CALENDAR NYSE1",
    f"{_AAPL} CALENDAR XNYS",
)
tell(
    "E106",
    "unknown time zone",
    "Zones have IANA names. Abbreviations such as EST are refused: they hide the clock changes.",
    f"{_AAPL} TZ New_York",
    f"{_AAPL} TZ America/New_York",
)
tell(
    "E107",
    "unknown setting",
    "SET knows tz, calendar, strict, venue, engine, threads and memory, each with values of its own.",
    "SET timezone = UTC",
    "SET tz = UTC",
)
tell(
    "E108",
    "a parameter without a value, or a value without a parameter",
    "Every `$name` in the text needs a value from the client (`--param name=value`, or a keyword argument in Python),\n"
    "and every value needs its `$name`. Nothing runs before both fit.",
    f"{_BTC} WHERE volume > $minvol",
    f"{_BTC} WHERE volume > 100",
)
tell(
    "E109",
    "two columns of one name",
    "Every column of a result has a name of its own. AS gives another one.",
    f"{_BTC} ADD close + 1 AS x, close + 2 AS x",
    f"{_BTC} ADD close + 1 AS x, close + 2 AS y",
)
tell(
    "E110",
    "arguments that do not fit the function",
    "Series may be left out and then are what TA-Lib takes: sma(20) is sma(close, 20). Parameters may be named:\n"
    "macd(fast = 12, slow = 26, signal = 9). DESCRIBE shows how a function is called.",
    f"{_BTC} WHERE close > sma(20, 30, 40)",
    f"{_BTC} WHERE close > sma(20)",
)
tell(
    "E111",
    "no such output",
    "A function with several outputs has names for them: macd(12, 26, 9).hist. DESCRIBE lists them.",
    f"{_BTC} WHERE macd(12, 26, 9).histo > 0",
    f"{_BTC} WHERE macd(12, 26, 9).hist > 0",
)

tell(
    "E112",
    "no such file",
    "FROM 'trades/*.parquet' reads files where they lie: a file, a folder, or a pattern, from the folder the program runs\n"
    "in. Stored symbols are written without quotes.",
    "CANDLES 1h FROM 'binance:BTCUSDT'",
    "CANDLES 1h FROM binance:BTCUSDT",
)

# ── types and units ───────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E201",
    "types that do not fit",
    "Numbers are compared with numbers, texts with texts, instants with instants; arithmetic takes numbers; WHERE,\n"
    "AND, OR and NOT take conditions.",
    f"{_BTC} WHERE close > 'high'",
    f"{_BTC} WHERE close > high[1]",
)
tell(
    "E202",
    "units that do not fit",
    "A literal with % or bps is converted where it meets a column in percent (`*_pct`) or a fraction such as returns(n).\n"
    "Against a price or a count it has no meaning.",
    f"{_BTC} WHERE close > 5%",
    f"{_BTC} WHERE spread_pct < 5bps",
)
tell(
    "E203",
    "not an interval",
    "Bars within a day last at most 24 hours: 90s, 1h30m. Longer ones count whole calendar units of one kind: 1d, 2w,\n"
    "1mo, 1q, 1y. The two cannot be mixed.",
    "CANDLES 1d12h FROM binance:BTCUSDT",
    "CANDLES 12h FROM binance:BTCUSDT",
)
tell(
    "E204",
    "an aggregate without a window",
    "avg(volume) over which rows? A window of n rows includes the current one: avg(volume, 20). The whole range, which\n"
    "looks into the future, must be said: avg(volume) OVER ALL.",
    f"{_BTC} WHERE volume > avg(volume)",
    f"{_BTC} WHERE volume > avg(volume, 20)",
)
tell(
    "E205",
    "a session as a condition on bars of a day or longer",
    "`premarket` is true for bars that lie wholly inside the session; a bar of a day never does. SESSION premarket\n"
    "builds the bars from that session alone, premarket.high is a measure of it.",
    "CANDLES 1d FROM nasdaq:AAPL WHERE premarket",
    "CANDLES 1d FROM nasdaq:AAPL SESSION premarket",
)
tell(
    "E206",
    "an index into the future",
    "`close[1]` is the bar before. There is no `close[-1]`: no rule may see the bar after.",
    f"{_BTC} WHERE close < close[-1]",
    f"{_BTC} WHERE close > close[1]",
)
tell(
    "E207",
    "a clause that does not fit the query",
    "FILL, ALIGN, LABEL and TICKS WHERE are about bars, so they mean nothing for TICKS or QUOTES. DURING says the whole\n"
    "range, SINCE and UNTIL say its ends. FROM says what is asked about.",
    "TICKS FROM binance:BTCUSDT FILL previous",
    "CANDLES 1m FROM binance:BTCUSDT FILL previous",
)
tell(
    "E208",
    "a value out of its range",
    "Windows, lengths and factors of functions are constants within the range that DESCRIBE shows.",
    f"{_BTC} WHERE close > sma(0)",
    f"{_BTC} WHERE close > sma(20)",
)

# ── lookahead ─────────────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E301",
    "strict mode refuses to read the future",
    "With `SET strict = on`, nothing may use what was not yet known when its bar closed: a whole-range average,\n"
    "FILL linear, days chosen by their own later hours.",
    f"SET strict = on; {_BTC} WHERE volume > avg(volume) OVER ALL",
    f"SET strict = on; {_BTC} WHERE volume > avg(volume, 100)",
)

# ── data and range ────────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E401",
    "the range ends before it begins",
    "Ranges run from left to right. A date on the right counts whole: 2025-01 .. 2025-03 is three months.",
    f"{_BTC} DURING 2025-03 .. 2025-01",
    f"{_BTC} DURING 2025-01 .. 2025-03",
)
tell(
    "E402",
    "no stored bars build these",
    "There are no trades for some of the time, and the stored candles are too coarse, or their edges do not fall on the\n"
    "edges of the bars asked for: 1m bars cannot come from 1h candles, bars from 09:30 cannot come from full hours.\n"
    "The message names what is stored.",
)
tell(
    "E403",
    "nothing of the needed kind is stored",
    "Spreads need quotes, TICKS needs trades. `SHOW symbols` lists what is stored for each symbol.",
)
tell(
    "E404",
    "no such date",
    "The date has the right form, but the calendar does not have that day, week or time.",
    f"{_BTC} DURING 2025-02-30",
    f"{_BTC} DURING 2025-02-28",
)
tell(
    "E405",
    "TICKS WHERE needs trades",
    "It chooses the trades that bars are built from. Candles hold trades that nobody can take apart again, so where only\n"
    "candles are stored there is nothing to choose.",
)
tell(
    "E406",
    "a file or a table that cannot be asked as it is",
    "What a file or a table holds is told by its columns, its name and its rows, as at import. What they do not say is said in\n"
    "the sentence: AS gives the symbol (and with its venue the calendar), TZ the zone of times without one. What a sentence\n"
    "cannot say (the length of candles, the order of day and month, columns of unusual names) `tapeql import` is told by its\n"
    "flags. Rows that cannot be used are named; none is left out silently.",
)
tell("E410", "a date too far away", "Dates lie between the years that the message names.")
tell(
    "E411",
    "a range without a calendar",
    "Sessions are known only between the dates that the message names. Name a range inside with DURING.",
)

# ── limits ────────────────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "E501",
    "the text is too long",
    "A query has at most 64 KiB. Long lists of symbols are better said by a glob: binance:*USDT.",
)
tell(
    "E502",
    "too deeply nested",
    "At most 64 levels of parentheses, calls, CASE, signs and NOT. ADD gives names to parts: ADD … AS x.",
    f"{_BTC} WHERE {'(' * 70}close{')' * 70} > 1",
    f"{_BTC} WHERE close > 1",
)
tell(
    "E503",
    "too many operators",
    "At most 500 operators in one statement. Long lists of values are `x IN (…)`.",
    f"{_BTC} ADD {' + '.join(['close'] * 502)} AS x",
    f"{_BTC} ADD close * 502 AS x",
)
tell(
    "E504",
    "too many of something in one statement",
    "Stages of `|>`, items of a clause and values of a list are limited by number, so that no text takes the server's\n"
    "time or memory. The message names the limit.",
)
tell(
    "E510",
    "not in this version",
    "The word belongs to the language, but this version does not know it yet.",
    f"{_BTC} WHERE close > sma(200)@1d",
    f"{_BTC} WHERE close > sma(200)",
)
tell(
    "E511",
    "files and tables stay with their owner",
    "A server opens no path that a client names, and takes no tables. Ask them where they lie: `tapeql query` and\n"
    "`tapeql.query(sentence, t=df)` need no server and no lake.",
)

# ── lints and notes ───────────────────────────────────────────────────────────────────────────────────────────────────

tell(
    "W201",
    "a percentage that looks like a fraction",
    "Columns called *_pct are in percent, so a bare 0.0005 is 0.0005%. Write the unit to say what is meant.",
    f"{_BTC} WHERE spread_pct < 0.0005",
    f"{_BTC} WHERE spread_pct < 0.05%",
)
tell(
    "W202",
    "days left out because their sources mix",
    "A bar never mixes trades with stored candles. Days that would need both are left out.",
)
tell(
    "W203",
    "a comparison with NULL",
    "NULL is not a value: nothing equals it, and WHERE passes only what is true. IS NULL asks for it.",
    f"{_BTC} WHERE vwap = NULL",
    f"{_BTC} WHERE vwap IS NULL",
)
tell(
    "W401",
    "too little history",
    "Windows and indicators read rows before the range, and fewer are stored than they need. The first values are NULL,\n"
    "or not settled yet. WARMUP says otherwise, a later range has more history.",
)
tell(
    "N101",
    "session words use the reference calendar",
    "The venue never closes, so premarket, regular and aftermarket are those of the calendar that `SET calendar` names,\n"
    "XNYS unless set. On its weekends and holidays they are false and their measures NULL.",
)
tell(
    "N102",
    "dates are read in UTC",
    "The symbols' calendars keep different local times, so dates without a zone are read in UTC. TZ or SET tz decides.",
)
tell(
    "N103",
    "a local time that the clocks skip or repeat",
    "When clocks change, an hour of local time does not exist or comes twice. The note says how it was read; an offset\n"
    "behind the time leaves no doubt: 2025-11-02T01:30-05:00.",
)
tell(
    "N106",
    "stored candles make none of the bars asked for",
    "Candles lie in bars whole or not at all. Where only such candles are stored, there are no bars; the interval they\n"
    "are stored in, or ALIGN epoch, shows them.",
)
tell(
    "N107",
    "some trades of a bar are missing",
    "Nothing stored holds the whole of the bar's time, but something tells that there was more: candles, or trades on\n"
    "either side of a gap. The bar shows what there is.",
)
tell(
    "N108",
    "bars of candles are left out",
    "TICKS WHERE chooses among trades. For some of the range only candles are stored; their bars would not be what was\n"
    "asked for.",
)
tell(
    "N109",
    "how a file or a table was read",
    "It was told by its columns, its name and its rows rather than by the sentence. AS names its symbol, TZ the zone of\n"
    "times without one.",
)
tell(
    "N301",
    "a part of the query reads the future",
    "What is marked was not known when the bar closed. That is fine for studying the past and not for a backtest;\n"
    "`SET strict = on` refuses it.",
)
