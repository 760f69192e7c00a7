"""The seeds of what is random here, drawn anew in each run and printed at its head; given ones repeat it."""

import os
import random
from typing import Final

__all__ = ["MACHINE_EXAMPLES", "MACHINE_SEED"]

MACHINE_EXAMPLES: Final = int(os.environ.get("MACHINE_EXAMPLES") or (2000 if os.environ.get("CI") else 60))
MACHINE_SEED: Final = int(os.environ.get("MACHINE_SEED") or random.SystemRandom().randrange(1 << 32))
os.environ["MACHINE_SEED"] = str(MACHINE_SEED)  # for the processes that pytest-xdist starts
