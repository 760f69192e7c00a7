"""Runs a command's coroutine; signals become cancellation and then an exit code.

SIGINT and SIGTERM cancel the coroutine, which cleans up, and the process ends with 130 or 143, without a
traceback. A library's error ends it with 1 and one line.
"""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any

import click

from autodmca_client.errors import ClientError


def run(command: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until a signal."""
    signalled: list[int] = []

    async def supervised() -> None:
        task = asyncio.ensure_future(command)

        def stop(number: int) -> None:
            signalled.append(number)
            task.cancel()

        loop = asyncio.get_running_loop()
        if sys.platform != "win32":  # there, Ctrl-C arrives as KeyboardInterrupt
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop, number)
        await task

    try:
        asyncio.run(supervised())
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(128 + (signalled[0] if signalled else signal.SIGINT))
    except ClientError as error:
        raise click.ClickException(str(error)) from None
