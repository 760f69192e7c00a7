"""A console with a small page, asked over HTTP without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from autodmca_console.app import console_app
from autodmca_console.config import ConsoleSettings
from autodmca_console.page import Page
from autodmca_runtime import Secret, TokenSettings, TokenVerifier
from starlette.types import ASGIApp

SECRET = "a secret of at least thirty-two bytes, for tests"
SCRIPT = "export const words = 'the same again';\n" * 100
Asked = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<!doctype html><script src="/console/assets/main-1a2b.js"></script>'
    )
    (tmp_path / "assets" / "main-1a2b.js").write_text(SCRIPT)
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text('"what was built"')
    return tmp_path


def settings(**told: Any) -> ConsoleSettings:
    """Of a console on loopback."""
    return ConsoleSettings(tokens=TokenSettings(secret=Secret(SECRET)), **told)


@pytest.fixture
def asked(folder: Path) -> Asked:
    """Opens a client of a console with these settings; `others` answers for whoever it asks."""

    @asynccontextmanager
    async def opened(*, others: ASGIApp | None = None, **told: Any) -> AsyncIterator[httpx.AsyncClient]:
        made = settings(**told)
        transport = None if others is None else httpx.ASGITransport(others)
        async with httpx.AsyncClient(transport=transport) as http:
            app = console_app(made, Page(folder), TokenVerifier(made.tokens), http)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://localhost:8070"
            ) as client:
                yield client

    return opened
