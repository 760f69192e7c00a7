"""Ending when the parent ends, or wants to: what Linux tells a process about the one that started it.

`end_with_parent` asks for a signal at its death (prctl(2), PR_SET_PDEATHSIG). `parent_is_interrupted` looks
whether it is inside its handler of SIGINT: a make that alone is interrupted waits for its children and tells
them nothing. Elsewhere than on Linux both do nothing: there a Ctrl-C reaches the children by itself.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A function that asks the kernel to send this process `number` when its parent, `parent`, ends.

    Made before a fork, so that the child loads no library between fork and exec. A parent that ended
    before it could ask is noticed, too.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return ask_the_kernel


def parent_is_interrupted() -> bool:
    """Whether the parent blocks SIGINT, as a process does while it handles one (proc(5), SigBlk)."""
    try:
        status = Path(f"/proc/{os.getppid()}/status").read_text()
    except OSError:
        return False
    blocked = next((line.split()[1] for line in status.splitlines() if line.startswith("SigBlk:")), "0")
    return bool(int(blocked, 16) & 1 << (signal.SIGINT - 1))
