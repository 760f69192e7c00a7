"""URLs in text, as a browser would take them.

Owns recognition (with a scheme, or a bare host with a path), refanging (`hxxps://evil[.]com`, `evil (dot)
com`), and cutting off what prose and Markdown hang on a URL: a URL ends at a bracket that it did not open,
at one that it does not close, and where `marks` says so. A candidate that is no URL is returned with the
reason. Never resolves or fetches anything. Never fails; linear in the text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from autodmca_urls import wrapping
from autodmca_urls.marks import closer_of, closes, is_loose, stops

NoUrl = Literal["no_host", "redacted", "file_name", "bare_domain", "too_long"]


class FoundUrl(NamedTuple):
    """A URL as a browser takes it, and where its written form stands in the text (characters).

    `dropped` says why a candidate is no URL; `url` is then what it would have been, or empty.
    """

    url: str
    start: int
    end: int
    dropped: NoUrl | None = None


MAX_URL: Final = 4096
"""Characters that a written URL may have."""

_DOT: Final = r"(?:\.| {0,2}[\[({](?:\.|dot)[\])}] {0,2})"
_LABEL: Final = r"[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9_\u00a1-\uffff-]{0,62})"
_SCHEME: Final = (
    r"h(?:tt|xx)ps?(?: : ?// ?| ?:// |: // ?)(?=[A-Za-z0-9-]+\.[A-Za-z])"
    r"|(?:h(?:tt|xx|\*\*)ps?|fxp|ftp)(?:\[://\]|\[?:\]?(?://|\\\\|\[//\]))"
)
_BARE: Final = (
    rf"(?<![\w@./:%=&?#~+-])(?:{_LABEL}{_DOT}){{1,6}}[A-Za-z]{{2,18}}(?::\d{{1,5}})?"
    r"(?=[/\s]|$|[^\w@.-]|\.+(?![\w@.-]))"
)
_HEAD: Final = re.compile(rf"(?P<full>{_SCHEME})|(?P<bare>{_BARE})", re.IGNORECASE)
_FANGED_HOST: Final = re.compile(
    rf"{_LABEL}(?:(?:{_DOT}| dot ){_LABEL}){{1,6}}(?![A-Za-z0-9_@])(?:\[:\]\d{{1,5}})?", re.IGNORECASE
)
_FANG: Final = re.compile(r"[\[({](?:\.|dot)[\])}]| dot ", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[A-Za-z0-9/._~:?#@!$&'*+,;=%-]+|\[\.\]|\(\.\)|\[/\]|\\[_*~#-]")
_REFANG: Final = re.compile(r" {0,2}[\[({](?:\.|dot)[\])}] {0,2}| dot ", re.IGNORECASE)
_REFANG_SCHEME: Final = re.compile(
    r"^(h(?:tt|xx|\*\*)p|fxp|ftp)(s?)[^/\\]*(?:[/\\]{2}|\[//\]|//\])\]? ?", re.IGNORECASE
)
_SOUND_SCHEME: Final = re.compile(r"(?:https?|ftp)://(?! )", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([_*~#-])")
_HOST: Final = re.compile(r"[A-Za-z]+://[^/?#\s]*[^/?#\s.:]")
_HIDDEN: Final = re.compile(r"\[(?:private|redacted|invalid)", re.IGNORECASE)
_MARKUP: Final = re.compile(r"&(?:gt|lt|quot|nbsp|#39);")
_MAX_BRACKET: Final = 256
"""How far from its opening a bracket inside a URL may close."""
_FILE_ENDINGS: Final = frozenset(
    re.findall(
        r"\w+",
        "asp aspx cfg class cpp cs css csv dll doc docx env exe gif h htm html ini ipynb jar java jpg js "
        "json jsx kt lua md pdf php png py rb rs sh sql svg swift tar ts tsx txt vue xml yaml yml zip",
    )
)


def find_urls(text: str) -> list[FoundUrl]:
    """Every URL in order, repeats included."""
    return [found for found in candidates(text) if found.dropped is None]


def distinct(found: list[FoundUrl]) -> list[str]:
    """The URLs without repeats, each where it first stood."""
    return list(dict.fromkeys(each.url for each in found))


def candidates(text: str) -> Iterator[FoundUrl]:
    """Everything that looks like a URL, in order, repeats included; what is none with its reason."""
    at = 0
    while (match := _HEAD.search(text, at)) is not None:
        bare = match.group("bare") is not None
        start = _host_start(match) if bare else match.start()
        end = at = match.end()
        if not bare:
            end = at = _reach(text, _past_host(text, end))
        elif text.startswith("/", end):
            end = at = _reach(text, end)
        rest = "" if bare else wrapping.continuation(text, start, end)
        yield _judged(text, start, end, bare=bare, rest=rest)
        at += len(rest)


def _judged(text: str, start: int, end: int, *, bare: bool, rest: str) -> FoundUrl:
    written = text[start : min(end, start + MAX_URL)] + wrapping.joined(rest)
    if _HIDDEN.match(text, end):
        return FoundUrl("", start, end, "redacted")
    kept = _trim(_MARKUP.split(written, maxsplit=1)[0])
    url = refanged(kept)
    stop = end + len(rest) if rest else start + len(kept)
    if not bare and not _HOST.match(url):
        return FoundUrl("", start, max(stop, start + 1), "no_host")
    if bare and (reason := _why_no_address(written)) is not None:
        return FoundUrl(url, start, stop, reason)
    return FoundUrl(url, start, stop, "too_long" if end - start > MAX_URL else None)


def refanged(written: str) -> str:
    """The written form before somebody made it safe to read, and with HTML and Markdown escapes undone."""
    url = _ESCAPE.sub(r"\1", written)
    if not _SOUND_SCHEME.match(url) and (scheme := _REFANG_SCHEME.match(url)) is not None:
        name = "ftp" if scheme.group(1)[0] in "fF" else "http"
        url = f"{name}{scheme.group(2).lower()}://{url[scheme.end() :]}"
    url = _REFANG.sub(".", url)
    if "[" in url:
        url = url.replace("[:]", ":").replace("[/]", "/")
    return html.unescape(url) if "&" in url else url


def _past_host(text: str, at: int) -> int:
    """The end of a host whose dots are written so that nobody clicks it; `at` where it is none."""
    host = _FANGED_HOST.match(text, at)
    return host.end() if host is not None and _FANG.search(host.group()) else at


def _host_start(match: re.Match[str]) -> int:
    """Where a bare host begins: after marks, and in unspaced prose at its www."""
    host = match.group()
    begin = max((at + 1 for at, char in enumerate(host) if _parts(char)), default=0)
    label = host[begin:].partition(".")[0]
    if label[-3:].lower() == "www" and not label.isascii():
        begin += len(label) - 3
    return match.start() + begin


def _parts(char: str) -> bool:
    """Whether a character beyond ASCII stands before a host, and is no part of it."""
    return not char.isascii() and (
        stops(char) or is_loose(char) or closes(char) or closer_of(char) is not None
    )


def _reach(text: str, at: int) -> int:
    """How far a URL goes that has come to `at`."""
    open_at: list[tuple[int, str]] = []
    while at < len(text):
        plain = _PLAIN.match(text, at)
        if plain is not None:
            at = plain.end()
        else:
            char = text[at]
            closer = None if char in "[{" else closer_of(char)
            if closer is not None:
                open_at.append((at, closer))
            elif closes(char):
                if not open_at or open_at[-1][1] != char:
                    break
                open_at.pop()
            elif stops(char):
                break
            at += 1
        if open_at and at - open_at[0][0] > _MAX_BRACKET:
            break
    return open_at[0][0] if open_at else at


def _why_no_address(written: str) -> NoUrl | None:
    """Why a bare name is none: no path behind the host and no www, or a file, as `README.md` is."""
    host, slash, path = written.partition("/")
    if host.lower().startswith("www.") or (_FANG.search(host) and " " not in host):
        return None
    if host.rpartition(".")[2].rstrip("])").lower() in _FILE_ENDINGS:
        return "file_name"
    if slash and (path.strip(".,;:!?)*_'") or host.count(".") > 1):
        return None
    return "bare_domain"


def _trim(written: str) -> str:
    """Without the punctuation that belongs to the sentence."""
    end = len(written)
    while end:
        last = written[end - 1]
        if last in ".,;:!?'*_~>":
            if last == "_" and end > 1 and written[end - 2].isalnum() and "\\" in written:
                break
        elif not is_loose(last):
            break
        end -= 1
    return written[:end]
