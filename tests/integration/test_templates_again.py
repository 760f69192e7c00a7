"""Requests with an Idempotency-Key, sent again after a restart and through another replica."""

from __future__ import annotations

import signal

from autodmca_service.testing import Person, events_of, new_user

from tests.brokers import Broker
from tests.integration.templates_site import (
    COMPLETE,
    VALUES,
    VARIABLES,
    approved,
    replicas,
)


async def test_the_first_answer_is_given_again_by_another_replica_and_after_a_restart(
    any_broker: Broker,
) -> None:
    author, reviewer = Person(new_user()), Person(new_user(), "reviewer")
    async with replicas(any_broker, 2) as (one, other):
        path = f"/v1/templates/{await approved(one, author, reviewer)}"
        use = {"values": VALUES}
        rendered = await author.ask(one, "POST", f"{path}/render", use, key="render")
        examined = await author.ask(one, "POST", f"{path}/validate", key="validate")
        refused = await author.ask(one, "POST", f"{path}/appeal", key="appeal")
        assert (rendered.status_code, examined.status_code, refused.status_code) == (200, 200, 409)

        content = {"name": "New", "kind": "takedown", "body": COMPLETE + "\nNewer.\n", "variables": VARIABLES}
        await author.get(one, "PUT", path, content)
        for step in ("validate", "submit"):
            await author.get(one, "POST", f"{path}/{step}")
        await reviewer.get(one, "POST", f"{path}/approve")
        told = len(await events_of(any_broker.bootstrap_servers, "templates", author.user_id))

        await one.signal(signal.SIGKILL)
        await one.start()
        await one.ready()
        for replica in (other, one):
            for first, step, body in (
                (rendered, "render", use),
                (examined, "validate", None),
                (refused, "appeal", None),
            ):
                again = await author.ask(replica, "POST", f"{path}/{step}", body, key=step)
                assert (again.status_code, again.content) == (first.status_code, first.content)
            reused = await author.ask(replica, "POST", f"{path}/render", {"values": {}}, key="render")
            assert reused.status_code == 422
            assert reused.json()["type"].endswith(":idempotency-key-reused")
    assert len(await events_of(any_broker.bootstrap_servers, "templates", author.user_id)) == told
