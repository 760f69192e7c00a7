"""Each fault once, with few clients and short stops, on a real Kafka: `make chaos` is the long run."""

import os
from pathlib import Path

import pytest

from tests.brokers import Broker
from tests.e2e.chaos.faults import Stops
from tests.e2e.chaos.run import chaos, plan_of

SHORT = Stops(frozen_s=4, down_s=1, silent_s=8, peace_s=1, drain_s=1)


@pytest.mark.kafka
@pytest.mark.alone
async def test_nothing_is_lost_doubled_or_mixed_up_whatever_fails(
    fault_kafka: Broker, tmp_path: Path
) -> None:
    plan = plan_of(
        iter(os.environ.items()), clients=200, rate=200, seconds=0, sdk_clients=10, impatient_s=3, stops=SHORT
    )
    await chaos(fault_kafka, plan, tmp_path)
