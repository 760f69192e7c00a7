"""Code that nothing uses: `python -m tests.unused` lists it and exits with 1.

vulture's findings, less what is used in ways that it cannot see: fields of structs and members of
enumerations, which are read by their values, what decorators register, and names that other libraries
ask for.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vulture import Vulture

ROOT: Final = Path(__file__).parents[1]
PATHS: Final = ("libs", "services", "deploy", "tests", "docs", "conftest.py")
CERTAINTY: Final = 60
REGISTERED_BY: Final = (
    "@pytest.fixture",
    "@pytest_asyncio.fixture",
    "@rule",
    "@invariant",
    "@initialize",
    "@*.command",
)
ASKED_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "ASGI": ("scope",),
    "aiokafka": (
        "API_KEY", "API_VERSION", "FLEXIBLE_VERSION", "RESPONSE_TYPE", "_sasl_oauth_token_provider",
        "_sasl_plain_password", "_ssl_context", "authenticator_oauth", "build",
        "on_partitions_assigned", "on_partitions_revoked", "revoked",
    ),
    "asyncio": (
        "buffer_updated", "connection_lost", "eof_received", "exc", "get_buffer", "pause_writing",
        "process_exited", "resume_writing",
    ),
    "av": ("pix_fmt", "sample_rate", "thread_type"),
    "faiss": ("is_trained", "nprobe"),
    "hypothesis": ("TestEdge", "teardown"),
    "http.server": (
        "client_address", "close_connection", "daemon_threads", "do_GET", "do_POST", "handle_error",
        "log_message", "protocol_version",
    ),
    "httptools": ("on_header", "on_headers_complete", "on_url"),
    "jinja2": ("filter_stream",),
    "logging": ("handlers", "raiseExceptions"),
    "pytest": ("pytestmark", "pytest_report_header", "pytest_runtest_protocol", "pytest_terminal_summary"),
    "requests": ("trust_env",),
    "scikit-learn": ("coef_", "intercept_", "t_"),
    "structlog": ("debug",),
    "uvicorn": (
        "capture_signals",
        "chunked_encoding",
        "force_exit",
        "keep_alive",
        "should_exit",
        "timeout_graceful_shutdown",
        "waiting_for_100_continue",
    ),
    "weakref": ("atexit",),
}  # fmt: skip
"""Who asks -> for which names."""


def values(file: Path) -> Iterator[int]:
    """The lines on which a class says that it has a field, or an enumeration a member."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef):
            enumeration = any("Enum" in ast.unparse(base) for base in node.bases)
            for each in node.body:
                if isinstance(each, ast.AnnAssign) or (enumeration and isinstance(each, ast.Assign)):
                    yield each.lineno


def findings() -> Iterator[tuple[str, str]]:
    """Each unused name, and where it is."""
    found = Vulture(ignore_decorators=REGISTERED_BY)
    found.scavenge([str(ROOT / path) for path in PATHS])
    lines: dict[Path, frozenset[int]] = {}
    for each in found.get_unused_code(min_confidence=CERTAINTY):
        file = Path(each.filename)
        if file not in lines:
            lines[file] = frozenset(values(file))
        if each.first_lineno not in lines[file]:
            yield each.name, f"{file.relative_to(ROOT)}:{each.first_lineno}: unused {each.typ} {each.name!r}"


def main() -> int:
    listed = {name for names in ASKED_FOR.values() for name in names}
    unused = [where for name, where in findings() if name not in listed]
    sys.stdout.writelines(f"{where}\n" for where in unused)
    if unused:
        sys.stdout.write(
            "remove them; a name that another library asks for goes into ASKED_FOR of tests/unused.py\n"
        )
    return bool(unused)


if __name__ == "__main__":
    sys.exit(main())
