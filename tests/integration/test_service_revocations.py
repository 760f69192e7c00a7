"""A user or a token that is cut off is refused by services, too, and let in again when it is over."""

from __future__ import annotations

import time
from hashlib import sha256

import httpx
from autodmca_events.topics import EDGE_CONTROL
from autodmca_kafka import EventProducer
from autodmca_service.control.records import Revoke, encode
from autodmca_service.control.revocations import Revoked, TokenId
from autodmca_service.testing import Process, new_user, token

from tests.brokers import Broker
from tests.integration.templates_site import replicas

PATH = "/v1/templates"


async def revoke(producer: EventProducer, revoked: Revoked, seconds: float = 600) -> None:
    record = Revoke.of(revoked, int((time.time() + seconds) * 1000))
    value, headers = encode(record)
    await producer.send_record(EDGE_CONTROL, key=record.key.encode(), value=value, headers=headers)


async def answers(replica: Process, bearer: str, status: int) -> httpx.Response:
    """The first answer of that status."""
    while True:
        answer = await replica.http.get(PATH, headers={"authorization": f"Bearer {bearer}"})
        if answer.status_code == status:
            return answer


async def test_who_is_cut_off_is_refused_and_nobody_else(any_broker: Broker) -> None:
    user, other = new_user(), new_user()
    mine, again, named = token(user), token(user, jti="one"), token(other, jti=f"jti {other}")
    async with (
        EventProducer(any_broker.bootstrap_servers, client_id="operator") as producer,
        replicas(any_broker, 1) as (replica,),
    ):
        await answers(replica, mine, 200)
        await revoke(producer, sha256(mine.encode()).hexdigest())
        told = await answers(replica, mine, 401)
        assert told.json()["type"].endswith(":invalid-token")
        await answers(replica, again, 200)
        await revoke(producer, user)
        told = await answers(replica, again, 403)
        assert told.json()["type"].endswith(":user-cut-off")
        await producer.send_record(EDGE_CONTROL, key=b"nonsense", value=b"{", headers=[("kind", b"revoke")])
        await revoke(producer, TokenId(f"jti {other}"))
        await answers(replica, named, 401)
        await answers(replica, token(other), 200)
        await revoke(producer, user, seconds=-1)
        await answers(replica, again, 200)
        shown = (await replica.http.get("/metrics")).text
        assert 'autodmca_revocation_records_skipped_total{reason="unreadable"} 1.0' in shown

    async with replicas(any_broker, 1) as (started_later,):
        await answers(started_later, mine, 401)
        await answers(started_later, again, 200)
