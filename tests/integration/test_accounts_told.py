"""Accounts and a real edge: what a user is told comes over a socket, and what was read goes back over it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from autodmca_client import Client
from autodmca_events import SystemNotification, UserNotification, rfc3339
from autodmca_kafka import EventProducer
from autodmca_service.testing import Person, new_user, processes

from services.accounts.tests import histories
from tests.brokers import Broker
from tests.integration.edge_site import edge_node, token

NOW = histories.BEGINNING


def is_all_read(shown: Any) -> bool:
    return (shown["unread"], [each["read"] for each in shown["items"]]) == (0, [True])


async def test_a_notification_comes_over_a_socket_and_is_read_over_it(any_broker: Broker) -> None:
    servers, user = any_broker.bootstrap_servers, new_user()
    began = int(time.time() * 1000)
    person, root = Person(user), Person(new_user(), "admin")
    with edge_node(servers) as edge:
        async with (
            processes("accounts", servers, 2) as [accounts, other],
            EventProducer(servers, client_id="test-told") as producer,
            Client(f"ws://127.0.0.1:{edge.port}/ws", token=token(user)) as client,
            asyncio.timeout(120),
        ):
            following = client.subscribe(["user_notification"], since=rfc3339(began))
            announced = client.subscribe(["system_notification"], since=rfc3339(began))  # others' too
            await producer.send(histories.incident("inc_1", "detected", NOW), user_id=user)
            told = (await anext(following)).payload
            assert isinstance(told, UserNotification)
            assert (told.related_id, told.read) == ("inc_1", False)
            await client.send("notification_read", {"notificationId": told.notification_id})
            marked = (await anext(following)).payload
            assert isinstance(marked, UserNotification)
            assert (marked.notification_id, marked.read) == (told.notification_id, True)
            # An event may be heard before the state that it tells of is written.
            await person.until(accounts, "/v1/notifications", is_all_read)
            body = {"level": "maintenance", "code": f"upgrade-{user}", "title": "Upgrade", "message": "Soon."}
            await root.get(other, "POST", "/v1/system-notifications", body)
            while not (
                isinstance(said := (await anext(announced)).payload, SystemNotification)
                and said.code == f"upgrade-{user}"
            ):
                pass
            assert said.level == "maintenance"
            for replica in (accounts, other):  # one of them owns user 0, to whom announcements belong
                await person.until(
                    replica,
                    "/v1/system-notifications",
                    lambda listed: f"upgrade-{user}" in [each["code"] for each in listed["items"]],
                )
