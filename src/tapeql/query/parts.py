"""Parts of a row's time: by the clocks of the query's zone, and within the row's session.

Of rows of a day or longer, parts of the date are those of the session date.
"""

from __future__ import annotations

from typing import Final

from tapeql.query.nodes import Type

PARTS: Final[dict[str, Type]] = {
    "time": Type.TIME,
    "date": Type.DATE,
    "hour": Type.INT,
    "minute": Type.INT,
    "weekday": Type.STRING,
    "day": Type.INT,
    "week": Type.INT,
    "month": Type.INT,
    "quarter": Type.INT,
    "year": Type.INT,
    "since_open": Type.DURATION,
    "to_close": Type.DURATION,
    "bar_of_day": Type.INT,
}

OF_THE_DAY: Final = ("time", "hour", "minute", "since_open", "to_close", "bar_of_day")
"""What a row of a day or longer does not have."""

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

MEANINGS: Final = {
    "time": "the time of day of `ts` in the query's zone; compares with 09:45",
    "date": "the date of `ts` in the query's zone; of a day's row, its session date",
    "hour": "the hour of `ts` in the query's zone, 0 to 23",
    "minute": "the minute of `ts`, 0 to 59",
    "weekday": "the day of the week in the query's zone: 'Mon' to 'Sun'",
    "day": "the day of the month, 1 to 31",
    "week": "the week of the year by ISO 8601, 1 to 53",
    "month": "the month, 1 to 12",
    "quarter": "the quarter of the year, 1 to 4",
    "year": "the year",
    "since_open": "how long the session that holds `ts` has been open; compares with 30m; NULL outside sessions",
    "to_close": "how long the session that holds `ts` stays open; compares with 30m; NULL outside sessions",
    "bar_of_day": "the place of the bar among those its session date has room for, 1 being the first",
}
