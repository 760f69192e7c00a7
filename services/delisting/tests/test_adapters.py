"""The adapters over HTTP against the sandbox: what is said, what is heard, and every way to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from autodmca_delisting.engines.gate import ATTEMPTS, OPENS_AFTER, retry_after
from autodmca_delisting.engines.interface import EngineAway
from autodmca_delisting.model.state import Notice
from hypothesis import given
from hypothesis import strategies as st

from services.delisting.tests.world import Outside, outside

URLS = [f"https://copies.example.com/{number}" for number in range(5)]
NOTICE = Notice(text="They copy my book.", work="Alpine Lakes", work_urls=("https://mine.example.org/",))


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Outside]:
    async with outside() as found:
        yield found


async def test_a_submission_is_made_polled_appealed_and_found(at: Outside) -> None:
    engine = at.engine()
    rules = [{"engine": "google", "url": url, "outcome": "no_action", "reason": "so"} for url in URLS[:2]]
    rules += [{"engine": "google", "url": url, "outcome": "removed"} for url in URLS[2:]]
    await at.world.post("/sandbox/rules", json=rules)
    sent = await engine.submit("ref-1", URLS, NOTICE)
    assert (sent.http_status, sent.code, sent.progress) == (201, "accepted", "submitted")
    assert sent.external_reference is not None
    assert [each.outcome for each in sent.outcomes] == ["pending"] * 5
    at.clock.pass_s(11)
    heard = await engine.poll(sent.external_reference)
    assert heard.progress == "decided"
    assert [each.outcome for each in heard.outcomes] == ["no_action"] * 2 + ["removed"] * 3
    assert heard.outcomes[0].reason == "so"
    found = await engine.find("ref-1")
    assert found is not None
    assert found.external_reference == sent.external_reference
    assert await engine.find("ref-2") is None
    again = await engine.appeal(sent.external_reference, "ref-1", "they are copies")
    assert (again.code, again.progress) == ("accepted", "under_review")
    taken = await engine.cancel(sent.external_reference)
    assert (taken.code, taken.progress) == ("accepted", "decided")
    assert not await engine.shows(URLS[2])
    hits = await engine.search("violin sonata recording")
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


async def test_refusals_are_heard_with_their_words(at: Outside) -> None:
    engine = at.engine()
    incomplete = await engine.submit("ref", URLS, Notice(text=" "))
    assert (incomplete.http_status, incomplete.code) == (422, "incomplete")
    assert "notice.text" in incomplete.message
    unknown = await engine.poll("g-nothing")
    assert (unknown.http_status, unknown.code) == (404, "rejected")
    refused = await at.engine("bing").submit("ref", ["https://a.example.com/"] * 251, NOTICE)
    assert refused.code == "rejected"
    sent = await engine.submit("ref", URLS, NOTICE)
    assert sent.external_reference is not None
    early = await engine.appeal(sent.external_reference, "ref", "no")
    assert (early.http_status, early.code) == (409, "rejected")


@pytest.mark.parametrize("kind", ["drop", "lost", "cut", "garbage"])
async def test_an_answer_that_dies_is_asked_for_again_under_the_same_key(at: Outside, kind: str) -> None:
    engine = at.engine()
    await at.fault(kind=kind, place="google", operation="submit")
    if kind == "garbage":
        with pytest.raises(EngineAway) as away:
            await engine.submit("ref-1", URLS, NOTICE)
        assert away.value.lost
        assert at.counted("engine_answers_unread_total", engine="google", operation="submit") == 1
    heard = await engine.submit("ref-1", URLS, NOTICE)
    assert heard.code == "accepted"
    assert await at.filed("google") == dict.fromkeys(URLS, 1)
    if kind != "garbage":
        assert at.counted("engine_retries_total", engine="google", operation="submit") == 1


@pytest.mark.parametrize("kind", ["drop", "lost", "cut"])
async def test_what_may_not_be_repeated_goes_out_once_and_may_be_lost(at: Outside, kind: str) -> None:
    engine = at.engine("yandex", "lookup")
    await at.fault(kind=kind, place="yandex", operation="submit")
    with pytest.raises(EngineAway) as away:
        await engine.submit("ref-1", URLS, NOTICE)
    assert away.value.lost
    assert await at.reached("submit") == 1
    found = await engine.find("ref-1")
    assert (found is not None) is (kind != "drop")


async def test_a_slow_answer_is_not_waited_for_for_ever() -> None:
    async with outside(timeout_s=0.3) as at:
        await at.fault(kind="slow", seconds=2, operation="submit", times=1)
        with pytest.raises(EngineAway) as away:
            await at.engine("yandex", "lookup").submit("ref-1", URLS, NOTICE)
        assert away.value.lost
        assert await at.filed("yandex") == dict.fromkeys(URLS, 1)


@pytest.mark.parametrize("later", ["40", "date:40"])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_passed_on_and_keeps_everybody_away_until_then(
    at: Outside, later: str, status: int
) -> None:
    engine = at.engine()
    await at.fault(kind="status", status=status, retryAfter=later, place="google")
    heard = await engine.submit("ref-1", URLS, NOTICE)
    assert heard.code == ("rate_limited" if status == 429 else "server_error")
    assert heard.retry_after_s == pytest.approx(40, abs=1)
    with pytest.raises(EngineAway) as away:
        await engine.poll("g-1")
    assert not away.value.lost
    assert away.value.wait_s == pytest.approx(40, abs=1)
    assert await at.reached("poll") == 0
    at.clock.pass_s(41)
    assert (await engine.submit("ref-1", URLS, NOTICE)).code == "accepted"


async def test_a_spell_of_503_is_retried_and_told(at: Outside) -> None:
    await at.fault(kind="status", status=503, place="google", times=ATTEMPTS)
    heard = await at.engine().submit("ref-1", URLS, NOTICE)
    assert (heard.http_status, heard.code) == (503, "server_error")
    assert await at.reached("submit") == ATTEMPTS
    assert (await at.engine().submit("ref-1", URLS, NOTICE)).code == "accepted"


async def test_a_host_that_goes_on_failing_is_left_alone_and_others_are_not(at: Outside) -> None:
    engine = at.engine("yandex", "lookup", alone_s=0.2)
    await at.fault(kind="status", status=500, place="yandex", times=None)
    for _ in range(OPENS_AFTER):
        assert (await engine.submit("ref", URLS, NOTICE)).http_status == 500
    with pytest.raises(EngineAway) as away:
        await engine.submit("ref", URLS, NOTICE)
    assert not away.value.lost
    assert await at.reached("submit") == OPENS_AFTER
    assert (
        at.counted("engine_requests_total", engine="yandex", operation="submit", result="breaker open") == 1
    )
    assert (await at.engine("bing").submit("ref", URLS, NOTICE)).code == "accepted"
    await at.world.delete("/sandbox/faults")
    while True:
        try:
            assert (await engine.submit("ref", URLS, NOTICE)).code == "accepted"
            break
        except EngineAway:
            continue


async def test_nobody_at_the_address_is_away_and_nothing_is_lost(at: Outside) -> None:
    engine = at.engine()
    engine._base = "http://127.0.0.1:9"
    with pytest.raises(EngineAway) as away:
        await engine.submit("ref", URLS, NOTICE)
    assert not away.value.lost


async def test_a_wrong_key_is_told_as_such(at: Outside) -> None:
    engine = at.engine()
    engine._headers["authorization"] = "Bearer other"
    assert (await engine.submit("ref", URLS, NOTICE)).code == "auth_error"


async def test_lumen_is_filed_with_found_and_refuses(at: Outside) -> None:
    lumen = at.lumen()
    assert await lumen.find("ref-1") is None
    where = await lumen.file("ref-1", "google", URLS, NOTICE)
    assert where == await lumen.find("ref-1")
    assert await at.filed("lumen") == dict.fromkeys(URLS, 1)
    shown: Any = (await at.world.get(f"{where}.json")).json()["dmca"]
    assert shown["works"][0]["copyrighted_urls"] == [{"url": "https://mine.example.org/"}]
    await at.fault(kind="lost", place="lumen", operation="file")
    with pytest.raises(EngineAway) as away:
        await lumen.file("ref-2", "google", URLS, NOTICE)
    assert away.value.lost
    assert await lumen.find("ref-2") is not None
    with pytest.raises(EngineAway, match="401"):
        await at.lumen("wrong").file("ref-3", "google", URLS, NOTICE)
    await at.fault(kind="status", status=422, place="lumen", operation="file")
    assert await lumen.file("ref-4", "google", URLS, NOTICE) is None


@given(st.one_of(st.text(max_size=40), st.integers().map(str)))
def test_any_retry_after_is_a_bounded_wait_or_none(text: str) -> None:
    try:
        answer = httpx.Response(503, headers={"retry-after": text})
    except UnicodeEncodeError:
        return
    wait_s = retry_after(answer, 1_790_000_000)
    assert wait_s is None or 0 <= wait_s <= 86_400
