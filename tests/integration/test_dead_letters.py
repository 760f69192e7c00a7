"""Dead letters on their way back: listed, shown, and sent again once the model is mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from autodmca_events.partitions import partition_for, user_key
from autodmca_events.topics import inputs_topic
from autodmca_kafka import Context, Decision, EventProducer, Processor, Table, ensure_topics, service_topics
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.partition_work import KEY
from autodmca_runtime import KafkaSettings, Secret, TokenSettings, TokenVerifier
from autodmca_service.app import no_problem
from autodmca_service.dead_letters import DeadLetters
from autodmca_service.http.app import http_app
from autodmca_service.http.metrics import HttpMetrics
from autodmca_service.testing.caller import SECRET, Caller
from prometheus_client import CollectorRegistry

from libs.client.tests.command import completed
from tests.brokers import Broker
from tests.integration.running import running, until
from tests.integration.service import PARTITIONS

USER, OTHER = 7, 8


class Notes(msgspec.Struct, frozen=True):
    texts: tuple[str, ...] = ()


class Write(msgspec.Struct, frozen=True, tag="write"):
    text: str


class Notebook:
    """A replica whose model fails on texts in capitals until it is mended."""

    def __init__(self, name: str, servers: str) -> None:
        self.mended = False
        self.table: Table[Notes] = Table(name, servers, Notes)
        self.processor: Processor[Notes, Write, None] = Processor(
            name, servers, self._apply, table=self.table, input_type=Write
        )

    def _apply(self, notes: Mapping[str, Notes], command: Write, _context: Context) -> Decision[Notes, None]:
        if command.text.isupper() and not self.mended:
            raise ValueError(f"no capitals: {command.text}")
        before = notes.get("all", Notes())
        return Decision(outcome=None, changes={"all": Notes((*before.texts, command.text))})

    def texts(self, user_id: int) -> tuple[str, ...]:
        notes = self.table.get(user_id, "all")
        return notes.texts if notes else ()


@pytest.fixture
async def service(any_broker: Broker, new_name: Callable[[str], str]) -> str:
    name = new_name("notebook")
    await ensure_topics(any_broker.bootstrap_servers, service_topics(name, PARTITIONS))
    return name


async def test_an_input_that_failed_is_found_and_sent_again_once(
    any_broker: Broker, service: str, tmp_path: Path
) -> None:
    servers = any_broker.bootstrap_servers
    replica = Notebook(service, servers)
    inputs = inputs_topic(service)

    async def dead_letters(*arguments: str) -> tuple[int, str, str]:
        environ = {"KAFKA_BOOTSTRAP_SERVERS": servers}
        return await completed("dead-letters", *arguments, state=tmp_path, environ=environ)

    async with (
        EventProducer(servers, client_id="letters") as producer,
        running(replica.table.run(), replica.processor.run()),
    ):
        for user_id, words in ((USER, "one"), (USER, "TWO"), (OTHER, "THREE"), (USER, "four")):
            headers = [(KEY, words.encode()), (REQUEST, b"r-" + words.encode())]
            value = msgspec.json.encode(Write(words))
            await producer.send_record(inputs, key=user_key(user_id), value=value, headers=headers)
        await producer.send_record(inputs, key=b"nobody", value=b"{}", partition=0)
        await until(lambda: replica.texts(USER) == ("one", "four"))

        async def listed(count: int) -> list[dict[str, object]]:
            lines: list[str] = []
            while len(lines) < count:
                code, out, err = await dead_letters("list", service, "--json")
                assert code == 0, err
                lines = out.splitlines()
            return [json.loads(line) for line in lines]

        found = {str(letter["error"]): letter for letter in await listed(3)}
        two = found["ValueError: no capitals: TWO"]
        assert two["sentAgainAs"] is None
        name = str(two["name"])
        assert name.startswith(f"{partition_for(user_key(USER), PARTITIONS)}@")
        code, out, _ = await dead_letters("show", service, name)
        assert code == 0
        shown = json.loads(out)["input"]
        assert (shown["key"], shown["value"]["text"], shown["topic"]) == ("7", "TWO", inputs)
        assert shown["headers"] == {KEY: "TWO", REQUEST: "r-TWO"}

        replica.mended = True
        code, out, err = await dead_letters("resend", service, "--all", "--user", "7", "--dry-run")
        assert (code, out.count("would send again"), err) == (0, 1, "")
        code, out, err = await dead_letters("resend", service, "--all")
        assert code == 1
        assert "2 sent again, 1 not" in err
        assert "its key b'nobody' is no user id" in err
        await until(lambda: replica.texts(USER) == ("one", "four", "TWO"))
        await until(lambda: replica.texts(OTHER) == ("THREE",))

        code, out, err = await dead_letters("resend", service, name)
        assert (code, out) == (0, "")
        assert f"{name} was sent again before, as {inputs}[" in err
        code, out, _ = await dead_letters("resend", service, name, "--twice")
        assert (code, out.count(f"{name} is {inputs}[")) == (0, 1)
        await until(lambda: replica.texts(USER) == ("one", "four", "TWO", "TWO"))
        _, out, _ = await dead_letters("list", service, "--user", "8")
        assert (out.count("\n"), out.count("sent again as")) == (1, 1)


async def test_an_operator_finds_it_over_http_and_sends_it_again(any_broker: Broker, service: str) -> None:
    servers = any_broker.bootstrap_servers
    replica = Notebook(service, servers)
    path = f"/v1/dead-letters/{service}"
    async with (
        EventProducer(servers, client_id="letters") as producer,
        running(replica.table.run(), replica.processor.run()),
    ):
        letters = DeadLetters(service, KafkaSettings(bootstrap_servers=servers), producer, answer_s=60)
        app = http_app(
            letters.operations(),
            TokenVerifier(TokenSettings(secret=Secret(SECRET))),
            HttpMetrics(service, CollectorRegistry()),
            problem_of=no_problem,
            title="t",
            description="d",
            version="1",
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://letters") as http:
            ask = Caller(http)
            for user_id, words in ((USER, "one"), (USER, "TWO"), (OTHER, "THREE")):
                value = msgspec.json.encode(Write(words))
                await producer.send_record(inputs_topic(service), key=user_key(user_id), value=value)
            await producer.send_record(inputs_topic(service), key=b"nobody", value=b"{", partition=0)

            found: dict[str, Any] = {"total": 0}
            while found["total"] < 3:
                answer = await ask(1, "GET", path, None, "admin")
                assert answer.status_code == 200, answer.text
                found = answer.json()
            by_user = {each["userId"]: each for each in found["items"]}
            assert set(by_user) == {USER, OTHER, None}
            two = by_user[USER]
            assert (two["error"], two["sentAgainAs"]) == ("ValueError: no capitals: TWO", None)
            assert two["input"]["value"] == {"type": "write", "text": "TWO"}
            assert by_user[None]["input"]["value"] == "{"
            short = (await ask(1, "GET", f"{path}?limit=1", None, "admin")).json()
            assert (short["items"], short["total"]) == (found["items"][:1], 3)

            replica.mended = True
            sent = await ask(1, "POST", f"{path}/{two['name']}/resend", None, "admin")
            assert sent.status_code == 202, sent.text
            await until(lambda: replica.texts(USER) == ("one", "TWO"))
            again = await ask(1, "POST", f"{path}/{two['name']}/resend", None, "admin")
            assert (again.status_code, again.json()["type"].split(":")[-1]) == (409, "sent-again-before")
            twice = await ask(1, "POST", f"{path}/{two['name']}/resend?twice=true", None, "admin")
            assert twice.status_code == 202
            await until(lambda: replica.texts(USER) == ("one", "TWO", "TWO"))
            listed = (await ask(1, "GET", path, None, "admin")).json()["items"]
            shown = {each["userId"]: each["sentAgainAs"] for each in listed}
            assert (shown[USER], shown[OTHER]) == (twice.json()["sentAgainAs"], None)

            for method, where, role, status in (
                ("GET", path, "reviewer", 403),
                ("POST", f"{path}/{two['name']}/resend", "reviewer", 403),
                ("GET", f"{path}?limit=0", "admin", 422),
                ("POST", f"{path}/0@999/resend", "admin", 404),
                ("POST", f"{path}/99@0/resend", "admin", 404),
                ("POST", f"{path}/first/resend", "admin", 422),
                ("POST", f"{path}/{two['name']}/resend?twice=yes", "admin", 422),
                ("POST", f"{path}/{by_user[None]['name']}/resend", "admin", 409),
            ):
                answer = await ask(1, method, where, None, role)
                assert answer.status_code == status, (method, where, answer.text)


async def test_what_cannot_be_meant_is_said(any_broker: Broker, service: str, tmp_path: Path) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": any_broker.bootstrap_servers}
    for arguments, code, words in (
        (["list", service], 0, f"{service} has no such dead letters"),
        (["show", service, "0@5"], 1, f"{service} has no dead letter 0@5"),
        (["resend", service], 2, "either PARTITION@OFFSET... or --all"),
        (["list", "No Service"], 1, "is no service name"),
        (["list", "absent"], 1, "autodmca.absent-dead-letters.v1 does not exist"),
    ):
        ended, _, err = await completed("dead-letters", *arguments, state=tmp_path, environ=environ)
        assert ended == code
        assert words in err
