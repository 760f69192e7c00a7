"""The shapes of requests and answers over HTTP. Owns no rule."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from autodmca_events.ai_detection import BatchJobStatus, ContentType, TrainingStatus, Verdict
from autodmca_service.http.shapes import Body, View
from msgspec import Meta

from autodmca_ai_detection.model.state import (
    MOST_TITLE,
    Comparison,
    Measured,
    Passage,
    Report,
    Transform,
    VideoPart,
)
from autodmca_ai_detection.training.measures import Pair

MAX_URLS: Final = 10_000
MAX_UPLOADS: Final = 100
Url = Annotated[str, Meta(pattern=r"^https?://[^\s]+$", max_length=2_048)]
ProfileId = Annotated[int, Meta(ge=1, le=999_999_999_999_999)]
Title = Annotated[str, Meta(max_length=MOST_TITLE)]
Note = Annotated[str, Meta(max_length=2_000)]


class ReferenceForm(Body, frozen=True, kw_only=True):
    """The fields of a reference's form beside its file."""

    title: Title = ""
    content_type: Literal["text"] | None = None
    """Of a text; pictures and videos are known by their content."""
    examples: Annotated[int, Meta(ge=0, le=16)] = 0
    """Edited copies that are made of a picture to learn from; each takes a fifth of a second."""


class DetectionForm(Body, frozen=True, kw_only=True):
    """The fields of a detection's form. `url`: what is fetched and looked at; with a file, where that was
    found, which is not asked."""

    profile_id: ProfileId
    url: Url | None = None
    content_type: Literal["text"] | None = None
    """Of a text; pictures and videos are known by their content."""


class FeedbackBody(Body, frozen=True, kw_only=True):
    """`copy`: whether it is a copy of `reference_id`; of the reference that was found unless named."""

    copy: bool
    reference_id: Annotated[str, Meta(max_length=100)] | None = None
    note: Note = ""


class UploadsForm(Body, frozen=True, kw_only=True):
    """The fields of a batch's form beside its files."""

    profile_id: ProfileId
    content_type: Literal["text"] | None = None
    """Of texts, and then of all of them; pictures and videos are known by their content."""


class NewBatch(Body, frozen=True, kw_only=True):
    """URLs that are looked at for a profile."""

    profile_id: ProfileId
    urls: Annotated[tuple[Url, ...], Meta(min_length=1, max_length=MAX_URLS)]


class NewModel(Body, frozen=True, kw_only=True):
    """A model to be fitted to what was made of references, what was said of verdicts, and these `pairs`."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,40}$")] = "image-match"
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    epochs: Annotated[int, Meta(ge=1, le=500)] = 60
    patience: Annotated[int, Meta(ge=1, le=100)] = 8
    precision: Annotated[float, Meta(ge=0.5, le=1.0)] = 0.995
    pairs: Annotated[tuple[Pair, ...], Meta(max_length=5_000)] = ()


class ActivateBody(Body, frozen=True, kw_only=True):
    """`even_if_worse`: than the model that was active when it was fitted."""

    even_if_worse: bool = False


class ReferenceView(View, frozen=True, kw_only=True):
    """`digest`: SHA-256 of the file. Of the content no more is kept than its fingerprint."""

    id: str
    profile_id: int
    content_type: ContentType
    title: str = ""
    format: str
    width: int = 0
    height: int = 0
    frames: int = 1
    seconds: float = 0.0
    words: int = 0
    file_bytes: int
    fingerprint_bytes: int
    digest: str
    created_at: str


class ReferencePage(View, frozen=True, kw_only=True):
    items: tuple[ReferenceView, ...]
    next_cursor: str | None = None


class DistancesView(View, frozen=True, kw_only=True):
    """Bits of 64 that differ, of the hashes' nearest turned or mirrored version."""

    phash: int | None = None
    dhash: int | None = None


class FeedbackView(View, frozen=True, kw_only=True):
    copy: bool
    reference_id: str | None = None
    note: str = ""
    at: str


class DetectionView(View, frozen=True, kw_only=True):
    """`status`: `queued` while the URL is not looked at yet. `evidence`: what the geometry gave, for the
    nearest reference. `reason`: of content that is unusable, by its `reason_code`."""

    id: str
    profile_id: int
    content_url: str
    status: Literal["queued", "done"]
    content_type: ContentType | None = None
    verdict: Verdict | None = None
    confidence: float | None = None
    matched_reference_id: str | None = None
    method: str | None = None
    model_version: str | None = None
    distances: DistancesView | None = None
    transform: Transform | None = None
    passages: tuple[Passage, ...] = ()
    part: VideoPart | None = None
    evidence: Measured | None = None
    reason_code: str | None = None
    reason: str | None = None
    content_digest: str | None = None
    processing_ms: int | None = None
    batch_id: str | None = None
    feedback: FeedbackView | None = None
    created_at: str
    done_at: str | None = None


class DetectionPage(View, frozen=True, kw_only=True):
    items: tuple[DetectionView, ...]
    next_cursor: str | None = None


class BatchView(View, frozen=True, kw_only=True):
    """`progress` in percent; `throughput_per_second` since the first item was done."""

    id: str
    profile_id: int
    status: BatchJobStatus
    items_total: int
    items_processed: int
    items_failed: int
    matches_found: int
    progress: float
    throughput_per_second: float | None = None
    eta_seconds: int | None = None
    error: str | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None


class BatchPage(View, frozen=True, kw_only=True):
    items: tuple[BatchView, ...]
    next_cursor: str | None = None


class FailureView(View, frozen=True, kw_only=True):
    """`item`: its place in the batch, from 0."""

    item: int
    reason_code: str
    reason: str


class FailurePage(View, frozen=True, kw_only=True):
    """`next_after`: the `after` of the page that follows."""

    items: tuple[FailureView, ...]
    next_after: int | None = None


class ModelView(View, frozen=True, kw_only=True):
    """`epochs` has a report of each; all but the losses is of pictures that were held out."""

    id: str
    name: str
    version: str
    status: TrainingStatus
    active: bool
    sample_count: int
    total_epochs: int
    epochs: tuple[Report, ...] = ()
    comparison: Comparison | None = None
    error: str | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    activated_at: str | None = None


class ModelPage(View, frozen=True, kw_only=True):
    items: tuple[ModelView, ...]
    next_cursor: str | None = None


class JudgeView(View, frozen=True, kw_only=True):
    """Who judges from now on; without a `model` it is the built-in judgement."""

    version: str
    model: ModelView | None = None
