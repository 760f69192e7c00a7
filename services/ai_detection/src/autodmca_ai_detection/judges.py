"""Who judges a user's evidence: the model that they have activated, or the built-in judgement.

Owns the models that are loaded, a few of them; a model's weights never change, so none is ever out of date.
The built-in judgement stands in for a model of another version of the figures, which is logged.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

import structlog

from autodmca_ai_detection import ids
from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.model.state import MatchModel, Tally
from autodmca_ai_detection.pictures.judgement import Verdict
from autodmca_ai_detection.pictures.library import Match
from autodmca_ai_detection.shelves import Entities
from autodmca_ai_detection.training import model as models
from autodmca_ai_detection.training.model import Model

BUILT_IN: Final = "image-rules-1"
_MOST: Final = 64

log = structlog.get_logger()


class Judged(NamedTuple):
    """A match, and what is said of it."""

    match: Match
    confidence: float
    verdict: Verdict


class Judge(NamedTuple):
    """`model`: None for the built-in judgement."""

    version: str
    model: Model | None
    weights: bytes = b""

    def judge(self, matches: Sequence[Match]) -> list[Judged]:
        """All of them, the surest first."""
        judged = [self._one(each) for each in matches]
        return sorted(judged, key=lambda each: (-each.confidence, each.match.reference))

    def _one(self, match: Match) -> Judged:
        if self.model is None:
            return Judged(match, match.confidence, match.verdict)
        return Judged(match, *self.model.judge(match))


class Judges:
    """Reads the state of users."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities
        self._loaded: OrderedDict[str, Judge] = OrderedDict()

    def of(self, user_id: int) -> Judge:
        """The user's judge by the newest state."""
        entities = self._entities.of_user(user_id)
        tally = entities.get(ids.TALLY)
        active = tally.active if isinstance(tally, Tally) else None
        kept = None if active is None else entities.get(active)
        if not isinstance(kept, MatchModel):
            return Judge(BUILT_IN, None)
        if kept.id not in self._loaded:
            self._loaded[kept.id] = _loaded(kept)
            while len(self._loaded) > _MOST:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(kept.id)
        return self._loaded[kept.id]


def _loaded(kept: MatchModel) -> Judge:
    try:
        return Judge(kept.version, models.load(kept.weights), kept.weights)
    except NotTrainable as error:
        log.warning("a model is left alone", version=kept.version, reason=error.reason)
        return Judge(BUILT_IN, None)
