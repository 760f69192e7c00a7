"""Ending when the parent ends, however it ends: Linux's prctl(2), PR_SET_PDEATHSIG.

Elsewhere there is no such request: there only an orderly end of the parent ends its children.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A function that asks the kernel to send this process `number` when its parent ends.

    Made before a fork, so that the child loads no library between fork and exec.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number)

    return ask_the_kernel
