"""Incidents after they were found: reported, followed to the end, or set aside. Pure."""

from __future__ import annotations

from autodmca_events.social_media import IncidentStatus
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_social_media.model.changes import Changes
from autodmca_social_media.model.commands import (
    Decide,
    Deferred,
    Filed,
    Filing,
    Followed,
    NotFiled,
    Unclear,
)
from autodmca_social_media.model.state import Incident
from autodmca_social_media.model.workflow import ENDED, NEXT, illegal

_STATUS: dict[str, IncidentStatus] = {
    "report": "reported",
    "false_positive": "false_positive",
    "escalate": "escalated",
    "resolve": "resolved",
}


def decide(changes: Changes, command: Decide) -> int:
    incident = changes.incident(command.incident_id)
    incident = _move(incident, _STATUS[command.deed])
    incident = structs.replace(incident, note=command.note or incident.note, reason=None)
    if command.deed in ("report", "escalate"):
        incident = structs.replace(
            incident, attempt=incident.attempt + 1, stage="file", tries=0, next_at=changes.now
        )
    return changes.put_incident(incident, tell=True)


def filing(changes: Changes, command: Filing) -> int:
    incident = _in(changes, command.incident_id, "file")
    due = changes.now + changes.rules.settle_ms
    return changes.put_incident(structs.replace(incident, stage="filing", next_at=due), tell=False)


def filed(changes: Changes, command: Filed) -> int:
    incident = _in(changes, command.incident_id, "filing")
    changes.tell_everybody(command.called)
    incident = structs.replace(
        incident,
        stage="follow",
        report_id=command.report_id,
        tries=0,
        reason=None,
        next_at=changes.now + changes.rules.poll_ms,
    )
    return changes.put_incident(incident, tell=True)


def not_filed(changes: Changes, command: NotFiled) -> int:
    incident = _in(changes, command.incident_id, "filing")
    return changes.put_incident(structs.replace(incident, stage="file", next_at=changes.now), tell=False)


def unclear(changes: Changes, command: Unclear) -> int:
    incident = _in(changes, command.incident_id, "filing")
    changed = structs.replace(incident, stage="person", reason=command.reason, next_at=None)
    return changes.put_incident(changed, tell=False)


def followed(changes: Changes, command: Followed) -> int:
    incident = _in(changes, command.incident_id, "follow")
    old = incident.status
    incident = structs.replace(
        incident, account_handle=command.handle or incident.account_handle, reason=None
    )
    match command.ending:
        case "removed":
            incident = _move(incident, "resolved")
        case "under_review" if "under_review" in NEXT[old]:
            incident = _move(incident, "under_review")
        case "dismissed":
            if "under_review" in NEXT[old]:
                incident = _move(incident, "under_review")
            reason = "the platform closed the report and leaves the account: escalate, or resolve"
            incident = structs.replace(incident, stage="person", reason=reason, next_at=None)
    if incident.stage == "follow":
        quiet = incident.tries + 1 if incident.status == old else 0
        wait = min(changes.rules.poll_ms * 2 ** min(quiet, 12), changes.rules.longest_poll_ms)
        incident = structs.replace(incident, tries=quiet, next_at=changes.now + wait)
    return changes.put_incident(incident, tell=incident.status != old)


def deferred(changes: Changes, command: Deferred) -> int:
    incident = changes.incident(command.incident_id)
    if incident.stage not in ("file", "filing", "follow"):
        raise refuse("conflict", "overtaken", "nothing is to be done about the incident")
    rules = changes.rules
    wait = min(rules.retry_ms * 2 ** min(incident.tries, 12), rules.longest_retry_ms)
    if command.lost:
        wait = max(wait, rules.settle_ms)
    incident = structs.replace(
        incident,
        stage="file" if incident.stage == "filing" and not command.lost else incident.stage,
        tries=incident.tries + 1,
        reason=command.reason,
        next_at=max(command.resume_at or 0, changes.now + wait),
    )
    changes.tell_everybody(command.called)
    return changes.put_incident(incident, tell=False)


def _in(changes: Changes, incident_id: str, stage: str) -> Incident:
    incident = changes.incident(incident_id)
    if incident.stage != stage:
        raise refuse("conflict", "overtaken", f"the report is not at {stage}")
    return incident


def _move(incident: Incident, status: IncidentStatus) -> Incident:
    """Raises CommandRefused."""
    if status not in NEXT[incident.status]:
        raise illegal(incident.status, status)
    moved = structs.replace(incident, status=status)
    return structs.replace(moved, stage=None, next_at=None) if status in ENDED else moved
