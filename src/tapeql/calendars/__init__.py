"""Trading calendars: sessions as half-open instants, and the one grid of buckets built on them.

Importing this room is cheap; the calendar library is loaded when the first schedule is asked for.
"""

from tapeql.calendars.build import build_grid, openings, widened
from tapeql.calendars.grid import ALWAYS, NEVER, NO_DATE, Grid, Spans
from tapeql.calendars.markets import find_calendar, is_continuous, known_calendars, session_names, version, zone_of
from tapeql.calendars.placing import Placed, closing_of, opening_of, place
from tapeql.calendars.schedule import known_range
from tapeql.calendars.sessions import in_session, named_sessions, previous_sessions_start, row_sessions
from tapeql.calendars.slots import Edges, Slots, edges, slots
from tapeql.calendars.stamps import (
    DateSpans,
    covered_dates,
    dates_as_instants,
    sessionless,
    stamp_dates,
    stamp_ranges,
)
from tapeql.calendars.units import first_day_of_unit, unit_number
from tapeql.calendars.venues import calendar_of
from tapeql.calendars.zones import local_dates, local_instant_us, local_midnight_us, wall_us

__all__ = [
    "ALWAYS",
    "NEVER",
    "NO_DATE",
    "DateSpans",
    "Edges",
    "Grid",
    "Placed",
    "Slots",
    "Spans",
    "build_grid",
    "calendar_of",
    "closing_of",
    "covered_dates",
    "dates_as_instants",
    "edges",
    "find_calendar",
    "first_day_of_unit",
    "in_session",
    "is_continuous",
    "known_calendars",
    "known_range",
    "local_dates",
    "local_instant_us",
    "local_midnight_us",
    "named_sessions",
    "opening_of",
    "openings",
    "place",
    "previous_sessions_start",
    "row_sessions",
    "session_names",
    "sessionless",
    "slots",
    "stamp_dates",
    "stamp_ranges",
    "unit_number",
    "version",
    "wall_us",
    "widened",
    "zone_of",
]
