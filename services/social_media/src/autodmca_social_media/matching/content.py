"""Which posts of an account copy the watched person's: word for word, or with a part of the words changed.

Owns the comparison of texts by what they share: runs of letters, folded as names are, so that look-alike
letters, spaces and punctuation hide nothing. A copy may stand in a longer post, or be a part of one. A text
that is too short says nothing. Pure; a post costs what its own letters cost, however many the person has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from autodmca_social_media.matching.folding import visible

RUN: Final = 5
"""Letters of a run: of one in five words changed, six in ten runs stay; of other texts, few are shared."""
LEAST: Final = 24
"""Letters of a text that can be recognised when it is changed."""
LEAST_EXACT: Final = 12
"""Letters of a text that is not said by chance."""
SHARED: Final = 0.5
"""Of the runs of the shorter text."""


class Content:
    """The posts of one person, prepared for any number of accounts."""

    def __init__(self, posts: Sequence[str]) -> None:
        texts = {folded for post in posts if len(folded := _letters(post)) >= LEAST_EXACT}
        self._exact: Final = frozenset(texts)
        self._sizes: Final[list[int]] = []
        self._of: Final[dict[str, list[int]]] = defaultdict(list)
        for text in sorted(text for text in texts if len(text) >= LEAST):
            runs = _runs(text)
            for run in runs:
                self._of[run].append(len(self._sizes))
            self._sizes.append(len(runs))

    def __bool__(self) -> bool:
        return bool(self._exact)

    def is_copy(self, post: str) -> bool:
        """Whether a post copies one of the person's."""
        text = _letters(post)
        if text in self._exact:
            return True
        if len(text) < LEAST:
            return False
        runs = _runs(text)
        shared = Counter(each for run in runs for each in self._of.get(run, ()))
        return any(count >= SHARED * min(len(runs), self._sizes[each]) for each, count in shared.items())

    def copies(self, posts: Iterable[str]) -> list[int]:
        """Which of these posts are copies."""
        return [number for number, post in enumerate(posts) if self.is_copy(post)]


def _letters(text: str) -> str:
    """Letters and digits as the eye takes them; leetspeak is for names."""
    return "".join(filter(str.isalnum, visible(text)))


def _runs(text: str) -> set[str]:
    return {text[at : at + RUN] for at in range(len(text) - RUN + 1)}
