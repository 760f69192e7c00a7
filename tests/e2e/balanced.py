"""HAProxy as deployed, as a process before edges that are processes, too.

Owns the process and its configuration, which is deploy/haproxy/haproxy.cfg with the addresses of containers
put in other words. Blocks: call it in a thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Final

import pytest
from autodmca_kafka.embedded import free_port

from tests.e2e.chaos.edges import EdgeProcess
from tests.server_process import ServerProcess
from tests.unit.repository import ROOT

DEPLOYED: Final = ROOT / "deploy" / "haproxy" / "haproxy.cfg"


def configuration(port: int, edges: Sequence[int]) -> str:
    """What is deployed, for these ports of loopback."""
    text = DEPLOYED.read_text()
    text = re.sub(r"^resolvers containers\n(?:    .*\n)+", "", text, flags=re.MULTILINE)
    text = text.replace(" resolvers containers init-addr none", "")
    text = text.replace("bind :8080", f"bind 127.0.0.1:{port}").replace(
        "bind :8404", f"bind 127.0.0.1:{free_port()}"
    )
    servers = "".join(f"    server edge-{n} 127.0.0.1:{at} check\n" for n, at in enumerate(edges, 1))
    text = re.sub(r"(?:    server edge-\d .*\n)+", servers, text)
    # The other backends are not rehearsed here, and their names are not known.
    return re.sub(
        r"^(    server (?!edge-)\S+) \S+(?: check.*)?$", r"\1 127.0.0.1:1", text, flags=re.MULTILINE
    )


@contextmanager
def haproxy(edges: Sequence[EdgeProcess], folder: Path) -> Iterator[ServerProcess]:
    """HAProxy before these edges. Skips the test where there is none."""
    command = which("haproxy") or which("haproxy", path="/usr/sbin")
    if command is None:
        pytest.skip("there is no HAProxy: deploy/local/system-packages haproxy")
    port = free_port()
    file = folder / "haproxy.cfg"
    file.write_text(configuration(port, [each.port for each in edges]))
    process = ServerProcess("haproxy", port, [command, "-db", "-f", str(file)], folder / "haproxy.log")
    process.start()
    try:
        yield process
    finally:
        process.kill()
