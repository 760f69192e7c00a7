"""`autodmca token`, `emit`, `topics` and `tail` as child processes, on the embedded broker."""

import json
from pathlib import Path

import jwt
import pytest
from autodmca_events import CATALOGUE, partition_for, user_key
from autodmca_kafka import service_topics
from autodmca_kafka.embedded import free_port

from libs.client.tests.command import SECRET, command, completed
from tests.brokers import Broker


async def test_a_token_has_the_claims_asked_for(tmp_path: Path) -> None:
    arguments = ["token", "--user", "7", "--role", "admin", "--ttl", "10m", "--types", "template_usage"]
    code, out, _ = await completed(*arguments, state=tmp_path, environ={"JWT_SECRET": SECRET})
    claims = jwt.decode(out.strip(), SECRET, algorithms=["HS256"])
    assert code == 0
    assert claims["sub"] == "7"
    assert claims["roles"] == ["admin"]
    assert claims["types"] == ["template_usage"]
    assert claims["exp"] - claims["iat"] == 600


async def test_the_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    environ = {"JWT_SECRET_FILE": str(file)}
    code, out, _ = await completed("token", "--user", "7", state=tmp_path, environ=environ)
    assert (code, jwt.decode(out.strip(), SECRET, algorithms=["HS256"])["sub"]) == (0, "7")


@pytest.mark.parametrize("environ", [{}, {"JWT_SECRET": "short"}, {"JWT_SECRET_FILE": "/nowhere/at/all"}])
async def test_no_token_without_a_usable_secret(environ: dict[str, str], tmp_path: Path) -> None:
    code, out, err = await completed("token", "--user", "7", state=tmp_path, environ=environ)
    assert (code, out) == (1, "")
    assert "JWT_SECRET" in err


async def test_what_is_emitted_is_on_the_users_partition_and_tail_shows_it(
    embedded_broker: Broker, tmp_path: Path
) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers}
    code, out, err = await completed("topics", "--create", state=tmp_path, environ=environ)
    assert (code, err) == (0, "")
    assert all(f"{event_type.topic} " in out for event_type in CATALOGUE.values())
    tailing = ["tail", "autodmca.templates.v1", "--since", "1m", "--json"]
    async with command(*tailing, state=tmp_path, environ=environ) as tail:
        await tail.note("reading autodmca.templates.v1")
        payload = json.dumps(EXAMPLE)
        emitting = ["emit", "template_usage", "--user", "7", "--payload", "-"]
        code, out, err = await completed(*emitting, state=tmp_path, environ=environ, given=payload.encode())
        assert (code, err) == (0, "")
        event_id = out.split()[0]
        record = json.loads(await tail.line())
        while record["value"]["id"] != event_id:
            record = json.loads(await tail.line())
    assert record["value"]["payload"] == EXAMPLE
    assert record["headers"] == {"type": "template_usage", "id": event_id}
    assert record["key"] == "7"
    assert record["partition"] == partition_for(user_key(7), 6)
    assert f"autodmca.templates.v1 partition {record['partition']} offset {record['offset']}" in out
    code, out, _ = await completed("topics", state=tmp_path, environ=environ)
    (line,) = (each for each in out.splitlines() if each.startswith("autodmca.templates.v1 "))
    assert f"{record['partition']}:0-" in line


async def test_an_example_for_everybody_goes_to_the_broadcast_topic(
    embedded_broker: Broker, tmp_path: Path
) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers}
    await completed("topics", "--create", state=tmp_path, environ=environ)
    emitting = ["emit", "system_notification", "--example"]
    code, out, _ = await completed(*emitting, state=tmp_path, environ=environ)
    assert code == 0
    assert "autodmca.broadcast.v1 partition 0" in out
    event_id = out.split()[0]
    tailing = ["tail", "autodmca.broadcast.v1", "--from-beginning"]
    async with command(*tailing, state=tmp_path, environ=environ) as tail:
        line = await tail.line()
        while f"type=system_notification id={event_id}" not in line.decode():  # others write there as well
            line = await tail.line()


@pytest.mark.parametrize(
    "arguments",
    [["topics"], ["emit", "template_usage", "--user", "7", "--example"], ["tail", "autodmca.templates.v1"]],
)
@pytest.mark.parametrize("servers", ["127.0.0.1:{0}", "127.0.0.1:{0},localhost:{0}"])
async def test_a_kafka_that_is_not_there_ends_it_with_what_to_do(
    arguments: list[str], servers: str, tmp_path: Path
) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": servers.format(free_port())}
    code, out, err = await completed(*arguments, state=tmp_path, environ=environ)
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: no Kafka answers at {environ['KAFKA_BOOTSTRAP_SERVERS']}")
    assert "--bootstrap-servers" in err
    assert len(err.splitlines()) == 1


async def test_a_kafka_whose_address_is_none_is_named(tmp_path: Path) -> None:
    code, _, err = await completed("topics", "--bootstrap-servers", "a:b", state=tmp_path)
    assert code == 2
    assert "--bootstrap-servers" in err


@pytest.mark.parametrize("user", ["0", "-7", str(2**53), "revoked"])
@pytest.mark.parametrize(
    "arguments", [["emit", "template_usage", "--example"], ["token"]], ids=lambda each: each[0]
)
async def test_what_is_no_user_is_refused_by_the_options_name(
    arguments: list[str], user: str, tmp_path: Path
) -> None:
    environ = {"JWT_SECRET": SECRET}
    code, out, err = await completed(*arguments, "--user", user, state=tmp_path, environ=environ)
    assert (code, out) == (2, "")
    assert "'--user'" in err


async def test_a_payload_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"templateId": 3}')
    emitting = ["emit", "template_usage", "--user", "7", "--payload", f"@{tmp_path / 'bad.json'}"]
    code, _, err = await completed(*emitting, state=tmp_path)
    assert code == 1
    assert "template_usage payload.templateId" in err


EXAMPLE = {
    "templateId": "t1",
    "name": "Takedown",
    "templateVersion": 1,
    "usageCount": 2,
    "renderedLength": 900,
    "usedAt": "2026-01-31T10:30:00Z",
}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["template_usage", "--user", "7", "--payload", json.dumps({**EXAMPLE, "usageCount": -1})],
            "usageCount",
        ),
        (
            ["template_usage", "--user", "7", "--payload", json.dumps({**EXAMPLE, "colour": 1})],
            "no field colour",
        ),
        (["template_usage", "--user", "7", "--payload", "{"], "not JSON"),
        (["template_usage", "--user", "7", "--payload", "[]"], "payload: Expected `object`"),
        (["template_usage", "--user", "7", "--payload", "@/no/such/file"], "cannot read"),
        (["template_usage", "--user", "7"], "either --payload or --example"),
        (["template_usage", "--example"], "--user"),
        (["system_notification", "--example", "--user", "7"], "for everybody"),
        (["nonsense", "--example"], "no event type"),
    ],
)
async def test_a_wrong_event_is_refused_by_name_before_any_broker(
    arguments: list[str], reason: str, tmp_path: Path
) -> None:
    code, _, err = await completed("emit", *arguments, state=tmp_path)
    assert code in (1, 2)
    assert reason in err
    assert "Traceback" not in err


async def test_a_topic_that_does_not_exist_is_named(embedded_broker: Broker, tmp_path: Path) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers}
    code, _, err = await completed("tail", "no.such.topic", state=tmp_path, environ=environ)
    assert code == 1
    assert "no.such.topic" in err
    assert "Traceback" not in err


async def test_the_topics_of_services_are_made_when_they_are_named(
    embedded_broker: Broker, tmp_path: Path
) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": embedded_broker.bootstrap_servers}
    code, _, err = await completed("topics", "--service", "templates", state=tmp_path, environ=environ)
    assert (code, "--create" in err) == (2, True)
    code, _, err = await completed("topics", "--create", "--service", "x", state=tmp_path, environ=environ)
    assert (code, "'x' is not one of" in err) == (2, True)
    creating = ["topics", "--create", "--service", "templates", "--replication-factor", "1"]
    code, out, err = await completed(*creating, state=tmp_path, environ=environ)
    assert (code, err) == (0, "")
    assert all(f"{spec.name} " in out for spec in service_topics("templates"))
