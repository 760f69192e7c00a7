"""Which events a user is told of, and in which words. Pure.

A rule looks at one event and says a `Notice`, or nothing. Its key names the news, not the event, so that an
event that is told again, or repeats what was told, makes no second notification.
"""

from __future__ import annotations

from typing import Final

from autodmca_events import (
    AiBatchJobStatus,
    AiModelTrainingUpdate,
    DelistingRequestStatus,
    Envelope,
    SocialMediaIncident,
    SocialMediaScanStatus,
    SubmissionStatusChange,
    TemplateApproval,
    VisibilityChange,
)
from autodmca_events.accounts import NotificationCategory

from autodmca_accounts.notifications.state import Notice

_LONGEST: Final = 500
_DECIDED: Final = {
    "approved": "approved",
    "partially_approved": "approved in part",
    "denied": "denied",
    "expired": "left without an answer",
}
_REVIEWED: Final = {
    "approved": "was approved",
    "rejected": "was rejected",
    "changes_requested": "needs changes",
}


def notice(event: Envelope) -> Notice | None:
    """What the user is to be told because of the event."""
    match event.payload:
        case SocialMediaIncident() as incident:
            return _incident(incident)
        case DelistingRequestStatus() as request:
            return _request(request)
        case VisibilityChange(relisted=True) as seen:
            return Notice(
                key=f"relisted/{seen.engine}/{seen.normalized_url}/{seen.checked_at}",
                category="delisting",
                priority="high",
                title="A removed page is back",
                message=_short(f"{seen.engine.capitalize()} shows {seen.url} again."),
                related_type="delisting_request",
                related_id=seen.request_id,
            )
        case TemplateApproval() as review if review.status in _REVIEWED:
            said = f": {review.comment}" if review.comment else "."
            return Notice(
                key=f"review/{review.template_id}/{review.template_version}/{review.status}/{review.decided_at}",
                category="template",
                priority="medium",
                title=f"Your template {_REVIEWED[review.status]}",
                message=_short(
                    f"{review.name}, version {review.template_version}, {_REVIEWED[review.status]}{said}"
                ),
                related_type="template",
                related_id=review.template_id,
            )
    return _failure(event)


def _incident(incident: SocialMediaIncident) -> Notice | None:
    about = f"{incident.account_handle} on {incident.platform.capitalize()}"
    if incident.status == "detected":
        kind = incident.incident_type.replace("_", " ")
        return Notice(
            key=f"incident/{incident.incident_id}",
            category="incident",
            priority=incident.severity,
            title=f"New incident: {kind}",
            message=_short(f"{about} was found ({incident.severity})."),
            related_type="incident",
            related_id=incident.incident_id,
        )
    if incident.status == "resolved" and incident.report_id is not None:
        return Notice(
            key=f"resolved/{incident.incident_id}/{incident.report_id}",
            category="takedown",
            priority="medium",
            title="A takedown succeeded",
            message=_short(f"The report about {about} is resolved."),
            related_type="incident",
            related_id=incident.incident_id,
        )
    return None


def _request(request: DelistingRequestStatus) -> Notice | None:
    about = {"related_type": "delisting_request", "related_id": request.request_id}
    engine = request.engine.capitalize()
    if request.status in _DECIDED:
        return Notice(
            key=f"decided/{request.request_id}/{request.status}/{request.updated_at}",
            category="delisting",
            priority="medium",
            title=f"{engine} has decided" if request.status != "expired" else f"{engine} did not answer",
            message=f"Your request was {_DECIDED[request.status]}: {request.urls_removed} of "
            f"{request.urls_total} URLs are removed.",
            **about,
        )
    if request.status == "failed":
        return Notice(
            key=f"failed/{request.request_id}/{request.attempt}/{request.updated_at}",
            category="delisting",
            priority="high",
            title=f"A request to {engine} failed",
            message=f"The request for {request.urls_total} URLs could not be made; it can be queued again.",
            **about,
        )
    return None


def _failure(event: Envelope) -> Notice | None:
    """A job that has failed."""
    match event.payload:
        case AiBatchJobStatus(status="failed" | "completed_with_errors") as batch:
            done = f"{batch.items_failed} of {batch.items_total} items failed"
            return _failed("scan", "batch", batch.job_id, "A batch of detections", batch.error or done)
        case AiModelTrainingUpdate(status="failed") as training:
            return _failed("scan", "training", training.job_id, "The training of a model", training.error)
        case SocialMediaScanStatus(status="failed") as scan:
            return _failed(
                "scan", "scan", scan.scan_id, f"A scan of {scan.platform.capitalize()}", scan.error
            )
        case SubmissionStatusChange(status="failed") as change:
            about = change.title or "A submission"
            key = f"{change.id}/{change.changed_at}"
            return _failed("takedown", "submission", change.id, about, change.reason, key=key)
    return None


def _failed(
    category: NotificationCategory, kind: str, name: str, about: str, why: str | None, key: str | None = None
) -> Notice:
    return Notice(
        key=f"failed/{kind}/{key or name}",
        category=category,
        priority="high",
        title=_short(f"{about} failed"),
        message=_short(f"{about} failed: {why}" if why else f"{about} failed."),
        related_type=kind,
        related_id=name,
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
