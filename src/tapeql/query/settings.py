"""What `SET` changes for the statements after it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from tapeql import limits
from tapeql.errors import NOWHERE, Diagnostic, QueryError, Span

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

    def shown(self) -> dict[str, str | None]:
        """Every setting as the text that SET would take."""
        return {name: _shown(getattr(self, name)) for name in NAMES}

    def changed(self) -> dict[str, str]:
        """Those that are not as they usually are."""
        usual = Settings().shown()
        return {name: text for name, text in self.shown().items() if text is not None and text != usual[name]}


NAMES: Final = tuple(field.name for field in fields(Settings) if field.name != "now_us")
"""What SET can change, in the order it is shown."""


def apply(settings: Settings, name: str, value: str, span: Span = NOWHERE) -> Settings:
    """The settings after `SET name = value`; QueryError E107 for a name or a value that does not exist."""
    value = value.strip()
    match name.lower():
        case "tz":
            return replace(settings, tz=_tz(value, span))
        case "calendar":
            return replace(settings, calendar=_reference(value, span))
        case "strict":
            if value.lower() not in _SWITCH:
                raise _wrong(f"strict is on or off, not `{value}`", value.lower(), ("on", "off"), span)
            return replace(settings, strict=_SWITCH[value.lower()])
        case "venue":
            if not value:
                raise _wrong("venue needs a name", value, (), span)
            return replace(settings, venue=value)
        case "engine":
            if value.lower() not in _ENGINES:
                raise _wrong(f"unknown engine `{value}`", value.lower(), _ENGINES, span)
            return replace(settings, engine=value.lower())
        case "threads":
            if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST_THREADS):
                raise _wrong(f"threads is a number from 1 to {_MOST_THREADS}, not `{value}`", "", (), span)
            return replace(settings, threads=int(value))
        case "memory":
            if bytes_of(value) is None:
                raise _wrong(f"memory is a size such as 512MB or 2GB, not `{value}`", "", (), span)
            return replace(settings, memory=value.upper())
        case word:
            raise _wrong(f"unknown setting `{name}`", word, NAMES, span)


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


def _shown(value: object) -> str | None:
    match value:
        case bool():
            return "on" if value else "off"
        case None:
            return None
        case _:
            return str(value)


def _tz(value: str, span: Span) -> str:
    if not is_zone(value):
        raise _wrong(f"unknown time zone `{value}`", value, zone_names(), span)
    return value


def _reference(value: str, span: Span) -> str:
    from tapeql import calendars

    found = calendars.find_calendar(value)
    if found is None:
        raise _wrong(f"unknown calendar `{value}`", value, calendars.known_calendars(), span)
    if calendars.is_continuous(found):
        raise _wrong(
            f"the reference calendar gives session words their meaning; `{found}` has no sessions", "", (), span
        )
    return found


def _wrong(reason: str, word: str, candidates: Iterable[str], span: Span) -> QueryError:
    from tapeql.language.nearest import nearest

    names = list(candidates)
    close = nearest(word, names) if word else []
    if close:
        hints: tuple[str, ...] = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?",)
    elif 0 < len(names) <= 8:
        hints = ("one of " + ", ".join(f"`{name}`" for name in names),)
    else:
        hints = ()
    return QueryError([Diagnostic("E107", reason, span, hints)])
