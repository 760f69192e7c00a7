"""Durations by stage: what the histograms hold after polls whose times are known."""

from collections.abc import Mapping

from autodmca_edge.counts import BUCKETS_S, Stages
from autodmca_edge.metrics import of_stages

NAME = "autodmca_edge_delivery"
CLEAR_OF_BOUNDS = 1e-6


class Times:
    """A clock that is told the time."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def poll(
    stages: Stages, times: Times, routing_s: float, writing_s: float, ages_ms: Mapping[int, int]
) -> None:
    stamps = {int(times.now * 1000) - age: count for age, count in ages_ms.items()}
    stages.polled()
    times.now += routing_s
    stages.routed()
    times.now += writing_s
    stages.written(stamps)


def samples(stages: Stages) -> dict[tuple[str, str, str], float]:
    """By name, stage and bucket."""
    return {
        (each.name, each.labels.get("stage", ""), each.labels.get("le", "")): each.value
        for metric in of_stages(stages)
        for each in metric.samples
    }


def test_each_delivered_event_counts_once_in_every_stage() -> None:
    times = Times()
    stages = Stages(times)
    poll(stages, times, 0.002, 0.03, {0: 3, 4000: 1})
    found = samples(stages)
    for stage in ("polled", "routed", "written"):
        assert found[f"{NAME}_stage_seconds_count", stage, ""] == 4
    assert found[f"{NAME}_latency_seconds_count", "", ""] == 4
    assert found[f"{NAME}_stage_seconds_bucket", "polled", "0.0001"] == 3
    assert found[f"{NAME}_stage_seconds_bucket", "polled", "2.5"] == 3
    assert found[f"{NAME}_stage_seconds_bucket", "polled", "5.0"] == 4
    assert found[f"{NAME}_stage_seconds_bucket", "routed", "0.001"] == 0
    assert found[f"{NAME}_stage_seconds_bucket", "routed", "0.0025"] == 4
    assert found[f"{NAME}_stage_seconds_bucket", "written", "0.025"] == 0
    assert found[f"{NAME}_stage_seconds_bucket", "written", "0.05"] == 4


def test_a_bucket_names_the_newest_event_of_a_trace_in_each_stage() -> None:
    times = Times()
    stages = Stages(times)
    stages.polled()
    times.now += 0.002
    stages.routed()
    times.now += 0.03
    made = int(times.now * 1000) - 4_032
    stages.written({made: 2}, [(made, "a" * 32), (made, "b" * 32)])
    traced = {
        (each.name, each.labels.get("stage"), each.labels["le"]): each.exemplar
        for metric in of_stages(stages)
        for each in metric.samples
        if each.exemplar is not None
    }
    assert {exemplar.labels["trace_id"] for exemplar in traced.values()} == {"b" * 32}
    assert set(traced) == {
        (f"{NAME}_latency_seconds_bucket", None, "5.0"),
        (f"{NAME}_stage_seconds_bucket", "polled", "5.0"),
        (f"{NAME}_stage_seconds_bucket", "routed", "0.0025"),
        (f"{NAME}_stage_seconds_bucket", "written", "0.05"),
    }
    whole = traced[f"{NAME}_latency_seconds_bucket", None, "5.0"]
    assert abs(whole.value - 4.032) < 0.001
    assert whole.timestamp == times.now


def test_the_stages_add_up_to_the_whole() -> None:
    times = Times()
    stages = Stages(times)
    poll(stages, times, 0.002, 0.03, {7: 3, 4000: 1})
    times.now += 1
    poll(stages, times, 0.0, 70.0, {0: 2})
    found = samples(stages)
    whole = found[f"{NAME}_latency_seconds_sum", "", ""]
    parts = [found[f"{NAME}_stage_seconds_sum", stage, ""] for stage in ("polled", "routed", "written")]
    assert abs(sum(parts) - whole) < CLEAR_OF_BOUNDS
    assert abs(whole - (3 * 0.039 + 4.032 + 2 * 70)) < CLEAR_OF_BOUNDS
    assert found[f"{NAME}_latency_seconds_bucket", "", "60.0"] == 4
    assert found[f"{NAME}_latency_seconds_bucket", "", "+Inf"] == 6


def test_a_poll_that_nobody_wants_counts_nothing() -> None:
    stages = Stages(Times())
    stages.polled()
    stages.routed()
    stages.written({})
    assert not any(samples(stages).values())


def test_a_clock_ahead_of_ours_makes_no_negative_time() -> None:
    times = Times()
    stages = Stages(times)
    poll(stages, times, 0.0, 0.0, {-5000: 1})
    found = samples(stages)
    assert found[f"{NAME}_latency_seconds_sum", "", ""] == 0
    assert found[f"{NAME}_latency_seconds_bucket", "", str(BUCKETS_S[0])] == 1


def test_the_buckets_are_fine_below_a_millisecond_and_reach_a_minute() -> None:
    assert sum(bound < 0.001 for bound in BUCKETS_S) >= 3
    assert BUCKETS_S[-1] == 60
