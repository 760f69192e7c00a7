"""Histories of a user as the other services tell them: every step of each thing's life, in real events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from autodmca_events import (
    AiDetectionResult,
    DelistingRequestStatus,
    Envelope,
    Payload,
    ProfileActivity,
    SocialMediaIncident,
    SocialMediaScanStatus,
    envelope,
    rfc3339,
)
from autodmca_events.ai_detection import Distances
from hypothesis import strategies as st

USER: Final = 7
DAY_MS: Final = 86_400_000
BEGINNING: Final = 1_790_000_000_000
Lived = list[tuple[int, Payload]]
SPAN_MS: Final = 25 * DAY_MS
PLATFORMS: Final = ("bluesky", "mastodon", "tiktok")
ENGINES: Final = ("google", "bing", "yandex")

_INCIDENT: Final = {
    "detected": ("reported", "false_positive"),
    "reported": ("reported", "under_review", "resolved"),
    "under_review": ("escalated", "resolved", "false_positive"),
    "escalated": ("resolved", "under_review"),
    "resolved": ("reported",),
    "false_positive": (),
}
_SCAN: Final = {
    "queued": ("running", "cancelled"),
    "running": ("running", "rate_limited", "completed", "failed", "cancelled"),
    "rate_limited": ("running",),
    "completed": (),
    "failed": (),
    "cancelled": (),
}
_REQUEST: Final = {
    "draft": ("queued",),
    "queued": ("submitted", "cancelled", "failed"),
    "submitted": ("under_review", "cancelled", "failed"),
    "under_review": ("approved", "partially_approved", "denied", "expired", "cancelled"),
    "partially_approved": ("appealed",),
    "denied": ("appealed",),
    "appealed": ("under_review",),
    "failed": ("queued",),
    "approved": (),
    "expired": (),
    "cancelled": (),
}


@st.composite
def histories(draw: st.DrawFn) -> list[Envelope]:
    """Events of one user in the order in which they were made, each with an id of its own."""
    payloads: Lived = []
    for number in range(draw(st.integers(1, 6))):
        life = draw(st.sampled_from([_incident, _scan, _request, _match, _profile]))
        payloads += life(draw, number)
    payloads.sort(key=lambda each: each[0])
    return [
        envelope(payload, user_id=USER, timestamp_ms=at, id=f"msg_{index}")
        for index, (at, payload) in enumerate(payloads)
    ]


def _walk(draw: st.DrawFn, steps: dict[str, tuple[str, ...]]) -> Iterator[tuple[int, str]]:
    """Statuses, each at a moment after the one before."""
    at = BEGINNING + draw(st.integers(0, SPAN_MS))
    status = next(iter(steps))
    yield at, status
    for _ in range(draw(st.integers(0, 6))):
        if not steps[status]:
            return
        status = draw(st.sampled_from(steps[status]))
        at += draw(st.one_of(st.integers(1, 1_000), st.integers(1, 3 * DAY_MS)))
        yield at, status


def _incident(draw: st.DrawFn, number: int) -> Lived:
    platform, report, detected = draw(st.sampled_from(PLATFORMS)), None, 0
    told: Lived = []
    for at, status in _walk(draw, _INCIDENT):
        detected = detected or at
        if status == "reported" and told and draw(st.sampled_from([False, True])):
            report = f"report {number}"
        told.append((at, incident(f"inc_{number}", status, detected, platform=platform, report_id=report)))
    return told


def _scan(draw: st.DrawFn, number: int) -> Lived:
    platform, began = draw(st.sampled_from(PLATFORMS)), 0
    told: Lived = []
    for at, status in _walk(draw, _SCAN):
        began = began or at
        told.append((at, scan(f"scan_{number}", status, began, platform=platform)))
    return told


def _request(draw: st.DrawFn, number: int) -> Lived:
    engine = draw(st.sampled_from(ENGINES))
    told: Lived = []
    for at, status in _walk(draw, _REQUEST):
        counts = tuple(draw(st.lists(st.integers(0, 5), min_size=4, max_size=4)))
        told.append((at, request(f"req_{number}", status, at, counts, engine=engine)))
    return told


def _match(draw: st.DrawFn, number: int) -> Lived:
    at = BEGINNING + draw(st.integers(0, SPAN_MS))
    return [(at, detection(f"det_{number}", draw(st.sampled_from(["match", "possible_match", "no_match"]))))]


def _profile(draw: st.DrawFn, number: int) -> Lived:
    at = BEGINNING + draw(st.integers(0, SPAN_MS))
    told: Lived = []
    for kind in ("created", "updated", "handle_added"):
        about: Any = {"type": kind, "occurred_at": rfc3339(at)}
        activity = ProfileActivity(
            profile_id=number, profile_name="Ada", description="so", actor="user", **about
        )
        told.append((at, activity))
        at += 1
    return told


def incident(
    name: str, status: Any, detected: int, *, platform: str = "bluesky", **more: Any
) -> SocialMediaIncident:
    told: dict[str, Any] = {"incident_type": "impersonation", "severity": "critical", **more}
    return SocialMediaIncident(
        incident_id=name,
        profile_id=1,
        platform=platform,
        status=status,
        account_handle="ada_real",
        account_url="https://social.example/ada_real",
        similarity_score=0.9,
        signals=(),
        detected_at=rfc3339(detected),
        **told,
    )


def scan(name: str, status: Any, began: int, *, platform: str = "bluesky") -> SocialMediaScanStatus:
    return SocialMediaScanStatus(
        scan_id=name,
        profile_id=1,
        platform=platform,
        status=status,
        progress=0,
        accounts_checked=0,
        posts_checked=0,
        incidents_found=0,
        started_at=rfc3339(began),
    )


def request(
    name: str, status: Any, at: int, counts: tuple[int, ...], *, engine: Any = "google"
) -> DelistingRequestStatus:
    removed, no_action, pending, absent = counts
    return DelistingRequestStatus(
        request_id=name,
        engine=engine,
        previous_status="draft",
        status=status,
        urls_total=sum(counts),
        urls_removed=removed,
        urls_not_in_index=absent,
        urls_no_action=no_action,
        urls_pending=pending,
        urls_duplicate=0,
        attempt=1,
        updated_at=rfc3339(at),
    )


def detection(name: str, verdict: Any) -> AiDetectionResult:
    return AiDetectionResult(
        detection_id=name,
        profile_id=1,
        content_url="https://copies.example/1.jpg",
        content_type="image",
        verdict=verdict,
        confidence=0.9,
        method="pdq",
        distances=Distances(),
        model_version="1",
        processing_ms=1,
    )
