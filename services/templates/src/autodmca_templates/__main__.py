"""`python -m autodmca_templates`: the service, configured by its environment."""

from __future__ import annotations

import sys

from autodmca_runtime import run

from autodmca_templates import app
from autodmca_templates.config import TemplatesSettings

if __name__ == "__main__":
    sys.exit(run(app.SERVICE, TemplatesSettings, app.run))
