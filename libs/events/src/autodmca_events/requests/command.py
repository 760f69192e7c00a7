"""What every input of a service has, whoever writes it: who asks, and the caller's name for the request.

These structs stand in records, so a new field is optional.
"""

from msgspec import Struct


class Actor(Struct, frozen=True, rename="camel"):
    """Who asks: the user and the roles of the token, or of the service that asks on the user's behalf."""

    user_id: int
    roles: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        """Whether every right is theirs."""
        return "admin" in self.roles

    @property
    def is_reviewer(self) -> bool:
        """Whether they may see and decide on what other users have made."""
        return self.is_admin or "reviewer" in self.roles


class Request(Struct, frozen=True, kw_only=True, rename="camel"):
    """A request over HTTP that may be sent again. An input that another service sends has none: it is applied
    once however often it is written."""

    key: str
    digest: str
    path: str


class Command(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="command"):
    """What every command has; a service's own name a `tag`. `request` is of a caller's Idempotency-Key."""

    actor: Actor
    request: Request | None = None
