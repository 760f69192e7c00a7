"""The trace that a job goes on with: that of the input which decided on it.

Owns how long a trace lasts. The state's record names the trace, so that the next owner of a partition finds
it there, as it finds what is due; a checkpoint hands it on to the events that follow and to the next step.
"""

from __future__ import annotations

from typing import Final

from autodmca_kafka import Table
from autodmca_kafka.decision import S

from autodmca_service.context import valid_traceparent

LASTS_MS: Final = 3_600_000
"""A job that is due later than that after its input belongs to no trace: a check each month is no part of the
request that once asked for it."""


def trace_of_job(table: Table[S], user_id: int, entity_id: str, at_ms: int) -> str | None:
    """The traceparent for a job of the entity that is due at `at_ms` (ms since the Unix epoch)."""
    trace = table.trace(user_id, entity_id)
    if trace is None or at_ms - trace.at_ms > LASTS_MS:
        return None
    return valid_traceparent(trace.parent.decode(errors="replace"))
