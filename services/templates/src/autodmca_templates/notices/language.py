"""Which language a text is in: "en" unless another one is plain, "und" for one that is not known here.

Owns the ordinary small words of seven languages and the scripts that name others. A text of addresses
and names
has too few small words to tell and counts as English. Pure, deterministic, and bounded: it reads the text's
first MAX_READ characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

MAX_READ: Final = 20_000
_SMALL: Final = {
    "en": "the of and to in is that for it on with as this by be are from have has not or an was at my "
    "your i "
    "will which you we been our their its would please any all but",
    "es": "el la de que y los las del se por con para una es lo como su al mi sus no ha sido esta este "
    "esto mis "
    "muy pero son sin sobre nuestra nuestro usted ustedes yo soy",
    "fr": "le la les de des et est une du que qui dans pour pas au aux ce cette mon ma mes sur par avec "
    "je nous "
    "vous sont ne en il elle ont été leur suis votre notre",
    "de": "der die das und ist nicht ich mit den dem des ein eine zu auf für von im dass sie wir es "
    "wurde durch "
    "auch bei mein meine meiner oder hat haben sind nach",
    "pt": "o a os as de que e do da dos das em um uma para com não por no na nos nas se meu minha foi "
    "são ao pelo "
    "pela este esta isso eu nós você seu sua sou",
    "it": "il la di che e un una per non con del della dei delle sono è nel alla da gli le questo "
    "questa mio mia "
    "si ho ha come al dal i lo",
    "nl": "de het een van en in is dat op te voor met niet zijn ik aan er om door naar wij mijn deze "
    "dit die als "
    "bij ook wordt heeft",
}
_LANGUAGES: Final[dict[str, frozenset[str]]] = {
    code: frozenset(words.split()) for code, words in _SMALL.items()
}
_WORD: Final = re.compile(r"[^\W\d_]+")
_NO_PROSE: Final = re.compile(r"\S*(?:://|@)\S*|\{[{%].{0,200}?[}%]\}")
_SCRIPTS: Final = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "LATIN": ""}
_ENOUGH: Final = 5
_MARGIN: Final = 1.3


def language_of(text: str) -> str:
    """A language's code, as BCP 47 spells it."""
    words = _WORD.findall(_NO_PROSE.sub(" ", text[:MAX_READ]).lower())
    scripts = Counter(_script(char) for word in words for char in word)
    if scripts.total() and (foreign := scripts.total() - scripts[""]) > scripts.total() / 2:
        if scripts["ja"] > foreign / 10:
            return "ja"
        return max(("ko", "zh", "und"), key=lambda code: scripts[code])
    counts = {code: sum(word in small for word in words) for code, small in _LANGUAGES.items()}
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= _ENOUGH and counts[best] > _MARGIN * counts["en"] else "en"


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return "" if char.isascii() else _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "und")
