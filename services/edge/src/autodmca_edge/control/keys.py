"""The keys of the records on `edge-control`, of which the topic keeps the newest record each.

Owns all of them but those of revocations (`autodmca_service.control`): each kind of key has its own prefix,
ended by a colon, and is made by a function that takes a value whose form was checked
(session/identifiers.py). So no record can take the place of another kind's, whatever a client sends. Knows as
well the keys that nodes wrote before there were prefixes: records under those are read for as long as the log
keeps them.
"""

from typing import Final

from autodmca_edge.session.identifiers import CONNECTION_ID, NODE_NAME, ConnectionId, NodeName

__all__ = [
    "ASK_KEY",
    "of_connection",
    "of_node",
    "of_user",
    "once_of_node",
    "once_of_user",
]

_CONNECTION: Final = "connection:"
_NODE: Final = "node:"
_USER: Final = "user:"


def _within(form: str) -> str:
    return form.removeprefix("^").removesuffix(r"\Z")


_ID, _NAME = _within(CONNECTION_ID), _within(NODE_NAME)
ASK_KEY: Final = rf"^(({_CONNECTION})?{_ID}|node[: ]{_NAME})\Z"
"""The form of an ask's key, which its answers have, too."""


def of_connection(connection: ConnectionId) -> str:
    """What one connection is asked, and the answers."""
    return _CONNECTION + connection


def of_node(node: NodeName) -> str:
    """What one node is asked, and the answers."""
    return _NODE + node


def of_user(user_id: int) -> str:
    """That a user is sent away."""
    return f"{_USER}{user_id}"


def once_of_node(node: NodeName) -> str:
    """The same before there were prefixes; a connection's key was its bare id."""
    return f"node {node}"


def once_of_user(user_id: int) -> str:
    """The same before there were prefixes."""
    return f"user {user_id}"
