"""`autodmca listen` as a child process, against the fake edge."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from autodmca_client.dial import user_of
from autodmca_client.testing import FakeEdge
from autodmca_kafka.embedded import free_port

from libs.client.tests.command import SECRET, command, completed


@pytest.fixture
async def edge() -> AsyncIterator[FakeEdge]:
    async with FakeEdge() as edge:
        yield edge


def event_id(line: bytes) -> str:
    return str(msgspec.json.decode(line)["id"])


async def subscribed(edge: FakeEdge, times: int = 1) -> None:
    await edge.until(lambda: len(edge.said("subscribe")) == times, deadline_s=30)


async def test_json_lines_are_the_messages_as_they_came(edge: FakeEdge, tmp_path: Path) -> None:
    async with command("listen", "--url", edge.url, "--token", "t", "--json", state=tmp_path) as listening:
        await subscribed(edge)
        sent = edge.emit("template_usage")
        assert event_id(await listening.line()) == sent


async def test_people_read_type_time_and_fields_without_control_characters(
    edge: FakeEdge, tmp_path: Path
) -> None:
    async with command("listen", "--url", edge.url, "--token", "t", state=tmp_path) as listening:
        await subscribed(edge)
        edge.emit("template_usage", {"templateId": "t1", "name": "\x1b[31mred"})
        line = (await listening.line()).decode()
    assert "template_usage" in line
    assert "templateId=t1" in line
    assert "\x1b" not in line


async def test_types_and_filters_reach_the_edge(edge: FakeEdge, tmp_path: Path) -> None:
    arguments = ["--types", "template_usage,template_approval", "--types", "visibility_change"]
    arguments += ["--filter", 'templateVersion={"gte": 2}', "--filter", "engine=google"]
    async with command("listen", "--url", edge.url, "--token", "t", *arguments, state=tmp_path):
        await subscribed(edge)
    config = edge.said("subscribe")[0]["config"]
    assert config["types"] == ["template_usage", "template_approval", "visibility_change"]
    assert config["filters"] == {"templateVersion": {"gte": 2}, "engine": "google"}


async def test_it_comes_back_by_itself_and_says_so(edge: FakeEdge, tmp_path: Path) -> None:
    async with command("listen", "--url", edge.url, "--token", "t", "--json", state=tmp_path) as listening:
        await listening.note("connected to fake")
        await subscribed(edge)
        edge.close(4408, "asleep")
        sent = edge.emit("template_usage")
        await listening.note("connection lost (4408 asleep)")
        assert event_id(await listening.line()) == sent


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_ends_it_and_resume_goes_on_there(
    edge: FakeEdge, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    arguments = ["listen", "--url", edge.url, "--user", "7", "--json", "--resume"]
    environ = {"JWT_SECRET": SECRET}
    async with command(*arguments, state=tmp_path, environ=environ) as listening:
        await listening.note("nothing saved to resume from")
        await subscribed(edge)
        edge.emit("template_usage", user_id=7)
        await listening.line()
        exit_code, _, err = await listening.end(number)
    assert exit_code == code
    assert "Traceback" not in err
    missed = [edge.emit("template_usage", user_id=7) for _ in range(3)]
    async with command(*arguments, "--count", "3", state=tmp_path, environ=environ) as listening:
        assert [event_id(await listening.line()) for _ in missed] == missed
        assert (await listening.end())[0] == 0
    assert {user_of(each.token or "") for each in edge.handshakes} == {7}


async def test_another_filter_has_a_position_of_its_own(edge: FakeEdge, tmp_path: Path) -> None:
    base = ["listen", "--url", edge.url, "--token", "t", "--count", "1"]
    edge.emit("template_usage")
    assert (await completed(*base, "--since", "2023-01-01T00:00:00Z", state=tmp_path))[0] == 0
    async with command(*base, "--filter", "templateIds=t1", "--resume", state=tmp_path) as listening:
        await listening.note("nothing saved")


async def test_a_refused_filter_ends_it_with_the_edges_reason(edge: FakeEdge, tmp_path: Path) -> None:
    edge.fail("subscribe", "bad_filter", field="payload.config.filters.usageCount")
    code, _, err = await completed(
        "listen",
        "--url",
        edge.url,
        "--token",
        "t",
        "--types",
        "template_usage",
        "-f",
        "usageCount=1",
        state=tmp_path,
    )
    assert code == 1
    assert "bad_filter" in err
    assert "payload.config.filters.usageCount" in err


async def test_a_refused_token_ends_it(tmp_path: Path) -> None:
    async with FakeEdge(token_ok=lambda token: False) as edge:
        code, _, err = await completed("listen", "--url", edge.url, "--token", "t", state=tmp_path)
    assert code == 1
    assert "refused the token" in err


async def test_an_edge_that_is_not_there_ends_it_with_what_to_do(tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{free_port()}/ws"
    code, _, err = await completed("listen", "--url", url, "--token", "t", state=tmp_path)
    assert code == 1
    assert f"no edge answers at {url}" in err
    assert "AUTODMCA_URL" in err


async def test_it_waits_for_an_edge_when_told_to(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["listen", "--url", f"ws://127.0.0.1:{port}/ws", "--token", "t", "--json", "--wait"]
    async with command(*arguments, state=tmp_path) as listening:
        await listening.note("no edge answers at")
        async with FakeEdge(port=port) as edge:
            await subscribed(edge)
            sent = edge.emit("template_usage")
            assert event_id(await listening.line()) == sent


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--user"),
        (["--user", "7"], "JWT_SECRET"),
        (["--token", "t", "--types", "template_usag"], "did you mean template_usage"),
        (["--token", "t", "--filter", "x"], "KEY=VALUE"),
        (["--token", "t", "--since", "yesterday"], "neither a moment"),
        (["--token", "t", "--url", "http://x"], "ws://"),
    ],
)
async def test_wrong_usage_is_named(arguments: list[str], reason: str, tmp_path: Path) -> None:
    code, _, err = await completed("listen", *arguments, state=tmp_path)
    assert code in (1, 2)
    assert reason in err
    assert "Traceback" not in err
