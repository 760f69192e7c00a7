"""Where `autodmca listen` left off, kept between runs.

One small JSON file per address, user, types and filters, in $XDG_STATE_HOME/autodmca (by default
~/.local/state/autodmca). Written beside and renamed, so that a reader sees the old or the new file whole. A
file that cannot be read counts as none; one that cannot be written raises OSError.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What is saved; all but `cursors` says what it belongs to."""

    url: str
    user_id: int | None
    types: tuple[str, ...]
    filters: dict[str, Any]
    cursors: list[str]


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's directory for this command's state."""
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "autodmca"


class SavedPosition:
    """The file of one listener."""

    def __init__(
        self,
        directory: Path,
        *,
        url: str,
        user_id: int | None,
        types: tuple[str, ...],
        filters: dict[str, Any],
    ) -> None:
        self._blank = Position(url=url, user_id=user_id, types=types, filters=filters, cursors=[])
        key = msgspec.json.encode((url, user_id, sorted(types), filters), order="sorted")
        self._path = directory / f"{hashlib.sha256(key).hexdigest()[:24]}.json"

    def load(self) -> list[str]:
        """The saved cursors; none at all when there is no usable file."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Position).cursors
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return []

    def save(self, cursors: list[str]) -> None:
        """Replace what was saved."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        beside.write_bytes(msgspec.json.encode(msgspec.structs.replace(self._blank, cursors=cursors)))
        beside.replace(self._path)
