"""What the application can see of the connection's state."""

from typing import Literal

import msgspec

State = Literal["connecting", "open", "reconnecting", "closed"]
Transport = Literal["websocket", "fallback"]


class Status(msgspec.Struct, frozen=True):
    """`code` and `reason` tell why the last connection ended (0: none has); `retry_in_s` when the next
    attempt begins, while `reconnecting`; `node` is the edge's name for itself, while `open` on a WebSocket;
    `transport` is what carries the connection, while `open`."""

    state: State
    code: int = 0
    reason: str = ""
    retry_in_s: float = 0.0
    node: str = ""
    transport: Transport = "websocket"
