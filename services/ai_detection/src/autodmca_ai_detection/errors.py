"""The errors of this service.

Unusable        content of which no fingerprint can be made; its code and reason are the verdict's
NotTrainable    pairs of which no model can be made, or a model that this version cannot use

A URL that may not be asked, or that gives nothing usable, is `autodmca_service.outside.NotFetched`; its code
and reason are the verdict's, too.
"""

from __future__ import annotations

from typing import Literal

UnusableCode = Literal[
    "empty",
    "too_large",
    "unknown_format",
    "malformed",
    "too_many_pixels",
    "too_small",
    "too_narrow",
    "featureless",
    "too_costly",
    "internal",
    "no_video",
    "too_long",
    "upload_lost",
]

TrainingCode = Literal[
    "too_few_pictures", "too_few_pairs", "one_sided", "too_many_pairs", "other_pairs", "other_version"
]


class Unusable(Exception):
    """`code` is stable, `reason` is for people."""

    def __init__(self, code: UnusableCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class NotTrainable(Exception):
    """`code` is stable, `reason` is for people."""

    def __init__(self, code: TrainingCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
