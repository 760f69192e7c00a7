"""How what is remembered is shown. Pure."""

from __future__ import annotations

from autodmca_events import rfc3339

from autodmca_ai_detection import api
from autodmca_ai_detection.model.batching import error_of, eta_of, progress_of, rate_of
from autodmca_ai_detection.model.state import Batch, Detection, Failed, Feedback, MatchModel, Reference


def reference(of: Reference) -> api.ReferenceView:
    content = of.content
    return api.ReferenceView(
        id=of.id,
        profile_id=of.profile_id,
        content_type=content.content_type,
        title=of.title,
        format=content.format,
        width=content.width,
        height=content.height,
        frames=content.frames,
        seconds=content.seconds,
        words=content.words,
        file_bytes=content.file_bytes,
        fingerprint_bytes=len(content.fingerprint),
        digest=content.digest,
        created_at=rfc3339(of.created_at),
    )


def detection(of: Detection) -> api.DetectionView:
    finding = of.finding
    if finding is None:
        return api.DetectionView(
            id=of.id,
            profile_id=of.profile_id,
            content_url=of.content_url,
            status="queued",
            batch_id=of.batch,
            created_at=rfc3339(of.created_at),
        )
    return api.DetectionView(
        id=of.id,
        profile_id=of.profile_id,
        content_url=of.content_url,
        status="done",
        content_type=finding.content_type,
        verdict=finding.verdict,
        confidence=finding.confidence,
        matched_reference_id=finding.reference,
        method=finding.method,
        model_version=finding.model_version,
        distances=api.DistancesView(phash=finding.phash, dhash=finding.dhash),
        transform=finding.transform,
        passages=finding.passages,
        part=finding.part,
        evidence=finding.measured,
        reason_code=finding.code,
        reason=finding.reason,
        content_digest=finding.digest or None,
        processing_ms=finding.processing_ms,
        batch_id=of.batch,
        feedback=None if of.feedback is None else _feedback(of.feedback),
        created_at=rfc3339(of.created_at),
        done_at=rfc3339(of.done_at),
    )


def batch(of: Batch, now_ms: int) -> api.BatchView:
    """`now_ms`: when it is shown; its rate is up to then."""
    rate = rate_of(of, now_ms)
    return api.BatchView(
        id=of.id,
        profile_id=of.profile_id,
        status="queued" if of.status == "draft" else of.status,
        items_total=of.total,
        items_processed=of.processed,
        items_failed=of.failed,
        matches_found=of.matches,
        progress=progress_of(of),
        throughput_per_second=None if rate is None else round(rate, 2),
        eta_seconds=eta_of(of, now_ms),
        error=error_of(of),
        created_at=rfc3339(of.created_at),
        started_at=rfc3339(of.started_at),
        ended_at=rfc3339(of.ended_at),
    )


def failure(of: Failed) -> api.FailureView:
    return api.FailureView(item=of.at, reason_code=of.code, reason=of.reason)


def model(of: MatchModel, active: str | None) -> api.ModelView:
    """`active`: the id of the one that judges."""
    return api.ModelView(
        id=of.id,
        name=of.name,
        version=of.version,
        status="queued" if of.status == "draft" else of.status,
        active=of.id == active,
        sample_count=of.samples,
        total_epochs=of.most_epochs,
        epochs=of.reports,
        comparison=of.comparison,
        error=of.error,
        created_at=rfc3339(of.created_at),
        started_at=rfc3339(of.started_at),
        ended_at=rfc3339(of.ended_at),
        activated_at=rfc3339(of.activated_at),
    )


def _feedback(of: Feedback) -> api.FeedbackView:
    return api.FeedbackView(copy=of.copy, reference_id=of.reference, note=of.note, at=rfc3339(of.at))
