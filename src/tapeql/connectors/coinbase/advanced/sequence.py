"""Whether a connection told everything: `sequence_num` counts its messages, of all channels together: pure."""

from __future__ import annotations

from tapeql.connectors.events import Event, Reset


class Sequence:
    """The numbers of one connection, whatever the first is."""

    def __init__(self) -> None:
        self._last: int | None = None

    def admit(self, number: int | None, events: list[Event]) -> list[Event]:
        """The events of a message as they may be handed on: none of a repetition; and where messages are missing, that
        alone, because what the message says builds on what was lost."""
        if number is None:
            return events
        last = self._last
        if last is None or number == last + 1:
            self._last = number
            return events
        if number <= last:
            return []
        self._last = number
        return [Reset(f"message {last} was followed by {number}")]
