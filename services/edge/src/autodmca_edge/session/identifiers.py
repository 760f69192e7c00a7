"""The forms of what clients and operators name: connections, nodes, subscriptions, tokens, users.

Owns one form for each and the check of it at the door, so that what somebody sends becomes part of a record's
key (control/keys.py), of an ask or of an answer only after it was checked. A name of another form is a
`Refusal` that names the field. Knows nothing of what exists.
"""

import re
import secrets
from typing import Final, NewType

from autodmca_runtime import LONGEST_TOKEN_ID
from autodmca_service.control.records import DIGEST, LARGEST_USER_ID

from autodmca_edge.protocol import Refusal

__all__ = [
    "CONNECTION_ID",
    "NODE_NAME",
    "ConnectionId",
    "NodeName",
    "checked_connection_id",
    "checked_digest",
    "checked_node_name",
    "checked_subscription_id",
    "checked_token_id",
    "checked_user_id",
    "host_name",
    "new_connection_id",
]

ConnectionId = NewType("ConnectionId", str)
"""A string that has been checked to be a connection's id; made by `new_connection_id`."""
NodeName = NewType("NodeName", str)
"""A string that has been checked to be a node's name."""

CONNECTION_ID: Final = r"^[A-Za-z0-9_-]{16}\Z"
NODE_NAME: Final = r"^[A-Za-z0-9._-]{1,128}\Z"
LONGEST_SUBSCRIPTION_ID: Final = 256
_NOT_IN_A_NODE_NAME: Final = re.compile(r"[^A-Za-z0-9._-]")
_RANDOM_BYTES: Final = 12  # 16 characters


def new_connection_id() -> ConnectionId:
    """An id that no other connection has and nobody can guess."""
    return ConnectionId(secrets.token_urlsafe(_RANDOM_BYTES))


def host_name(name: str) -> NodeName:
    """The name of a node that was given none, by the host's."""
    return NodeName(_NOT_IN_A_NODE_NAME.sub("-", f"edge-{name}")[:128])


def checked_connection_id(text: str, field: str) -> ConnectionId:
    """Raises Refusal."""
    if not re.match(CONNECTION_ID, text):
        raise Refusal("bad_message", "a connection's id has 16 letters, digits, _ or -", field=field)
    return ConnectionId(text)


def checked_node_name(text: str, field: str) -> NodeName:
    """Raises Refusal."""
    if not re.match(NODE_NAME, text):
        raise Refusal("bad_message", "a node's name has 1 to 128 letters, digits, ., _ or -", field=field)
    return NodeName(text)


def checked_subscription_id(text: str, field: str) -> str:
    """Raises Refusal."""
    if not 0 < len(text) <= LONGEST_SUBSCRIPTION_ID:
        message = f"a subscription's id has 1 to {LONGEST_SUBSCRIPTION_ID} characters"
        raise Refusal("bad_message", message, field=field)
    return text


def checked_user_id(number: int, field: str) -> int:
    """Raises Refusal."""
    if not 0 < number <= LARGEST_USER_ID:
        raise Refusal("bad_message", "no user id", field=field)
    return number


def checked_token_id(text: str, field: str) -> str:
    """A token's `jti`. Raises Refusal."""
    if not 0 < len(text) <= LONGEST_TOKEN_ID:
        raise Refusal("bad_message", f"1 to {LONGEST_TOKEN_ID} characters", field=field)
    return text


def checked_digest(text: str, field: str) -> str:
    """The SHA-256 of a token, in lower case. Raises Refusal."""
    digest = text.lower()
    if not re.match(DIGEST, digest):
        raise Refusal("bad_message", "the SHA-256 of a token in hexadecimal", field=field)
    return digest
