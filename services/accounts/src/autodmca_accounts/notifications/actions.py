"""What clients say over their sockets about notifications: the actions of `client-actions`. Pure.

`notification_read` with `{notificationId}` or `{notificationIds}` marks these as read, `notifications_read`
all of them. Another action is none of this room's; data of another form is passed over, for it is a client's
and nobody waits for the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from autodmca_events.topics import CLIENT_ACTIONS
from autodmca_kafka import Told
from autodmca_service.commands import Actor
from msgspec import Meta, Struct

from autodmca_accounts.notifications.commands import Read
from autodmca_accounts.notifications.state import KEPT

_Name = Annotated[str, Meta(min_length=1, max_length=100)]


class _Named(Struct, rename="camel"):
    notification_id: _Name | None = None
    notification_ids: Annotated[tuple[_Name, ...], Meta(max_length=KEPT)] = ()


class _Payload(Struct):
    action: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(Struct):
    payload: _Payload


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_NAMED: Final = msgspec.json.Decoder(_Named)


def heard(told: Told) -> Iterable[Read]:
    """What a client's message means here; see `autodmca_kafka.relayed.Translate`."""
    if told.topic != CLIENT_ACTIONS or told.value is None:
        return ()
    try:
        said = _MESSAGE.decode(told.value).payload
        if said.action == "notifications_read":
            return (Read(actor=Actor(told.user_id)),)
        if said.action != "notification_read":
            return ()
        named = _NAMED.decode(said.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    names = named.notification_ids if named.notification_id is None else (named.notification_id,)
    return (Read(actor=Actor(told.user_id), ids=names),) if names else ()
