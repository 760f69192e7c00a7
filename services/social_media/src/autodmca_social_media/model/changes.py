"""What follows from one input: changed entities, events, and what user 0 is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_events import SocialMediaIncident, SocialMediaScanStatus, rfc3339
from autodmca_kafka import Context, Decision
from autodmca_service import changes
from autodmca_service.commands import Actor, Outcome
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_social_media import ids
from autodmca_social_media.model.commands import Called, Observed
from autodmca_social_media.model.state import EVERYBODY, Entity, Incident, Rules, Scan, Watch

SERVICE = "social_media"


class Changes(changes.Changes[Entity]):
    """Of one input, so far."""

    def __init__(self, entities: Mapping[str, Entity], context: Context, rules: Rules) -> None:
        super().__init__(entities, context)
        self.rules = rules

    @property
    def incidents(self) -> int:
        """How many the user has by now."""
        return self.count(Incident) + sum(1 for _ in self.new(Incident))

    def watch(self, profile_id: int) -> Watch:
        """Raises CommandRefused."""
        found = self.find(ids.watch_id(profile_id), Watch)
        if found is None:
            raise refuse("not_found", "no-such-watch", f"profile {profile_id} is not watched")
        return found

    def scan(self, scan_id: str) -> Scan:
        """Raises CommandRefused."""
        return self.need(scan_id, Scan)

    def incident(self, incident_id: str) -> Incident:
        """Raises CommandRefused."""
        return self.need(incident_id, Incident)

    def put_scan(self, scan: Scan) -> int:
        """Keep it, and tell how far it is."""
        scan = structs.replace(scan, revision=scan.revision + 1, run=self.run)
        self.put(scan.id, scan)
        self.tell(
            SocialMediaScanStatus(
                scan_id=scan.id,
                profile_id=scan.profile_id,
                platform=scan.platform,
                status=scan.status,
                progress=100 if scan.status == "completed" else 100 * scan.position // max(1, scan.total),
                accounts_checked=scan.accounts_checked,
                posts_checked=scan.posts_checked,
                incidents_found=scan.incidents_found,
                started_at=rfc3339(scan.started_at),
                completed_at=rfc3339(scan.completed_at),
                resume_at=rfc3339(scan.resume_at),
                error=scan.error,
            )
        )
        return scan.revision

    def put_incident(self, incident: Incident, *, tell: bool) -> int:
        """Keep it; `tell` where its status has moved."""
        incident = structs.replace(
            incident, revision=incident.revision + 1, updated_at=self.now, run=self.run
        )
        self.put(incident.id, incident)
        if tell:
            self.tell(
                SocialMediaIncident(
                    incident_id=incident.id,
                    profile_id=incident.profile_id,
                    platform=incident.platform,
                    incident_type=incident.incident_type,
                    severity=incident.severity,
                    status=incident.status,
                    account_handle=incident.account_handle,
                    account_url=incident.account_url,
                    post_url=incident.post_url,
                    similarity_score=incident.score,
                    signals=incident.signals,
                    detected_at=rfc3339(incident.detected_at),
                    report_id=incident.report_id,
                )
            )
        return incident.revision

    def tell_everybody(self, called: Called | None) -> None:
        """Let user 0 know what a call returned."""
        if called is not None:
            self.send(SERVICE, Observed(actor=Actor(EVERYBODY), called=called), user_id=EVERYBODY)

    def decision(self, revision: int) -> Decision[Entity, Outcome]:
        return self.decided(Outcome(revision=revision))
