"""What people paste, read to the end: every URL with its normal form, and every candidate that was dropped,
and why.

Owns the order (find, refang, normalise, drop repeats) and what a pasted entry may be that prose may not: a
bare domain, a path with spaces. Never fails on any string; nothing is stored or fetched.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from autodmca_urls.domains import registrable_domain
from autodmca_urls.finding import MAX_URL, FoundUrl, NoUrl, candidates, refanged
from autodmca_urls.normal import NormalUrl, NotNormal, Reason, normalise

Drop = NoUrl | Reason | Literal["duplicate", "no_url"]

_SCHEME: Final = re.compile(r"(?:h(?:tt|xx|\*\*)ps?|fxp|ftp)\W{0,4}:", re.IGNORECASE)
_HAS_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MARKERS: Final = re.compile(r"^\s*(?:[-*+•>]\s+|\d{1,5}[.)]\s+)*")


class ReadUrl(NamedTuple):
    """One candidate. `start` and `end` are characters in the text, `line` counts from 1.

    Of one that was dropped, `normal` is there only for a duplicate.
    """

    written: str
    start: int
    end: int
    line: int
    url: str
    normal: NormalUrl | None
    dropped: Drop | None = None


def read_text(text: str) -> list[ReadUrl]:
    """Every candidate in a text (a notice, a mail, a list), in order."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    found = (each for each in candidates(text) if not _is_prose(each))
    return list(_once(_judged(text, each, bisect_right(starts, each.start)) for each in found))


def read_entries(entries: list[str]) -> list[ReadUrl]:
    """Each entry is meant as one URL, or as lines of them; `line` is the entry's number."""
    return list(_once(read for number, entry in enumerate(entries, 1) for read in _entry(entry, number)))


def _entry(entry: str, number: int) -> Iterator[ReadUrl]:
    lines = [line for line in entry.splitlines() if line.strip()]
    if len(lines) != 1:
        every = [_judged(entry, each, number) for each in candidates(entry)]
        yield from every or [ReadUrl(entry[:MAX_URL], 0, len(entry), number, "", None, "no_url")]
        return
    written = _MARKERS.sub("", entry).strip()
    start = entry.find(written)
    found = list(candidates(entry))
    whole = found[0] if len(found) == 1 else None
    if whole is not None and whole.dropped is None and not _cut_at_space(entry, whole):
        yield _judged(entry, whole, number)
    elif len(found) > 1 and (len(_SCHEME.findall(entry)) != 1 or not _SCHEME.match(written)):
        yield from (_judged(entry, each, number) for each in found)
    elif whole is not None and whole.dropped in ("redacted", "too_long"):
        yield _judged(entry, whole, number)
    else:
        yield _meant(written, start, number)


def _is_prose(found: FoundUrl) -> bool:
    """Whether nobody would take this for a URL: `end.The next`."""
    return found.dropped == "bare_domain" and registrable_domain(found.url.partition("/")[0].lower()) is None


def _cut_at_space(entry: str, found: FoundUrl) -> bool:
    """Whether a URL with a path goes on behind a space."""
    after = entry[found.end :].rstrip()
    return (
        "/" in found.url.partition("//")[2]
        and after.startswith(" ")
        and "." in after
        and "/" not in after[:2]
    )


def _meant(written: str, start: int, number: int) -> ReadUrl:
    """An entry that prose would not let count: a bare domain, or spaces in a path."""
    url = refanged(written.strip("<>\"'`,;"))
    if not _HAS_SCHEME.match(url):
        url = f"https://{url}"
    found = FoundUrl(url, start, start + len(written), "too_long" if len(written) > MAX_URL else None)
    read = _judged(written, found._replace(start=0, end=len(written)), number)
    if read.dropped is not None and " " in written:
        read = read._replace(dropped="no_url")
    return read._replace(start=start, end=start + len(written))


def _judged(text: str, found: FoundUrl, line: int) -> ReadUrl:
    written = text[found.start : found.end]
    url = found.url if "://" in found.url or not found.url else f"https://{found.url}"
    if found.dropped is not None:
        return ReadUrl(written[:MAX_URL], found.start, found.end, line, url, None, found.dropped)
    try:
        return ReadUrl(written, found.start, found.end, line, url, normalise(url))
    except NotNormal as error:
        return ReadUrl(written, found.start, found.end, line, url, None, error.reason)


def _once(read: Iterator[ReadUrl]) -> Iterator[ReadUrl]:
    seen: set[str] = set()
    for each in read:
        if each.normal is None or each.normal.url not in seen:
            yield each
        else:
            yield each._replace(dropped="duplicate")
        if each.normal is not None:
            seen.add(each.normal.url)
