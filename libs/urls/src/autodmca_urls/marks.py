"""Which characters end an address in prose of any script, by what Unicode says of them.

Owns no list of marks: categories, widths and names decide. East Asian prose has no spaces, so that its marks
end an address wherever they stand; other marks do so only at the end of a word. Letters, digits, symbols and
combining marks of every script belong to an address. Pure.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

ASCII_STOPS: Final = frozenset('<>"`[]{}|\\^')
_JOINERS: Final = frozenset("\u200c\u200d")
"""RFC 5892, appendix A.1 and A.2: invisible, but part of words in Persian and in the scripts of India."""
_INSIDE: Final = frozenset("\u00b7\u0375\u05f3\u05f4\u30fb")
"""RFC 5892, appendix A.3 to A.7: punctuation that stands inside names, `スティーブ・ジョブズ`."""
_LONGEST_SHORT_DASH: Final = "\u2013"
"""An en dash joins names (`Michelson–Morley`), a longer one parts sentences."""


@lru_cache(maxsize=4096)
def stops(char: str) -> bool:
    """Whether an address cannot go on over this character, which is no bracket."""
    if char.isascii():
        return char <= " " or char == "\x7f" or char in ASCII_STOPS
    if char in _JOINERS or char in _INSIDE:
        return False
    category = unicodedata.category(char)
    if category in ("Pi", "Pf", "Cc", "Cf", "Cs") or category[0] == "Z":
        return True
    if category == "Pd":
        return char > _LONGEST_SHORT_DASH and not _is_wide(char)
    if category == "Po":
        return _is_wide(char)
    return unicodedata.normalize("NFKC", char) in ASCII_STOPS


@lru_cache(maxsize=4096)
def is_loose(char: str) -> bool:
    """Whether this is a mark beyond ASCII, and no bracket: at the end of an address it is the sentence's."""
    return not char.isascii() and unicodedata.category(char) in ("Po", "Pd", "Pi", "Pf", "Cf")


@lru_cache(maxsize=4096)
def closer_of(char: str) -> str | None:
    """The bracket that closes this one, "" when none does; None for what opens nothing."""
    if unicodedata.category(char) != "Ps":
        return None
    name = unicodedata.name(char, "")
    try:
        return unicodedata.lookup(name.replace("LEFT", "RIGHT")) if "LEFT" in name else ""
    except KeyError:
        return ""


@lru_cache(maxsize=4096)
def closes(char: str) -> bool:
    """Whether this is a closing bracket."""
    return unicodedata.category(char) == "Pe"


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WFH"
