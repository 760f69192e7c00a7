"""`python -m autodmca_accounts`: the service, configured by its environment."""

import sys

from autodmca_runtime import run

from autodmca_accounts import app, hearing
from autodmca_accounts.config import AccountsSettings

if __name__ == "__main__":
    sys.exit(run(hearing.SERVICE, AccountsSettings, app.run))
