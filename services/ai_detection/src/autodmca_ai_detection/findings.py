"""What a search gave, as it is remembered: a finding for each kind of content. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from autodmca_events.ai_detection import ContentType

from autodmca_ai_detection.judges import Judge
from autodmca_ai_detection.model.state import Finding, Measured, Passage, Transform, VideoPart
from autodmca_ai_detection.pictures import verification
from autodmca_ai_detection.pictures.library import Match
from autodmca_ai_detection.searched import AnyMatch
from autodmca_ai_detection.texts.library import TextMatch
from autodmca_ai_detection.training.measures import measured
from autodmca_ai_detection.videos.library import VideoMatch

METHODS: Final[dict[ContentType, str]] = {
    "image": "local_features",
    "video": "frames_in_order",
    "text": "shingles",
}
RULES: Final[dict[ContentType, str]] = {"video": "video-rules-1", "text": "text-rules-1"}
"""What decides on content of which no model is fitted."""
MOST_PASSAGES: Final = 20


def finding(
    judge: Judge, kind: ContentType, matches: Sequence[AnyMatch], digest: str, processing_ms: int
) -> Finding:
    """What these matches come to."""
    about: dict[str, Any] = {
        "content_type": kind,
        "method": METHODS[kind],
        "model_version": RULES.get(kind, judge.version),
        "digest": digest,
        "processing_ms": processing_ms,
    }
    if kind == "image":
        return _picture(judge, [each for each in matches if isinstance(each, Match)], about)
    if not matches:
        return Finding(verdict="no_match", **about)
    best = matches[0]
    likely = best.verdict != "no_match"
    about |= {
        "verdict": best.verdict,
        "confidence": round(best.confidence, 4),
        "reference": best.reference if likely else None,
        "nearest": best.reference,
    }
    match best:
        case TextMatch() if likely:
            return Finding(**about, passages=_passages(best))
        case VideoMatch() if likely:
            return Finding(**about, part=_part(best), transform=_transform(best.transform))
    return Finding(**about)


def _picture(judge: Judge, matches: Sequence[Match], about: dict[str, Any]) -> Finding:
    judged = judge.judge(matches)
    if not judged:
        return Finding(verdict="no_match", **about)
    best, confidence, verdict = judged[0]
    likely = verdict != "no_match"
    told = measured(best.evidence, best.phash, best.dhash)
    return Finding(
        verdict=verdict,
        confidence=round(confidence, 4),
        reference=best.reference if likely else None,
        phash=best.phash,
        dhash=best.dhash,
        transform=_transform(best.evidence.transform) if likely else None,
        nearest=best.reference,
        measured=Measured(**msgspec.structs.asdict(told)),
        **about,
    )


def _transform(found: verification.Transform) -> Transform:
    left, top, right, bottom = (round(each, 4) for each in found.box)
    return Transform(
        box=(left, top, right, bottom),
        angle=found.angle,
        mirror=found.mirror,
        scale=round(found.scale, 4),
        cover=round(found.cover, 4),
        outline=tuple((round(x, 4), round(y, 4)) for x, y in found.outline),
    )


def _passages(found: TextMatch) -> tuple[Passage, ...]:
    return tuple(
        Passage(
            content=each.query, reference=each.reference, words=each.words, density=round(each.density, 4)
        )
        for each in found.passages[:MOST_PASSAGES]
    )


def _part(found: VideoMatch) -> VideoPart:
    (begin, end), (first, last) = found.query_part, found.reference_part
    return VideoPart(
        content=(round(begin, 2), round(end, 2)),
        reference=(round(first, 2), round(last, 2)),
        speed=round(found.speed, 4),
        frames=found.frames,
        of=found.of,
    )
