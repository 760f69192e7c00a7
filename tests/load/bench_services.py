"""One replica of each domain service on one core: inputs a second, how long they take, and its memory.

    python -m tests.load.bench_services [--inputs 20000] [--rate 500] [--seconds 20] [--users 10000]

Against Apache Kafka; the replica is the real process, on core 0, broker and generator share core 1.

1. Of each service: `inputs` are written at once, of 1,000 users; a second of its CPU takes so many, with
   state, event and outcome written. Then `rate` inputs a second for `seconds`: from an input's writing to its
   outcome, which is in the log with its event.
2. A day of `users`: each has a profile, a scan in six steps, three incidents, a request in five steps and a
   detection, told on the topics of the services that tell them, and taken in by accounts through its relay.
   It is over when the figures of every user's dashboard, as they were told last, are exact.

Prints rows of a Markdown table. CPU seconds are the process's own: they mean something beside other work.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from autodmca_accounts.profiles.commands import CreateProfile
from autodmca_accounts.profiles.state import Content
from autodmca_events import (
    AiDetectionResult,
    DashboardStatsUpdate,
    DelistingRequestStatus,
    Payload,
    SocialMediaScanStatus,
    decode,
    rfc3339,
)
from autodmca_events.ai_detection import Distances
from autodmca_events.partitions import user_key
from autodmca_events.topics import events_topic, inputs_topic, outcomes_topic
from autodmca_kafka import Batch, EventProducer, RecordPosition, TailReader, TopicPartition, ensure_topics
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.topics import event_topics, service_topics
from autodmca_service.commands import Actor
from autodmca_service.testing.processes import Process

from tests.apache_kafka import apache_kafka
from tests.broker_process import embedded_kafka
from tests.load.clients import process_cpu_s
from tests.load.service_inputs import INPUTS, incident
from tests.load.tokens import pin

PARTITIONS: Final = 6
USERS: Final = 1_000
AHEAD: Final = 2_000
"""Writes that are waited for together."""
PATIENCE_S: Final = 1_800.0
SCAN: Final = ("queued", "running", "running", "running", "running", "completed")
REQUEST_LIFE: Final = ("draft", "queued", "submitted", "under_review", "approved")
DAY: Final = 1 + len(SCAN) + 3 + len(REQUEST_LIFE) + 1
"""Records of a user's day."""


class Scale(NamedTuple):
    inputs: int
    rate: int
    seconds: int
    users: int


class Seen:
    """What is on a topic from now on, by the name of the request, or of the user, and when it was read."""

    def __init__(self, reader: TailReader, by_user: bool) -> None:
        self._reader = reader
        self._by_user = by_user
        self.at: dict[bytes, float] = {}
        self.values: dict[bytes, bytes] = {}
        self.records = 0

    async def run(self) -> None:
        while True:
            for item in await self._reader.poll():
                for record in item.records if isinstance(item, Batch) else ():
                    name = record.key if self._by_user else dict(record.headers).get(REQUEST)
                    self.records += 1
                    if name is not None:
                        self.at[name] = time.perf_counter()
                        self.values[name] = record.value or b""

    async def until(self, done: int) -> None:
        """Wait until so many names were seen."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.at) < done:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def seen(servers: str, topic: str, *, by_user: bool = False) -> AsyncIterator[Seen]:
    async with TailReader(servers, client_id="bench") as reader:
        homes = [TopicPartition(topic, number) for number in range(await reader.partitions(topic))]
        ends = {home: end for home, (_, end) in (await reader.bounds(homes)).items()}
        await reader.add(ends)
        found = Seen(reader, by_user)
        task = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            task.cancel()


@asynccontextmanager
async def replica(service: str, servers: str) -> AsyncIterator[Process]:
    """One, on core 0."""
    process = Process(service, servers, {"LOG_LEVEL": "warning"})
    try:
        await process.start()
        _alone(process.pid)
        async with asyncio.timeout(PATIENCE_S):
            while await process.failing() != {}:
                await asyncio.sleep(0.1)
        yield process
    finally:
        await process.close()


def _alone(pid: int) -> None:
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {0})


def resident_mib(pid: int) -> float:
    """Memory that the process and its workers have."""
    found = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if folder.name == str(pid) or parent == str(pid):
                found += int((folder / "statm").read_text().split()[1]) * 4096 / 2**20
        except OSError:
            continue
    return found


class Rate(NamedTuple):
    """What one service did."""

    per_core: float
    per_s: float
    p50_ms: float
    p99_ms: float
    mib: float


async def measure(service: str, servers: str, scale: Scale) -> Rate:
    """One service's inputs, all at once and then at a rate."""
    topic, made = inputs_topic(service), INPUTS[service]

    def write(producer: EventProducer, number: int, name: bytes) -> asyncio.Future[RecordPosition]:
        user = number % USERS + 1
        value = msgspec.json.encode(made(user, number // USERS))
        return producer.enqueue_record(topic, key=user_key(user), value=value, headers=[(REQUEST, name)])

    async with (
        replica(service, servers) as process,
        EventProducer(servers, client_id="bench") as producer,
        seen(servers, outcomes_topic(service)) as outcomes,
    ):
        await asyncio.gather(*(write(producer, n, b"w%07d" % n) for n in range(AHEAD)))
        await outcomes.until(AHEAD)
        clock, cpu = time.perf_counter(), process_cpu_s(process.pid)
        for first in range(0, scale.inputs, AHEAD):
            numbers = range(first, min(first + AHEAD, scale.inputs))
            await asyncio.gather(*(write(producer, AHEAD + n, b"a%07d" % n) for n in numbers))
        await outcomes.until(AHEAD + scale.inputs)
        took, used = time.perf_counter() - clock, process_cpu_s(process.pid) - cpu
        began: dict[bytes, float] = {}
        start, count = time.perf_counter(), scale.rate * scale.seconds
        for number in range(count):
            await asyncio.sleep(max(0.0, start + number / scale.rate - time.perf_counter()))
            name = b"p%07d" % number
            began[name] = time.perf_counter()
            write(producer, AHEAD + scale.inputs + number, name)
        await outcomes.until(AHEAD + scale.inputs + count)
        waited = [(outcomes.at[name] - at) * 1_000 for name, at in began.items()]
        cuts = statistics.quantiles(waited, n=100)
        refused = [value for value in outcomes.values.values() if b'"refusal"' in value]
        if refused:
            raise AssertionError(f"{service} refused {len(refused)}: {refused[0]!r}")
        return Rate(scale.inputs / used, scale.inputs / took, cuts[49], cuts[98], resident_mib(process.pid))


def day_of(user: int, now_ms: int) -> Iterator[Payload]:
    """What the other services tell of a user's day."""
    at = rfc3339(now_ms)
    for step, status in enumerate(SCAN):
        yield SocialMediaScanStatus(
            scan_id=f"scan_{user}",
            profile_id=1,
            platform="mastodon",
            status=status,  # type: ignore[arg-type]
            progress=20 * step,
            accounts_checked=step,
            posts_checked=0,
            incidents_found=0,
            started_at=at,
        )
    for number in range(3):
        severity = "critical" if number == 0 else "high"
        yield incident(user, number, now_ms, severity=severity)
    for status in REQUEST_LIFE:
        removed = 4 if status == "approved" else 0
        yield DelistingRequestStatus(
            request_id=f"req_{user}",
            engine="google",
            previous_status="queued",
            status=status,  # type: ignore[arg-type]
            urls_total=4,
            urls_removed=removed,
            urls_not_in_index=0,
            urls_no_action=0,
            urls_pending=4 - removed,
            urls_duplicate=0,
            attempt=1,
            updated_at=at,
        )
    yield AiDetectionResult(
        detection_id=f"det_{user}",
        profile_id=1,
        content_url="https://copies.example/1.jpg",
        content_type="image",
        verdict="match",
        confidence=0.9,
        method="pdq",
        distances=Distances(),
        model_version="1",
        processing_ms=1,
    )


def is_whole(board: object) -> bool:
    """Whether these figures are those of one user's whole day."""
    return isinstance(board, DashboardStatsUpdate) and (
        board.total_profiles,
        board.active_scans,
        board.infringements_found,
        board.takedowns_sent,
        board.success_rate_percent,
        board.infringements_change,
    ) == (1, 0, 4, 1, 100.0, 4)


async def day(servers: str, users: int) -> dict[str, float]:
    """All their days at once. Raises AssertionError where a dashboard is not exact in the end."""
    first = 10**6  # whom the benchmark above does not know
    boards: dict[bytes, bool] = {}
    async with (
        replica("accounts", servers) as process,
        EventProducer(servers, client_id="bench") as producer,
        seen(servers, events_topic("accounts"), by_user=True) as told,
    ):
        before, clock, cpu = resident_mib(process.pid), time.perf_counter(), process_cpu_s(process.pid)
        for user in range(first, first + users):
            profile = CreateProfile(
                actor=Actor(user), profile_id=1, content=Content(name="Ada", watched=False)
            )
            made = msgspec.json.encode(profile)
            writes: list[asyncio.Future[RecordPosition]] = [
                producer.enqueue_record(inputs_topic("accounts"), key=user_key(user), value=made)
            ]
            now_ms = time.time_ns() // 1_000_000
            writes += [producer.enqueue(payload, user_id=user) for payload in day_of(user, now_ms)]
            await asyncio.gather(*writes)
        await _whole(told, boards, users)
        took, used = time.perf_counter() - clock, process_cpu_s(process.pid) - cpu
        grown = resident_mib(process.pid) - before
    records = users * DAY
    return {
        "records_per_core": records / used,
        "cpu_s": used,
        "took_s": took,
        "events": told.records,
        "mib": before + grown,
        "kib_a_user": grown * 1024 / users,
    }


async def _whole(told: Seen, boards: dict[bytes, bool], users: int) -> None:
    """Wait until the figures of every user that were told last are exact."""
    async with asyncio.timeout(PATIENCE_S):
        while sum(boards.values()) < users:
            await asyncio.sleep(0.05)
            fresh, told.values = told.values, {}
            for name, value in fresh.items():
                if b"dashboard_stats_update" in value:
                    boards[name] = is_whole(decode(value).payload)


async def run(scale: Scale, services: list[str], broker_name: str) -> None:
    pin(1)
    with tempfile.TemporaryDirectory(prefix="bench-services-") as folder:
        broker = (embedded_kafka if broker_name == "embedded" else apache_kafka)(Path(folder))
        await asyncio.to_thread(broker.start)
        servers = broker.bootstrap_servers
        try:
            topics = [spec for name in INPUTS for spec in service_topics(name, PARTITIONS)]
            await ensure_topics(servers, [*event_topics(PARTITIONS), *topics])
            for name in services:
                show(name, await measure(name, servers, scale), scale)
            if scale.users:
                show_day(await day(servers, scale.users), scale.users)
        finally:
            await asyncio.to_thread(broker.close)
            shutil.rmtree(folder, ignore_errors=True)


def show(service: str, found: Rate, scale: Scale) -> None:
    about = f"{service}, {scale.inputs:,} inputs of {USERS:,} users"
    print(
        f"| {about}, of a core | {found.per_core:,.0f}/s | {found.per_s:,.0f}/s by the clock | |", flush=True
    )
    about = f"{service}, {scale.rate:,} inputs a second, to the outcome"
    print(f"| {about} | p50 {found.p50_ms:,.1f} ms, p99 {found.p99_ms:,.1f} ms | | |")
    print(f"| {service}, memory of the replica and its workers | {found.mib:,.0f} MiB | | |", flush=True)


def show_day(found: Mapping[str, float], users: int) -> None:
    print(
        f"| a day of {users:,} users, {users * DAY:,} records, every dashboard exact | "
        f"{found['records_per_core']:,.0f}/s of a core, {found['cpu_s']:,.0f} s of CPU | "
        f"{found['took_s']:,.0f} s by the clock, {found['events']:,.0f} events | |"
    )
    print(
        f"| accounts after that day | {found['mib']:,.0f} MiB, {found['kib_a_user']:,.1f} KiB a user | | |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="One replica of each domain service on one core.")
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--services", nargs="*", default=list(INPUTS), choices=list(INPUTS))
    parser.add_argument("--broker", choices=["apache", "embedded"], default="apache")
    asked = parser.parse_args()
    scale = Scale(asked.inputs, asked.rate, asked.seconds, asked.users)
    asyncio.run(run(scale, asked.services, asked.broker))


if __name__ == "__main__":
    main()
