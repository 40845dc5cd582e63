"""What `SET` changes for the statements after it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from tapeql import limits
from tapeql.errors import Diagnostic, QueryError
from tapeql.language import syntax

_SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_ENGINES = ("kernels", "sql")
_MOST_THREADS = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """How sentences are read in a session of work.

    tz         the zone dates are read in; None: the calendar's
    calendar   the reference calendar that session words mean on venues that never close
    strict     refuse whatever looks ahead
    venue      the venue of a bare code in FROM
    engine     "kernels" or "sql"
    memory     what it may hold to see rows together: a number of KB, MB or GB
    threads    how many a query may use; its answer does not depend on it
    now_us     the injected clock; None: the wall clock
    """

    tz: str | None = None
    calendar: str = "XNYS"
    strict: bool = False
    venue: str | None = None
    engine: str = "kernels"
    threads: int = limits.THREADS
    memory: str = f"{limits.QUERY_MEMORY_BYTES >> 20}MB"
    now_us: int | None = None

    @property
    def memory_bytes(self) -> int:
        return bytes_of(self.memory) or limits.QUERY_MEMORY_BYTES


NAMES: Final = tuple(field.name for field in fields(Settings) if field.name != "now_us")
"""What SET can change, in the order it is shown."""


def apply(settings: Settings, statement: syntax.Set) -> Settings:
    """The settings after `SET name = value`; QueryError E107 for a name or a value that does not exist."""
    value = statement.value.strip()
    match statement.name.lower():
        case "tz":
            return replace(settings, tz=_tz(value, statement))
        case "calendar":
            return replace(settings, calendar=_reference(value, statement))
        case "strict":
            if value.lower() not in _SWITCH:
                raise _wrong(f"strict is on or off, not `{value}`", value.lower(), ("on", "off"), statement)
            return replace(settings, strict=_SWITCH[value.lower()])
        case "venue":
            if not value:
                raise _wrong("venue needs a name", value, (), statement)
            return replace(settings, venue=value)
        case "engine":
            if value.lower() not in _ENGINES:
                raise _wrong(f"unknown engine `{value}`", value.lower(), _ENGINES, statement)
            return replace(settings, engine=value.lower())
        case "threads":
            if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST_THREADS):
                raise _wrong(f"threads is a number from 1 to {_MOST_THREADS}, not `{value}`", "", (), statement)
            return replace(settings, threads=int(value))
        case "memory":
            if bytes_of(value) is None:
                raise _wrong(f"memory is a size such as 512MB or 2GB, not `{value}`", "", (), statement)
            return replace(settings, memory=value.upper())
        case name:
            raise _wrong(f"unknown setting `{statement.name}`", name, NAMES, statement)


def bytes_of(size: str) -> int | None:
    """`512MB` in bytes; None where it is no size above 0.

    >>> bytes_of("2GB") == 2 << 30
    True
    """
    found = re.fullmatch(r"([0-9]{1,6})\s*([KMG])B", size.strip().upper())
    return (int(found[1]) << {"K": 10, "M": 20, "G": 30}[found[2]]) or None if found else None


def is_zone(name: str) -> bool:
    """Whether the zone database knows `name`."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False
    return True


def zone_names() -> Iterable[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())


def _tz(value: str, statement: syntax.Set) -> str:
    if not is_zone(value):
        raise _wrong(f"unknown time zone `{value}`", value, zone_names(), statement)
    return value


def _reference(value: str, statement: syntax.Set) -> str:
    from tapeql import calendars

    found = calendars.find_calendar(value)
    if found is None:
        raise _wrong(f"unknown calendar `{value}`", value, calendars.known_calendars(), statement)
    if calendars.is_continuous(found):
        raise _wrong(
            f"the reference calendar gives session words their meaning; `{found}` has no sessions", "", (), statement
        )
    return found


def _wrong(reason: str, word: str, candidates: Iterable[str], statement: syntax.Set) -> QueryError:
    from tapeql.language.nearest import nearest

    names = list(candidates)
    close = nearest(word, names) if word else []
    if close:
        hints: tuple[str, ...] = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?",)
    elif 0 < len(names) <= 8:
        hints = ("one of " + ", ".join(f"`{name}`" for name in names),)
    else:
        hints = ()
    return QueryError([Diagnostic("E107", reason, statement.span, hints)])
