"""A delisting request's life over HTTP, against the sandbox's engines, on each broker."""

from __future__ import annotations

from typing import Any

from autodmca_service.testing import Person, events_of, new_user

from tests.brokers import Broker
from tests.integration.delisting_site import ENDED, site, statuses

NOTICE = {"text": "These pages copy my book 'Alpine Lakes'.", "work": "Alpine Lakes"}


def urls(count: int, user: int) -> list[str]:
    return [f"https://copies{user}.example.com/page/{number}" for number in range(count)]


def rule(engine: str, url: str, outcome: str) -> dict[str, str]:
    return {"engine": engine, "url": url, "outcome": outcome, "reason": "so it was told"}


def ended(request: Any) -> bool:
    return request["status"] in ENDED


async def test_a_request_goes_through_an_engine_and_a_relisting_is_seen(any_broker: Broker) -> None:
    person = Person(new_user())
    async with site(any_broker) as at:
        (replica,) = at.replicas
        pages = urls(20, person.user_id)
        outcomes = ["no_action" if number % 5 == 0 else "removed" for number in range(20)]
        await at.told("rules", [rule("google", *each) for each in zip(pages, outcomes, strict=True)])
        body = {
            "engine": "google",
            "urls": [*pages, "hxxps://evil[.]example[.]com/a", "no url", "what is this"],
            "notice": NOTICE,
        }
        created = await person.ask(replica, "POST", "/v1/requests", body)
        assert created.status_code == 201, created.text
        one = created.headers["location"]
        assert created.json()["status"] == "queued"
        assert created.json()["urlsTotal"] == 21
        assert [each["reason"] for each in created.json()["dropped"]] == ["no_url", "no_url"]
        done = await person.until(at.replicas[0], one, ended)
        assert done["status"] == "partially_approved"
        page = await person.get(replica, "GET", f"{one}/urls?outcome=no_action")
        assert len(page["items"]) == done["urlsNoAction"] > 0
        assert all(each["reason"] for each in page["items"])

        await person.get(replica, "POST", f"{one}/appeal", {"text": "They are copies."})
        await person.until(at.replicas[0], one, ended)

        def gone(page: Any) -> list[str]:
            return [
                each["normalizedUrl"] for each in page["items"] if each.get("visibility") == "not_indexed"
            ]

        removed = gone(await person.until(at.replicas[0], f"{one}/urls?outcome=removed&limit=200", gone))
        await at.told("relist", [{"engine": "google", "url": removed[0]}])
        back = f"{one}/urls?outcome=removed&limit=200"

        def seen(page: Any) -> bool:
            return any(
                each["normalizedUrl"] == removed[0] and each.get("visibility") == "visible"
                for each in page["items"]
            )

        await person.until(at.replicas[0], back, seen)
        assert set((await at.filed("google")).values()) == {1}
        events = await events_of(any_broker.bootstrap_servers, "delisting", person.user_id)
    request_id = done["id"]
    assert statuses(events, request_id) == [
        "draft", "queued", "submitted", "under_review", "partially_approved", "appealed", "under_review",
        "partially_approved",
    ]  # fmt: skip
    changes = [event.payload for event in events if event.type == "visibility_change"]
    assert any(change.relisted and change.url == removed[0] for change in changes)  # type: ignore[attr-defined]
    assert {event.type for event in events} == {
        "delisting_request_status",
        "engine_response",
        "visibility_change",
    }
