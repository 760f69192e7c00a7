"""What was seen of URLs that are watched, and what follows: changes are told, a relisting may open a
request. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events import rfc3339
from autodmca_events.delisting import VisibilityChange
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_delisting import ids
from autodmca_delisting.model.asking import follow_up
from autodmca_delisting.model.commands import Seen, Sight
from autodmca_delisting.model.settling import Changes
from autodmca_delisting.model.state import Preferences, Request, Url, Watch, Watched

SHORTEST_WAIT_MS: Final = 5_000


def run_of(changes: Changes, command: Seen) -> int | None:
    """What the state holds for `Context.is_late`."""
    watch = changes.get(ids.watch_id(command.request_id, command.number))
    return watch.run if isinstance(watch, Watch) else None


def seen(changes: Changes, command: Seen) -> int:
    watch_id = ids.watch_id(command.request_id, command.number)
    watch = changes.get(watch_id)
    if not isinstance(watch, Watch):
        raise refuse("not_found", "no-such-watch", f"{command.request_id} watches no group {command.number}")
    urls = list(watch.urls)
    returned: list[Url] = []
    changed = False
    for sight in command.sights:
        if not 0 <= sight.at < len(urls):
            continue
        old = urls[sight.at]
        if not _is_news(old, sight, changes.rules.rank_step):
            continue
        changed = True
        relisted = old.removed and old.visibility == "not_indexed" and sight.visibility != "not_indexed"
        if relisted:
            returned.append(Url(old.url, old.normal, old.domain))
        urls[sight.at] = structs.replace(old, visibility=sight.visibility, rank=sight.rank)
        changes.tell(_change(changes, watch, old, sight, relisted=relisted))
    interval = changes.rules.watch_ms if changed else watch.interval_ms * 2
    interval = min(interval, changes.rules.longest_watch_ms)
    if command.wait_ms is not None:
        interval = watch.interval_ms
    wait_ms = interval if command.wait_ms is None else max(command.wait_ms, SHORTEST_WAIT_MS)
    changes.put(
        watch_id,
        structs.replace(
            watch,
            urls=tuple(urls),
            interval_ms=interval,
            checked_at=changes.now,
            next_at=changes.now + wait_ms,
            run=changes.run,
        ),
    )
    request = changes.get(command.request_id)
    preferences = changes.get(ids.SETTINGS)
    if (
        returned
        and isinstance(preferences, Preferences)
        and preferences.resubmit
        and isinstance(request, Request)
    ):
        follow_up(changes, request, returned, by_hand=command.packet)
    return 0


def _is_news(old: Watched, sight: Sight, rank_step: int) -> bool:
    if sight.visibility == "unknown":
        return False
    if sight.visibility != old.visibility:
        return True
    return old.rank is not None and sight.rank is not None and abs(old.rank - sight.rank) >= rank_step


def _change(
    changes: Changes, watch: Watch, old: Watched, sight: Sight, *, relisted: bool
) -> VisibilityChange:
    return VisibilityChange(
        request_id=watch.request_id,
        url=old.url,
        normalized_url=old.normal,
        registrable_domain=old.domain,
        engine=watch.engine,
        query=watch.query,
        previous_visibility=old.visibility,
        new_visibility=sight.visibility,
        previous_rank=old.rank,
        new_rank=sight.rank,
        relisted=relisted,
        checked_at=rfc3339(changes.now),
    )
