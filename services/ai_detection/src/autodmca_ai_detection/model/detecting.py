"""References, detections and what people say of them. Pure."""

from __future__ import annotations

from autodmca_service.errors import refuse, refuse_field
from msgspec import structs

from autodmca_ai_detection import ids
from autodmca_ai_detection.model.changes import Changes
from autodmca_ai_detection.model.commands import AddReference, Detect, DropReference, Found, Judge
from autodmca_ai_detection.model.state import Content, Detection, Examples, Feedback, Reference


def add_reference(changes: Changes, command: AddReference) -> Reference:
    reference = keep(changes, command.profile_id, command.title, command.content)
    if command.examples:
        changes.put(ids.examples_id(reference.id), Examples(pairs=command.examples))
    return reference


def keep(changes: Changes, profile_id: int, title: str, content: Content) -> Reference:
    """The reference that this content is, made where there is none yet. Raises CommandRefused."""
    name = ids.reference_id(changes.context.user_id, profile_id, content.digest)
    if (held := changes.find(name, Reference)) is not None:
        return held
    most = changes.rules.most_references
    if changes.tally.references >= most:
        raise refuse("conflict", "too-many-references", f"a user has {most:,} at most")
    reference = Reference(
        id=name, profile_id=profile_id, title=title, content=content, created_at=changes.now
    )
    changes.put(name, reference)
    changes.tallied(references=1)
    return reference


def forget(changes: Changes, reference_id: str) -> None:
    """A reference that is there, and the pairs that were made of it; what was found with it stays."""
    changes.drop(reference_id)
    if changes.get(ids.examples_id(reference_id)) is not None:
        changes.drop(ids.examples_id(reference_id))
    changes.tallied(references=-1)


def drop_reference(changes: Changes, command: DropReference) -> Reference:
    reference = changes.need(command.reference_id, Reference, "reference")
    if reference.profile_id != command.profile_id:
        raise refuse(
            "not_found", "no-such-reference", f"profile {command.profile_id} has no {command.reference_id}"
        )
    forget(changes, reference.id)
    return reference


def detect(changes: Changes, command: Detect) -> Detection:
    most = changes.rules.most_waiting
    if command.finding is None and changes.tally.waiting >= most:
        raise refuse(
            "conflict",
            "too-many-waiting",
            f"{most} detections of yours wait already; for many URLs make a batch",
        )
    detection = changes.new_detection(command.profile_id, command.content_url)
    if command.finding is None:
        detection = structs.replace(detection, next_at=changes.now, text=command.text)
        changes.put(detection.id, detection)
        changes.tallied(waiting=1)
        return detection
    changes.put_found(detection, command.finding)
    return changes.need(detection.id, Detection, "detection")


def found(changes: Changes, command: Found) -> Detection:
    detection = changes.need(command.detection_id, Detection, "detection")
    changes.put_found(detection, command.finding)
    changes.tallied(waiting=-1)
    return detection


def run_of(changes: Changes, command: Found) -> int | None:
    """The run of the work that a checkpoint is of; None where it is over."""
    detection = changes.find(command.detection_id, Detection)
    return detection.run if detection is not None and detection.next_at is not None else None


def judge(changes: Changes, command: Judge) -> Detection:
    detection = changes.need(command.detection_id, Detection, "detection")
    finding = detection.finding
    if finding is None or finding.verdict == "unusable":
        raise refuse("conflict", "no-verdict", "there is no verdict to speak of")
    about = command.reference or finding.reference
    if command.copy and about is None:
        raise refuse_field("referenceId", "say which reference it is a copy of")
    if command.reference is not None:
        held = changes.find(command.reference, Reference)
        if held is None or held.profile_id != detection.profile_id:
            raise refuse_field("referenceId", f"the detection's profile has no reference {command.reference}")
    feedback = Feedback(copy=command.copy, reference=about, note=command.note, at=changes.now)
    judged = structs.replace(detection, feedback=feedback, revision=detection.revision + 1)
    changes.put(judged.id, judged)
    return judged
