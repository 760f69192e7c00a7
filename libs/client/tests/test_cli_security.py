"""`autodmca` at a cluster with TLS, SASL and ACLs: it takes the settings that services take."""

from pathlib import Path

import pytest
from autodmca_events.topics import events_topic
from autodmca_kafka import event_topics, service_topics
from autodmca_kafka.rights import maker_rights, on_topics

from libs.client.tests.command import completed
from tests.secure_kafka import SecureKafka

TOPIC = events_topic("templates")


@pytest.mark.kafka
async def test_topics_are_made_and_events_come_and_go_by_those_who_may(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    specs = [*event_topics(), *service_topics("templates")]
    await secure_kafka.grant("User:maker", maker_rights(specs))
    making = ["topics", "--create", "--service", "templates", "--partitions", "3"]
    code, out, err = await completed(*making, state=tmp_path, environ=secure_kafka.environ("maker"))
    assert (code, err) == (0, "")
    assert all(spec.name in out for spec in specs)
    poor = secure_kafka.environ("poor")
    emitting = ["emit", "template_usage", "--user", "7", "--example"]
    code, _, err = await completed(*emitting, state=tmp_path, environ=poor)
    assert code == 1
    assert "not authorized to WRITE" in err
    await secure_kafka.grant("User:poor", [*on_topics("WRITE", [TOPIC]), *on_topics("READ", [TOPIC])])
    code, out, err = await completed(*emitting, state=tmp_path, environ=poor)
    assert (code, err) == (0, "")
    tailing = ["tail", TOPIC, "--from-beginning", "--count", "1", "--json"]
    code, out, _ = await completed(*tailing, state=tmp_path, environ=poor)
    assert code == 0
    assert '"type":"template_usage"' in out
    code, out, _ = await completed("topics", state=tmp_path, environ=poor)
    assert [line.split()[1] for line in out.splitlines() if "broadcast" in line] == ["denied"]
    await secure_kafka.revoke("User:poor")


async def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    environ = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": "hunter2"}
    code, _, err = await completed("topics", state=tmp_path, environ=environ)
    assert code == 1
    assert "KAFKA_SASL_MECHANISM is missing" in err
    assert "hunter2" not in err
