"""What can go wrong with an event.

    EventsError
    ├── InvalidEvent        not an event of the catalogue, or not a whole one
    └── InvalidTimestamp    not RFC 3339 in UTC with at most milliseconds (also a ValueError)

Both are about one value: skip it, count it and go on.
"""


class EventsError(Exception):
    """Root of this library's errors."""


class InvalidEvent(EventsError):
    """Bytes that are no event, or an event that misses something.

    `event_type` is the type the value claims to have, None where it claims none; `path` is
    the wire path of the offending field (`$.payload.progress`), `$` for the value as a whole.
    """

    def __init__(self, reason: str, *, event_type: str | None = None, path: str = "$") -> None:
        super().__init__(f"{event_type or 'event'}: {reason} at {path}")
        self.reason = reason
        self.event_type = event_type
        self.path = path


class InvalidTimestamp(EventsError, ValueError):
    """A timestamp that is not of this catalogue's form, or names no moment (30 February)."""
