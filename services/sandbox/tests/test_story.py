"""The people's calls, seen from a templates service that only writes them down."""

import json
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import httpx
import jwt
import pytest
from autodmca_sandbox.drafts import DRAFTS
from autodmca_sandbox.errors import Refused
from autodmca_sandbox.people import AUTHORS, REVIEWERS
from autodmca_sandbox.story import FATES, Fate, live
from autodmca_sandbox.templates_api import TemplatesApi

SECRET = "a secret of more than thirty-two bytes"


class Call(NamedTuple):
    user_id: int
    what: str
    body: dict[str, object]
    key: str


class Service:
    """Answers as the templates service does; `trouble` may answer in its place."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.trouble: Callable[[int], httpx.Response | None] = lambda _: None
        transport = httpx.MockTransport(self._answer)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://templates")
        self.api = TemplatesApi(self.http, SECRET, first_pause_s=0)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        user_id = int(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])
        body = json.loads(request.content) if request.content else {}
        what = request.url.path.removeprefix("/v1/templates").removeprefix("/t1").removeprefix("/")
        self.calls.append(Call(user_id, what or request.method, body, request.headers["idempotency-key"]))
        if (trouble := self.trouble(len(self.calls))) is not None:
            return trouble
        valid = "good faith" in str([c.body.get("body") for c in self.calls if c.body.get("body")][-1:])
        return httpx.Response(200, json={"id": "t1", "valid": valid, "text": "..."})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    async with service.http:
        yield service


async def no_pause() -> None:
    return None


async def life(service: Service, fate: Fate) -> list[tuple[int, str]]:
    await live(service.api, AUTHORS[0], REVIEWERS[0], DRAFTS[0], fate, no_pause)
    return [(call.user_id, call.what) for call in service.calls]


ADA, RUTH, TOMASZ = AUTHORS[0].user_id, REVIEWERS[0].user_id, REVIEWERS[1].user_id
WRITTEN = [(ADA, "POST"), (ADA, "validate"), (ADA, "PUT"), (ADA, "validate"), (ADA, "submit")]
USED = [(ADA, "render"), (ADA, "outcome"), (ADA, "outcome")]


async def test_a_template_is_corrected_approved_and_used(service: Service) -> None:
    calls = await life(service, Fate("approve", ("accepted",), retired=False))
    assert calls == [*WRITTEN, (RUTH, "approve"), *USED]


async def test_a_template_that_was_sent_back_is_changed_and_submitted_again(service: Service) -> None:
    calls = await life(service, Fate("request-changes", ("accepted",), retired=True))
    again = [(ADA, "PUT"), (ADA, "validate"), (ADA, "submit"), (RUTH, "approve")]
    retired = [(ADA, "deprecate"), (ADA, "archive")]
    assert calls == [*WRITTEN, (RUTH, "request-changes"), *again, *USED, *retired]


async def test_an_appeal_is_decided_by_another_reviewer(service: Service) -> None:
    calls = await life(service, Fate("reject", (), retired=False))
    assert calls == [*WRITTEN, (RUTH, "reject"), (ADA, "appeal"), (TOMASZ, "approve")]


async def test_each_use_is_a_submission_of_its_own_with_values_for_the_variables(service: Service) -> None:
    await life(service, FATES[0])
    renders = [call.body for call in service.calls if call.what == "render"]
    assert len({str(body["submissionId"]) for body in renders}) == len(FATES[0].outcomes)
    assert [body["values"] for body in renders[:2]] == list(DRAFTS[0].occasions)


async def test_a_call_is_repeated_under_the_same_key_until_the_service_is_back(service: Service) -> None:
    service.trouble = lambda call: httpx.Response(503) if call < 4 else None
    await service.api.create(AUTHORS[0], {"name": "a"})
    assert len(service.calls) == 4
    assert len({call.key for call in service.calls}) == 1


async def test_two_calls_have_two_keys(service: Service) -> None:
    await service.api.create(AUTHORS[0], {"name": "a"})
    await service.api.create(AUTHORS[0], {"name": "a"})
    assert service.calls[0].key != service.calls[1].key


async def test_a_refusal_is_raised_with_the_service_s_words(service: Service) -> None:
    service.trouble = lambda _: httpx.Response(409, text="not in this status")
    with pytest.raises(Refused, match="not in this status") as caught:
        await service.api.move(AUTHORS[0], "t1", "submit")
    assert (caught.value.status, len(service.calls)) == (409, 1)
