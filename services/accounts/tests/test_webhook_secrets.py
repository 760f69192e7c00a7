"""Secrets of webhooks: derived, rotated, and those of a key that was changed."""

from __future__ import annotations

import time

import pytest
from autodmca_accounts.config import AccountsSettings
from autodmca_accounts.webhooks.model import MOST_FORMER
from autodmca_accounts.webhooks.signing import Keys
from autodmca_events.timestamps import ms_of
from autodmca_runtime import ConfigError, Secret, load
from autodmca_service.testing import SECRET

from services.accounts.tests.endpoint import Endpoint
from services.accounts.tests.hooks import ADA, HOUR_MS, Life, signers, verified
from services.accounts.tests.site import KEY, accounts_site, memory_log


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(life: Life) -> None:
    await life.make()
    old = await life.secret()
    assert (await life.site(ADA, "POST", f"{life.path}/secret/rotate", {})).status_code == 200
    shown = (await life.site(ADA, "GET", f"{life.path}/secret")).json()
    assert shown["secret"] != old
    assert "bothUntil" in shown
    life.incident("inc_1")
    await life.work()
    verified(life.at.received[0], old, shown["secret"])
    signed = life.at.received[0][0]["webhook-signature"]
    assert len(signed.split(" ")) == 2
    life.log.now_ms += 25 * HOUR_MS
    life.incident("inc_2")
    await life.work()
    assert len(life.at.received[1][0]["webhook-signature"].split(" ")) == 1
    assert "bothUntil" not in (await life.site(ADA, "GET", f"{life.path}/secret")).json()


async def test_each_secret_of_a_day_with_several_rotations_signs_for_its_day(life: Life) -> None:
    await life.make()
    secrets = [await life.secret()]
    for _ in range(MOST_FORMER):
        life.log.now_ms += HOUR_MS
        await life.site(ADA, "POST", f"{life.path}/secret/rotate", {})
        secrets.append(await life.secret())
    life.incident("inc_1")
    await life.work()
    assert signers(life.at.received[0], *secrets) == [True, True, True, True]
    await life.work(22 * 3_600)
    life.incident("inc_2")
    await life.work()
    assert signers(life.at.received[1], *secrets) == [False, True, True, True]
    for _ in range(2):
        await life.site(ADA, "POST", f"{life.path}/secret/rotate", {})
    life.incident("inc_3")
    await life.work()
    assert len(life.at.received[2][0]["webhook-signature"].split(" ")) == 1 + MOST_FORMER


async def test_secrets_of_the_service_s_former_key_sign_until_the_moment_that_is_set(at: Endpoint) -> None:
    log = memory_log()
    log.now_ms = int(time.time() * 1000)
    async with accounts_site(log) as site:
        before = Life(site, at)
        await before.make()
        old = await before.secret()
    changed = Keys(Secret("a new key"), former=KEY, until=log.now_ms + HOUR_MS)
    async with accounts_site(log, changed) as site:
        after = Life(site, at, changed)
        after.path = before.path
        shown = (await site(ADA, "GET", f"{after.path}/secret")).json()
        assert (shown["secret"] != old, ms_of(shown["bothUntil"])) == (True, changed.until)
        after.incident("inc_1")
        await after.work()
        verified(at.received[0], old, shown["secret"])
        await site(ADA, "POST", f"{after.path}/secret/rotate", {})
        after.incident("inc_2")
        await after.work()
        verified(at.received[1], old, shown["secret"], await after.secret())
        await after.work(3_601)
        after.incident("inc_3")
        await after.work()
        assert signers(at.received[2], old, shown["secret"], await after.secret()) == [False, True, True]


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"FORMER_UNTIL": "2026-03-14T00:00:00Z"}, "ACCOUNTS_WEBHOOK_FORMER_KEY"),
        ({"KEY": "new", "FORMER_KEY": "old"}, "ACCOUNTS_WEBHOOK_FORMER_UNTIL"),
        ({"KEY": "new", "FORMER_KEY": "old", "FORMER_UNTIL": "soon"}, "ACCOUNTS_WEBHOOK_FORMER_UNTIL"),
        ({"FORMER_KEY": "old", "FORMER_UNTIL": "2026-03-14T00:00:00Z"}, "ACCOUNTS_WEBHOOK_KEY"),
    ],
)
def test_half_a_change_of_the_key_is_refused_by_name(environ: dict[str, str], named: str) -> None:
    told = {f"ACCOUNTS_WEBHOOK_{name}": value for name, value in environ.items()}
    needed = {"KAFKA_BOOTSTRAP_SERVERS": "localhost:9092", "JWT_SECRET": SECRET}
    assert load(AccountsSettings, needed).keys() == Keys(Secret(""))
    with pytest.raises(ConfigError, match=named):
        load(AccountsSettings, {**needed, **told})


async def test_no_secret_is_in_the_log(life: Life) -> None:
    await life.make()
    await life.site(ADA, "POST", f"{life.path}/secret/rotate", {}, idempotency_key="a")
    whole = "".join(map(str, life.log.table.of_user(ADA).values()))
    assert (await life.secret()).removeprefix("whsec_") not in whole
    assert KEY.reveal() not in whole
