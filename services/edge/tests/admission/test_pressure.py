"""Overload: what makes one, what ends it, and what is read where. PROTOCOL: close code 4503."""

from pathlib import Path

import pytest
from autodmca_edge.admission.descriptors import Descriptors
from autodmca_edge.admission.memory import cgroup_limit, resident_bytes
from autodmca_edge.admission.pressure import LAG_DOWN, LAG_UP, MEMORY_BEATS, Pressure, Threshold
from structlog.testing import capture_logs

MEGABYTE = 1 << 20


class Readings:
    """Memory as a test says."""

    def __init__(self) -> None:
        self.resident: int | None = 10 * MEGABYTE

    def __call__(self) -> int | None:
        return self.resident


@pytest.fixture
def readings() -> Readings:
    return Readings()


@pytest.fixture
def pressure(readings: Readings) -> Pressure:
    return Pressure(max_lag_s=0.5, max_bytes=100 * MEGABYTE, resident=readings)


def beat(pressure: Pressure, late_s: float, times: int) -> None:
    for _ in range(times):
        pressure.beat(late_s)


def test_a_loop_that_is_late_again_and_again_is_an_overload(pressure: Pressure) -> None:
    beat(pressure, 0.6, LAG_UP - 1)
    assert pressure.overloaded is None
    beat(pressure, 0.6, 1)
    assert pressure.overloaded == pressure.problem() == "the event loop is over 500 ms late"


def test_one_long_pause_is_none(pressure: Pressure) -> None:
    """A process that was stopped for a while is late once."""
    for _ in range(20):
        beat(pressure, 20.0, LAG_UP - 1)
        beat(pressure, 0.0, 1)
    assert pressure.overloaded is None


def test_an_overload_ends_when_the_loop_has_kept_time_for_a_while(pressure: Pressure) -> None:
    beat(pressure, 0.6, LAG_UP)
    beat(pressure, 0.3, 10 * LAG_DOWN)  # under the limit, not well under it
    beat(pressure, 0.01, LAG_DOWN - 1)
    beat(pressure, 0.3, 1)
    beat(pressure, 0.01, LAG_DOWN - 1)
    assert pressure.overloaded is not None
    beat(pressure, 0.01, 1)
    assert pressure.overloaded is None


def test_memory_over_its_limit_is_an_overload_until_it_is_well_under(
    pressure: Pressure, readings: Readings
) -> None:
    for megabytes, overloaded in [(100, False), (101, True), (95, True), (89, False), (99, False)]:
        readings.resident = megabytes * MEGABYTE
        beat(pressure, 0.0, MEMORY_BEATS)
        assert (pressure.overloaded == f"memory is over {100 * MEGABYTE} bytes") is overloaded, megabytes
        assert pressure.resident == readings.resident


def test_what_is_not_limited_or_not_known_is_no_overload(readings: Readings) -> None:
    unlimited = Pressure(max_lag_s=0.5, max_bytes=None, resident=readings)
    readings.resident = 1 << 50
    beat(unlimited, 0.0, MEMORY_BEATS)
    assert (unlimited.overloaded, unlimited.resident) == (None, 1 << 50)
    unknown = Pressure(max_lag_s=0.5, max_bytes=1, resident=lambda: None)
    beat(unknown, 0.0, MEMORY_BEATS)
    assert (unknown.overloaded, unknown.resident) == (None, 0)


def test_each_change_is_logged_once(pressure: Pressure) -> None:
    with capture_logs() as logs:
        beat(pressure, 0.6, 10 * LAG_UP)
        beat(pressure, 0.0, 10 * LAG_DOWN)
    assert [each["event"] for each in logs] == [
        "overloaded, newcomers are turned away",
        "no longer overloaded",
    ]
    assert {each["reason"] for each in logs} == {"the event loop is over 500 ms late"}


def test_every_beat_is_in_the_histogram(pressure: Pressure) -> None:
    for late in (0.0, 0.001, 0.004, 0.3, 60.0):
        pressure.beat(late)
    found = dict(pressure.lags.buckets())
    assert (found["0.001"], found["0.005"], found["0.5"], found["30.0"], found["+Inf"]) == (2, 3, 4, 4, 5)
    assert pressure.lags.sum == pytest.approx(60.305)


def test_a_threshold_needs_its_readings_in_a_row() -> None:
    threshold = Threshold(10, 5, up=2, down=3)
    seen = [threshold.read(value) for value in (11, 9, 11, 10, 11, 11, 4, 4, 5, 4, 4, 4, 11)]
    assert seen == [False] * 5 + [True] * 6 + [False] * 2


# -- what Linux says -------------------------------------------------------------------------------


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000\n"}, 1000),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, None),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
                "sys/fs/cgroup/a/memory.max": "3000\n",
                "sys/fs/cgroup/memory.max": "5000\n",
            },
            3000,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu:/x\n3:memory,other:/x/y\n0::/\n",
                "sys/fs/cgroup/memory/x/y/memory.limit_in_bytes": "2000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            2000,
        ),
        ({"proc/self/cgroup": "nonsense\n::\n"}, None),
    ],
)
def test_the_smallest_limit_of_the_control_groups_counts(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    assert cgroup_limit(write(tmp_path, files)) == limit


def test_this_process_holds_some_memory() -> None:
    held = resident_bytes()
    assert held is None or held > MEGABYTE


def test_too_many_open_files_are_an_overload_until_there_is_room_again(readings: Readings) -> None:
    class Counted(Descriptors):
        counts = iter((100, 801, 790, 779))

        def open(self) -> int:
            return next(self.counts)

    pressure = Pressure(max_lag_s=0.5, max_bytes=None, resident=readings, files=Counted(1000))
    said = []
    for _ in range(4):
        beat(pressure, 0.0, 1)
        said.append(pressure.problem())
    too_many = "over 800 files are open, connections among them"
    assert said == [None, too_many, too_many, None]
