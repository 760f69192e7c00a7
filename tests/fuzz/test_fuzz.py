"""A short run of the fuzzer: `make fuzz` is the long one."""

import os
import random

import pytest

from tests.brokers import Broker
from tests.fuzz.run import fuzz

COUNT = 8_000


@pytest.mark.alone
async def test_damaged_clients_harm_nobody(embedded_broker: Broker) -> None:
    seed = os.environ.get("FUZZ_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(await fuzz(embedded_broker.bootstrap_servers, seed, COUNT))
