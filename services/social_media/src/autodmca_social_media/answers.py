"""What a command is answered with over HTTP, from what the model decided. Pure."""

from __future__ import annotations

from collections.abc import Callable

from autodmca_service.answers import json_answer
from autodmca_service.commands import Outcome
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.receipts import Answer, answer_of

from autodmca_social_media import ids, views
from autodmca_social_media.model.commands import AnyCommand, Decide, PutWatch, StartScan, SteerScan, StopWatch
from autodmca_social_media.model.state import Entity, Incident, Scan, Watch


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], _owner: int, outcome: Outcome
) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    match command:
        case PutWatch():
            watch = find(ids.watch_id(command.profile_id))
            if isinstance(watch, Watch) and watch.revision >= outcome.revision:
                return json_answer(views.watch(watch), 201 if watch.revision == 1 else 200)
        case StopWatch():
            return answer_of(204, b"", {})
        case StartScan():
            return json_answer(EmptyBody(), 202)
        case SteerScan():
            scan = find(command.scan_id)
            if isinstance(scan, Scan) and scan.revision >= outcome.revision:
                return json_answer(views.scan(scan))
        case Decide():
            incident = find(command.incident_id)
            if isinstance(incident, Incident) and incident.revision >= outcome.revision:
                return json_answer(views.incident(incident))
    return None
