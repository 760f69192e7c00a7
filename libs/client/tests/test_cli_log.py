"""`autodmca token`, `emit`, `topics` and `tail` as child processes, on the embedded broker."""

import json
from pathlib import Path

import jwt
import pytest
from autodmca_events import CATALOGUE, partition_for, user_key

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


@pytest.mark.parametrize("environ", [{}, {"JWT_SECRET": "short"}])
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
    tailing = ["tail", "autodmca.broadcast.v1", "--from-beginning", "--count", "1"]
    code, out, _ = await completed(*tailing, state=tmp_path, environ=environ)
    assert code == 0
    assert "type=system_notification" in out


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
