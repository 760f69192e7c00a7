"""Two replicas of the accounts service, killed again and again in the middle of submissions.

ACCOUNTS_KILLS sets how many kills there are, ACCOUNTS_SEED when and whom they hit. Templates, delisting and
the sandbox's engines are real and go on. Judged by what reached the engines and by what the log says: every
submission ends as an undisturbed one does, each of its parts is one request, each URL is filed once, no event
is missing and none is there twice.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import uuid
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from autodmca_events import DelistingRequestStatus, Envelope, SubmissionProgress, TemplateUsage
from autodmca_service.testing import Person, events_of, new_user

from tests.brokers import Broker
from tests.integration.accounts_site import ENDED, Account, Site, site, statuses

KILLS = int(os.environ.get("ACCOUNTS_KILLS", "6"))
SEED = int(os.environ.get("ACCOUNTS_SEED") or random.SystemRandom().randrange(2**32))
ENGINES = ("google", "bing", "yandex")
OUTCOMES = ("removed", "no_action", "not_in_index", "removed")
STAGES = ["validating", "rendering", "queueing", "sending", "confirming"]
END = ["pending", "processing", "active", "completed"]


class Submitted:
    """A submission that somebody made; `engines`: where it goes."""

    def __init__(self, account: Account, number: int) -> None:
        self.account = account
        self.engines = ENGINES[number % 2 :]
        user = account.person.user_id
        self.urls = [f"https://copies{user}.example.com/{number}/{each}" for each in range(len(OUTCOMES))]
        self.name = ""


@pytest.mark.kafka
async def test_kills_in_the_middle_of_submissions_change_nothing_in_the_end(kafka_broker: Broker) -> None:
    print(f"ACCOUNTS_SEED={SEED} ACCOUNTS_KILLS={KILLS}")
    chosen = random.Random(SEED)
    async with site(kafka_broker, 2) as at:
        reviewer = Person(new_user(), "reviewer")
        accounts = [await Account.opened(at, Person(new_user()), reviewer) for _ in range(2)]
        made: list[Submitted] = []
        ending = asyncio.Event()
        submitting = asyncio.create_task(_submit(at, accounts, made, ending))
        for _ in range(KILLS):
            process, seen = chosen.choice(at.replicas), len(made)
            if chosen.random() < 0.8:  # else it may be killed while it starts
                await process.ready()
            while len(made) == seen:  # a saga that has just begun
                await asyncio.sleep(0.02)
            await asyncio.sleep(chosen.uniform(0, 3))
            await process.signal(signal.SIGKILL)
            await process.start()
        ending.set()
        await submitting
        for process in at.replicas:
            await process.ready()
        for each in made:
            path = f"/v1/submissions/{each.name}"
            shown = await each.account.person.until(at.replicas[0], path, _ended, timeout_s=180)
            assert shown["status"] == "completed", shown
            _judge_parts(each, shown)
        for engine in ENGINES:
            filed = await at.delisting.filed(engine)
            urls = {url for each in made if engine in each.engines for url in each.urls}
            assert filed == dict.fromkeys(urls, 1)
        for account in accounts:
            await _judge(kafka_broker, account, [each for each in made if each.account is account])
    print(f"{len(made)} submissions")
    assert len(made) >= len(accounts)


async def _submit(at: Site, accounts: list[Account], made: list[Submitted], ending: asyncio.Event) -> None:
    """Everybody always has something to submit, to one replica or the other."""
    number = 0
    while not ending.is_set() or number < 2 * len(accounts):
        together = [Submitted(account, number + nth) for nth, account in enumerate(accounts)]
        for each in together:
            for engine in each.engines:
                await at.rules(engine, dict(zip(each.urls, OUTCOMES, strict=True)))
        names = await asyncio.gather(*(_created(at, each) for each in together))
        for each, name in zip(together, names, strict=True):
            each.name = name
        made.extend(together)
        number += len(together)
        await asyncio.sleep(1)


async def _created(at: Site, each: Submitted) -> str:
    """Its id, once a replica has answered; asked again, it is the same submission."""
    key, account = uuid.uuid4().hex, each.account
    body = account.submission(each.urls, *each.engines)
    for process in itertools.cycle(at.replicas):
        with suppress(TimeoutError):
            created = await account.person.ask(process, "POST", "/v1/submissions", body, key=key)
            assert created.status_code == 202, created.text
            name: str = created.json()["id"]
            return name
    raise AssertionError("unreachable")


def _judge_parts(each: Submitted, shown: Any) -> None:
    assert [part["engine"] for part in shown["parts"]] == list(each.engines)
    for part in shown["parts"]:
        found = (part["urlsRemoved"], part["urlsNotInIndex"], part["urlsNoAction"])
        assert (part["status"], found) == ("partially_approved", (2, 1, 1)), part
    assert shown["urlsProcessed"] == shown["urlsTotal"] == len(each.engines) * len(OUTCOMES)
    assert shown["urlsFailed"] == len(each.engines)


async def _judge(broker: Broker, account: Account, made: list[Submitted]) -> None:
    """What the log of each service says of a person's submissions."""
    user = account.person.user_id
    told = await events_of(broker.bootstrap_servers, "accounts", user)
    for each in made:
        assert statuses(told, each.name) == END
        _judge_progress(told, each)
    requests = {
        (event.payload.request_id, event.payload.engine)
        for event in await events_of(broker.bootstrap_servers, "delisting", user)
        if isinstance(event.payload, DelistingRequestStatus)
    }
    wanted = Counter(engine for each in made for engine in each.engines)
    assert Counter(engine for _, engine in requests) == wanted, "each part is one request"
    outcomes: dict[str, list[str]] = {}
    for event in await events_of(broker.bootstrap_servers, "templates", user):
        if isinstance(event.payload, TemplateUsage) and event.payload.outcome is not None:
            outcomes.setdefault(str(event.payload.submission_id), []).append(event.payload.outcome)
    assert outcomes == {each.name: ["rendered", "sent", "accepted"] for each in made}


def _judge_progress(told: list[Envelope], each: Submitted) -> None:
    progress = [
        event.payload
        for event in told
        if isinstance(event.payload, SubmissionProgress) and event.payload.id == each.name
    ]
    shares = [payload.progress for payload in progress]
    assert shares == sorted(shares)
    stages = [STAGES.index(payload.stage) for payload in progress]
    assert stages == sorted(stages)
    # All may have been sent before accounts was back to see it.
    assert set(STAGES) - {"sending"} <= {payload.stage for payload in progress}
    assert (progress[-1].progress, progress[-1].status) == (100, "completed")


def _ended(submission: Any) -> bool:
    return submission["status"] in ENDED
