"""What follows from one input: changed entities, events, and what other services are asked. Pure."""

from __future__ import annotations

from autodmca_kafka import Decision
from autodmca_service import changes
from autodmca_service.commands import Outcome
from msgspec import Struct

from autodmca_accounts.asking import Asked, asked_id
from autodmca_accounts.state import Entity


class Changes(changes.Changes[Entity]):
    """Of one input, so far."""

    def ask(self, service: str, request: Struct, about: Asked) -> str:
        """Send it, and remember what the answer will be about; the name that its outcome will bear."""
        name = self.send(service, request)
        self.put(asked_id(name), about)
        return name

    def decision(self, revision: int = 0) -> Decision[Entity, Outcome]:
        """What the input comes to."""
        return self.decided(Outcome(revision=revision))
