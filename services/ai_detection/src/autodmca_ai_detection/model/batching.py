"""Batches: how one is made of parts, how far it is, and how it ends. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events.ai_detection import AiBatchJobStatus
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_ai_detection import ids
from autodmca_ai_detection.model.changes import Changes
from autodmca_ai_detection.model.commands import CancelBatch, Checked, FillBatch, OpenBatch, StartBatch
from autodmca_ai_detection.model.state import Batch, Failed, Part

ENDED: Final = frozenset({"completed", "completed_with_errors", "failed", "cancelled"})


def open_batch(changes: Changes, command: OpenBatch) -> Batch:
    if (held := changes.find(command.batch_id, Batch)) is not None:
        return held
    _make_room(changes)
    batch = Batch(id=command.batch_id, profile_id=command.profile_id, created_at=changes.now)
    changes.put(batch.id, batch)
    return batch


def fill_batch(changes: Changes, command: FillBatch) -> Batch:
    batch = _draft(changes, command.batch_id)
    changes.put(ids.items_id(batch.id, command.number), command.items)
    part = Part(
        batch_id=batch.id,
        profile_id=batch.profile_id,
        number=command.number,
        first=command.first,
        total=len(command.items),
    )
    changes.put(ids.part_id(batch.id, command.number), part)
    return _keep(changes, structs.replace(batch, parts=max(batch.parts, command.number)))


def start_batch(changes: Changes, command: StartBatch) -> Batch:
    """A batch that was started before stays as it is: whoever asks again gets the same answer."""
    batch = changes.need(command.batch_id, Batch, "batch")
    if batch.status != "draft":
        return batch
    numbers = range(1, command.parts + 1)
    whole = [part for n in numbers if (part := changes.find(ids.part_id(batch.id, n), Part)) is not None]
    if len(whole) != command.parts or sum(each.total for each in whole) != command.total:
        raise refuse("conflict", "not-whole", "some of the batch's items are missing; ask again")
    _drop_parts(changes, batch, first=command.parts + 1)  # of a first try that was cut otherwise
    for part in whole:
        started = structs.replace(part, next_at=changes.now, run=changes.run)
        changes.put(ids.part_id(batch.id, part.number), started)
    return _tell(changes, structs.replace(batch, status="queued", total=command.total, parts=command.parts))


def cancel_batch(changes: Changes, command: CancelBatch) -> Batch:
    batch = changes.need(command.batch_id, Batch, "batch")
    if batch.status in ENDED:
        raise refuse("conflict", "ended", f"the batch is {batch.status.replace('_', ' ')} already")
    for number in range(1, batch.parts + 1):
        name = ids.part_id(batch.id, number)
        if (part := changes.find(name, Part)) is not None and part.done < part.total:
            changes.put(name, structs.replace(part, next_at=None, run=changes.run))
            changes.drop(ids.items_id(batch.id, number))
    return _tell(changes, structs.replace(batch, status="cancelled", ended_at=changes.now))


def checked(changes: Changes, command: Checked) -> Batch:
    """One item is done; the next of its part is due, or the part is done."""
    batch = changes.need(command.batch_id, Batch, "batch")
    name = ids.part_id(batch.id, command.number)
    part = changes.need(name, Part, "part")
    if command.at != part.done:
        raise refuse("conflict", "overtaken", "the item is done already")
    finding = command.finding
    detection = changes.new_detection(batch.profile_id, command.content_url, batch.id)
    changes.put_found(detection, finding)
    failed = part.failed
    if finding.verdict == "unusable":
        failed = (*failed, Failed(part.first + command.at, finding.code or "", finding.reason or ""))
    done = part.done + 1
    ended = done == part.total
    changes.put(
        name,
        structs.replace(
            part, done=done, failed=failed, next_at=None if ended else changes.now, run=changes.run
        ),
    )
    if ended:
        changes.drop(ids.items_id(batch.id, part.number))
    return _progress(
        changes,
        structs.replace(
            batch,
            status="running",
            started_at=changes.now if batch.started_at is None else batch.started_at,
            processed=batch.processed + 1,
            failed=batch.failed + (finding.verdict == "unusable"),
            matches=batch.matches + (finding.verdict == "match"),
            error=batch.error or (finding.reason if finding.verdict == "unusable" else None),
        ),
    )


def run_of(changes: Changes, command: Checked) -> int | None:
    """The run of the work that a checkpoint is of; None where it is over."""
    part = changes.find(ids.part_id(command.batch_id, command.number), Part)
    return part.run if part is not None and part.next_at is not None else None


def rate_of(batch: Batch, now_ms: int) -> float | None:
    """Items a second since the first one was done; None while that says nothing."""
    if batch.started_at is None or batch.processed < 2:
        return None
    seconds = ((batch.ended_at or now_ms) - batch.started_at) / 1000
    return (batch.processed - 1) / seconds if seconds > 0 else None


def eta_of(batch: Batch, now_ms: int) -> int | None:
    """Seconds until the last item is done, at the rate so far."""
    rate = rate_of(batch, now_ms)
    if batch.status in ENDED or not rate:
        return None
    return round((batch.total - batch.processed) / rate)


def progress_of(batch: Batch) -> float:
    """Percent of the items that are done."""
    return round(100 * batch.processed / batch.total, 1) if batch.total else 0.0


def _progress(changes: Changes, batch: Batch) -> Batch:
    """Keep it; tell at its first item, at its end, and no more often than the rules say between."""
    if batch.processed == batch.total:
        if batch.failed == batch.total:
            status = "failed"
        else:
            status = "completed_with_errors" if batch.failed else "completed"
        return _tell(changes, structs.replace(batch, status=status, ended_at=changes.now))
    if batch.processed == 1 or changes.now - batch.told_at >= changes.rules.told_ms:
        return _tell(changes, batch)
    return _keep(changes, batch)


def _tell(changes: Changes, batch: Batch) -> Batch:
    batch = _keep(changes, structs.replace(batch, told_at=changes.now))
    assert batch.status != "draft"
    rate = rate_of(batch, changes.now)
    changes.tell(
        AiBatchJobStatus(
            job_id=batch.id,
            status=batch.status,
            items_total=batch.total,
            items_processed=batch.processed,
            items_failed=batch.failed,
            matches_found=batch.matches,
            progress=progress_of(batch),
            throughput_per_second=None if rate is None else round(rate, 2),
            eta_seconds=eta_of(batch, changes.now),
            error=error_of(batch),
        )
    )
    return batch


def error_of(batch: Batch) -> str | None:
    """Of the items that failed: how many, and what the first of them met."""
    return f"{batch.failed} of {batch.total}; the first: {batch.error}" if batch.failed else None


def _keep(changes: Changes, batch: Batch) -> Batch:
    batch = structs.replace(batch, revision=batch.revision + 1)
    changes.put(batch.id, batch)
    return batch


def _draft(changes: Changes, batch_id: str) -> Batch:
    batch = changes.need(batch_id, Batch, "batch")
    if batch.status != "draft":
        raise refuse("conflict", "started", "the batch has been started")
    return batch


def _make_room(changes: Changes) -> None:
    """Forget the oldest batch that has ended, or was never started, where there are as many as may be."""
    held = list(changes.all(Batch))
    if len(held) < changes.rules.most_batches:
        return
    over = [each for each in held if each.status in ENDED or each.status == "draft"]
    if not over:
        raise refuse("conflict", "too-many-batches", f"{len(held)} batches of yours are at work already")
    oldest = min(over, key=lambda each: (each.created_at, each.id))
    changes.drop(oldest.id)
    _drop_parts(changes, oldest, first=1)


def _drop_parts(changes: Changes, batch: Batch, *, first: int) -> None:
    """Forget a batch's parts from the `first`th on, with their items."""
    for number in range(first, batch.parts + 1):
        for name in (ids.part_id(batch.id, number), ids.items_id(batch.id, number)):
            if changes.get(name) is not None:
                changes.drop(name)
