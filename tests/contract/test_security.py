"""How clients and a real broker with TLS and SASL agree, and what is said when they do not."""

from __future__ import annotations

import asyncio
import gc
import logging
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from aiokafka.errors import KafkaError
from autodmca_kafka import (
    BrokerUnavailable,
    EventProducer,
    TailReader,
    TopicPartition,
    TopicSpec,
    cluster,
    ensure_topics,
)
from autodmca_kafka.access import Access, NotReached, _said
from autodmca_kafka.brokers import Brokers
from autodmca_kafka.client import Client
from autodmca_kafka.rights import on_topics

from tests.certificates import Authority
from tests.contract.reading import Seen
from tests.secure_kafka import SESSION_MS, SecureKafka

pytestmark = pytest.mark.kafka

REACHED_S = 30
REFUSED_S = 4
NOBODY = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD": ""}


async def reach(brokers: Brokers) -> None:
    client = await cluster.connect(brokers, client_id="test", deadline_s=REACHED_S)
    await cluster.close(client)


@pytest.mark.parametrize("listener", ["SASL", "CLEAR"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_passwords(secure_kafka: SecureKafka, listener: str, mechanism: str, tmp_path: Path) -> None:
    await reach(secure_kafka.settings("edge", listener, KAFKA_SASL_MECHANISM=mechanism))
    file = tmp_path / "password"
    file.write_text("edge-secret\n")
    settings = {"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": str(file)}
    await reach(secure_kafka.settings("edge", listener, KAFKA_SASL_MECHANISM=mechanism, **settings))


async def test_a_client_certificate(secure_kafka: SecureKafka) -> None:
    certificate = secure_kafka.authority.issue("client")
    await reach(secure_kafka.settings(None, "MUTUAL", KAFKA_SSL_CERTIFICATE_FILE=str(certificate)))


def bearer(secure_kafka: SecureKafka, file: Path) -> Brokers:
    settings = {"KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_SASL_TOKEN_FILE": str(file)}
    return secure_kafka.settings("edge", **NOBODY, **settings)


async def test_a_token_that_is_renewed_counts_at_once(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    """The first is refused, with the broker's reason, the second taken without a new client."""
    file = tmp_path / "token"
    file.write_text(secure_kafka.token("edge", lasts_s=-3600))
    brokers = bearer(secure_kafka, file)
    with pytest.raises(BrokerUnavailable, match=r"refuses this client's credentials: .*invalid_token"):
        await refused(brokers)
    connecting = asyncio.create_task(reach(brokers))
    await asyncio.sleep(0)
    file.write_text(secure_kafka.token("edge"))
    await connecting


async def refused(brokers: Brokers) -> None:
    await cluster.close(await cluster.connect(brokers, client_id="test", deadline_s=REFUSED_S))


def wrong_password(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings("edge", KAFKA_SASL_PASSWORD="of somebody else")


def unknown_user(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings("nobody", KAFKA_SASL_MECHANISM="PLAIN")


def unknown_authority(kafka: SecureKafka, directory: Path) -> Brokers:
    return kafka.settings("edge", KAFKA_SSL_CA_FILE=str(Authority(directory, "another").file))


def expired(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings(None, "EXPIRED")


def other_host(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings(None, "OTHER")


def no_certificate(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings(None, "MUTUAL")


def own_expired(kafka: SecureKafka, _: Path) -> Brokers:
    file = kafka.authority.issue("own-expired", expired=True)
    return kafka.settings(None, "MUTUAL", KAFKA_SSL_CERTIFICATE_FILE=str(file))


def plain_at_tls(kafka: SecureKafka, _: Path) -> Brokers:
    return f"127.0.0.1:{kafka.ports['SASL']}"


def tls_at_plain(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings("edge", KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)


def sasl_at_none(kafka: SecureKafka, _: Path) -> Brokers:
    return kafka.settings("edge", "CLEAR", KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers)


def none_at_sasl(kafka: SecureKafka, _: Path) -> Brokers:
    return f"127.0.0.1:{kafka.ports['CLEAR']}"


def tls_alone_at_sasl(kafka: SecureKafka, _: Path) -> Brokers:
    port = kafka.ports["SASL"]
    return kafka.settings(None, "OTHER", KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (wrong_password, "the broker refuses this client's credentials: .*SCRAM-SHA-512"),
        (unknown_user, "the broker refuses this client's credentials: .*Invalid username or password"),
        (unknown_authority, "no authority in the CA file vouches for the broker's certificate"),
        (expired, "the broker's certificate has expired"),
        (other_host, "the broker's certificate is not one for 127.0.0.1"),
        (no_certificate, "the broker ends TLS with the alert .*it is about the client certificate"),
        (own_expired, "the broker ends TLS with the alert .*it is about the client certificate"),
        (plain_at_tls, "the listener speaks TLS, and this client does not"),
        (tls_at_plain, "ended the connection within the TLS handshake, as a listener without TLS does"),
        (sasl_at_none, "the listener has no SASL, and the security protocol is SASL_PLAINTEXT"),
        (none_at_sasl, "ended the connection at the first question, as a listener with SASL does"),
        (tls_alone_at_sasl, "ended the connection at the first question, as a listener with SASL does"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
async def test_a_disagreement_is_one_line_and_no_flood(
    secure_kafka: SecureKafka,
    client: Callable[[SecureKafka, Path], Brokers],
    reason: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    brokers = client(secure_kafka, tmp_path)
    _said.clear()
    gc.collect()  # what earlier tests let go of has nothing to say here
    tracemalloc.start()
    with (
        structlog.testing.capture_logs() as lines,
        caplog.at_level(logging.DEBUG, "aiokafka"),
        pytest.raises(BrokerUnavailable, match=reason),
    ):
        await refused(brokers)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [line["event"] for line in lines] == ["a Kafka broker cannot be reached"]
    assert lines[0]["log_level"] == "warning"
    assert not [line for line in caplog.records if line.levelno > logging.INFO]
    assert "secret" not in caplog.text.replace("test_security", "")
    assert "of somebody else" not in caplog.text + str(lines)
    assert most < 16 << 20, "what is no answer is not to be made room for"


class Counted(Access):
    """Knows how often a broker was asked."""

    tries = 0

    def failed(self, address: tuple[str, int], error: NotReached) -> None:
        self.tries += 1
        super().failed(address, error)


async def test_a_client_that_is_refused_asks_ever_less_often(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    """However often its users ask it to, until a file is another: the broker's time is spent on others."""
    file = tmp_path / "password"
    file.write_text("of somebody else")
    settings = {"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": str(file)}
    access = Counted(secure_kafka.settings("edge", **settings))
    client = Client(**access.options(), client_id="test")
    asked = 0
    while asked < 40 or access.tries < 3:
        with pytest.raises(KafkaError):
            await client.bootstrap()
        asked += 1
        await asyncio.sleep(0.01)
    assert asked > 2 * access.tries
    file.write_text("edge-secret")
    await client.bootstrap()
    assert access.reason is None
    await cluster.close(client)


async def test_an_authority_and_a_certificate_that_are_renewed_count_at_once(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    """One client, not made anew: first it trusts another authority, then it shows a bad certificate."""
    ca, certificate = tmp_path / "ca.pem", tmp_path / "client.pem"
    ca.write_bytes(Authority(tmp_path, "another").file.read_bytes())
    certificate.write_bytes(secure_kafka.authority.issue("late", expired=True).read_bytes())
    files = {"KAFKA_SSL_CA_FILE": str(ca), "KAFKA_SSL_CERTIFICATE_FILE": str(certificate)}
    access = Access(secure_kafka.settings(None, "MUTUAL", **files))
    client = Client(**access.options(), client_id="test")
    for reason, file, renewed in (
        ("no authority in the CA file", ca, secure_kafka.authority.file),
        ("about the client certificate", certificate, secure_kafka.authority.issue("in-time")),
    ):
        with pytest.raises(KafkaError):
            await client.bootstrap()
        assert reason in str(access.reason)
        file.write_bytes(renewed.read_bytes())
    await client.bootstrap()
    assert access.reason is None
    await cluster.close(client)


async def test_sessions_that_end_are_followed_by_others_without_a_gap(
    secure_kafka: SecureKafka, new_name: Callable[[str], str]
) -> None:
    """Records come and go for several sessions' time, and no connection's end is heard of (KIP-368)."""
    topic, brokers = new_name("brief"), secure_kafka.settings("edge", "BRIEF")
    await ensure_topics(secure_kafka.bootstrap_servers, [TopicSpec(topic, 2)])
    await secure_kafka.grant("User:edge", [*on_topics("READ", [topic]), *on_topics("WRITE", [topic])])
    tps = [TopicPartition(topic, number) for number in range(2)]
    count = 0
    async with (
        TailReader(brokers, client_id="tail") as reader,
        EventProducer(brokers, client_id="test") as producer,
        asyncio.TaskGroup() as tasks,
    ):
        await reader.add(dict.fromkeys(tps, reader.END))
        seen = Seen(reader)
        clock = asyncio.get_running_loop().time
        ends = clock() + 4 * SESSION_MS / 1000
        with structlog.testing.capture_logs() as lines:
            reading = tasks.create_task(seen.until(lambda: seen.values().count(b"end") == 2))
            while clock() < ends:
                value, tp = str(count).encode(), tps[count % 2]
                await producer.send_record(topic, key=None, value=value, partition=tp.partition)
                count += 1
            for tp in tps:
                await producer.send_record(topic, key=None, value=b"end", partition=tp.partition)
            await reading
    for tp in tps:
        numbers = [str(number).encode() for number in range(tp.partition, count, 2)]
        assert seen.values(tp) == [*numbers, b"end"]
    assert seen.events == []
    assert lines == []
