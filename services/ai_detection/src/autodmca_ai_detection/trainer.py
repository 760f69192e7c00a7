"""Fits models in the workers, an epoch a job, and gathers what they learn from.

Owns the way of pairs between state and workers. What is wrong with the pairs is NotTrainable; what is wrong
with us is raised as `WorkerPool.ask` raises it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from autodmca_service.errors import JobAborted, JobTooLarge
from autodmca_service.workers.jobs import Blob, Job
from autodmca_service.workers.pool import WorkerPool

from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.jobs import Epoch, EpochJob, Finished, FinishJob, NotFitted
from autodmca_ai_detection.judges import Judges
from autodmca_ai_detection.model.state import Detection, Entity, Examples, MatchModel, Reference
from autodmca_ai_detection.training.measures import Measures, Pair, dump_pairs, load_pairs

A = TypeVar("A")
MOST_PAIRS: Final = 20_000
PART: Final = 1_000
"""Pairs in one part: a part is one record."""


class Fitting:
    """A model between two epochs. `fitted`: what the next one goes on from."""

    def __init__(self, fitted: bytes, pairs: bytes) -> None:
        self.fitted = fitted
        self.pairs = pairs


class Trainer:
    """Fits models of users, as often as asked."""

    def __init__(self, pool: WorkerPool, judges: Judges) -> None:
        self._pool = pool
        self._judges = judges

    def begun(self, model: MatchModel, parts: Sequence[bytes]) -> Fitting:
        """Where a model stands; `parts` are its pairs."""
        return Fitting(model.fitted, _joined(parts))

    async def epochs(self, user_id: int, model: MatchModel, fitting: Fitting) -> AsyncIterator[Epoch]:
        """Run what epochs are left, one after the other; `fitting` goes along. Raises NotTrainable."""
        done = model.fitted_out
        while not done:
            epoch = await self._asked(
                user_id,
                EpochJob(
                    fitted=Blob(fitting.fitted),
                    pairs=Blob(fitting.pairs),
                    seed=model.seed,
                    epochs=model.most_epochs,
                    patience=model.patience,
                    precision=model.precision,
                ),
            )
            fitting.fitted, done = bytes(epoch.fitted.data), epoch.done
            yield epoch

    async def finish(self, user_id: int, fitting: Fitting) -> Finished:
        """The best epoch's weights, compared with the model that judges now. Raises NotTrainable."""
        judge = self._judges.of(user_id)
        return await self._asked(
            user_id,
            FinishJob(
                fitted=Blob(fitting.fitted),
                pairs=Blob(fitting.pairs),
                active=Blob(judge.weights),
                against=judge.version,
            ),
        )

    async def _asked(self, user_id: int, job: Job[A | NotFitted]) -> A:
        try:
            answer = await self._pool.ask(user_id, job)
        except JobTooLarge as error:
            raise NotTrainable("too_many_pairs", str(error)) from error
        except JobAborted as error:
            raise NotTrainable("too_many_pairs", f"an epoch needs too much: {error.reason}") from error
        if isinstance(answer, NotFitted):
            raise NotTrainable(answer.code, answer.reason)
        return answer


def gathered(entities: Mapping[str, Entity], given: Iterable[Pair]) -> list[Pair]:
    """What a user's model learns from: the pairs given, those made of references, and what people said of
    verdicts; at most MOST_PAIRS, in an order of their own."""
    pairs = list(given)
    for name in sorted(entities):
        match entities[name]:
            case Examples(pairs=made):
                pairs += load_pairs(made)
            case Detection() as detection if (pair := _said(detection)) is not None:
                pairs.append(pair)
    return pairs[:MOST_PAIRS]


def parts_of(pairs: Sequence[Pair]) -> list[bytes]:
    """Pairs as records hold them."""
    return [dump_pairs(pairs[at : at + PART]) for at in range(0, len(pairs), PART)]


def some_others(entities: Mapping[str, Entity], profile_id: int, name: str, most: int) -> dict[str, bytes]:
    """Fingerprints of other references of a profile, the newest, to tell a picture's copies from."""
    found = [
        each
        for each in entities.values()
        if isinstance(each, Reference) and each.profile_id == profile_id and each.id != name
    ]
    found.sort(key=lambda each: (-each.created_at, each.id))
    return {each.id: each.content.fingerprint for each in found[:most]}


def _said(detection: Detection) -> Pair | None:
    """A verdict that a person has spoken of, as a pair; of what was measured, so the nearest reference's."""
    finding, feedback = detection.finding, detection.feedback
    if finding is None or feedback is None or finding.measured is None or finding.nearest is None:
        return None
    if feedback.copy and feedback.reference != finding.nearest:
        return None  # it is a copy of another one, of which nothing was measured
    return Pair(
        reference=finding.nearest,
        source=finding.nearest if feedback.copy else finding.digest or detection.id,
        copy=feedback.copy,
        kind="feedback",
        measures=Measures(**msgspec.structs.asdict(finding.measured)),
    )


def _joined(parts: Sequence[bytes]) -> bytes:
    """One JSON list of several; all bytes stay as they are."""
    inner = [part.strip()[1:-1] for part in parts]
    return b"[" + b",".join(each for each in inner if each) + b"]"
