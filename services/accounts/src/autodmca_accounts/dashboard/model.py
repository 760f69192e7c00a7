"""What an event changes on the dashboard, and when the user is told. Pure.

The figures are told at once, then not again for a while: what changes meanwhile is told together, when work
says that the time has come. They are told with the first minutes of a day, too, when days have gone by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from autodmca_events import Envelope, rfc3339
from autodmca_kafka import Context, Decision
from autodmca_service.commands import Outcome
from autodmca_service.errors import refuse
from autodmca_service.work import Due
from msgspec import structs

from autodmca_accounts.consequences import Consequences
from autodmca_accounts.dashboard.commands import Tell
from autodmca_accounts.dashboard.reading import joined, said
from autodmca_accounts.dashboard.state import BOARD, Board, Kind, Mark
from autodmca_accounts.dashboard.summing import DAY_MS, moved, shown

PAUSE_MS: Final = 300
"""From one telling to the next at least."""
MOST_MARKS: Final[Mapping[Kind, int]] = dict.fromkeys(get_args(Kind), 20_000)
"""Of a user, by kind. Of more than that the oldest tenth is given up: those that have ended, before others.
Its figures stay, but what is heard of it later is not known again."""
_SPREAD_S: Final = 600
"""The users' days begin within so many seconds."""


def decide(entities: Mapping[str, Any], _command: Tell, context: Context) -> Decision[Any, Outcome]:
    """Tell the figures, if they have changed. Raises CommandRefused."""
    changes = Consequences(entities, context)
    board = changes.find(BOARD, Board)
    if board is None or board.due_at is None or context.is_late(board.run):
        raise refuse("conflict", "overtaken", "the figures have been told")
    changes.put(BOARD, _told(changes, board))
    return changes.decision()


def observe(changes: Consequences, event: Envelope, most: Mapping[Kind, int] = MOST_MARKS) -> None:
    """Count what the event says, once."""
    heard = said(event)
    if heard is None:
        return
    kind = heard.mark.kind
    board = changes.find(BOARD, Board) or Board()
    old = changes.find(heard.entity_id, Mark)
    if old is None and heard.mark.born <= board.forgotten.get(kind, -1):
        return
    new = heard.mark if old is None else joined(old, heard.mark)
    if new == old:
        return
    changes.put(heard.entity_id, new)
    after = moved(board, old, new, changes.now)
    if old is None:
        after = structs.replace(after, kept={**after.kept, kind: after.kept.get(kind, 0) + 1})
        if after.kept[kind] > most[kind]:
            after = _forget(changes, after, kind, most[kind] // 10 or 1)
    changes.put(BOARD, _soon(changes, after))


def due(user_id: int, entity_id: str, entity: object) -> Due | None:
    """When the figures are told next."""
    if entity_id != BOARD or not isinstance(entity, Board) or entity.due_at is None:
        return None
    return Due(key=f"dashboard/{user_id}/{entity.run}", at_ms=entity.due_at, run=entity.run)


def _soon(changes: Consequences, board: Board) -> Board:
    """Tell now, or as soon as it may be."""
    if shown(board, changes.now) == board.shown and board.due_at is not None:
        return board
    at = min(board.told_at, changes.now) + PAUSE_MS  # a clock that was set back delays nothing
    if changes.now >= at:
        return _told(changes, board)
    if board.due_at is not None and board.due_at <= at:
        return board
    return structs.replace(board, due_at=at, run=changes.run)


def _told(changes: Consequences, board: Board) -> Board:
    figures = shown(board, changes.now)
    if figures != board.shown:
        changes.emit(structs.replace(figures, last_updated=rfc3339(changes.now)))
        board = structs.replace(board, shown=figures, told_at=changes.now)
    tomorrow = (changes.now // DAY_MS + 1) * DAY_MS + changes.user_id % _SPREAD_S * 1000
    return structs.replace(board, due_at=tomorrow if board.days else None, run=changes.run)


def _forget(changes: Consequences, board: Board, kind: Kind, many: int) -> Board:
    """Give up the oldest marks of a kind."""
    known = (
        (mark.standing.active, mark.born, name)
        for name in changes.entities
        if name.startswith(f"mark/{kind}/") and (mark := changes.find(name, Mark)) is not None
    )
    oldest = sorted(known)[:many]
    for _, _, name in oldest:
        changes.drop(name)
    return structs.replace(
        board,
        kept={**board.kept, kind: board.kept[kind] - len(oldest)},
        forgotten={**board.forgotten, kind: max(born for _, born, _ in oldest)},
    )
