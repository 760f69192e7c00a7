"""Keys from an address: an issuer's server that rotates, fails, stalls and misbehaves."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import jwt
import pytest
from autodmca_runtime import (
    InvalidToken,
    KeysUnavailable,
    Secret,
    TokenSettings,
    TokenVerifier,
    UnknownKey,
)
from autodmca_runtime.metrics import JWKS_FETCHED
from autodmca_runtime.tokens.jwks import PublishedKeys
from prometheus_client import REGISTRY
from starlette.responses import RedirectResponse, Response, StreamingResponse


@pytest.fixture
def verifier(issuer: Any, clock: Any, monotonic: Any) -> TokenVerifier:
    return TokenVerifier(TokenSettings(jwks_url=issuer.url), clock=clock, monotonic=monotonic)


def failures() -> float:
    return REGISTRY.get_sample_value("autodmca_jwks_fetches_total", {"result": "failed"}) or 0.0


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_the_first_token_fetches_the_keys(
    algorithm: str, verifier: TokenVerifier, issuer: Any, keys: Any
) -> None:
    issuer.keys = [keys.jwk(name, name) for name in ("RS256", "ES256", "EdDSA")]
    token = keys.token(algorithm, kid=algorithm)
    with pytest.raises(KeysUnavailable):
        verifier.verify(token)
    assert verifier.problem() == "the issuer's keys have not been fetched"
    assert (await verifier.check(token)).user_id == 42
    assert verifier.problem() is None
    assert verifier.verify(token).user_id == 42
    assert issuer.requests == 1


async def test_a_new_key_is_fetched_when_a_token_names_it(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, monotonic: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "old")]
    await verifier.refresh()
    issuer.keys.append(other_keys.jwk("RS256", "new"))
    token = other_keys.token("RS256", kid="new")
    monotonic.now += 4
    with pytest.raises(KeysUnavailable) as told:
        await verifier.check(token)  # within ten seconds of the last fetch
    assert told.value.retry_s == 6
    monotonic.now += 6
    assert (await verifier.check(token)).user_id == 42
    assert verifier.verify(keys.token("RS256", kid="old")).user_id == 42


async def test_a_withdrawn_key_takes_its_remembered_tokens_along(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, monotonic: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "old"), other_keys.jwk("RS256", "new")]
    token = keys.token("RS256", kid="old")
    assert (await verifier.check(token)).user_id == 42
    issuer.keys = [other_keys.jwk("RS256", "new")]
    monotonic.now += 10
    await verifier.refresh()
    with pytest.raises(UnknownKey):
        verifier.verify(token)


async def test_made_up_key_names_do_not_become_requests(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, monotonic: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "a")]
    await verifier.refresh()
    for number in range(50):
        with pytest.raises(KeysUnavailable):
            await verifier.check(other_keys.token("RS256", kid=f"made up {number}"))
    assert issuer.requests == 1
    monotonic.now += 10
    with pytest.raises(UnknownKey):
        await verifier.check(other_keys.token("RS256", kid="made up"))
    assert issuer.requests == 2


async def test_another_key_under_the_same_name_is_fetched_when_a_token_asks_for_it(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, monotonic: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "one")]
    old = keys.token("RS256", kid="one")
    assert (await verifier.check(old)).user_id == 42
    issuer.keys = [other_keys.jwk("RS256", "one")]
    token = other_keys.token("RS256", kid="one")
    with pytest.raises(KeysUnavailable):
        await verifier.check(token)
    monotonic.now += 10
    assert (await verifier.check(token)).user_id == 42
    with pytest.raises(InvalidToken, match="signature"):
        verifier.verify(old)


async def test_an_issuer_that_cannot_be_asked_is_no_reason_to_refuse_a_token(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, monotonic: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "old")]
    await verifier.refresh()
    issuer.answer = nothing
    monotonic.now += 10
    with pytest.raises(KeysUnavailable):
        await verifier.check(other_keys.token("RS256", kid="new"))


async def test_many_at_once_share_one_fetch(verifier: TokenVerifier, issuer: Any, keys: Any) -> None:
    issuer.keys = [keys.jwk("EdDSA", "a")]
    issuer.gate.clear()
    token = keys.token("EdDSA", kid="a")
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiting = [group.create_task(verifier.check(token)) for _ in range(20)]
        gives_up = group.create_task(verifier.check(token))
        while issuer.requests == 0:
            await asyncio.sleep(0.01)
        gives_up.cancel()
        issuer.gate.set()
    assert {task.result().user_id for task in waiting} == {42}
    assert issuer.requests == 1


async def test_a_caller_that_gives_up_leaves_the_fetch_to_the_next(
    verifier: TokenVerifier, issuer: Any, keys: Any
) -> None:
    issuer.keys = [keys.jwk("EdDSA", "a")]
    issuer.gate.clear()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        first = group.create_task(verifier.refresh())
        while issuer.requests == 0:
            await asyncio.sleep(0.01)
        second = group.create_task(verifier.refresh())
        await asyncio.sleep(0)
        first.cancel()
        issuer.gate.set()
    assert second.result() is True


def nothing() -> Response:
    return Response(status_code=503)


def not_json() -> Response:
    return Response("<html>")


def not_a_set() -> Response:
    return Response('{"keys": {}}')


def bomb() -> Response:
    return Response('{"keys":[{"a":' + "[" * 100_000)


def empty() -> Response:
    return Response('{"keys": []}')


def enormous() -> Response:
    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


def too_many() -> Response:
    return Response(json.dumps({"keys": [{"kty": "RSA"}] * 101}))


def redirect() -> Response:
    return RedirectResponse("/elsewhere")


@pytest.mark.parametrize("answer", [nothing, not_json, not_a_set, bomb, empty, enormous, too_many, redirect])
async def test_when_a_fetch_fails_the_keys_at_hand_stay_good(
    answer: Any, verifier: TokenVerifier, issuer: Any, keys: Any, monotonic: Any, clock: Any
) -> None:
    issuer.keys = [keys.jwk("ES256", "a")]
    begun = time.time()
    await verifier.refresh()
    fetched = JWKS_FETCHED.collect()
    issuer.answer = answer
    monotonic.now += 3600
    before = failures()
    assert await verifier.refresh() is False
    assert failures() == before + 1
    assert JWKS_FETCHED.collect() == fetched
    assert next(iter(fetched)).samples[0].value >= begun
    assert verifier.verify(keys.token("ES256", kid="a")).user_id == 42
    assert verifier.problem() is None
    monotonic.now += 86_400
    assert verifier.problem() is not None
    with pytest.raises(KeysUnavailable):
        verifier.verify(keys.token("ES256", kid="a", sub="43"))


async def test_an_issuer_that_is_not_there_is_asked_again_later(
    keys: Any, issuer: Any, monotonic: Any
) -> None:
    gone = TokenVerifier(TokenSettings(jwks_url="http://127.0.0.1:9/jwks.json"), monotonic=monotonic)
    with pytest.raises(KeysUnavailable):
        await gone.check(keys.token("RS256", kid="a"))


async def test_keys_that_must_not_be_used_are_left_out(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any, secret: str
) -> None:
    private = jwt.get_algorithm_by_name("RS256").to_jwk(keys.private["RS256"], as_dict=True)
    issuer.keys = [
        {"kty": "oct", "kid": "symmetric", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},
        {**private, "kid": "private"},
        keys.jwk("RS256", "encryption", use="enc"),
        keys.jwk("RS256", "signing", key_ops=["sign"]),
        keys.jwk("RS256", "other algorithm", alg="PS256"),
        {"kty": "RSA", "kid": "broken", "n": "AA"},
        {"kty": "quantum", "kid": "future"},
        {"kid": "nothing"},
        keys.jwk("RS256", None) | {"kid": 7},
        keys.jwk("RS256", "good", use="sig", alg="RS256", key_ops=["verify"]),
    ]
    await verifier.refresh()
    assert verifier.verify(keys.token("RS256", kid="good")).user_id == 42
    for kid in ("private", "encryption", "signing", "other algorithm", "broken", "nothing"):
        with pytest.raises(UnknownKey):
            verifier.verify(keys.token("RS256", kid=kid))
    with pytest.raises(InvalidToken, match="algorithm not allowed"):
        verifier.verify(keys.token("HS256", kid="symmetric"))


async def test_a_key_is_good_for_its_own_algorithm_only(
    verifier: TokenVerifier, issuer: Any, keys: Any
) -> None:
    issuer.keys = [keys.jwk("RS256", "a"), keys.jwk("ES256", "b")]
    await verifier.refresh()
    for algorithm, kid in (("ES256", "a"), ("RS256", "b"), ("EdDSA", "a")):
        with pytest.raises(InvalidToken) as caught:
            verifier.verify(keys.token(algorithm, kid=kid))
        assert caught.value.reason == "signature"


async def test_a_token_that_names_no_key_is_tried_on_all(
    verifier: TokenVerifier, issuer: Any, keys: Any, other_keys: Any
) -> None:
    issuer.keys = [other_keys.jwk("ES256", "a"), keys.jwk("ES256", "b"), keys.jwk("EdDSA", None)]
    await verifier.refresh()
    assert verifier.verify(keys.token("ES256")).user_id == 42
    assert verifier.verify(keys.token("EdDSA", kid="unheard of")).user_id == 42
    with pytest.raises(UnknownKey):
        verifier.verify(keys.token("RS256"))


async def test_a_secret_works_beside_an_address(issuer: Any, keys: Any, secret: str) -> None:
    verifier = TokenVerifier(TokenSettings(secret=Secret(secret), jwks_url=issuer.url))
    assert verifier.problem() is None
    assert verifier.verify(keys.token("HS256", kid="any")).user_id == 42
    with pytest.raises(KeysUnavailable):
        verifier.verify(keys.token("RS256", kid="any"))


async def test_an_issuer_that_stalls_is_given_up(issuer: Any) -> None:
    issuer.gate.clear()
    published = PublishedKeys(issuer.url, timeout_s=0.2)
    async with asyncio.timeout(60):
        assert await published.refresh() is False
    assert issuer.requests == 1
    assert not published.usable


async def test_run_fetches_by_itself_until_cancelled(verifier: TokenVerifier, issuer: Any, keys: Any) -> None:
    issuer.keys = [keys.jwk("ES256", "a")]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        running = group.create_task(verifier.run())
        while verifier.problem() is not None:
            await asyncio.sleep(0.01)
        running.cancel()
    assert verifier.verify(keys.token("ES256", kid="a")).user_id == 42
