"""The dashboard's figures counted anew from all that was told, as one would by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from autodmca_events import Envelope
from autodmca_events.timestamps import ms_of

DAY_MS = 86_400_000


class Count(NamedTuple):
    numbers: tuple[float | None, ...]
    """Totals, changes, and the rate, in the order of `dashboard_stats_update`."""
    takedowns: dict[str, int]
    """By platform or engine."""
    infringements: dict[str, int]
    scans: dict[str, int]


def recount(events: Iterable[Envelope], now: int) -> Count:
    things: dict[tuple[str, str], dict[str, Envelope]] = defaultdict(dict)
    for event in events:
        if (name := _thing(event.payload)) is not None:
            things[event.type, name][event.id] = event
    began: dict[str, list[int]] = {"profiles": [], "scans": [], "infringements": [], "takedowns": []}
    active, gone, decided = 0, 0, 0
    places: dict[str, dict[str, int]] = {key: defaultdict(int) for key in ("takedowns", "found", "scans")}
    for (kind, _), by_id in things.items():
        told = sorted(by_id.values(), key=lambda each: ms_of(each.timestamp))
        last: Any = told[-1].payload
        if kind == "profile_activity":
            began["profiles"].append(ms_of(last.occurred_at))
        elif kind == "social_media_scan_status":
            began["scans"].append(ms_of(last.started_at))
            if last.status in ("queued", "running", "rate_limited"):
                active += 1
                places["scans"][last.platform] += 1
        elif kind == "social_media_incident":
            if last.status != "false_positive":
                began["infringements"].append(ms_of(last.detected_at))
                places["found"][last.platform] += 1
            sent = [each for each in told if each.payload.report_id is not None]  # type: ignore[attr-defined]
            if sent:
                began["takedowns"].append(ms_of(sent[0].timestamp))
                places["takedowns"][last.platform] += 1
                if last.report_id is not None and last.status == "resolved":
                    gone, decided = gone + 1, decided + 1
        elif kind == "ai_detection_result":
            began["infringements"].append(ms_of(told[-1].timestamp))
            places["found"]["web"] += 1
        else:
            unsent = ("draft", "queued", "cancelled", "failed")
            sent = [each for each in told if each.payload.status not in unsent]  # type: ignore[attr-defined]
            if sent:
                began["takedowns"].append(ms_of(sent[0].timestamp))
                places["takedowns"][last.engine] += 1
            if last.status in ("approved", "partially_approved", "denied", "expired"):
                gone += last.urls_removed
                decided += last.urls_removed + last.urls_no_action
                decided += last.urls_pending if last.status == "expired" else 0
    today = now // DAY_MS
    changes = []
    for moments in began.values():
        ages = [today - moment // DAY_MS for moment in moments]
        changes.append(sum(0 <= age < 7 for age in ages) - sum(7 <= age < 14 for age in ages))
    totals = (len(began["profiles"]), active, len(began["infringements"]), len(began["takedowns"]))
    rate = round(100 * gone / decided, 1) if decided else None
    return Count((*totals, *changes, rate), *(dict(each) for each in places.values()))


def _thing(payload: Any) -> str | None:
    for field in ("incident_id", "scan_id", "request_id"):
        if (name := getattr(payload, field, None)) is not None:
            return str(name)
    if getattr(payload, "verdict", None) == "match":
        return str(payload.detection_id)
    if getattr(payload, "type", None) == "created":
        return str(payload.profile_id)
    return None
