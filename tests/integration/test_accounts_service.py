"""Accounts with the services that it asks and follows, on brokers: profiles and social media, the saga."""

from __future__ import annotations

import signal
from typing import Any

from autodmca_events import ProfileActivity, ProfileScanUpdate
from autodmca_service.testing import Person, events_of, new_user, processes

from tests.brokers import Broker
from tests.integration import social_media_site
from tests.integration.accounts_site import ENDED, Account, Site, site, statuses


def _profile(who: Any) -> dict[str, Any]:
    handles = [{"platform": name, "handle": who["handle"]} for name in ("mastodon", "bluesky")]
    return {"name": who["name"], "handles": handles, "bio": who["bio"], "intervalSeconds": 3_600}


async def test_a_profile_is_watched_and_what_social_media_finds_is_in_its_feed(any_broker: Broker) -> None:
    user = new_user()
    person, servers = Person(user), any_broker.bootstrap_servers
    async with (
        social_media_site.site(any_broker) as social,
        processes("accounts", servers) as [accounts],
    ):
        who = (await social.truth())["persons"][0]
        made = await person.get(accounts, "POST", "/v1/profiles", _profile(who))
        path = f"/v1/profiles/{made['id']}"
        shown = await person.until(
            accounts, path, lambda each: "scan" in each and _is_over(each), timeout_s=120
        )
        assert shown["scan"]["status"] == "completed"
        assert sorted(each["platform"] for each in shown["scan"]["sources"]) == ["bluesky", "mastodon"]
        found = await person.get(social.replicas[0], "GET", "/v1/incidents?severity=critical&severity=high")
        incident = found["items"][0]
        await person.get(social.replicas[0], "POST", f"/v1/incidents/{incident['id']}/report", {})
        lines = await person.until(
            accounts, f"{path}/activity?type=takedown_sent", lambda page: page["items"]
        )
        assert lines["items"][0]["infringement"]["id"] == incident["id"]
        await person.get(accounts, "PUT", path, {**_profile(who), "platforms": ["orkut"]})
        refused = await person.until(accounts, path, lambda each: "watchError" in each)
        assert "platforms" in refused["watchError"]
        await person.get(accounts, "PUT", path, {**_profile(who), "watched": False})
        await person.until(social.replicas[0], "/v1/watches", lambda page: not page["items"])
    events = [event.payload for event in await events_of(servers, "accounts", user)]
    updates = [each for each in events if isinstance(each, ProfileScanUpdate)]
    assert len({each.scan_id for each in updates}) == 1
    assert (updates[-1].status, updates[-1].sources_scanned) == ("completed", 2)
    assert updates[-1].matches_found == shown["scan"]["sources"][0].get("matchesFound", 0) + shown["scan"][
        "sources"
    ][1].get("matchesFound", 0)
    activities = [each for each in events if isinstance(each, ProfileActivity)]
    kinds = [each.type for each in activities]
    assert kinds[:4] == ["created", "handle_added", "handle_added", "scan_started"]
    assert {"scan_completed", "infringement_detected", "takedown_sent"} <= set(kinds)


def _is_over(profile: Any) -> bool:
    return profile["scan"]["status"] in ("completed", "failed", "cancelled")


async def test_a_submission_waits_for_a_service_that_is_down_and_goes_on_with_it(
    embedded_broker: Broker,
) -> None:
    async with site(embedded_broker) as at:
        account, delisting = await _opened(at), at.delisting.replicas[0]
        name = await _submitted_while_down(at, account)
        await delisting.start()
        path = f"/v1/submissions/{name}"
        shown = await account.person.until(
            at.replicas[0], path, lambda each: each["status"] in ENDED, timeout_s=120
        )
        assert (shown["status"], shown["parts"][0]["status"]) == ("completed", "approved")
        trail = await account.person.get(at.replicas[0], "GET", f"{path}/audit")
        assert "under penalty of perjury" in trail["notice"]
        said = [(each["by"], each["said"]) for each in trail["entries"]]
        assert any(by == "google" and text.startswith("answered accepted") for by, text in said)
        assert said[-1] == ("accounts", "active -> completed")
        packet = await account.person.ask(at.replicas[0], "GET", f"{path}/audit.txt")
        assert trail["notice"] in packet.text
        lines = await account.person.get(
            at.replicas[0], "GET", f"/v1/profiles/{account.profile_id}/activity?type=takedown_sent"
        )
        assert len(lines["items"]) == 1
    told = await events_of(embedded_broker.bootstrap_servers, "accounts", account.person.user_id)
    assert statuses(told, name) == ["pending", "processing", "active", "completed"]


async def test_what_is_made_after_a_submission_was_cancelled_is_taken_back(embedded_broker: Broker) -> None:
    async with site(embedded_broker) as at:
        account, delisting = await _opened(at), at.delisting.replicas[0]
        name = await _submitted_while_down(at, account)
        path = f"/v1/submissions/{name}"
        cancelled = await account.person.get(at.replicas[0], "POST", f"{path}/cancel", {})
        assert (cancelled["status"], cancelled["parts"][0]["stage"]) == ("cancelled", "cancelled")
        await delisting.start()
        await delisting.ready()
        requests = await account.person.until(
            delisting,
            "/v1/requests",
            lambda page: page["items"] and page["items"][0]["status"] == "cancelled",
        )
        shown = await account.person.until(
            at.replicas[0], path, lambda each: each["parts"][0].get("status") == "cancelled"
        )
        assert shown["parts"][0]["requestId"] == requests["items"][0]["id"]
        assert shown["status"] == "cancelled"


async def _opened(at: Site) -> Account:
    return await Account.opened(at, Person(new_user()), Person(new_user(), "reviewer"))


async def _submitted_while_down(at: Site, account: Account) -> str:
    """A submission that has asked delisting, which is not there; its id."""
    url = f"https://copies{account.person.user_id}.example.com/1"
    await at.rules("google", {url: "removed"})
    await at.delisting.replicas[0].signal(signal.SIGKILL)
    made = await account.person.get(
        at.replicas[0], "POST", "/v1/submissions", account.submission([url], "google")
    )
    name: str = made["id"]
    await account.person.until(
        at.replicas[0], f"/v1/submissions/{name}", lambda each: each["parts"][0]["stage"] == "asked"
    )
    return name
