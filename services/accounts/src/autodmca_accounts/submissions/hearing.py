"""What delisting's events mean to submissions. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from autodmca_events import DelistingRequestStatus, EngineResponse
from autodmca_kafka.relayed import Told
from autodmca_service.commands import Actor

from autodmca_accounts.submissions.commands import EngineHeard, RequestHeard
from autodmca_accounts.submissions.state import Counts, Word

TYPES: Final = ("delisting_request_status", "engine_response")


def heard(told: Told) -> Iterator[RequestHeard | EngineHeard]:
    """The inputs that follow from an event."""
    if told.type not in TYPES:
        return
    actor, payload = Actor(told.user_id), told.event().payload
    match payload:
        case DelistingRequestStatus():
            counts = Counts(
                total=payload.urls_total,
                removed=payload.urls_removed,
                not_in_index=payload.urls_not_in_index,
                no_action=payload.urls_no_action,
                pending=payload.urls_pending,
                duplicate=payload.urls_duplicate,
            )
            word = Word(
                request_id=payload.request_id,
                status=payload.status,
                counts=counts,
                external_reference=payload.external_reference,
            )
            yield RequestHeard(actor=actor, word=word)
        case EngineResponse():
            yield EngineHeard(
                actor=actor,
                request_id=payload.request_id,
                http_status=payload.http_status,
                code=payload.response_code,
                message=payload.message[:500],
                external_reference=payload.external_reference,
            )
