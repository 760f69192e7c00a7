"""Chaos on a real Kafka: `python -m tests.e2e.chaos.run`.

CHAOS_CLIENTS, CHAOS_RATE (events a second), CHAOS_SECONDS (a round of all faults is always finished) and
CHAOS_SEED say how much of it. Owns the course of a run and what must hold at its end: every subscription has
had every acknowledged event of its user and for everybody once, in order, and nothing else; every resume
was complete; no edge has logged an error. Fails with AssertionError, which says what did not hold.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Final

import msgspec
import uvloop
from autodmca_events import CATALOGUE
from autodmca_kafka import EventProducer

from tests.brokers import Broker, real_kafka
from tests.e2e.chaos.balancer import Balancer
from tests.e2e.chaos.client import LeanClient
from tests.e2e.chaos.edges import edges
from tests.e2e.chaos.faults import Faults, Stops
from tests.e2e.chaos.oracle import Ledger, Reception, Verdict
from tests.e2e.chaos.sdk import SdkClient
from tests.e2e.chaos.traffic import BUFFER, EVERYBODYS, TYPES, Traffic
from tests.integration.edge_site import token
from tests.witness import scheduled

SETTLED_S: Final = 240
STANDING_S: Final = 120
ROOT_USER: Final = 1_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much chaos."""

    clients: int = 1_000
    sdk_clients: int = 20
    """Of the clients."""
    rate: float = 1_000
    seconds: float = 300
    seed: str
    impatient_s: float = 15
    """After so much silence every second client reconnects; the others after the protocol's 60 s."""
    stops: Stops = Stops()


class Crowd:
    """All clients and what each of their subscriptions was given."""

    def __init__(self, plan: Plan, ledger: Ledger, port: int, rng: random.Random) -> None:
        # Nine users of ten have one client, the tenth has two; there are as many more without any.
        self.users = range(ROOT_USER, ROOT_USER + max(1, plan.clients * 9 // 10))
        self.others = range(self.users.stop, self.users.stop + len(self.users) // 9)
        self.receptions: list[Reception] = []
        self.clients: list[LeanClient | SdkClient] = []
        for index in range(plan.clients):
            user = self.users[index % len(self.users)]
            lean = index >= plan.sdk_clients
            kinds = _disjoint(index) if lean else _overlapping()
            subscriptions = {
                f"s{number}": Reception(ledger, f"client {index}, subscription {number}", user, types)
                for number, types in enumerate(kinds)
            }
            self.receptions += subscriptions.values()
            if lean:
                silence_s = plan.impatient_s if index % 2 else 60.0
                client: LeanClient | SdkClient = LeanClient(
                    port, token(user), subscriptions, silence_s=silence_s, rng=random.Random(rng.random())
                )
            else:
                client = SdkClient(port, token(user), subscriptions)
            self.clients.append(client)

    def missing(self, among: Sequence[Reception]) -> list[Reception]:
        """Those that have not had all that they are owed yet."""
        return [each for each in among if each.missing()]

    def repeats(self, kind: type[LeanClient | SdkClient]) -> int:
        """Events that came once more."""
        return sum(each.repeats for each in self.clients if isinstance(each, kind))

    def ends(self) -> Counter[str]:
        """Connections by how they ended."""
        return sum((each.ends for each in self.clients), Counter())


def _disjoint(index: int) -> list[list[str]]:
    """One subscription to everything; for every fourth client two without a common topic."""
    everything = [*TYPES, EVERYBODYS]
    if index % 4:
        return [everything]
    first = {"accounts", "social_media"}
    return [
        [each for each in everything if (CATALOGUE[each].service in first) == (each != EVERYBODYS)],
        [each for each in everything if (CATALOGUE[each].service in first) != (each != EVERYBODYS)],
    ]


def _overlapping() -> list[list[str]]:
    """Two that share types and topics."""
    return [[*TYPES[:6], EVERYBODYS], [*TYPES[4:], TYPES[1], EVERYBODYS]]


class Chaos:
    """One run."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._begun = time.monotonic()
        self._rng = random.Random(plan.seed)
        self._ledger = Ledger()
        self._crowd: Crowd | None = None

    def say(self, what: str) -> None:
        """Tell who watches."""
        clients = self._crowd.clients if self._crowd else []
        standing = sum(each.standing for each in clients)
        print(f"{time.monotonic() - self._begun:7.1f} s  {standing:5} stand  {what}", flush=True)

    async def run(self, broker: Broker, folder: Path) -> str:
        """What was seen, in words."""
        plan, rng, servers = self._plan, self._rng, broker.bootstrap_servers
        async with AsyncExitStack() as stack:
            nodes = edges(servers, folder, plan.stops.drain_s)
            fleet = await asyncio.to_thread(nodes.__enter__)
            stack.callback(nodes.__exit__, None, None, None)
            stack.callback(broker.mend)
            balancer = await stack.enter_async_context(Balancer([each.port for each in fleet]))
            crowd = self._crowd = Crowd(plan, self._ledger, balancer.port, rng)
            producer = await stack.enter_async_context(
                EventProducer(
                    servers, client_id="chaos", idempotent=True, max_buffered=BUFFER, flush_timeout_s=1
                )
            )
            traffic = Traffic(producer, self._ledger, [*crowd.users, *crowd.others], plan.rate, rng)
            faults = Faults(fleet, broker, balancer, plan.stops, rng, self.say)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(each.run()) for each in crowd.clients]
                await self._until_all_stand(crowd)
                pouring = tasks.create_task(traffic.run())
                await faults.run(plan.seconds)
                pouring.cancel()
                self.say("no more faults, no more events")
                await traffic.settle(SETTLED_S)
                await self._until_all_have_all(crowd)
                for each in running:
                    each.cancel()
            report = self._report(crowd, traffic, faults)
            trouble = [found for each in fleet if (found := each.trouble())]
        verdict = Verdict(crowd.receptions)
        assert not verdict.faults, f"{report}\n{verdict}"
        assert not trouble, "\n".join([report, *trouble])
        return f"{report}\n{verdict}"

    async def _until_all_stand(self, crowd: Crowd) -> None:
        async with asyncio.timeout(STANDING_S):
            while not all(each.standing for each in crowd.clients):
                await asyncio.sleep(0.05)
        self.say(f"{len(crowd.clients)} clients, {len(crowd.receptions)} subscriptions")

    async def _until_all_have_all(self, crowd: Crowd) -> None:
        """Or until it is too late: the verdict says who has not."""
        ends = time.monotonic() + SETTLED_S
        waiting = crowd.receptions
        while (waiting := crowd.missing(waiting)) and time.monotonic() < ends:
            await asyncio.sleep(0.5)
        self.say(f"{len(waiting)} subscriptions wait for something")

    def _report(self, crowd: Crowd, traffic: Traffic, faults: Faults) -> str:
        plan, ends = self._plan, crowd.ends()
        run, waited = scheduled(os.getpid())
        again = f"{traffic.failures.total()} {dict(traffic.failures) or ''}"
        slowest, slow_id = max(each.slowest for each in crowd.receptions)
        owed = self._ledger.get(slow_id)
        how_often = ", ".join(f"{how}: {count}" for how, count in ends.most_common())
        hits = ", ".join(f"{name} {count}" for name, count in sorted(faults.done.items()))
        return "\n".join(
            [
                f"seed {plan.seed}: {plan.clients} clients ({plan.sdk_clients} of them the SDK), "
                f"{len(self._ledger)} events in {time.monotonic() - self._begun:.0f} s; {hits}",
                f"handed over again {again}; over the wire more than once "
                f"{crowd.repeats(LeanClient)} (SDK: {crowd.repeats(SdkClient)}); reconnects {ends.total()} "
                f"({how_often})",
                f"longest without a subscription {max(each.longest for each in crowd.clients):.1f} s, "
                f"longest from hand-over to client {slowest:.1f} s ({owed.type if owed else ''}), "
                f"machine {1 + waited / run:.1f} times slower than with a core for the clients",
            ]
        )


def plan_of(environ: Iterator[tuple[str, str]], **default: object) -> Plan:
    """The plan that the environment asks for. Raises msgspec.ValidationError, which names what is wrong."""
    names = {
        "CHAOS_CLIENTS": "clients", "CHAOS_RATE": "rate", "CHAOS_SECONDS": "seconds", "CHAOS_SEED": "seed"
    }  # fmt: skip
    asked = {names[name]: value for name, value in environ if name in names}
    seed = str(random.SystemRandom().randrange(1 << 32))
    return msgspec.convert({"seed": seed, **default, **asked}, Plan, strict=False)


async def chaos(broker: Broker, plan: Plan, folder: Path) -> None:
    """Run it; prints what was seen. Raises AssertionError."""
    print(f"CHAOS_SEED={plan.seed} CHAOS_CLIENTS={plan.clients} CHAOS_RATE={plan.rate:g} "
          f"CHAOS_SECONDS={plan.seconds:g}", flush=True)  # fmt: skip
    print(await Chaos(plan).run(broker, folder), flush=True)


def main() -> None:
    plan = plan_of(iter(os.environ.items()))
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # it says again and again that the broker is away
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        gc.disable()  # it would walk the whole ledger again and again, while everybody waits
        broker = real_kafka(folder)
        broker.start()
        with closing(broker):
            uvloop.run(chaos(broker, plan, folder))


if __name__ == "__main__":
    main()
