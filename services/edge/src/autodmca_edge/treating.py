"""A connection gets its treatment, and ends it.

Owns when that is: as soon as it is known who the client is, before anything is delivered, until nothing more
is; and the one question that comes earlier, whether messages may be compressed, since the answer to the
handshake says so.
"""

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from autodmca_runtime import InvalidToken, KeysUnavailable

from autodmca_edge.node import Node
from autodmca_edge.pacing import Pacer, Treated

if TYPE_CHECKING:
    from autodmca_edge.session import Session

__all__ = ["begin", "compresses", "end"]


def compresses(node: Node, token: str | None) -> bool:
    """Whether compression may be agreed with who brings this token, as far as that can be said at once."""
    user_id = None
    if token is not None and node.treatments.by_user:
        with contextlib.suppress(InvalidToken, KeysUnavailable):
            user_id = node.verifier.verify(token).user_id
    return node.treatments.compresses(user_id)


def begin(node: Node, session: "Session", variants: Mapping[str, str]) -> None:
    """Treat the connection of a user in these variants."""
    outbox, deadlines = session.outbox, session.deadlines
    treatment = session.treatment = node.treatments.of(variants, outbox.window)
    if treatment is not None:
        treatment.connected(1)
        if treatment.paced:
            session.pacer = Pacer(
                outbox, treatment, node.clock, node.later, lambda: deadlines.expired(node.clock())
            )


def end(connection: Treated, *, discard: bool = False) -> None:
    """Deliver what still waits, or drop it; from here on nothing waits."""
    pacer, connection.pacer = connection.pacer, None
    if pacer is not None:
        if discard:
            pacer.discard()
        pacer.flush()
    if connection.treatment is not None and not discard:
        connection.treatment.connected(-1)
        connection.treatment = None
