"""What the service's workers are asked, and what they answer."""

from __future__ import annotations

from typing import Literal

from autodmca_service.workers.jobs import Blob, Job
from msgspec import Struct

from autodmca_ai_detection.errors import TrainingCode, UnusableCode
from autodmca_ai_detection.model.state import Comparison, Content, Report

Purpose = Literal["reference", "query"]


class Made(Struct, frozen=True, tag="made"):
    """What is kept of a file."""

    content: Content


class Refused(Struct, frozen=True, tag="refused"):
    """No fingerprint can be made of it."""

    code: UnusableCode
    reason: str


class NotFitted(Struct, frozen=True, tag="not_fitted"):
    """No model can be made of the pairs."""

    code: TrainingCode
    reason: str


class FingerprintJob(Job[Made | Refused], frozen=True, tag="fingerprint"):
    """Make the fingerprint of a file. The purpose says how much of it is looked at; `text`: it is one."""

    data: Blob
    purpose: Purpose
    text: bool = False


class ExamplesMade(Struct, frozen=True, tag="examples_made"):
    """Pairs to learn from, as `training.measures.dump_pairs` writes them."""

    pairs: Blob


class ExamplesJob(Job[ExamplesMade | Refused], frozen=True, tag="examples"):
    """Make pairs to learn from of a picture's file: `copies` edited copies, and what is none.

    `others`: other references' fingerprints by their names, as JSON.
    """

    reference: str
    data: Blob
    others: Blob
    copies: int


class Epoch(Struct, frozen=True, tag="epoch"):
    """One epoch more: what the next one goes on from, and whether there is a next one."""

    fitted: Blob
    report: Report
    done: bool


class EpochJob(Job[Epoch | NotFitted], frozen=True, tag="epoch_job"):
    """Run an epoch over pairs. `fitted` is empty before the first one."""

    fitted: Blob
    pairs: Blob
    seed: int
    epochs: int
    patience: int
    precision: float


class Finished(Struct, frozen=True, tag="finished"):
    """A model's weights, and how it stands beside the active one."""

    weights: Blob
    comparison: Comparison


class FinishJob(Job[Finished | NotFitted], frozen=True, tag="finish"):
    """Take the best epoch's weights. `active`: the weights of the model that judges, whose version is
    `against`; empty for the built-in judgement."""

    fitted: Blob
    pairs: Blob
    active: Blob
    against: str
