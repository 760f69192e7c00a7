"""What a replica looks at again in a scan, and what it does not: see `autodmca_social_media.looked`."""

from __future__ import annotations

from typing import Any

import pytest
from autodmca_service.testing import perform_due
from autodmca_service.work import Checkpoint, Job

from services.social_media.tests.test_work import living
from services.social_media.tests.world import Outside


async def _profiles(at: Outside) -> int:
    """How many profiles were shown."""
    answer = await at.world.get("/sandbox/received", params={"place": "bluesky", "operation": "account"})
    return sum(line["status"] == 200 for line in answer.json()["lines"])


async def test_a_page_that_costs_more_than_a_rate_limit_allows_is_read_to_its_end() -> None:
    async with living(rate=2, window_s=60) as life:
        await life.watch("bluesky", budget=1)
        await life.scan()
        await life.work(rounds=40, seconds=61)
        (scan,) = await life.all("scans")
        assert scan["status"] == "completed"
        found = len(await life.all("incidents"))
        assert found > 2
        assert found <= await _profiles(life.at) <= scan["accountsChecked"]  # none was looked at twice


async def test_what_was_found_on_a_page_whose_checkpoint_was_not_written_is_told_by_the_next_one() -> None:
    async with living() as life:
        await life.watch("bluesky", budget=1)
        await life.scan()
        pages: list[Any] = []

        async def lost(command: Any) -> None:
            pages.append(command)
            raise ConnectionError("the log is away")

        async def perform(job: Job[Any], _checkpoint: Checkpoint) -> None:
            await life.worker.perform(job, lost)

        life.log.now_ms = life.at.clock()
        with pytest.raises(ConnectionError):
            await perform_due(life.log, life.worker.due, perform)
        await life.work()
        found = {each["accountId"] for each in await life.all("incidents")}
        assert found == {each.account_id for each in pages[0].found}
        assert found
