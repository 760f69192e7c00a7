"""How many files are open, and what is kept of the limit."""

import os
from contextlib import ExitStack

from autodmca_edge.admission.descriptors import RESERVE, Descriptors, file_limit


def test_files_are_counted_as_they_are_opened_and_closed() -> None:
    files = Descriptors(file_limit())
    before = files.open()
    with ExitStack() as stack:
        for _ in range(50):
            stack.callback(os.close, os.dup(0))
        assert files.open() >= before + 25  # numbers that were free between others are given out first
    assert files.open() == before


def test_of_a_limit_some_is_kept() -> None:
    large, small = Descriptors(10_000), Descriptors(256)
    assert (large.enough, large.most) == (10_000 - 2 * RESERVE, 10_000 - RESERVE)
    assert (small.enough, small.most) == (192, 224)
