"""Payloads of the ai_detection service: detections, model training, batch jobs."""

from typing import Literal

from autodmca_events.payload import Payload
from autodmca_events.scalars import Bits, Count, Id, Ms, NumericId, Percent, Rate, Score, Seconds, Url

ContentType = Literal["image", "video", "text"]
Verdict = Literal["match", "possible_match", "no_match", "unusable"]
TrainingStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
BatchJobStatus = Literal["queued", "running", "completed", "completed_with_errors", "failed", "cancelled"]


class Distances(Payload, frozen=True, kw_only=True):
    """Distances of perceptual hashes to the nearest reference; absent where a hash was not taken."""

    phash: Bits | None = None
    dhash: Bits | None = None
    pdq: Bits | None = None


class AiDetectionResult(Payload, frozen=True, kw_only=True):
    """One piece of content compared with a profile's references."""

    detection_id: Id
    profile_id: NumericId
    content_url: Url
    content_type: ContentType
    verdict: Verdict
    confidence: Score
    matched_reference_id: Id | None = None
    method: str
    distances: Distances
    transform: str | None = None
    model_version: str
    processing_ms: Ms


class AiModelTrainingUpdate(Payload, frozen=True, kw_only=True):
    """How far a training job has come; the figures are of the newest epoch."""

    job_id: Id
    model_name: str
    model_version: str
    status: TrainingStatus
    epoch: Count
    total_epochs: Count
    loss: Rate
    validation_accuracy: Score | None = None
    precision: Score | None = None
    recall: Score | None = None
    roc_auc: Score | None = None
    sample_count: Count
    threshold: Score | None = None
    elapsed_ms: Ms
    error: str | None = None


class AiBatchJobStatus(Payload, frozen=True, kw_only=True):
    """How far a batch of detections has come."""

    job_id: Id
    status: BatchJobStatus
    items_total: Count
    items_processed: Count
    items_failed: Count
    matches_found: Count
    progress: Percent
    throughput_per_second: Rate | None = None
    eta_seconds: Seconds | None = None
    error: str | None = None
