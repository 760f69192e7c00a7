"""`python -m autodmca_sandbox`: the people of the story at work, until SIGTERM or SIGINT."""

from __future__ import annotations

import sys

import httpx
from autodmca_runtime import run

from autodmca_sandbox.config import SandboxSettings
from autodmca_sandbox.story import tell
from autodmca_sandbox.templates_api import TemplatesApi

ANSWER_S = 30.0


async def main(settings: SandboxSettings) -> None:
    async with httpx.AsyncClient(base_url=settings.templates_url, timeout=ANSWER_S, trust_env=False) as http:
        await tell(TemplatesApi(http, settings.secret.reveal()), settings.pace_s)


if __name__ == "__main__":
    sys.exit(run("sandbox", SandboxSettings, main))
