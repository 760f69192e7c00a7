"""The errors of the event log: of a place in it, and of reading it.

Owns their names and what each means to a caller. Whatever reads the log beside the tail raises one of these;
no other room knows an error of Kafka's.
"""

__all__ = ["BadCursor", "PastEnd", "Unreachable"]


class BadCursor(Exception):
    """A cursor that cannot be resumed from; the client is told `reason` (docs/protocol.md)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PastEnd(Exception):
    """The log does not hold the offset that was asked for: retention took it, or it is not written yet."""


class Unreachable(Exception):
    """The log cannot be read just now; the same question may be answered later."""
