"""How well copies of texts are found with a fifth of their words changed, and what is wrongly taken for one.

Held out by document: thresholds were chosen on the other half. The documents are those that installed
packages describe themselves with, topics of Python's help, scikit-learn's descriptions of its data, and the
notices in `../shared`, which are left out where they are absent. No two share a run of twelve words: such
are copies of each other, and the later one is left out.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from pydoc_data import topics
from typing import Final, NamedTuple

import numpy as np
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.texts import fingerprint
from autodmca_ai_detection.texts.library import TextLibrary

from tests.quality.urls import NOTICES

Edit = Callable[[list[str], random.Random], list[str]]

CHANGED: Final = 0.2
LEAST_WORDS: Final = 80
MOST_WORDS: Final = 4_000
_RUN: Final = 12


class Asked(NamedTuple):
    """A text that was looked for: whose copy it is, or None; what was found, and how long it took."""

    kind: str
    copy_of: str | None
    found: str | None
    seconds: float


def documents() -> dict[str, list[str]]:
    """Every document's words, by name."""
    found: dict[str, list[str]] = {}
    seen: set[tuple[str, ...]] = set()
    for name, text in sorted(_sources()):
        words = text.split()[:MOST_WORDS]
        plain = [re.sub(r"\W", "", word).casefold() for word in words]
        runs = {tuple(plain[n : n + _RUN]) for n in range(len(plain) - _RUN + 1)}
        if len(words) >= LEAST_WORDS and runs.isdisjoint(seen):
            found[name] = words
            seen |= runs
    return found


def _sources() -> Iterator[tuple[str, str]]:
    for package in distributions():
        about = package.metadata.json
        yield f"package {about['name']}", str(about.get("description", ""))
    for name, text in topics.topics.items():
        yield f"topic {name}", text
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.origin is not None
    for path in (Path(spec.origin).parent / "datasets/descr").glob("*.rst"):
        yield f"data {path.stem}", path.read_text()
    for path in NOTICES.glob("*.m*"):
        yield f"notice {path.stem}", path.read_text()


def is_held_out(name: str) -> bool:
    """Half of the documents, by their names."""
    return sha256(name.encode()).digest()[0] % 2 == 0


def changed(words: list[str], rng: random.Random, others: list[str]) -> list[str]:
    """With a fifth of the words replaced, left out or followed by another one."""
    chosen = set(rng.sample(range(len(words)), round(CHANGED * len(words))))
    made: list[str] = []
    for number, word in enumerate(words):
        if number not in chosen:
            made.append(word)
            continue
        kind = rng.random()
        if kind < 0.6:
            made.append(rng.choice(others))
        elif kind > 0.8:
            made += [word, rng.choice(others)]
    return made


def _half(words: list[str], rng: random.Random) -> list[str]:
    length = max(len(words) // 2, 60)
    at = rng.randrange(max(1, len(words) - length))
    return words[at : at + length]


def _paragraph(words: list[str], rng: random.Random) -> list[str]:
    at = rng.randrange(max(1, len(words) - 60))
    return words[at : at + 60]


def _typed_anew(words: list[str], rng: random.Random) -> list[str]:
    """In capitals, with other quotation marks, invisible characters and punctuation."""
    typed: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.title,
        lambda word: word.replace("'", "’"),
        lambda word: f"“{word}”,",
        lambda word: f"{word[:1]}\u200b{word[1:]}",
    )
    return [rng.choice(typed)(word) for word in words]


def _whole(words: list[str], _rng: random.Random) -> list[str]:
    return words


EDITS: Final[dict[str, Edit]] = {
    "the whole text": _whole,
    "half of it": _half,
    "a paragraph of 60 words": _paragraph,
    "typed anew": _typed_anew,
}


def asked(held_out: bool = True, seeds: int = 1) -> list[Asked]:
    """What came of looking for copies of references and for what is none."""
    mine = {name: words for name, words in documents().items() if is_held_out(name) == held_out}
    names = sorted(mine)
    kept, strangers = names[::2], names[1::2]
    library = TextLibrary()
    for name in kept:
        library.add(name, fingerprint.of_text(" ".join(mine[name])))
    words = sorted({word for name in names for word in mine[name]})
    found: list[Asked] = []
    for name in kept:
        for kind, edit in EDITS.items():
            for seed in range(seeds):
                rng = random.Random(f"{name} {kind} {seed}")
                part = changed(edit(mine[name], rng), rng, words)
                found.append(_ask(library, kind, name, part))
                if kind == "a paragraph of 60 words":
                    other = mine[rng.choice(strangers)][:600]
                    at = rng.randrange(len(other))
                    found.append(
                        _ask(library, "a paragraph in another text", name, other[:at] + part + other[at:])
                    )
        rng = random.Random(name)
        shuffled = rng.sample(mine[name], len(mine[name]))
        found.append(_ask(library, "the same words in another order", None, shuffled))
    for name in strangers:
        for seed in range(2 * seeds):
            rng = random.Random(f"{name} {seed}")
            found.append(_ask(library, "another text", None, changed(mine[name], rng, words)))
        found.append(_ask(library, "another text", None, mine[name]))
    return found


def _ask(library: TextLibrary, kind: str, copy_of: str | None, words: list[str]) -> Asked:
    begun = time.process_time()
    try:
        matches = library.search(fingerprint.of_text(" ".join(words)))
    except Unusable:
        return Asked(kind, copy_of, None, time.process_time() - begun)
    took = time.process_time() - begun
    first = next((each.reference for each in matches if each.verdict == "match"), None)
    return Asked(kind, copy_of, first, took)


def table(held_out: bool = True) -> str:
    """A Markdown table: recall and errors by kind, then precision and the time."""
    every = asked(held_out)
    rows = ["| kind | texts | found | wrong |", "| --- | --- | --- | --- |"]
    copies = [each for each in every if each.copy_of is not None]
    kinds = dict.fromkeys(each.kind for each in every)
    rows += [_row(kind, [each for each in every if each.kind == kind]) for kind in kinds]
    rows.append(_row("all copies", copies))
    rows.append(_row("all that are none", [each for each in every if each.copy_of is None]))
    called = [each for each in every if each.found is not None]
    right = sum(each.found == each.copy_of for each in called)
    times = np.percentile([each.seconds for each in every], (50, 95)) * 1_000
    references = len({each.copy_of for each in copies})
    rows.append("")
    rows.append(
        f"Precision {right / len(called):.3f} at recall {right / len(copies):.3f}, "
        f"against {references} references; a text takes {times[0]:.0f} ms of a core, p95 {times[1]:.0f} ms."
    )
    return "\n".join(rows)


def _row(kind: str, every: list[Asked]) -> str:
    right = sum(each.found is not None and each.found == each.copy_of for each in every)
    wrong = sum(each.found is not None and each.found != each.copy_of for each in every)
    recall = f"{right / len(every):.2f}" if any(each.copy_of for each in every) else ""
    return f"| {kind} | {len(every)} | {recall} | {wrong} |"
