"""A template's life over HTTP, on the embedded broker and on Apache Kafka, while processes are killed."""

from __future__ import annotations

import asyncio
import signal
import uuid

from autodmca_events import TemplateUsage
from autodmca_service.testing import Person, events_of, new_user

from tests.brokers import Broker
from tests.integration.templates_site import (
    COMPLETE,
    VALUES,
    VARIABLES,
    WANTING,
    approved,
    replicas,
    told,
)


async def test_a_template_lives_its_whole_life_although_the_service_is_killed_in_the_middle(
    any_broker: Broker,
) -> None:
    author, reviewer = Person(new_user()), Person(new_user(), "reviewer")
    async with replicas(any_broker, 1) as (replica,):
        content = {"name": "Photo takedown", "kind": "takedown", "body": WANTING, "variables": VARIABLES}
        created = await author.ask(replica, "POST", "/v1/templates", content)
        assert created.status_code == 201
        one = created.headers["location"]
        report = await author.get(replica, "POST", f"{one}/validate")
        assert not report["valid"]
        assert report["missingElements"] == ["accuracy", "perjuryAuthority"]
        refused = await author.ask(replica, "POST", f"{one}/submit")
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"].endswith(":not-valid")

        content["body"] = COMPLETE
        stale = await author.ask(replica, "PUT", one, content, headers={"if-match": '"1"'})
        assert stale.status_code == 412
        etag = (await author.ask(replica, "GET", one)).headers["etag"]
        await author.get(replica, "PUT", one, content, headers={"if-match": etag})
        assert (await author.get(replica, "POST", f"{one}/validate"))["score"] == 1
        await author.get(replica, "POST", f"{one}/submit")

        await replica.signal(signal.SIGKILL)
        await replica.start()
        await replica.ready()
        assert (await author.get(replica, "GET", one))["status"] == "in_review"

        himself = await author.ask(replica, "POST", f"{one}/approve")
        assert himself.status_code == 403
        await reviewer.get(replica, "POST", f"{one}/reject", {"comment": "We have one."})
        await author.get(replica, "POST", f"{one}/appeal", {"comment": "For another host."})
        await reviewer.get(replica, "POST", f"{one}/approve")
        for submission, outcome in (("sub-1", "accepted"), ("sub-2", "rejected")):
            rendered = await author.get(
                replica, "POST", f"{one}/render", {"submissionId": submission, "values": VALUES}
            )
            assert "https://example.com/stolen" in rendered["text"]
            for what in ("sent", outcome):
                await author.get(
                    replica, "POST", f"{one}/outcome", {"submissionId": submission, "outcome": what}
                )

        content["body"] = COMPLETE + "\nOur reference: 42\n"
        assert (await author.get(replica, "PUT", one, content))["version"] == 2
        draft = await author.get(replica, "GET", one)
        assert (draft["status"], draft["usableVersion"]) == ("draft", 1)
        await author.get(replica, "POST", f"{one}/validate")
        await author.get(replica, "POST", f"{one}/submit")
        await reviewer.get(replica, "POST", f"{one}/request-changes")
        content["body"] = COMPLETE + "\nOur reference: 43\n"
        await author.get(replica, "PUT", one, content)
        await author.get(replica, "POST", f"{one}/validate")
        await author.get(replica, "POST", f"{one}/submit")
        await reviewer.get(replica, "POST", f"{one}/approve")
        await author.get(replica, "POST", f"{one}/deprecate")
        last = await author.get(replica, "POST", f"{one}/archive")
        assert (last["status"], last["version"]) == ("archived", 3)
        assert last["usage"] == {
            "usageCount": 2, "acceptedCount": 1, "rejectedCount": 1, "acceptanceRatePercent": 50.0
        }  # fmt: skip
        again = await author.ask(replica, "POST", f"{one}/archive")
        assert again.status_code == 409
        assert await replica.signal(signal.SIGTERM) == 0

    events = await events_of(any_broker.bootstrap_servers, "templates", author.user_id)
    assert [told(event.payload) for event in events] == [
        ("validation", 1, False, ("accuracy", "perjuryAuthority")),
        ("validation", 1, True, ()),
        ("approval", 1, "draft", "in_review"),
        ("approval", 1, "in_review", "rejected"),
        ("approval", 1, "rejected", "in_appeal"),
        ("approval", 1, "in_appeal", "approved"),
        ("usage", 1, "rendered", None),
        ("usage", 1, "sent", None),
        ("usage", 1, "accepted", 100.0),
        ("usage", 2, "rendered", 100.0),
        ("usage", 2, "sent", 100.0),
        ("usage", 2, "rejected", 50.0),
        ("approval", 2, "approved", "draft"),
        ("validation", 2, True, ()),
        ("approval", 2, "draft", "in_review"),
        ("approval", 2, "in_review", "changes_requested"),
        ("approval", 3, "changes_requested", "draft"),
        ("validation", 3, True, ()),
        ("approval", 3, "draft", "in_review"),
        ("approval", 3, "in_review", "approved"),
        ("approval", 3, "approved", "deprecated"),
        ("approval", 3, "deprecated", "archived"),
    ]
    assert not await events_of(any_broker.bootstrap_servers, "templates", reviewer.user_id)


async def test_what_one_replica_wrote_another_one_reads_at_once(any_broker: Broker) -> None:
    author = Person(new_user())
    async with replicas(any_broker, 2) as (first, second):
        for number in range(10):
            content = {"name": f"Number {number}", "kind": "retraction", "body": "I retract my notice."}
            created = await author.get(first, "POST", "/v1/templates", content)
            read = await author.get(second, "GET", f"/v1/templates/{created['id']}")
            assert read == created
            edited = await author.get(
                second, "PUT", f"/v1/templates/{created['id']}", {**content, "name": f"Edited {number}"}
            )
            assert (await author.get(first, "GET", f"/v1/templates/{created['id']}")) == edited
        names = []
        page = await author.get(first, "GET", "/v1/templates?limit=4")
        names += [item["name"] for item in page["items"]]
        while "nextCursor" in page:
            page = await author.get(second, "GET", f"/v1/templates?limit=4&cursor={page['nextCursor']}")
            names += [item["name"] for item in page["items"]]
        assert sorted(names) == sorted(f"Edited {number}" for number in range(10))


async def test_killing_one_of_two_replicas_under_load_loses_and_doubles_nothing(any_broker: Broker) -> None:
    authors = [Person(new_user()) for _ in range(6)]
    reviewer = Person(new_user(), "reviewer")
    uses = 5
    under_way = asyncio.Event()
    async with replicas(any_broker, 2) as (first, second):
        ids = [await approved(first, author, reviewer) for author in authors]

        async def use(author: Person, template_id: str) -> None:
            for number in range(uses):
                body = {"submissionId": f"sub-{number}", "values": VALUES}
                key = uuid.uuid4().hex
                target = (first, second)[number % 2]
                path = f"/v1/templates/{template_id}/render"
                try:
                    async with asyncio.timeout(5):
                        await author.get(target, "POST", path, body, key=key)
                except TimeoutError:
                    await author.get(second, "POST", path, body, key=key)
                under_way.set()

        async def kill() -> None:
            await under_way.wait()
            await first.signal(signal.SIGKILL)

        async with asyncio.TaskGroup() as group:
            for author, template_id in zip(authors, ids, strict=True):
                group.create_task(use(author, template_id))
            group.create_task(kill())

        for author, template_id in zip(authors, ids, strict=True):
            template = await author.get(second, "GET", f"/v1/templates/{template_id}")
            assert template["usage"]["usageCount"] == uses
    for author in authors:
        counts = [
            event.payload.usage_count
            for event in await events_of(any_broker.bootstrap_servers, "templates", author.user_id)
            if isinstance(event.payload, TemplateUsage)
        ]
        assert counts == list(range(1, uses + 1))
