"""What can be asked of the model: the input records.

Those that other services send are `autodmca_events.requests.ai_detection`'s. Those called checkpoints come
from work, and are refused when it has gone on without them. What takes time or luck has happened before a
command is written. A new field is optional.
"""

from __future__ import annotations

from autodmca_events.requests.ai_detection import ForgetProfile as ForgetProfile
from autodmca_events.requests.ai_detection import NoteReferences as NoteReferences
from autodmca_service.commands import Command

from autodmca_ai_detection.model.state import Comparison, Content, Finding, Items, Report


class AddReference(Command, frozen=True, kw_only=True, tag="add_reference"):
    """Keep the fingerprint of content; the same content for the same profile is the same reference."""

    profile_id: int
    title: str = ""
    content: Content
    examples: bytes = b""
    """Pairs to learn from, if any were made."""


class DropReference(Command, frozen=True, kw_only=True, tag="drop_reference"):
    """Forget a reference; what was found with it stays."""

    profile_id: int
    reference_id: str


class Detect(Command, frozen=True, kw_only=True, tag="detect"):
    """Look at a URL; or, with `finding`, keep what came of content that was uploaded. `text`: the content is
    one."""

    profile_id: int
    content_url: str
    text: bool = False
    finding: Finding | None = None


class Judge(Command, frozen=True, kw_only=True, tag="judge"):
    """A person's word on a verdict; see `state.Feedback`."""

    detection_id: str
    copy: bool
    reference: str | None = None
    note: str = ""


class OpenBatch(Command, frozen=True, kw_only=True, tag="open_batch"):
    """Begin a batch, in draft; the same again changes nothing."""

    batch_id: str
    profile_id: int


class FillBatch(Command, frozen=True, kw_only=True, tag="fill_batch"):
    """Give a draft its `number`th part, whose first item is the `first`th; the same part again changes
    nothing."""

    batch_id: str
    number: int
    first: int
    items: Items


class StartBatch(Command, frozen=True, kw_only=True, tag="start_batch"):
    """The draft is whole: so many parts, so many items."""

    batch_id: str
    parts: int
    total: int


class CancelBatch(Command, frozen=True, kw_only=True, tag="cancel_batch"):
    """Look at no more of a batch's items."""

    batch_id: str


class Found(Command, frozen=True, kw_only=True, tag="found"):
    """Checkpoint: a detection's URL was looked at."""

    detection_id: str
    finding: Finding


class Checked(Command, frozen=True, kw_only=True, tag="checked"):
    """Checkpoint: the `at`th item of a part of a batch was looked at."""

    batch_id: str
    number: int
    at: int
    content_url: str
    finding: Finding


class OpenModel(Command, frozen=True, kw_only=True, tag="open_model"):
    """Begin a model, in draft; the same again changes nothing. See `state.MatchModel`."""

    model_id: str
    name: str
    seed: int
    most_epochs: int
    patience: int
    precision: float


class FillModel(Command, frozen=True, kw_only=True, tag="fill_model"):
    """Give a draft the `number`th part of its pairs; the same part again takes its place."""

    model_id: str
    number: int
    pairs: bytes


class StartModel(Command, frozen=True, kw_only=True, tag="start_model"):
    """The draft has all its pairs: so many, in so many parts."""

    model_id: str
    parts: int
    samples: int


class CancelModel(Command, frozen=True, kw_only=True, tag="cancel_model"):
    """Fit it no further."""

    model_id: str


class ActivateModel(Command, frozen=True, kw_only=True, tag="activate_model"):
    """Have it judge from now on; None: the built-in judgement. `even_if_worse`: than the active one."""

    model_id: str | None = None
    even_if_worse: bool = False


class Stepped(Command, frozen=True, kw_only=True, tag="stepped"):
    """Checkpoint: one epoch more. `fitted`: what the next one goes on from; `done`: there is none."""

    model_id: str
    fitted: bytes
    report: Report
    done: bool = False


class Trained(Command, frozen=True, kw_only=True, tag="trained"):
    """Checkpoint: the epochs are over; the best one's weights."""

    model_id: str
    weights: bytes
    comparison: Comparison


class NotTrained(Command, frozen=True, kw_only=True, tag="not_trained"):
    """Checkpoint: nothing can be learned from its pairs."""

    model_id: str
    reason: str


class Kept(Command, frozen=True, kw_only=True, tag="kept"):
    """Checkpoint: what a noted URL has, as a reference."""

    noted_id: str
    content: Content


class NotKept(Command, frozen=True, kw_only=True, tag="not_kept"):
    """Checkpoint: a noted URL has nothing that can be recognised."""

    noted_id: str
    code: str


NotedCommand = NoteReferences | ForgetProfile | Kept | NotKept
ModelCommand = (
    OpenModel | FillModel | StartModel | CancelModel | ActivateModel | Stepped | Trained | NotTrained
)
AnyCommand = (
    AddReference
    | DropReference
    | Detect
    | Judge
    | OpenBatch
    | FillBatch
    | StartBatch
    | CancelBatch
    | Found
    | Checked
    | NotedCommand
    | ModelCommand
)
