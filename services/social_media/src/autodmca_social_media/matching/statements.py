"""What an account says of itself in its bio: a fan's, a parody, the real one, for money.

Owns how the vocabulary of `sayings` is found in a text that `folding.visible` made.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

from autodmca_social_media.matching import sayings
from autodmca_social_media.matching.folding import visible

_WORD: Final = re.compile(r"[^\W_]+")


class Said(NamedTuple):
    """What a text says. `disclaims`: that the account is not the person's."""

    fan: bool = False
    parody: bool = False
    disclaims: bool = False
    solicits: bool = False
    claims: bool = False


_DENIES: Final = re.compile(
    r"\b(?:not|no|never|isn'?t|aren'?t|kein|keine|pas)\s+(?:an?\s+|una?\s+|eine?\s+|another\s+)?"
    r"(?:\w+\s+)?(?:fan|fans|fanpage|parody|satire|fake|parodia|spoof)\b"
)


_FAN, _PARODY, _DISCLAIM, _SOLICIT, _CLAIM, _ASKS_MONEY, _TRADE = (1 << bit for bit in range(7))
_WORDS: Final[dict[str, int]] = {}
"""What a word says by itself."""
_PHRASES: Final[dict[str, list[tuple[str, int]]]] = {}
"""Phrases of Latin letters by their first word: most texts have none of those."""
_ELSEWHERE: Final[dict[str, list[tuple[str, int]]]] = {}
"""Phrases of other scripts, some of which write without spaces, by their first letter."""


def _learn() -> None:
    for meaning, words in (
        (_FAN, sayings.FAN_WORDS),
        (_PARODY, sayings.PARODY_WORDS),
        (_DISCLAIM, sayings.DISCLAIM_WORDS),
        (_SOLICIT, sayings.SOLICIT_WORDS),
        (_CLAIM, sayings.CLAIM_WORDS),
        (_ASKS_MONEY, sayings.MONEY),
        (_TRADE, sayings.TRADES),
    ):
        for word in visible(words).split():
            _WORDS[word] = _WORDS.get(word, 0) | meaning
    for meaning, phrases in (
        (_FAN, sayings.FAN_PHRASES),
        (_PARODY, sayings.PARODY_PHRASES),
        (_DISCLAIM, sayings.DISCLAIM_PHRASES),
        (_SOLICIT, sayings.SOLICIT_PHRASES),
        (_CLAIM, sayings.CLAIM_PHRASES),
    ):
        for each in phrases.split(","):
            phrase = visible(each.strip())
            place = _PHRASES if _is_latin(each) else _ELSEWHERE
            first = _WORD.findall(phrase)[0] if place is _PHRASES else phrase[0]
            place.setdefault(first, []).append((phrase, meaning))


def _is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(letter) for letter in text if letter.isalpha())


_learn()
_TELLING: Final = frozenset(_WORDS)
_FIRST_WORDS: Final = frozenset(_PHRASES)
_FIRST_LETTERS: Final = frozenset(_ELSEWHERE)
_NOTHING: Final = Said()


def said(text: str, *, is_ascii: bool = False) -> Said:
    """What `text` says, made by `visible`; nothing where it is empty. `is_ascii`: it was so before."""
    words = set(_WORD.findall(text))
    means = 0
    for word in words & _TELLING:
        means |= _WORDS[word]
    for word in words & _FIRST_WORDS:
        for phrase, meaning in _PHRASES[word]:
            if phrase in text:
                means |= meaning
    if not is_ascii:
        for letter in _FIRST_LETTERS.intersection(text):
            for phrase, meaning in _ELSEWHERE[letter]:
                if phrase in text:
                    means |= meaning
    if not means:
        return _NOTHING
    if means & (_FAN | _PARODY) and _DENIES.search(text):
        means &= ~(_FAN | _PARODY | _DISCLAIM)
    return Said(
        bool(means & _FAN),
        bool(means & _PARODY),
        bool(means & _DISCLAIM),
        bool(means & _SOLICIT or means & (_ASKS_MONEY | _TRADE) == _ASKS_MONEY),
        bool(means & _CLAIM and not means & _DISCLAIM),
    )
