"""Both adapters against the sandbox's networks over real HTTP: the same tests for each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autodmca_social_media.platforms.interface import Platform, PlatformAway

from services.social_media.tests.world import Outside, outside

NETWORKS = ["mastodon", "bluesky"]
each_network = pytest.mark.parametrize("name", NETWORKS)


async def account_id(at: Outside, name: str, kind: str = "impersonator") -> str:
    found = str((await at.account(name, kind))["id"])
    return f"did:plc:{found}" if name == "bluesky" else found


async def away(platform: Platform, query: str = "official") -> PlatformAway:
    with pytest.raises(PlatformAway) as caught:
        await platform.search(query, None)
    return caught.value


@each_network
async def test_a_search_finds_accounts_and_details_add_what_it_does_not_show(name: str) -> None:
    async with outside() as at:
        member = await at.account(name, "impersonator")
        platform = at.platform(name)
        found = await platform.search(member["handle"], None)
        hit = next(hit for hit in found.hits if hit.account.handle == member["handle"])
        assert hit.account.display_name == member["name"]
        assert hit.account.bio == member["bio"]
        assert hit.account.created_at == member["created_at"]
        account = await platform.details(hit)
        assert account.avatar_hash is not None
        assert account.followers == member["followers"]
        assert platform.called().rate_limit == 10_000


@each_network
async def test_posts_are_read_as_text_and_of_an_account_that_is_gone_there_are_none(name: str) -> None:
    async with outside() as at:
        member = await at.account(name, "person")
        platform = at.platform(name)
        hits = (await platform.search(member["handle"], None)).hits
        hit = next(hit for hit in hits if hit.account.handle == member["handle"])
        posts = await platform.posts(hit)
        assert [post.text for post in posts] == member["posts"]
        assert len({post.url for post in posts}) == len(posts) > 1
        assert await platform.posts(hit._replace(id="did:plc:123" if name == "bluesky" else "123")) == []


@each_network
async def test_pages_of_a_search_hold_every_account_once(name: str) -> None:
    async with outside() as at:
        platform, cursor, seen = at.platform(name), None, []
        while True:
            page = await platform.search("a", cursor)
            seen += [hit.id for hit in page.hits]
            if (cursor := page.cursor) is None:
                break
        assert len(seen) == len(set(seen))
        assert len(seen) > 50


@each_network
async def test_a_report_is_filed_found_by_its_reference_and_followed_to_the_end(name: str) -> None:
    async with outside() as at:
        platform, target = at.platform(name), await account_id(at, name)
        assert await platform.find_report(target, "inc_1-1") is None
        report = await platform.report(target, "inc_1-1", "This account passes itself off as somebody else.")
        assert await platform.find_report(target, "inc_1-1") == report
        assert await platform.find_report(target, "inc_1-2") is None
        assert (await platform.standing(target, report)).ending == "open"
        at.clock.pass_s(3)
        assert (await platform.standing(target, report)).ending == "under_review"
        at.clock.pass_s(10)
        assert (await platform.standing(target, report)).ending == "removed"


@each_network
async def test_an_account_that_goes_while_we_look_is_removed_and_no_report_dismissed(name: str) -> None:
    async with outside() as at:
        platform, target = at.platform(name), await account_id(at, name)
        report = await platform.report(target, "inc_1-1", "?")
        ask = platform._ask  # type: ignore[attr-defined]

        async def decided_after(operation: str, call: Any) -> Any:
            try:
                return await ask(operation, call)
            finally:
                at.clock.pass_s(11)

        platform._ask = decided_after  # type: ignore[attr-defined]
        assert (await platform.standing(target, report)).ending == "removed"


@each_network
async def test_a_report_about_somebody_innocent_is_dismissed(name: str) -> None:
    async with outside() as at:
        platform, target = at.platform(name), await account_id(at, name, "fan")
        report = await platform.report(target, "inc_1-1", "?")
        at.clock.pass_s(11)
        assert (await platform.standing(target, report)).ending == "dismissed"


@each_network
async def test_a_renamed_account_is_told_by_its_new_handle(name: str) -> None:
    async with outside() as at:
        member = await at.account(name, "impersonator")
        await at.steer(network=name, rename=member["id"], handle="somebody.new")
        assert (await at.platform(name).standing(await account_id(at, name), None)).handle == "somebody.new"


@each_network
async def test_a_used_up_rate_limit_says_when_to_go_on_and_nothing_is_sent_before(name: str) -> None:
    async with outside(rate=2) as at:
        platform = at.platform(name)
        for _ in range(2):
            await platform.search("official", None)
        held = await away(platform)
        assert held.trouble == "rate_limited"
        assert held.resume_at is not None
        assert at.clock() < held.resume_at <= at.clock() + 301_000
        assert await at.reached("search") == 2
        at.clock.pass_s(301)
        assert (await platform.search("official", None)).hits


@each_network
async def test_tokens_that_have_ended_are_auth_required_until_they_are_let_in_again(name: str) -> None:
    async with outside() as at:
        platform = at.platform(name)
        await platform.search("official", None)
        await at.steer(network=name, ended=True)
        refused = await away(platform)
        assert (refused.trouble, refused.lost) == ("auth_required", False)
        await at.steer(network=name, ended=False)
        assert (await platform.search("official", None)).hits


@each_network
@pytest.mark.parametrize("kind", ["status", "drop", "lost", "cut", "garbage"])
async def test_what_is_no_answer_is_a_platform_that_is_down_and_the_next_call_works(
    name: str, kind: str
) -> None:
    async with outside() as at:
        platform = at.platform(name)
        await at.fault(kind=kind, place=name, operation="search")
        assert (await away(platform)).trouble == "down"
        assert (await platform.search("official", None)).hits


@each_network
async def test_an_answer_that_takes_too_long_is_lost(name: str) -> None:
    async with outside() as at:
        platform = at.platform(name, timeout_s=0.5)
        await at.fault(kind="slow", place=name, operation="file", seconds=3)
        with pytest.raises(PlatformAway) as caught:
            await platform.report(await account_id(at, name), "inc_1-1", "late")
        assert caught.value.lost


@each_network
async def test_a_platform_that_fails_again_and_again_is_left_alone_for_a_while(name: str) -> None:
    async with outside() as at:
        platform = at.platform(name)
        await at.fault(kind="status", place=name, operation="search", times=8)
        for _ in range(8):
            await away(platform)
        assert "left alone" in str(await away(platform))
        assert await at.reached("search") == 8
        async with asyncio.timeout(10):
            while True:
                try:
                    assert (await platform.search("official", None)).hits
                    break
                except PlatformAway:
                    await asyncio.sleep(0.02)


@each_network
async def test_no_credential_stands_in_what_an_error_says(name: str) -> None:
    async with outside() as at:
        platform = at.platform(name, token="very-secret-token")
        refused = await away(platform)
        assert refused.trouble == "auth_required"
        assert "very-secret" not in f"{refused!r} {refused} {refused.called} {refused.__cause__}"
