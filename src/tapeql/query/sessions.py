"""SESSION → session specs."""

from __future__ import annotations

from tapeql.language.clauses.session import NamedSession, Session, TimeSession
from tapeql.query.durations import DAY_US
from tapeql.query.market import Market, resolve_calendar
from tapeql.query.nodes import SessionSpec
from tapeql.query.report import Report


def resolve_sessions(clause: Session | None, market: Market, report: Report) -> tuple[SessionSpec, ...]:
    """Each session once, as written; E104 for a name no calendar here has, E105 for an unknown calendar."""
    if clause is None:
        return ()
    found: dict[SessionSpec, None] = {}
    for session in clause.sessions:
        match session:
            case NamedSession(name=name, span=span):
                known = next((s for s in (name, name.lower()) if s in market.sessions), None)
                if known is None:
                    report.unknown(
                        "E104",
                        f"calendar {market.lacking} has no session `{name}`",
                        span,
                        name,
                        market.sessions,
                        "it has " + ", ".join(market.sessions),
                    )
                else:
                    found[SessionSpec(known)] = None
            case TimeSession():
                found[_of_times(session, report)] = None
    return tuple(found)


def _of_times(session: TimeSession, report: Report) -> SessionSpec:
    calendar = resolve_calendar(session.calendar, session, report) if session.calendar else None
    for time in (session.start, session.end):
        if time.us > DAY_US:
            report.add("E404", "a day's times run from 00:00 to 24:00", time.span)
    if session.end.us == session.start.us:
        hint = "`00:00 .. 24:00` is a whole day"
        report.add("E401", "the session ends where it begins", session.start.span.to(session.end.span), hint)
    return SessionSpec(
        f"{_clock(session.start.us)}..{_clock(session.end.us)}", calendar, session.start.us, session.end.us
    )


def _clock(us: int) -> str:
    """A time of day, `09:30` or `09:30:15.5`."""
    minutes, rest = divmod(us, 60_000_000)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return text + f":{rest / 1_000_000:09.6f}".rstrip("0").rstrip(".") if rest else text
