"""What a user may have no more of is left out, counted and shown."""

from __future__ import annotations

from typing import Any

import msgspec
from autodmca_events.partitions import user_key
from autodmca_kafka.partition_work import RUN
from autodmca_service.commands import Actor
from autodmca_service.testing import MemoryLog
from autodmca_social_media.answers import answered
from autodmca_social_media.metrics import Metrics
from autodmca_social_media.model.commands import AnyCommand, Found, Paged
from autodmca_social_media.model.model import model
from autodmca_social_media.model.state import Entity, Incident
from msgspec import structs
from prometheus_client import CollectorRegistry

from services.social_media.tests.site import RULES, social_site
from services.social_media.tests.test_http import USER, WATCHED


def found(number: int) -> Found:
    return Found(
        account_id=f"acc_{number}",
        handle=f"ada{number}",
        url=f"https://social.example/@ada{number}",
        incident_type="impersonation",
        severity="high",
        score=0.9,
        signals=(),
        parts=(),
    )


async def test_incidents_beyond_the_number_that_is_kept_are_counted_and_shown() -> None:
    registry = CollectorRegistry()
    decide = Metrics(registry).counting(model(structs.replace(RULES, most_incidents=3)))
    log: MemoryLog[Any, Any, Any] = MemoryLog(
        "social_media", model=decide, answer=answered, state=Entity, command=AnyCommand
    )
    async with social_site(log) as site:
        await site(USER, "PUT", "/v1/watches/42", {**WATCHED, "platforms": ["bluesky"]})
        await site(USER, "POST", "/v1/scans", {"profileId": 42})
        (scan,) = (await site(USER, "GET", "/v1/scans")).json()["items"]
        for position, numbers in enumerate([(0, 1, 2, 3, 4), (4, 0, 5)], 1):
            state = log.table.of_user(USER)[scan["id"]]
            page = Paged(
                actor=Actor(USER),
                scan_id=scan["id"],
                position=position,
                total=9,
                done=False,
                found=tuple(map(found, numbers)),
            )
            log.write(user_key(USER), msgspec.json.encode(page), {RUN: b"%d" % state.run})
        shown = (await site(USER, "GET", f"/v1/scans/{scan['id']}")).json()
        assert (shown["incidentsFound"], shown["incidentsLeftOut"]) == (3, 4)
        held = [each for each in log.table.of_user(USER).values() if isinstance(each, Incident)]
        assert sorted(each.account_id for each in held) == ["acc_0", "acc_1", "acc_2"]
    name = "autodmca_social_media_incidents_left_out_total"
    assert registry.get_sample_value(name, {"platform": "bluesky"}) == 4
