"""What a command is answered with over HTTP, from what the model decided. Pure."""

from __future__ import annotations

from collections.abc import Callable

from autodmca_service.answers import json_answer, revised
from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer

from autodmca_delisting import api, views
from autodmca_delisting.model.commands import AnyCommand, MakeRequest, Prefer, Queue
from autodmca_delisting.model.state import Entity, Request


def answered(
    command: AnyCommand, find: Callable[[str], Entity | None], owner: int, outcome: Outcome
) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if isinstance(command, Prefer):
        return json_answer(api.PreferencesBody(resubmit_relisted=command.resubmit))
    if isinstance(command, MakeRequest):
        return None  # it comes from another service
    request = find(command.request_id)
    if not isinstance(request, Request) or request.revision < outcome.revision:
        return None
    made_at = f"/v1/requests/{request.id}" if isinstance(command, Queue) else None
    return revised(views.whole(request, find), request.revision, made_at=made_at)
