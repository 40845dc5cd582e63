"""Random valid query texts over a recorded tape, of every verb, clause and form of expression, leaning to ones with rows.

A series has a dimension (price, volume, percent, …), and only like is compared with like: a condition is then true about
half the time, and most queries answer something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from hypothesis import strategies as st

from tapeql import calendars
from tapeql.functions.registry import functions
from tests.oracle.tape import Tape

Draw = Callable[[st.SearchStrategy[Any]], Any]
INTRADAY = ("1m", "5m", "7m", "15m", "30m", "1h", "1h30m", "2h", "4h", "6h", "45s")
CALENDAR_UNITS = ("1d", "1d", "1d", "2d", "3d", "1w", "2w", "1mo", "1q", "1y")
ZONES = ("UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe", "'Asia/Tokyo'")
SESSIONS = ("premarket", "regular", "aftermarket")
MEASURES = {"spread": "change", "spread_pct": "percent", "mid": "price", "bid": "price", "ask": "price"}
BAR = {
    "open": "price", "high": "price", "low": "price", "close": "price", "vwap": "price", "volume": "volume", "trades": "count",
}  # fmt: skip
TICK = {"price": "price", "quantity": "volume"}
PREVAILING = {
    "bid": "price", "ask": "price", "mid": "price", "spread": "change", "spread_pct": "percent", "bid_size": "volume",
    "ask_size": "volume",
}  # fmt: skip
QUOTE = {
    "bid": "price", "ask": "price", "mid": "price", "spread": "change", "spread_pct": "percent", "bid_size": "volume",
}  # fmt: skip
STORED = {
    "bar": ("open", "high", "low", "close", "trades"), "tick": ("price", "quantity"), "quote": ("bid", "ask"),
}  # fmt: skip
"""Columns without any rounding, for what blows rounding up: differences, roots, equality."""
UNITS = {"percent": "percent", "fraction": "fraction", "ratio": "ratio", "index": "index", "count": "count"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The symbols of a query and, where it has one, its CALENDAR."""

    tape: Tape
    names: tuple[tuple[str, str], ...]
    calendar: str | None

    @property
    def sessions(self) -> tuple[str, ...]:
        """The session words that mean something."""
        own = {self.calendar or calendars.calendar_of(venue) for venue, _ in self.names}
        known = [calendars.session_names("XNYS" if calendar == "24x7" else calendar) for calendar in sorted(own)]
        return tuple(dict.fromkeys(name for names in known for name in names if name in SESSIONS))


@dataclass(frozen=True, slots=True)
class Asking:
    """What the rows of one query may be asked."""

    draw: Draw
    scope: Scope
    kind: str
    intraday: bool
    by_amount: bool = False
    quoted: bool = False

    @property
    def timed(self) -> bool:
        """Rows are bars on a grid of time."""
        return self.kind == "bar" and not self.by_amount

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        return self.scope.names

    @property
    def tape(self) -> Tape:
        return self.scope.tape

    @property
    def all_traded(self) -> bool:
        """TICKS WHERE has what it filters; seldom asked without, which is refused."""
        return self.chance(5) or all(self.tape.symbols[name].trades for name in self.names)

    @property
    def columns(self) -> dict[str, str]:
        own = {"bar": BAR, "tick": TICK, "quote": QUOTE}[self.kind]
        return own | PREVAILING if self.quoted else own

    def one_of(self, *texts: str) -> str:
        return str(self.draw(st.sampled_from(texts)))

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def chance(self, percent: int) -> bool:
        """Shrinks to not happening."""
        return self.number(0, 99) >= 100 - percent


VERBS = ("CANDLES",) * 6 + ("DAYS",) * 2 + ("TICKS", "QUOTES", "RANGES", "|>", "STATS", "AMOUNTS", "PROFILE", "PRICES")


@st.composite
def queries(draw: Draw, tape: Tape, verbs: tuple[str, ...] = VERBS) -> str:
    """The text of one query that the tape can answer."""
    verb = draw(st.sampled_from(verbs))
    calendar = draw(st.sampled_from((None,) * 15 + ("XNYS", "24x7", "XLON")))
    scope = Scope(tape, names_for(draw, tape, verb), calendar)
    match verb:
        case "CANDLES":
            return candles(draw, scope, piped=False)
        case "DAYS":
            return days(draw, scope)
        case "RANGES":
            return ranges(draw, scope)
        case "AMOUNTS":
            return bars_by_amount(draw, Scope(tape, names_for(draw, tape, "TICKS"), calendar))
        case "PRICES":
            return prices(draw, Scope(tape, names_for(draw, tape, "TICKS"), calendar))
        case "PROFILE":
            return profile(draw, Scope(tape, names_for(draw, tape, "TICKS"), calendar))
        case "STATS":
            of = draw(st.sampled_from(("1h", "TICKS", "QUOTES")))
            return stats(draw, Scope(tape, names_for(draw, tape, of), calendar), of)
        case "|>":
            then = draw(st.sampled_from(("CANDLES", "CANDLES", "TICKS", "QUOTES")))
            scope = Scope(tape, names_for(draw, tape, then), calendar)
            right = candles(draw, scope, piped=True) if then == "CANDLES" else moments(draw, scope, then, piped=True)
            left = draw(st.sampled_from((days, days, ranges)))
            return f"{left(draw, scope, limited=False)} |> {right}"
        case _:
            return moments(draw, scope, verb, piped=False)


def names_for(draw: Draw, tape: Tape, verb: str) -> tuple[tuple[str, str], ...]:
    stored = {"TICKS": "trades", "QUOTES": "quotes"}.get(verb)
    known = sorted(n for n, r in tape.symbols.items() if stored is None or getattr(r, stored)) or sorted(tape.symbols)
    return tuple(sorted(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))))


# ── verbs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def candles(draw: Draw, scope: Scope, piped: bool) -> str:
    intraday = draw(st.integers(0, 9)) < 7
    asking = Asking(draw, scope, "bar", intraday)
    by_days = piped or asking.chance(12)
    interval = asking.one_of(*(INTRADAY if intraday else ("1d",) if by_days else CALENDAR_UNITS))
    clauses = [] if piped else where_from(asking)
    if asking.chance(25):
        clauses.append(session(asking))
    if asking.chance(12) and asking.all_traded:
        clauses.append(f"TICKS WHERE {condition(Asking(draw, scope, 'tick', True), 1, plain=True)}")
    if by_days and not piped:
        clauses.append(f"ON DAYS WHERE {condition(Asking(draw, scope, 'bar', False), 1)}")
    if intraday and asking.chance(15):
        clauses.append(f"ALIGN {asking.one_of('epoch', 'session', '09:30', '7:15')}")
    if intraday and asking.chance(8):
        clauses.append(f"OFFSET {asking.one_of('15m', '30m', '10s')}")
    if asking.chance(14):
        interval = asking.one_of("15m", "30m", "1h", "2h", "4h") if intraday else interval
        clauses.append(fill(asking))
    if asking.chance(10):
        clauses.append("STYLE heikin_ashi")
    if asking.chance(10):
        clauses.append(f"LABEL {asking.one_of('close', 'open')}")
    if asking.chance(20):
        clauses.append("KEEP partial")
    return finished(asking, f"CANDLES {interval}", clauses)


def bars_by_amount(draw: Draw, scope: Scope) -> str:
    asking = Asking(draw, scope, "bar", True, by_amount=True)
    clauses = where_from(asking)
    if asking.chance(25):
        clauses.append(session(asking))
    if asking.chance(12):
        clauses.append(f"TICKS WHERE {condition(Asking(draw, scope, 'tick', True), 1, plain=True)}")
    if asking.chance(40):
        clauses.append("KEEP partial")
    return finished(asking, f"CANDLES {amount(asking)}", clauses)


def amount(asking: Asking) -> str:
    """So much that a symbol's trades make some bars."""
    trades = [trade for name in asking.names for trade in asking.tape.symbols[name].trades]
    by = asking.one_of("ticks", "volume", "notional", "renko", "range")
    if by == "ticks":
        return f"{asking.number(1, max(len(trades) // 8, 2))} ticks"
    prices = sorted(trade["price"] for trade in trades) or [1.0]
    apart = (prices[-1] - prices[0]) / asking.number(2, 12) or 1.0
    quantity = sum(trade["quantity"] for trade in trades) / asking.number(2, 40) or 1.0
    size = {"volume": quantity, "notional": quantity * (abs(median(prices)) or 1.0)}.get(by, apart)
    return f"{float(f'{size:.3g}')!r} {by}"


def days(draw: Draw, scope: Scope, limited: bool = True) -> str:
    asking = Asking(draw, scope, "bar", False)
    clauses = where_from(asking)
    if asking.chance(15):
        clauses.append(session(asking))
    if asking.chance(8) and asking.all_traded:
        clauses.append(f"TICKS WHERE {condition(Asking(draw, scope, 'tick', True), 1, plain=True)}")
    if asking.chance(20):
        clauses.append("KEEP partial")
    if asking.chance(75):
        clauses.append(f"WHERE {condition(asking, 2)}")
    if limited and asking.chance(15):
        clauses.append(f"ORDER BY {order(asking)}")
    if limited and asking.chance(15):
        clauses.append(limit(asking))
    return written(asking, "DAYS", clauses)


def ranges(draw: Draw, scope: Scope, limited: bool = True) -> str:
    asking = Asking(draw, scope, "bar", draw(st.integers(0, 9)) < 7)
    interval = asking.one_of(*(INTRADAY if asking.intraday else CALENDAR_UNITS))
    clauses = [*where_from(asking), f"WHERE {condition(asking, 2)}"]
    if asking.chance(20):
        clauses.append(session(asking))
    if limited and asking.chance(40):
        clauses.append(f"ADD {asking.one_of('bars * 2 AS twice', 'start[1] AS before', 'sum(bars, 2) AS two')}")
    if limited and asking.chance(20):
        clauses.append(f"ORDER BY {asking.one_of('bars DESC', 'end', 'start')}")
    if limited and asking.chance(20):
        clauses.append(limit(asking, "bars", "bars > 2, symbol"))
    return written(asking, f"RANGES {interval}", clauses)


def stats(draw: Draw, scope: Scope, of: str) -> str:
    kind = {"TICKS": "tick", "QUOTES": "quote"}.get(of, "bar")
    asking = Asking(draw, scope, kind, True)
    clauses = where_from(asking)
    if kind == "tick" and asking.chance(30):
        clauses.append(as_of(asking))
        asking = replace(asking, quoted=True)
    if asking.chance(25):
        clauses.append(session(asking))
    if asking.chance(40):
        clauses.append(f"WHERE {condition(asking, 2)}")
    if asking.chance(50):
        clauses.append(f"EVERY {asking.one_of('10m', '1h', '4h', '1d', '1w')}")
    if asking.chance(60):
        own = ("session", "weekday, hour", "symbol", "symbol, session_date", "day", "month > 2 AS late, symbol")
        clauses.append(f"PER {asking.one_of(*own, *(() if kind == 'bar' else ('market', 'symbol, market')))}")
    if asking.chance(80):
        clauses.append("SELECT " + ", ".join(f"{aggregate(asking)} AS a{n}" for n in range(asking.number(1, 4))))
    if asking.chance(20):
        clauses.append(f"ORDER BY {aggregate(asking)}{asking.one_of('', ' DESC')}")
    if asking.chance(20):
        clauses.append(f"LIMIT {'LAST ' if asking.chance(40) else ''}{asking.number(1, 12)}")
    return written(asking, f"STATS {of}" if kind == "bar" else f"STATS OF {of}", clauses)


def prices(draw: Draw, scope: Scope) -> str:
    """VWAP and TWAP."""
    asking = Asking(draw, scope, "bar", True)
    clauses = where_from(asking)
    if asking.chance(25):
        clauses.append(session(asking))
    if asking.chance(30):
        clauses.append("KEEP partial")
    if asking.chance(20):
        clauses.append(f"ALIGN {asking.one_of('epoch', '09:30')}")
    if asking.chance(10):
        clauses.append(f"TICKS WHERE {condition(Asking(draw, scope, 'tick', True), 1, plain=True)}")
    interval = asking.one_of("5m", "15m", "1h", "4h", "1d")
    if interval == "1d":
        clauses = [clause for clause in clauses if not clause.startswith("ALIGN")]
    if asking.chance(40):
        return finished(asking, f"TWAP {interval}", clauses)
    if asking.chance(80):
        clauses.append(f"ANCHOR {asking.one_of('session', 'day', 'week', 'month', '09:30', '14:00')}")
    if asking.chance(60):
        clauses.append(f"BANDS {asking.one_of('1', '1, 2', '0.5, 1.5, 3')}")
    return finished(asking, f"VWAP {interval}", clauses)


def profile(draw: Draw, scope: Scope) -> str:
    asking = Asking(draw, scope, "tick", True)
    clauses = where_from(asking)
    if asking.chance(30):
        clauses.append(session(asking))
    if asking.chance(30):
        clauses.append(f"WHERE {condition(asking, 1)}")
    if asking.chance(30):
        clauses.append(f"EVERY {asking.one_of('1h', '4h', '1d')}")
    if asking.chance(50):
        clauses.append(f"PER {asking.one_of('day', 'session', 'weekday, hour', 'month > 2 AS late')}")
    told = ("poc()", "value_area(70%)", "value_area(0.5) AS half", "poc() / price AS apart", "value_area(90%).high")
    if asking.chance(60):
        chosen = ", ".join(asking.draw(st.lists(st.sampled_from(told), min_size=1, max_size=3, unique=True)))
        clauses.append(asking.one_of(f"ADD {chosen}", f"SELECT price, buy_volume / volume AS bought, {chosen}"))
    if asking.chance(20):
        clauses.append(f"ORDER BY {asking.one_of('volume DESC', 'price', 'trades DESC, price')}")
    if asking.chance(20):
        clauses.append(limit(asking, "symbol"))
    size = asking.one_of("STEP 0.5", "STEP 0.1", "STEP 10", "1 BINS", "5 BINS", "50 BINS")
    return written(asking, f"PROFILE {size}", clauses)


def aggregate(asking: Asking) -> str:
    """One of a group, or arithmetic of two."""
    x, _ = series(asking, 1)
    own = tuple(name for name in STORED[asking.kind])
    column, other = asking.one_of(*own), asking.one_of(*own)
    text = asking.one_of(
        "count()", f"count({x})", f"count_distinct({column})", f"sum({x})", f"avg({x})", f"wavg({column}, {other})",
        f"min({x})", f"max({x})", "first(ts)", f"last({column})", f"arg_min({column}, {other})", f"arg_max(ts, {column})",
        f"median({x})", f"percentile({column}, {asking.one_of('5', '50', '99.5')})", f"stddev({column})",
        f"variance({column})", f"corr({column}, {other})", f"beta({column}, {other})", "max(symbol)",
    )  # fmt: skip
    return f"{text} / count()" if asking.chance(15) and "ts" not in text and "symbol" not in text else text


def moments(draw: Draw, scope: Scope, verb: str, piped: bool) -> str:
    asking = Asking(draw, scope, "tick" if verb == "TICKS" else "quote", True)
    clauses = [] if piped else where_from(asking)
    if asking.chance(25):
        clauses.append(session(asking))
    if verb == "TICKS" and asking.chance(20):
        clauses.append(f"TICKS WHERE {condition(asking, 1, plain=True)}")
    if verb == "TICKS" and asking.chance(40):
        clauses.append(as_of(asking))
        asking = replace(asking, quoted=True)
    if not piped and asking.chance(12):
        clauses.append(f"ON DAYS WHERE {condition(Asking(draw, scope, 'bar', False), 1)}")
    return finished(asking, verb, clauses)


def finished(asking: Asking, verb: str, clauses: list[str]) -> str:
    """The clauses about output that every verb but DAYS has."""
    if asking.chance(12):
        clauses.append(match(asking))
    stored = [asking.tape.symbols[name] for name in asking.names]
    if asking.chance(10) and any(symbol.trades or symbol.candles for symbol in stored):
        clauses.append(around(asking))
    if asking.chance(55):
        clauses.append(f"WHERE {condition(asking, 2)}")
    if asking.chance(50):
        clauses.append(f"ADD {items(asking)}")
    elif asking.chance(25):
        clauses.append(f"SELECT ts, symbol, {items(asking)}")
    if asking.chance(20):
        clauses.append(f"ORDER BY {order(asking)}")
    if asking.chance(20):
        clauses.append(limit(asking))
    return written(asking, verb, clauses)


def written(asking: Asking, verb: str, clauses: list[str]) -> str:
    """Clauses in any order, but that a PER behind a LIMIT would be the LIMIT's."""
    ordered = asking.draw(st.permutations(clauses))
    ordered.sort(key=lambda clause: clause.startswith("LIMIT") and any(c.startswith("PER") for c in clauses))
    return " ".join([verb, *ordered])


# ── clauses ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def where_from(asking: Asking) -> list[str]:
    """FROM, the range, TZ and CALENDAR."""
    names = asking.names
    if len({venue for venue, _ in names}) == 1 and asking.chance(25):
        stored = [code for venue, code in asking.tape.symbols if venue == names[0][0]]
        listed = f"{names[0][0]}:{{{','.join(code for _, code in names)}}}"
        whole = asking.kind == "bar" or len(stored) == len(names)
        clauses = ["FROM " + asking.one_of(listed, f"{names[0][0]}:*" if whole else listed)]
    else:
        clauses = ["FROM " + ", ".join(f"{venue}:{code}" for venue, code in names)]
    clauses += during(asking)
    if asking.chance(30):
        clauses.append(f"TZ {asking.one_of(*ZONES)}")
    if asking.scope.calendar is not None:
        clauses.append(f"CALENDAR {asking.scope.calendar}")
    return clauses


def during(asking: Asking) -> list[str]:
    """A range around what is stored, in one of the ways to write it; mostly a wide one."""
    stamps = sorted(
        row["ts"]
        for name in asking.names
        for rows in (
            asking.tape.symbols[name].trades, asking.tape.symbols[name].quotes,
            *asking.tape.symbols[name].candles.values(),
        )
        for row in rows
    )  # fmt: skip
    if asking.chance(15):
        return []

    def moment(us: int) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)

    early = moment(stamps[asking.number(0, len(stamps) // 3)])
    late = moment(stamps[asking.number(len(stamps) // 3, len(stamps) - 1)])
    first, last = early.date().isoformat(), late.date().isoformat()
    match asking.number(0, 15):
        case 0:
            return [f"DURING {last}"]
        case 1:
            return [f"DURING {last[:7]}"]
        case 2:
            year, week, _ = late.isocalendar()
            return [f"DURING {year}-W{week:02}"]
        case 3:
            return [f"DURING {late.year}-Q{(late.month + 2) // 3}"]
        case 4:
            return [f"DURING {late.year}"]
        case 5 | 6:
            return [f"SINCE {first}"]
        case 7:
            return [f"UNTIL {last}"]
        case 8:
            return [f"SINCE {first}", f"UNTIL {last}"]
        case 9:
            return [f"DURING last {asking.one_of('3d', '1w', '1mo', '5bd', '60h', '1y')}"]
        case 10:
            return [f"DURING {early:%Y-%m-%dT%H:%MZ} .. {late + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"]
        case 11:
            return [f"DURING {early:%Y-%m-%d} .. {late + timedelta(hours=30):%Y-%m-%dT%H:%M}"]
        case 12:
            return [f"DURING {first[:7]} .. {last[:7]}"]
        case _:
            return [f"DURING {first} .. {last}"]


def as_of(asking: Asking) -> str:
    lag = asking.one_of("", "", " LAG 1us", " LAG 5m", " LAG 26h")
    tolerance = asking.one_of("", "", " TOLERANCE 90s", " TOLERANCE 20m") if "h" not in lag else ""
    return f"ASOF QUOTES{lag}{tolerance if '5m' not in lag else ''}"


def match(asking: Asking) -> str:
    """A pattern of two steps, told apart or not, and how long it may last."""
    up = f"{asking.one_of(*STORED[asking.kind])} > {asking.one_of(*STORED[asking.kind])}[1]"
    steps = asking.one_of(
        f"a IS {up}, b IS NOT {up}",
        f"a IS {up}, b IS TRUE",
        f"a IS {condition(asking, 1)}, b IS {condition(asking, 1)}",
    )
    pattern = asking.one_of(
        "a b", "a{2,} b+", "a+ b?", "(a | b a){1,2} b*", "b (a b)+ | a", "a* b", "(a? b){2}", "a{1,3}", "b+ a* b",
        "(a+ | b){2,3} a", "a (b b | b)? a",
    )  # fmt: skip
    if "b" not in pattern:
        steps = f"a IS {up}"
    return f"MATCH ({pattern}) WHEN {steps}{asking.one_of('', ' WITHIN 2h', ' WITHIN 20m', ' WITHIN 5d')}"


def around(asking: Asking) -> str:
    """Days or ranges of the same symbols, and how far around them."""
    left = asking.draw(st.sampled_from((days, ranges)))(asking.draw, asking.scope, limited=False)
    reach = asking.one_of("", " BEFORE 90m", " AFTER 1d", " BEFORE 1d AFTER 3h", " AFTER 20m BEFORE 3h")
    return f"AROUND ({left}){reach}"


def session(asking: Asking) -> str:
    words = asking.scope.sessions
    named = [*words, "regular", ", ".join(words[:2]), ", ".join(words)]
    return "SESSION " + asking.one_of(
        *named, "08:00..10:30 OF XNYS", "9:30..16:00 OF XNYS", "13:45..18:00 OF XLON, regular"
    )


def fill(asking: Asking) -> str:
    how = asking.one_of(
        "previous", "previous", "zero", "null", "linear", "close previous, volume zero", "close linear, volume zero, vwap null",
    )  # fmt: skip
    return f"FILL {how}" + (f" MAX {asking.number(1, 6)}" if asking.chance(50) else "")


def limit(asking: Asking, *groups: str) -> str:
    per = asking.one_of("symbol", "symbol", *(groups or ("session_date", "weekday, symbol", "session", "month > 2")))
    first = f"LIMIT {'LAST ' if asking.chance(40) else ''}{asking.number(1, 12)}"
    return f"{first} PER {per}" if asking.chance(50) else first


def order(asking: Asking) -> str:
    keys = [series(asking, 1)[0] for _ in range(asking.number(1, 2))]
    return ", ".join(key + asking.one_of("", " DESC", " ASC") for key in keys)


def items(asking: Asking) -> str:
    found = []
    for n in range(asking.number(1, 3)):
        text = condition(asking, 1) if asking.chance(15) else value(asking)
        found.append(f"{text} AS x{n}")
    return ", ".join(found)


# ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def value(asking: Asking) -> str:
    """Something to show."""
    text, _ = series(asking, 2)
    other, _ = series(asking, 0)
    one, two = (asking.one_of(*STORED[asking.kind]) for _ in range(2))
    match asking.number(0, 9):
        case 0:
            return f"CASE WHEN {condition(asking, 1)} THEN {text} WHEN {condition(asking, 0)} THEN {other} END"
        case 1:
            return f"CASE WHEN {condition(asking, 1)} THEN 'yes' ELSE 'no' END"
        case 2:
            return f"{text} {asking.one_of('+', '-', '*', '/')} {other}"
        case 3:
            return f"-({text}) / ({one} - {two}[1])"
        case 4:
            return f"{asking.one_of('abs', 'sqrt', 'ln', 'floor', 'sign', 'exp', 'round')}({one} - {two}[1])"
        case 5:
            return f"{asking.one_of('greatest', 'least', 'coalesce')}({text}, {other})"
        case 7:
            shown = ("date", "weekday", "week", "day", "month", "quarter", "year")
            more = ("time", "hour", "minute", "since_open", "to_close") if asking.intraday else ()
            return asking.one_of(*shown, *more, *(("bar_of_day",) if more and asking.timed else ()))
        case 6:
            return asking.one_of(f"nullif({one}, {two}[1])", f"pow({one}, 2)", f"mod({one}, {two})")
        case _:
            return text


def series(asking: Asking, depth: int) -> tuple[str, str]:
    """A number in each row, and its dimension."""
    name = asking.one_of(*asking.columns)
    dimension = asking.columns[name]
    choice = asking.number(0, 19)
    if asking.kind == "bar":
        if choice < 2:
            name = asking.one_of(*MEASURES)
            return name, MEASURES[name]
        if choice == 2:
            measure = asking.one_of(*BAR, *MEASURES)
            return f"{asking.one_of(*asking.scope.sessions)}.{measure}", (BAR | MEASURES)[measure]
        if choice == 3:
            return "gap_pct", "change"
    if depth == 0 or choice < 9:
        return name, dimension
    if choice < 11:
        return f"{name}[{asking.number(1, 3)}]", dimension
    if choice < 13:
        aggregate = asking.one_of("avg", "min", "max", "median", "sum", "count", "stddev")
        over = asking.one_of("30m", "2h", "ALL", "3d")
        return f"{aggregate}({name}) OVER {over}", aggregated(aggregate, dimension)
    if choice < 15:
        aggregate = asking.one_of("avg", "min", "max", "median", "sum", "count")
        inner, dimension = series(asking, depth - 1)
        return f"{aggregate}({inner}, {asking.number(1, 4)})", aggregated(aggregate, dimension)
    return call(asking, depth)


def aggregated(aggregate: str, dimension: str) -> str:
    return {"count": "count", "sum": "total", "stddev": "change"}.get(aggregate, dimension)


def call(asking: Asking, depth: int) -> tuple[str, str]:
    """A function of the registry: whatever is registered is asked."""
    entry = functions()[asking.one_of(*functions())]
    dimension = "price"
    arguments = []
    if any(given.default is None or given.default not in asking.columns for given in entry.inputs) or (
        len(entry.inputs) == 1 and asking.chance(35)
    ):
        for _ in entry.inputs:
            if entry.unit == "input":
                text, dimension = series(asking, depth - 1)
            else:
                text = asking.one_of(*STORED[asking.kind])
            arguments.append(text)
    elif entry.inputs and entry.inputs[0].default is not None:
        dimension = asking.columns.get(entry.inputs[0].default, "price")
    for param in entry.params:
        low, high = max(param.minimum, 1), min(param.maximum, 5)
        if param.kind is int:
            arguments.append(str(asking.number(int(low), int(high))))
        else:
            arguments.append(asking.one_of("1.5", "2", "2.25"))
    text = f"{entry.name}({', '.join(arguments)})"
    if len(entry.outputs) > 1:
        text += f".{asking.one_of(*entry.outputs)}"
    return text, dimension if entry.unit == "input" else UNITS.get(entry.unit, "change")


def constant(asking: Asking, dimension: str) -> str:
    """A number near the middle of what such a series has; its odd digits keep clear of any value computed."""
    centre = {
        "volume": 4.7, "count": 2, "percent": 0.4, "change": 0.13, "fraction": 0.0007, "ratio": 0.93, "index": 48.3, "total": 40.1,
    }.get(dimension)  # fmt: skip
    if dimension == "count":
        return str(asking.number(1, 4))
    if dimension == "percent" and asking.chance(40):
        return asking.one_of("0.31371%", "41.371bps", "0.2131 %")
    if centre is None:
        centre = middle(asking)
    return f"{centre * asking.number(985, 1015) / 1000 + 0.00001371:.8f}"


def middle(asking: Asking) -> float:
    recorded = asking.tape.symbols[asking.names[0]]
    if asking.kind == "quote":
        found = [q["bid"] for q in recorded.quotes if q["bid"]]
    else:
        found = [t["price"] for t in recorded.trades] + [c["close"] for rows in recorded.candles.values() for c in rows]
    return median(found) if found else 50.0


def condition(asking: Asking, depth: int, plain: bool = False) -> str:
    """A test of rows; `plain` ones look at a single row only."""
    if depth > 0:
        match asking.number(0, 9):
            case 0:
                return f"{condition(asking, depth - 1, plain)} AND {condition(asking, depth - 1, plain)}"
            case 1 | 2 | 3:
                return f"({condition(asking, depth - 1, plain)} OR {condition(asking, depth - 1, plain)})"
            case 4:
                return f"NOT ({condition(asking, depth - 1, plain)})"
    if plain:
        text, dimension = asking.one_of(*asking.columns), "price"
        dimension = asking.columns[text]
    else:
        text, dimension = series(asking, depth)
    compare = (
        asking.one_of(">", "<", ">=", "<=", "!=", "=") if dimension == "count" else asking.one_of(">", "<", ">=", "<=")
    )
    like = [name for name, kind in asking.columns.items() if kind == dimension]
    other = asking.one_of(*like) if like and not plain else constant(asking, dimension)
    match asking.number(0, 15):
        case 0 if not plain:
            return f"{text} CROSSES {asking.one_of('ABOVE ', 'BELOW ', '')}{other}"
        case 1:
            low, high = sorted((constant(asking, dimension), constant(asking, dimension)), key=float_of)
            return f"{text} {asking.one_of('', 'NOT ')}BETWEEN {low} AND {high}"
        case 2:
            return f"{text} IS {asking.one_of('NOT ', '')}NULL"
        case 3:
            return words(asking, plain)
        case 4 if not plain:
            return f"{text} > {other}[{asking.number(1, 2)}] OR {text} <= {other}[1]"
        case 5 | 6 | 7:
            return f"{text} {compare} {other}"
        case _:
            return f"{text} {compare} {constant(asking, dimension)}"


def words(asking: Asking, plain: bool) -> str:
    """Tests of text, dates and flags; `plain` ones of what is stored."""
    found = [
        f"symbol {asking.one_of('=', '!=')} '{asking.names[0][1]}'",
        f"exchange IN ('{asking.names[0][0]}', 'elsewhere')",
    ]
    if asking.kind == "tick":
        found += [
            "side = 'buy'",
            "side IN ('sell', 'buy')",
            "side IS NULL",
            "conditions IS NOT NULL",
            "trade_id >= 't3'",
        ]
    found += [time_part(asking)] * 3
    if plain:
        return asking.one_of(*found)
    found += ["session IN ('regular', 'premarket')", "session IS NOT NULL", "NOT session = 'aftermarket'"]
    if asking.intraday:
        found += [f"{asking.one_of('', 'NOT ')}{name}" for name in asking.scope.sessions]
    if asking.kind == "bar":
        found += ["trades IN (1, 2, 3)", "trades NOT IN (2, 4)", "complete", "session_date >= 2024-12-26"]
        found += [] if not asking.intraday else ["NOT filled", "ts >= 2025-03-09T07:00Z"]
    return asking.one_of(*found)


def time_part(asking: Asking) -> str:
    """A test of a row's local clock, date or place in its session."""
    compare = asking.one_of(">", "<", ">=", "<=", "!=", "=")
    found = [
        f"weekday {asking.one_of('=', '!=')} '{asking.one_of('Mon', 'Wed', 'Fri', 'Sun')}'",
        "weekday IN ('Tue', 'Thu', 'Sat')",
        f"day {compare} {asking.number(1, 31)}",
        f"week {compare} {asking.number(1, 53)}",
        f"month {compare} {asking.number(1, 12)}",
        f"quarter {compare} {asking.number(1, 4)}",
        f"date {compare} {asking.one_of('2024-12-26', '2025-03-09', '2025-11-03')}",
    ]
    if asking.intraday:
        found += [
            f"time {compare} {asking.number(6, 20):02}:{asking.number(0, 5)}0",
            "time BETWEEN 09:30 AND 14:15",
            f"hour {compare} {asking.number(0, 23)}",
            f"minute {compare} {asking.number(0, 59)}",
            f"since_open {compare} {asking.number(1, 300)}m",
            f"to_close {compare} {asking.number(1, 5)}h30m",
        ]
    if asking.timed and asking.intraday:
        found.append(f"bar_of_day {compare} {asking.number(1, 12)}")
    return asking.one_of(*found)


def float_of(text: str) -> float:
    if text.endswith("bps"):
        return float(text[:-3]) / 100
    return float(text.rstrip(" %"))
