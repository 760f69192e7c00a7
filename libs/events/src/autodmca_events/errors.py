"""What can go wrong with an event.

    EventsError
    ├── BadFilter           a filter that means nothing
    ├── InvalidEvent        not an event of the catalogue, or not a whole one
    └── InvalidTimestamp    not RFC 3339, or no date of the years 1-9999 (also a ValueError)

BadFilter is for whoever wrote the filter. The others are about one value of the log: skip it, count it and
go on.
"""


class EventsError(Exception):
    """Root of this library's errors."""


class BadFilter(EventsError):
    """A filter that is refused; `field` is its key as the client wrote it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


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
