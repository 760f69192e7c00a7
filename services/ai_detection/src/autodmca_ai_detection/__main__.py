"""`python -m autodmca_ai_detection`: the service, configured by its environment."""

from __future__ import annotations

import sys

from autodmca_runtime import run

from autodmca_ai_detection import app
from autodmca_ai_detection.config import AiDetectionSettings

if __name__ == "__main__":
    sys.exit(run(app.SERVICE, AiDetectionSettings, app.run))
