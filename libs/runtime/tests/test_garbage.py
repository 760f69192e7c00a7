"""The garbage collector's settings, in a process of their own."""

from __future__ import annotations

from typing import Any


def test_what_is_alive_after_start_up_is_exempt_and_collections_are_rarer(service: Any) -> None:
    running = service("""
        import gc
        from autodmca_runtime import settle_garbage_collector
        before = gc.get_threshold()
        settle_garbage_collector()
        print("frozen", gc.get_freeze_count() > 1000)
        print("rarer", gc.get_threshold()[0] > 10 * before[0])
    """)
    assert running.exit_code() == 0
    assert running.lines == ["frozen True", "rarer True"]
