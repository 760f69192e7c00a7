"""The lines on the terminal: what each part prints, behind its name, and how to go on from here.

Colours only on a terminal. Owns no process and no state.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TextIO

from autodmca_sandbox.people import AUTHORS, REVIEWERS, token_for

from deploy.local.settings import LocalSettings

COLOURS = {"kafka": 33, "edge": 36, "templates": 35, "sandbox": 32}
WIDTH = max(map(len, COLOURS))
TEMPLATE_TYPES = "template_validation,template_approval,template_usage"
TOKEN_LIFETIME_S = 12 * 3600


class Console:
    """Writes whole lines, so that the output of several processes never mixes within one."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._coloured = out.isatty()

    def say(self, name: str, text: str) -> None:
        """One line of the part called `name`."""
        label = f"{name:<{WIDTH}} |"
        if self._coloured:
            label = f"\033[{COLOURS.get(name, 37)}m{label}\033[0m"
        self._write(f"{label} {text}\n")

    def announce(self, text: str) -> None:
        """A paragraph of our own."""
        self._write(f"\n{text}\n\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def welcome(settings: LocalSettings, bootstrap_servers: str, secret: str) -> str:
    """Where to look and how to listen: commands to paste into a second terminal."""
    edge = f"{shown(settings.edge_host)}:{settings.edge_port}"
    templates = f"http://{shown(settings.templates_host)}:{settings.templates_port}"
    kind = "embedded, in memory" if settings.bootstrap_servers is None else "yours"
    author = AUTHORS[0]
    token = token_for(author, secret, lifetime_s=TOKEN_LIFETIME_S)
    command = shlex.quote(autodmca())
    url = "" if settings.edge_port == 8080 else f"AUTODMCA_URL=ws://{edge}/ws "
    return f"""The system is up: {len(AUTHORS)} authors and {len(REVIEWERS)} reviewers are at work.

  edge       ws://{edge}/ws   health: http://{edge}/readyz   metrics: http://{edge}/metrics
  templates  {templates}/openapi.json
  Kafka      {bootstrap_servers} ({kind})

Listen in a second terminal, as {author.name} (user {author.user_id}):

  {url}AUTODMCA_TOKEN={token} {command} listen --types {TEMPLATE_TYPES}

Ctrl-C stops everything."""


def shown(host: str) -> str:
    """A listening address as one types it to connect from this machine."""
    return "localhost" if host in ("0.0.0.0", "127.0.0.1", "::", "") else host  # noqa: S104


def autodmca() -> str:
    """The command: by its name where the shell finds it, else where it was installed."""
    installed = Path(sys.executable).parent / "autodmca"
    found = shutil.which("autodmca")
    return "autodmca" if found is not None and Path(found) == installed else str(installed)
