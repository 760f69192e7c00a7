"""Log lines: one format for all, and no secret on any of them."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import structlog
from autodmca_runtime import LogSettings, configure_logging
from autodmca_runtime.masking import LONGEST, is_sensitive, mask_event, mask_text
from hypothesis import given
from hypothesis import strategies as st

TOKEN = jwt.encode({"sub": "42", "exp": 4_000_000_000}, "0123456789abcdef0123456789abcdef", "HS256")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the process as it was: logging is global."""
    handlers, level, hooks = logging.root.handlers, logging.root.level, (sys.excepthook, threading.excepthook)
    raising = logging.raiseExceptions
    yield
    logging.root.handlers, logging.raiseExceptions = handlers, raising
    logging.root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hooks
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(level: Any = "info", kind: Any = "json") -> io.StringIO:
    stream = io.StringIO()
    configure_logging("edge", LogSettings(format=kind, level=level), stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ours_and_everybody_elses_lines_have_the_same_form() -> None:
    stream = configured()
    structlog.contextvars.bind_contextvars(connection_id="c1")
    structlog.get_logger().info("connection opened", user_agent="x")
    logging.getLogger("uvicorn.error").warning("Invalid %s received.", "request")
    ours, theirs = lines(stream)
    assert list(ours)[:4] == list(theirs)[:4] == ["timestamp", "level", "service", "event"]
    assert (ours["event"], ours["user_agent"], ours["connection_id"]) == ("connection opened", "x", "c1")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "Invalid request received.",
        "uvicorn.error",
        "warning",
    )
    assert theirs["service"] == "edge"
    assert ours["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written() -> None:
    stream = configured(level="warning")
    structlog.get_logger().info("no")
    logging.getLogger("other").info("no")
    structlog.get_logger().warning("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


def test_a_terminal_gets_readable_lines_and_everything_else_json() -> None:
    terminal = Terminal()
    configure_logging("edge", stream=terminal)
    structlog.get_logger().info("hello", topic="a")
    assert "hello" in terminal.getvalue()
    assert "{" not in terminal.getvalue()
    structlog.reset_defaults()
    pipe = io.StringIO()
    configure_logging("edge", stream=pipe)
    structlog.get_logger().info("hello", topic="a")
    assert lines(pipe)[0]["topic"] == "a"


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    stream = configured(kind="console")
    structlog.get_logger().info("hello", name="\x1b[2Jgone\nfake line")
    logging.getLogger("x").error("path \x1b[31m%s", "\x07")
    try:
        int("\x1b[1m")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "\x1b" not in stream.getvalue()
    assert "\x07" not in stream.getvalue()
    assert "invalid literal" in stream.getvalue()


def test_no_line_shows_a_token_wherever_it_stands() -> None:
    for kind in ("json", "console"):
        structlog.reset_defaults()
        stream = configured(kind=kind)
        log = structlog.get_logger()
        log.info(
            "opened",
            token=TOKEN,
            url=f"wss://host/ws?token={TOKEN}&a=1",
            nested={"x": [(f"Bearer {TOKEN}",)]},
        )
        log.info("opened", headers=[(b"authorization", f"Bearer {TOKEN}".encode())], odd=object)
        log.info(f"message with {TOKEN}", **{"Set-Cookie": "session"})
        logging.getLogger("uvicorn.access").info('%s - "GET /ws?token=%s"', "127.0.0.1", TOKEN)
        try:
            int(TOKEN)
        except ValueError:
            log.exception("failed")
            logging.getLogger("x").exception("failed")
        sys.excepthook(ValueError, ValueError(TOKEN), None)
        text = stream.getvalue()
        assert "opened" in text
        assert not any(part in text for part in TOKEN.split("."))
        assert "session" not in text


def test_uncaught_exceptions_and_warnings_are_logged() -> None:
    stream = configured()
    sys.excepthook(ValueError, ValueError("broken"), None)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("careful", stacklevel=1)
        logging.captureWarnings(False)
    first, second, third = lines(stream)
    assert (first["event"], first["level"]) == ("uncaught exception", "critical")
    assert "ZeroDivisionError" in second["exception"]
    assert (third["logger"], third["level"]) == ("py.warnings", "warning")


def test_a_stream_that_is_gone_loses_lines_and_nothing_else() -> None:
    stream = configured()
    log = structlog.get_logger()
    stream.close()
    log.info("lost")
    logging.getLogger("x").error("lost")


def test_values_that_json_cannot_say_are_written_all_the_same() -> None:
    class Nasty:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    stream = configured()
    structlog.get_logger().info(
        "odd", a="\ud800", b=2**200, c=Nasty(), d=b"\xff", e={1: {2, 3}}, f=float("nan")
    )
    line = lines(stream)[0]
    assert (line["a"], line["b"], line["c"]) == ("\ud800", 2**200, "<Nasty>")
    assert sorted(line["e"]["1"]) == [2, 3]


def test_long_and_deep_values_are_cut() -> None:
    deep: Any = "end"
    for _ in range(50):
        deep = [deep]
    event = mask_event(None, "", {"event": "x", "long": "y" * (LONGEST + 10), "deep": deep})
    assert event["long"].endswith("y... (10 more characters)")
    assert len(json.dumps(event["deep"])) < 200


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "access_token",
        "accessToken",
        "JWT_SECRET",
        "password",
        "Authorization",
        "set-cookie",
        "apiKey",
    ],
)
def test_keys_that_name_a_secret_hide_their_value(key: str) -> None:
    assert is_sensitive(key)
    assert mask_event(None, "", {key: "x", "event": ""})[key] == "[masked]"


@pytest.mark.parametrize("key", ["tokens", "token_count", "kid", "key", "event_type", "secretary", "topic"])
def test_other_keys_do_not(key: str) -> None:
    assert not is_sensitive(key)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (TOKEN, "[masked]"),
        (TOKEN.rsplit(".", 1)[0], "[masked]"),
        (f"({TOKEN})", "([masked])"),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer [masked]"),
        ("autodmca.v1, bearer.abcdefghijk", "autodmca.v1, bearer.[masked]"),
        ("/ws?a=1&token=abc&b=2", "/ws?a=1&token=[masked]&b=2"),
        ("access_token=abc", "access_token=[masked]"),
        ("https://me:hunter2@host/x", "https://[masked]@host/x"),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n.", "[masked]\n."),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc", "[masked]"),
        ("the bearer of bad news", "the bearer of bad news"),
        ("kafka://host:9092/x@y", "kafka://host:9092/x@y"),
        ("eyes.on.example.com", "eyes.on.example.com"),
        ("token", "token"),
    ],
)
def test_texts_lose_their_secrets_and_nothing_else(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@given(st.text(), st.text())
def test_a_token_is_hidden_in_any_surroundings(before: str, after: str) -> None:
    signature = TOKEN.rsplit(".", 1)[1]
    assert signature not in mask_text(f"{before} {TOKEN} {after}")


@given(st.text(), st.dictionaries(st.text(), st.recursive(st.text() | st.integers() | st.binary(), st.lists)))
def test_every_event_becomes_one_line(event: str, values: dict[str, Any]) -> None:
    structlog.reset_defaults()
    stream = configured()
    fields = {
        k: v for k, v in values.items() if k not in ("event", "exc_info", "stack_info", "timestamp", "level")
    }
    structlog.get_logger().info(event, **fields)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert json.loads(text)["level"] == "info"


def test_what_aiokafka_says_again_and_again_is_written_once() -> None:
    stream = configured()
    for attempt in range(50):
        logging.getLogger("aiokafka").error("Heartbeat failed for group %s: attempt %s", "g", attempt)
        logging.getLogger("uvicorn.access").warning("GET %s", attempt)
    said = [line["logger"] for line in lines(stream)]
    assert said.count("aiokafka") == 1
    assert said.count("uvicorn.access") == 50
