"""What a damaged client says: messages and frames of every kind, most of them broken somewhere.

Pure: everything comes from the random generator that is given, so that a seed says it all.
"""

import json
import random
from collections.abc import Sequence
from typing import Any, Final

from autodmca_edge.testing import client_frame, upgrade_request

from tests.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT

TYPES: Final = ("template_usage", "dashboard_stats_update", "system_announcement", "no_such_type", "")
LARGEST: Final = 65_536  # the edge's default
ODD: Final = (
    "null", "true", "0", "-1", "-0", "1.5", "1e308", "1e999", "-1e999", "NaN", "Infinity", "-", "", ",",
    "'x'", "9" * 30, "9" * 400, "9" * 5000, "0." + "9" * 400, "01", '""', '"x"', '"\\u0000"', '"\\ud800"',
    '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\x00"', '"\x7f"', '"é😀"', '"\\x"', '"unterminated', "[]", "{}",
    "[null]", "[[]]", '{"a":1,"a":2}', '{"":""}', '{"__proto__":{}}', '{"eq":null}', '{"in":[1,"a",null]}',
    '{"gte":9e99,"lt":"x"}', '{"prefix":""}', '{"exists":1}', '{"eq":{"eq":{}}}', '["a","a"]', '"*"',
    '"2020-01-01T00:00:00Z"', '"9999-12-31T23:59:59.999Z"', '"2020-02-30T25:61:61Z"', '"a:b:c:0:1"',
)  # fmt: skip


def message(rng: random.Random, tokens: Sequence[str], cursors: Sequence[str]) -> bytes:
    """A message as a client says it, whole or damaged in its values or in its text."""
    value = _sound(rng, tokens, cursors)
    kind = rng.random()
    if kind < 0.2:
        return json.dumps(value).encode()
    text = _with_odd_value(rng, value).encode("utf-8", "surrogatepass")
    return text if kind < 0.75 else _scarred(rng, text)


def _sound(rng: random.Random, tokens: Sequence[str], cursors: Sequence[str]) -> dict[str, Any]:
    name = rng.choice(["s", "t", "x" * 256, "é"])
    config: dict[str, Any] = {"types": rng.sample(TYPES, rng.randint(1, 3))}
    if rng.random() < 0.5:
        key = rng.choice(["userId", "templateIds", "platforms", "name", "usageCount", "a.b.c", ""])
        config["filters"] = {key: rng.choice([1, "x", ["a", "b"], {"gt": 1}, {"prefix": "T"}])}
    if rng.random() < 0.3:
        config["resume"] = rng.sample(cursors, min(3, len(cursors)))
    if rng.random() < 0.1:
        config["since"] = "2024-01-01T00:00:00Z"
    payload: dict[str, Any] = rng.choice(
        [
            {"action": "subscribe", "subscriptionId": name, "config": config},
            {"action": "subscribe", "subscriptionId": name, "config": config},
            {"action": "unsubscribe", "subscriptionId": name},
            {"action": "authenticate", "token": rng.choice(tokens)},
            {"action": "auth_update", "token": rng.choice(tokens)},
            {"action": "read", "data": {"notificationId": "n"}},
        ]
    )
    kind = rng.choice(
        ["connection_established"] * 4 + ["heartbeat", "heartbeat", "user_notification", "other"]
    )
    if kind == "heartbeat":
        payload = {"timestamp": rng.choice([1, "2024-01-01T00:00:00Z", None]), "response": rng.random() < 0.2}
    return {"type": kind, "payload": payload, "id": rng.choice(["m", "", "é" * 100]), "timestamp": "now"}


def _with_odd_value(rng: random.Random, value: dict[str, Any]) -> str:
    """JSON with something in one place that does not belong there."""
    mark = "\x01"
    holder: Any = value
    while True:
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.2:
            break
        holder = inner
    holder[key] = mark
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    return text.replace(json.dumps(mark), _odd(rng), 1)


def _odd(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.85:
        return rng.choice(ODD)
    depth = rng.choice([10, 200, 900, 1000, 1100, 10_000])
    if kind < 0.9:
        return "[" * depth + "]" * depth
    if kind < 0.95:
        return '{"a":' * depth + "1" + "}" * depth
    return '"' + rng.choice(["x", "é", "\\n"]) * rng.choice([300, 5000, 30_000]) + '"'


def _scarred(rng: random.Random, text: bytes) -> bytes:
    """Bytes changed, lost, doubled or put in; mostly so that the text stays UTF-8."""
    scarred = bytearray(text)
    bits = rng.choice([7, 7, 7, 8])
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(scarred))
        match rng.randrange(5):
            case 0 if at < len(scarred):
                scarred[at] ^= 1 << rng.randrange(bits)
            case 1:
                del scarred[at : at + rng.randint(1, 20)]
            case 2:
                scarred[at:at] = scarred[at : at + rng.randint(1, 20)]
            case 3:
                scarred[at:at] = bytes(rng.randrange(1 << bits) for _ in range(rng.randint(1, 8)))
            case _:
                del scarred[at:]
    return bytes(scarred)


def frames(rng: random.Random, text: bytes) -> bytes:
    """`text` in a frame or in several, with what else a peer may send; one in ten breaks the framing."""
    mask = rng.randbytes(4)
    kind = rng.random()
    if kind < 0.6:
        return client_frame(text, mask=mask)
    if kind < 0.75:
        return _in_fragments(rng, text)
    if kind < 0.9:
        control = client_frame(rng.randbytes(rng.choice([0, 1, 125])), rng.choice([PING, PONG]), mask=mask)
        return control * rng.choice([1, 1, 1, 2, 300]) + client_frame(text, mask=mask)
    return _broken(rng, text)


def _in_fragments(rng: random.Random, text: bytes) -> bytes:
    cuts = sorted(rng.randint(0, len(text)) for _ in range(rng.choice([1, 2, 5, 40])))
    bounds = [0, *cuts, len(text)]
    stream = b""
    for index in range(len(bounds) - 1):
        part = text[bounds[index] : bounds[index + 1]]
        stream += client_frame(part, CONT if index else TEXT, fin=index == len(bounds) - 2)
        if rng.random() < 0.1:
            stream += client_frame(b"between", rng.choice([PING, PONG]))
    return stream


def _broken(rng: random.Random, text: bytes) -> bytes:
    match rng.randrange(9):
        case 0:
            return client_frame(text, rng.randrange(16), fin=rng.random() < 0.5)
        case 1:
            return client_frame(text, TEXT | rng.randrange(1, 8) << 4)
        case 2:
            return _scarred(rng, client_frame(text))
        case 3:
            return client_frame(rng.randbytes(rng.randint(0, 130)), CLOSE)
        case 4:
            return client_frame(rng.randint(990, 5010).to_bytes(2, "big") + text[:60], CLOSE)
        case 5:
            return client_frame(
                b"\xff" * rng.choice([1, 100, LARGEST, LARGEST + 1]), rng.choice([TEXT, BINARY])
            )
        case 6:
            fragment = client_frame(text[: rng.randint(0, 1)], CONT, fin=False)
            return client_frame(b"", TEXT, fin=False) + fragment * rng.choice([3, 200, 3000])
        case 7:
            return bytes((rng.randrange(256), rng.randrange(256))) + rng.randbytes(rng.choice([0, 8, 300]))
        case _:
            return rng.randbytes(rng.randint(1, 600))


def head(rng: random.Random, token: str) -> bytes:
    """A request for a WebSocket, or what is left of one."""
    target = rng.choice(
        ["/ws", "/ws/templates", "/ws/none", "/healthz", "/ws?token=%ff", "*", "//", "/ws?" + "a" * 9000]
    )
    lines = [
        "Authorization: Bearer x", "Host: other", "Content-Length: 5", "Transfer-Encoding: chunked",
        "Sec-WebSocket-Protocol: autodmca.v1, bearer.x", "Upgrade: h2c", "Connection: close", "X: \xe9", "x",
        "Expect: 100-continue", "Sec-WebSocket-Extensions: permessage-deflate", ": x",
        "X: " + "a" * rng.choice([100, 33_000, 70_000]),
    ]  # fmt: skip
    request = upgrade_request(
        f"{target}?token={token}" if rng.random() < 0.3 else target,
        *rng.sample(lines, rng.randint(0, 2)),
        without=rng.sample(
            ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"], rng.randint(0, 1)
        ),
        method=rng.choice(["GET"] * 6 + ["POST", "HEAD", "CONNECT", "get", ""]),
        version=rng.choice(["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/2.0", "", "HTTP/1.1 x"]),
    )
    return _scarred(rng, request) if rng.random() < 0.5 else request
