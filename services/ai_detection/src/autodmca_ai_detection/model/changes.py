"""What follows from one input: changed entities and events. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from autodmca_events.ai_detection import AiDetectionResult, Distances
from autodmca_kafka import Context, Decision
from autodmca_service import changes
from msgspec import structs

from autodmca_ai_detection import ids
from autodmca_ai_detection.model.state import (
    Batch,
    Detection,
    Entity,
    Finding,
    MatchModel,
    Reference,
    Rules,
    Tally,
    Transform,
)
from autodmca_ai_detection.outcomes import Outcome

_WHOLE_BOX = 0.02
"""A box that leaves out less of a side is the whole picture's."""


class Changes(changes.Changes[Entity]):
    """Of one input, so far."""

    def __init__(self, entities: Mapping[str, Entity], context: Context, rules: Rules) -> None:
        super().__init__(entities, context)
        self.rules = rules

    @property
    def tally(self) -> Tally:
        found = self.get(ids.TALLY)
        return found if isinstance(found, Tally) else Tally()

    def tallied(self, *, references: int = 0, waiting: int = 0) -> None:
        """So many more, or fewer, than before."""
        tally = self.tally
        changed = structs.replace(
            tally,
            references=tally.references + references,
            library=tally.library + (references != 0),
            waiting=max(0, tally.waiting + waiting),
        )
        self.put(ids.TALLY, changed)

    def new_detection(self, profile_id: int, content_url: str, batch: str | None = None) -> Detection:
        """The user's next one; the oldest goes where there are too many."""
        tally, user = self.tally, self.context.user_id
        self.put(ids.TALLY, structs.replace(tally, detections=tally.detections + 1))
        oldest = ids.detection_id(user, tally.detections - self.rules.most_detections)
        if isinstance(gone := self.get(oldest), Detection):
            self.drop(oldest)
            self.tallied(waiting=-(gone.finding is None))
        return Detection(
            id=ids.detection_id(user, tally.detections),
            profile_id=profile_id,
            content_url=content_url,
            batch=batch,
            created_at=self.now,
            run=self.run,
        )

    def put_found(self, detection: Detection, finding: Finding) -> None:
        """Keep what came of it, and tell."""
        done = structs.replace(
            detection,
            finding=finding,
            done_at=self.now,
            next_at=None,
            run=self.run,
            revision=detection.revision + 1,
        )
        self.put(done.id, done)
        self.tell(
            AiDetectionResult(
                detection_id=done.id,
                profile_id=done.profile_id,
                content_url=done.content_url,
                content_type=finding.content_type,
                verdict=finding.verdict,
                confidence=finding.confidence,
                matched_reference_id=finding.reference,
                method=finding.method,
                distances=Distances(phash=finding.phash, dhash=finding.dhash),
                transform=None if finding.transform is None else words_of(finding.transform),
                model_version=finding.model_version,
                processing_ms=finding.processing_ms,
            )
        )

    def decision(
        self, made: Detection | Reference | Batch | MatchModel | None = None
    ) -> Decision[Entity, Outcome]:
        """What the input comes to; `made`: what it made or changed."""
        revision = getattr(made, "revision", 0)
        return self.decided(Outcome(revision=revision, made="" if made is None else made.id))


def words_of(transform: Transform) -> str:
    """A transform as an event has it: what was done to the reference, "none" where nothing was."""
    left, top, right, bottom = transform.box
    words = ["mirror"] if transform.mirror else []
    if abs(transform.angle) >= 1:
        words.append(f"rotate {transform.angle:.0f}")
    if max(left, top, 1 - right, 1 - bottom) > _WHOLE_BOX:
        words.append(f"crop {left:.2f} {top:.2f} {right:.2f} {bottom:.2f}")
    if transform.cover < 1 - 2 * _WHOLE_BOX:
        words.append(f"inset {transform.cover:.2f}")
    return ", ".join(words) or "none"
