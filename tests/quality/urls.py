"""Which URLs stand in public notices, and how exactly they are read.

The notices are in `../shared/data/notices` and are not ours to copy; `notice_urls.toml` says where in them
the URLs stand. A notice's set is right when it holds the normal form of every labelled URL and of nothing
else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from autodmca_urls.finding import refanged
from autodmca_urls.normal import normalise
from autodmca_urls.reading import read_text

HERE = Path(__file__).parent
NOTICES = HERE.parents[1].parent / "shared/data/notices"
_PLACE = re.compile(r"(\d+):(\d+)-(?:(\d+):)?(\d+)")


class Score(NamedTuple):
    """Of one notice: URLs found that are labelled, found beside them, and missed."""

    notice: str
    hits: int
    extra: tuple[str, ...]
    missed: tuple[str, ...]


def scores() -> Iterator[Score]:
    """Of every labelled notice. The labels were drafted on this very data: they show that it is read, not how
    well others are."""
    for notice, places in tomllib.loads((HERE / "notice_urls.toml").read_text()).items():
        text = (NOTICES / notice).read_text()
        wanted = {_normal(written) for written in _written(text, places)}
        found = {read.normal.url for read in read_text(text) if read.normal is not None}
        yield Score(notice, len(wanted & found), tuple(sorted(found - wanted)), tuple(sorted(wanted - found)))


def table() -> str:
    """A Markdown table of all notices together, and of each that is not read exactly."""
    every = list(scores())
    hits = sum(score.hits for score in every)
    extra = sum(len(score.extra) for score in every)
    missed = sum(len(score.missed) for score in every)
    rows = [
        "| notices | URLs | exact sets | precision | recall | F1 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    exact = sum(not score.extra and not score.missed for score in every)
    rows.append(
        f"| {len(every)} | {hits + missed} | {exact} | {hits / (hits + extra):.4f} | "
        f"{hits / (hits + missed):.4f} | {2 * hits / (2 * hits + extra + missed):.4f} |"
    )
    wrong = [f"\n{score.notice}: not labelled {score.extra}, missed {score.missed}" for score in every]
    return "\n".join(
        [*rows, *(line for line, score in zip(wrong, every, strict=True) if score.extra or score.missed)]
    )


def _written(text: str, places: str) -> Iterator[str]:
    lines = text.split("\n")
    for found in _PLACE.finditer(places):
        line, first, other, last = found.groups()
        if other is None:
            yield lines[int(line) - 1][int(first) - 1 : int(last)]
        else:
            yield (
                lines[int(line) - 1][int(first) - 1 :].rstrip() + lines[int(other) - 1][: int(last)].lstrip()
            )


def _normal(written: str) -> str:
    url = refanged(written)
    return normalise(url if "://" in url else f"https://{url}").url


if __name__ == "__main__":
    print(table())
