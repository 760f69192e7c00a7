"""`python -m autodmca_delisting`: the service, configured by its environment."""

from __future__ import annotations

import sys

from autodmca_runtime import run

from autodmca_delisting import app
from autodmca_delisting.config import DelistingSettings

if __name__ == "__main__":
    sys.exit(run(app.SERVICE, DelistingSettings, app.run))
