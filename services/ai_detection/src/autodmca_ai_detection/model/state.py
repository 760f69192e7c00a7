"""What the service remembers: references, detections, batches, models, and a user's counts of them.

Of content it holds fingerprints and digests, never the content. `run` is the position of the newest input
that decided what is to be done (see `Context.is_late`), `next_at` when that is due, in ms since the Unix
epoch; None: nothing is. Decides nothing.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from autodmca_events.ai_detection import BatchJobStatus, ContentType, TrainingStatus, Verdict
from autodmca_service.receipts import Receipt, Receipts
from msgspec import Meta, Struct

MOST_TITLE: Final = 300
"""Characters of a reference's title."""
Score = Annotated[float, Meta(ge=0, le=1)]


class _Entity(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="entity"):
    pass


class _Part(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class Tally(_Entity, frozen=True, kw_only=True, tag="tally"):
    """What a user has: `detections` is the number of the next one, so the oldest is known without a search.

    `library` changes with every change of the references: what was made of them is then out of date.
    """

    references: int = 0
    library: int = 0
    detections: int = 0
    waiting: int = 0
    """Detections whose URL is not looked at yet, those of batches not among them."""
    models: int = 0
    """The number of the newest model."""
    active: str | None = None
    """The model that judges; None: the built-in judgement."""


class Content(_Part, frozen=True, kw_only=True):
    """All that is kept of a file. `digest`: its SHA-256. `frames`: of an animated picture; of a video, those
    that were looked at. `seconds`: of a video. `words`: of a text."""

    content_type: ContentType
    format: str
    width: int = 0
    height: int = 0
    frames: int = 1
    seconds: float = 0.0
    words: int = 0
    file_bytes: int
    digest: str
    fingerprint: bytes


class Reference(_Entity, frozen=True, kw_only=True, tag="reference"):
    """Content whose copies are found."""

    id: str
    profile_id: int
    title: str = ""
    content: Content
    created_at: int


class Noted(_Entity, frozen=True, kw_only=True, tag="noted"):
    """A reference that another service named by its URL. `reference`: what was made of it (`made`: by it
    alone); `code`: why nothing was."""

    id: str
    profile_id: int
    url: str
    reference: str | None = None
    made: bool = False
    code: str | None = None
    next_at: int | None = None
    run: int = 0


class Transform(_Part, frozen=True, kw_only=True):
    """How the reference lies in the picture: see `pictures.verification.Transform`. The box is in parts of
    the reference's sides, the outline in parts of the picture's; the angle in degrees clockwise."""

    box: tuple[float, float, float, float]
    angle: float
    mirror: bool
    scale: float
    cover: float
    outline: tuple[tuple[float, float], ...] = ()


class Measured(_Part, frozen=True, kw_only=True):
    """What is measured of two pictures: see `training.measures.Measures`."""

    inliers: int
    spread: float
    explained: float
    shifted: float
    residual: float
    bits: float
    holes: float
    scale: float
    cover: float
    phash: int
    dhash: int


class Passage(_Part, frozen=True, kw_only=True):
    """A stretch that a text has of a reference: where it begins and ends in either, in characters; see
    `texts.alignment.Passage`."""

    content: tuple[int, int]
    reference: tuple[int, int]
    words: int
    density: float


class VideoPart(_Part, frozen=True, kw_only=True):
    """The part of a video that shows one of a reference, in seconds of either; see
    `videos.library.VideoMatch`."""

    content: tuple[float, float]
    reference: tuple[float, float]
    speed: float
    frames: int
    of: int


class Finding(_Part, frozen=True, kw_only=True):
    """What came of looking at one piece of content. `confidence`: that it is a copy of the reference.

    `reference`: the most likely one, of a match or a possible one; `nearest`: the one that `measured` is of,
    whatever the verdict. `code` and `reason`: of content that is unusable. The distances are in bits of 64.
    `digest`: of the content; empty where none was had.
    """

    verdict: Verdict
    confidence: Score = 0.0
    reference: str | None = None
    content_type: ContentType = "image"
    method: str
    model_version: str
    phash: int | None = None
    dhash: int | None = None
    transform: Transform | None = None
    passages: tuple[Passage, ...] = ()
    part: VideoPart | None = None
    nearest: str | None = None
    measured: Measured | None = None
    code: str | None = None
    reason: str | None = None
    digest: str = ""
    processing_ms: int = 0


class Feedback(_Part, frozen=True, kw_only=True):
    """What a person says of a verdict. `copy`: whether the content is a copy of `reference`."""

    copy: bool
    reference: str | None = None
    note: str = ""
    at: int


class Detection(_Entity, frozen=True, kw_only=True, tag="detection"):
    """One piece of content that is, or was, compared with a profile's references.

    Without a `finding` its URL has yet to be looked at. `batch`: the batch that it is an item of.
    """

    id: str
    profile_id: int
    content_url: str
    text: bool = False
    """Whether the content is a text, as whoever asked says."""
    finding: Finding | None = None
    feedback: Feedback | None = None
    batch: str | None = None
    revision: int = 1
    created_at: int
    done_at: int | None = None
    next_at: int | None = None
    run: int = 0


class Batch(_Entity, frozen=True, kw_only=True, tag="batch"):
    """Items, URLs or uploads, that are looked at for one profile. `parts`: how many groups they are in;
    `failed` of them gave nothing usable."""

    id: str
    profile_id: int
    status: BatchJobStatus | Literal["draft"] = "draft"
    total: int = 0
    processed: int = 0
    failed: int = 0
    matches: int = 0
    parts: int = 0
    error: str | None = None
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None
    told_at: int = 0
    revision: int = 1


class Sent(_Part, frozen=True, kw_only=True):
    """An upload of a batch: what is kept of it, or by `code` and `reason` why nothing is. `digest`: SHA-256
    of the file. `ms`: what making it took."""

    digest: str
    content: Content | None = None
    code: str = ""
    reason: str = ""
    ms: int = 0


class Items(_Entity, frozen=True, kw_only=True, tag="items"):
    """The items of one part of a batch, URLs or uploads: written once, and dropped when they are done."""

    urls: tuple[str, ...] = ()
    sent: tuple[Sent, ...] = ()

    def __len__(self) -> int:
        return len(self.urls) + len(self.sent)


class Failed(Struct, frozen=True, array_like=True):
    """An item that gave nothing usable: its place in the batch, from 0, and why."""

    at: int
    code: str
    reason: str


class Part(_Entity, frozen=True, kw_only=True, tag="part"):
    """How far one part of a batch is: `done` of its items, which are the batch's from `first` on."""

    batch_id: str
    profile_id: int
    number: int
    first: int
    total: int
    done: int = 0
    failed: tuple[Failed, ...] = ()
    next_at: int | None = None
    run: int = 0


class Examples(_Entity, frozen=True, kw_only=True, tag="examples"):
    """Pairs to learn from that were made of a reference while its picture was there: see
    `training.measures.dump_pairs`."""

    pairs: bytes


class Report(_Part, frozen=True, kw_only=True):
    """What one epoch came to: see `training.model.Epoch`. All but the losses is of held-out pictures."""

    number: int
    loss: float
    chosen_loss: float
    precision: float
    recall: float
    roc_auc: float
    calibration_error: float
    threshold: float
    best: bool


class Comparison(_Part, frozen=True, kw_only=True):
    """A new model beside the one that was active when it was done (`against`: its version), on held-out
    pictures. `reasons`: in words what is worse."""

    against: str
    pairs: int
    precision: float
    recall: float
    roc_auc: float
    active_precision: float
    active_recall: float
    active_roc_auc: float
    worse: bool
    reasons: tuple[str, ...] = ()


class Pairs(_Entity, frozen=True, kw_only=True, tag="pairs"):
    """A part of the pairs that a model learns from; dropped when it is done."""

    pairs: bytes


class MatchModel(_Entity, frozen=True, kw_only=True, tag="model"):
    """A model that judges evidence, from the wish for it to its weights.

    `most_epochs`, `patience`, `precision` and `seed` are `training.fitting.Settings`'. `fitted` stands
    between two epochs; `weights`: as `training.model.dump` writes them. `parts`: of its pairs.
    """

    id: str
    name: str
    version: str
    status: TrainingStatus | Literal["draft"] = "draft"
    seed: int = 0
    most_epochs: int = 60
    patience: int = 8
    precision: float = 0.995
    parts: int = 0
    samples: int = 0
    reports: tuple[Report, ...] = ()
    fitted: bytes = b""
    fitted_out: bool = False
    """Whether all its epochs have been run."""
    weights: bytes = b""
    comparison: Comparison | None = None
    error: str | None = None
    created_at: int
    started_at: int | None = None
    ended_at: int | None = None
    activated_at: int | None = None
    revision: int = 1
    next_at: int | None = None
    run: int = 0


Entity = (
    Tally
    | Reference
    | Noted
    | Detection
    | Batch
    | Items
    | Part
    | Examples
    | Pairs
    | MatchModel
    | Receipt
    | Receipts
)


class Rules(Struct, frozen=True):
    """How much of each there may be for one user, and how often a batch is told of."""

    most_references: int = 2_000
    most_detections: int = 20_000
    """Detections kept; the oldest go."""
    most_waiting: int = 200
    most_batches: int = 20
    """Batches kept; the oldest that has ended goes."""
    most_models: int = 12
    """Models kept; the oldest that is not active goes."""
    told_ms: int = 1_000
