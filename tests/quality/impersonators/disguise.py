"""How a handle is made to look like another: the tactics of impersonators, and the accidents of strangers."""

from __future__ import annotations

import random
from typing import Final

_ALIKE: Final = {
    "a": "аα𝐚ａɑ",
    "b": "Ь𝐛ｂ",
    "c": "сϲ𝐜ｃ",
    "d": "ԁ𝐝ｄ",
    "e": "еｅ𝐞ҽ",
    "g": "ɡ𝐠ｇ",
    "h": "һ𝐡ｈ",
    "i": "іｉ𝐢ı",
    "j": "јｊ𝐣",
    "k": "κ𝐤ｋ",
    "l": "ⅼｌ𝐥ӏ",
    "m": "ⅿｍ𝐦",
    "n": "ո𝐧ｎ",
    "o": "оο𝐨ｏօ",
    "p": "рρ𝐩ｐ",
    "q": "ԛ𝐪ｑ",
    "r": "г𝐫ｒ",
    "s": "ѕ𝐬ｓ",
    "t": "𝐭ｔ",
    "u": "υս𝐮ｕ",
    "v": "ν𝐯ｖ",
    "w": "ԝ𝐰ｗ",
    "x": "х𝐱ｘ",
    "y": "у𝐲ｙ",
    "z": "𝐳ｚ",
}
_LEET: Final = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8"}
_IN_FONTS: Final = (("m", "rn"), ("w", "vv"), ("l", "I"), ("i", "l"), ("l", "1"))
_HIDDEN: Final = "\u200b\u200d\u2060\ufeff\u00ad\u200f\u202e"
_MARKS: Final = "\u0301\u0307\u0323\u0332"
MISREAD: Final = ("homoglyph", "leet", "double", "drop", "swap", "font", "hidden")
"""Those that nobody uses who has the name by right."""
TACTICS: Final = (
    "homoglyph",
    "leet",
    "double",
    "drop",
    "swap",
    "separator",
    "font",
    "hidden",
    "mark",
    "digits",
    "none",
)


def disguised(handle: str, tactic: str, random: random.Random) -> str:
    """`handle` by one tactic; the same where it offers nothing for it."""
    places = range(len(handle))
    match tactic:
        case "homoglyph":
            able = [at for at in places if handle[at] in _ALIKE]
            for at in random.sample(able, min(len(able), random.choice((1, 1, 2, 3, len(able))))):
                handle = handle[:at] + random.choice(_ALIKE[handle[at]]) + handle[at + 1 :]
        case "leet":
            able = [at for at in places if handle[at] in _LEET]
            for at in random.sample(able, min(len(able), random.choice((1, 1, 2)))):
                handle = handle[:at] + _LEET[handle[at]] + handle[at + 1 :]
        case "double":
            at = random.choice(places)
            handle = handle[: at + 1] + handle[at] + handle[at + 1 :]
        case "drop" if len(handle) > 5:
            at = random.choice(places[1:])
            handle = handle[:at] + handle[at + 1 :]
        case "swap" if len(handle) > 4:
            at = random.choice(places[1:-1])
            handle = handle[:at] + handle[at + 1] + handle[at] + handle[at + 2 :]
        case "separator":
            at = random.choice(places[1:] or [0])
            handle = handle[:at] + random.choice("._-") + handle[at:]
            if random.random() < 0.3:
                handle = random.choice(("_", "__", "x")) + handle
        case "font":
            able_pairs = [pair for pair in _IN_FONTS if pair[0] in handle]
            if able_pairs:
                old, new = random.choice(able_pairs)
                handle = handle.replace(old, new, 1)
        case "hidden":
            at = random.choice(places)
            handle = handle[:at] + random.choice(_HIDDEN) + handle[at:]
        case "mark":
            at = random.choice(places)
            handle = handle[: at + 1] + random.choice(_MARKS) + handle[at + 1 :]
        case "digits":
            handle += random.choice(("", "_")) + str(random.choice((1, 2, 7, 11, 99, 2024, 123, 77)))
    return handle
