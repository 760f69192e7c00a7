"""What is generated from the table of services, and the small programs in the images."""

from __future__ import annotations

import runpy
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from deploy.generate.__main__ import filled, left_over, wanted
from deploy.services import COMMAND, SERVICES, Service
from tests.unit.repository import ROOT

DOCKER = ROOT / "deploy" / "docker"
OTHERS = """\
aiokafka==0.13.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
"""
WANTED = """\
kafka==1 ; sys_platform != 'win32' \\
    --hash=sha256:bb
uvicorn[standard]==2 \\
    --hash=sha256:cc
"""


def test_a_block_is_replaced_and_all_else_kept() -> None:
    text = "a:\n  # generated: rows\n  old\n  # end\nb: 1\n"
    assert filled(text, {"rows": lambda: "- x\n- y\n"}) == (
        "a:\n  # generated: rows\n  - x\n  - y\n  # end\nb: 1\n"
    )
    with pytest.raises(KeyError):
        filled(text, {})


def test_what_is_generated_is_what_the_table_says() -> None:
    stale = [str(file) for file, text in wanted().items() if not file.exists() or file.read_text() != text]
    assert (stale, left_over()) == ([], []), "run `make generate`, and commit what it writes"


def test_compose_publishes_the_load_balancer_and_prometheus_on_loopback_and_nothing_else() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    published = {name: each["ports"] for name, each in services.items() if "ports" in each}
    assert set(published) == {"haproxy", "prometheus"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_compose_limits_and_restricts_each_of_our_containers(service: Service) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in service.instances:
        found = services[name]
        assert found["read_only"]
        assert found["cap_drop"] == ["ALL"]
        assert found["restart"] == "unless-stopped"
        assert found["deploy"]["resources"]["limits"]["memory"] == f"{service.need.memory_mb}M"
        assert found["depends_on"]["topics"] == {"condition": "service_completed_successfully"}
    assert COMMAND.profile in services[COMMAND.host]["profiles"]


def test_pins_are_taken_with_their_hashes_and_by_whole_names(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(OTHERS + WANTED)
    command = [DOCKER / "pins", tmp_path / "lock"]
    done = subprocess.run(command, input="kafka uvicorn", capture_output=True, text=True, check=True)
    assert done.stdout == WANTED


class Probed(BaseHTTPRequestHandler):
    """Answers as `/readyz` does, with the status of the server."""

    status = 200
    port = ""

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b'{"checks": {"event log": "no leader"}}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing."""


@pytest.fixture
def served() -> Iterator[type[Probed]]:
    class Handler(Probed):
        pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        Handler.port = str(server.server_port)
        yield Handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(200, 0, ""), (503, 1, "503 "), (None, 1, "refused"), (0, 1, "without a port")],
)
def test_the_probe_asks_readyz_and_says_why_not(
    status: int | None,
    code: int,
    said: str,
    served: type[Probed],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    served.status = status or 500
    port = {None: "1", 0: ""}.get(status, served.port)
    (tmp_path / "port").write_text(port)
    names = runpy.run_path(str(DOCKER / "probe.py"))
    names["main"].__globals__["PORT"] = tmp_path / "port"
    assert names["main"]() == code
    assert said in capsys.readouterr().out
