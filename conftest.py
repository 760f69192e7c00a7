"""The fixtures of every test in this repository, wherever it lies."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # `tests` is importable however pytest is started

from tests.brokers import (
    _module_cluster,
    _module_embedded,
    _module_kafka,
    any_broker,
    embedded_broker,
    fault_broker,
    fault_embedded,
    fault_kafka,
    kafka_broker,
    kafka_cluster,
    new_name,
)
from tests.seeds import MACHINE_EXAMPLES, MACHINE_SEED

__all__ = [
    "_module_cluster",
    "_module_embedded",
    "_module_kafka",
    "any_broker",
    "embedded_broker",
    "fault_broker",
    "fault_embedded",
    "fault_kafka",
    "kafka_broker",
    "kafka_cluster",
    "new_name",
]


def pytest_report_header() -> str:
    """What repeats this run's random parts."""
    return f"random: MACHINE_SEED={MACHINE_SEED} MACHINE_EXAMPLES={MACHINE_EXAMPLES}"
