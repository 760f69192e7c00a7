"""The lines on the terminal: what each part prints, behind its name, and how to go on from here.

Colours only on a terminal. Owns no process; of files, the one that holds a token to listen with.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from autodmca_events import CATALOGUE
from autodmca_sandbox.people import AUTHORS, REVIEWERS, token_for

from deploy.local.settings import LocalSettings
from deploy.services import SERVICES, Listening, Service

PARTS = ("kafka", *(service.name for service in SERVICES))
COLOURS = dict(zip(PARTS, itertools.cycle((33, 36, 35, 32, 34, 31)), strict=False))
WIDTH = max(map(len, PARTS))
TEMPLATE_TYPES = "template_validation,template_approval,template_usage"
DELISTING_TYPES = "delisting_request_status,visibility_change,engine_response"
SOCIAL_MEDIA_TYPES = "social_media_scan_status,social_media_incident,social_media_platform_status"
AI_DETECTION_TYPES = "ai_detection_result,ai_batch_job_status,ai_model_training_update"
ACCOUNTS_TYPES = (
    "profile_activity,profile_scan_update,submission_progress,submission_status_change,"
    "dashboard_stats_update,user_notification,system_notification"
)
TOKEN_LIFETIME_S = 12 * 3600
RUN = Path(__file__).resolve().parents[2] / ".run"
USUAL_EDGE_PORT = 8080
USUAL_KAFKA = ("localhost:9092", "127.0.0.1:9092")


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


class Welcome:
    """Where to look and what to try, and for as long as the block lasts a file with a listener's token.

    The file is for its owner's eyes only: `.run/token`, with the edge's port in its name where it is not
    the usual one.
    """

    def __init__(
        self,
        settings: LocalSettings,
        services: Mapping[Service, Listening],
        bootstrap_servers: str,
        secret: str,
        edge_pid: int | None,
    ) -> None:
        usual = settings.edge_port == USUAL_EDGE_PORT
        self._file = RUN / ("token" if usual else f"token-{settings.edge_port}")
        self._token = token_for(AUTHORS[0], secret, lifetime_s=TOKEN_LIFETIME_S)
        edge = f"{shown(settings.edge_host)}:{settings.edge_port}"
        kind = "embedded, in memory" if settings.bootstrap_servers is None else "yours"
        command = shlex.quote(autodmca())
        token = f"AUTODMCA_TOKEN=$(cat {shlex.quote(near(self._file))})"
        url = "" if usual else f"AUTODMCA_URL=ws://{edge}/ws "
        servers = "" if bootstrap_servers in USUAL_KAFKA else f"KAFKA_BOOTSTRAP_SERVERS={bootstrap_servers} "
        author = AUTHORS[0]
        described = "\n".join(
            f"  {service.name:<{WIDTH}}  {address(place.host, place.port)}/openapi.json"
            for service, place in services.items()
        )
        page = f"{address(settings.console_host, settings.console_port)}/console/"
        self.text = f"""The system is up: {len(AUTHORS)} authors and {len(REVIEWERS)} reviewers are at work.

  {"console":<{WIDTH}}  {page}

  {"edge":<{WIDTH}}  ws://{edge}/ws   health: http://{edge}/readyz   metrics: http://{edge}/metrics
{described}
  {"Kafka":<{WIDTH}}  {bootstrap_servers} ({kind})

Listen in a second terminal, as {author.name} (user {author.user_id}):

  {url}{token} {command} listen --types {TEMPLATE_TYPES}

Then, in a third one, worth trying:

  kill -9 {edge_pid}   # the edge: it is started again, and the listener misses nothing
  {servers}{command} emit template_usage --example --user {author.user_id}
  {servers}{command} tail autodmca.templates.v1   # the log itself
  {url}{token} {command} listen --types {DELISTING_TYPES}
  {url}{token} {command} listen --types {SOCIAL_MEDIA_TYPES}
  {url}{token} {command} listen --types {AI_DETECTION_TYPES}
  {url}{token} {command} listen --types {ACCOUNTS_TYPES}
  {url}{token} {command} listen   # all {len(CATALOGUE)} types; each comes within three minutes

Ctrl-C stops everything."""

    def __enter__(self) -> Self:
        self._file.parent.mkdir(exist_ok=True)
        self._file.unlink(missing_ok=True)
        with open(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{self._token}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.unlink(missing_ok=True)


def shown(host: str) -> str:
    """A listening address as one types it to connect from this machine."""
    return "localhost" if host in ("0.0.0.0", "127.0.0.1", "::", "") else host  # noqa: S104


def address(host: str, port: int) -> str:
    """What answers HTTP there, as one types it."""
    return f"http://{shown(host)}:{port}"


def autodmca() -> str:
    """The command: by its name where the shell finds it, else where it was installed."""
    installed = Path(sys.executable).parent / "autodmca"
    found = shutil.which("autodmca")
    return "autodmca" if found is not None and Path(found) == installed else near(installed)


def near(path: Path) -> str:
    """A path as one types it from where we were started."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
