"""The addresses a notice names, as a browser would take them.

Owns recognition (with a scheme, or a bare host with a path), refanging (`hxxps://evil[.]com`), and
cutting off what prose and Markdown hang on an address. Never resolves or fetches anything; e-mail
addresses and redacted ones (`https://github.com/[private]`) are no addresses. Linear in the text.
"""

import html
import re
from typing import Final, NamedTuple


class FoundUrl(NamedTuple):
    """An address as a browser takes it, and where its written form stands in the text."""

    url: str
    start: int
    end: int


_DOT: Final = r"(?:\.|\[\.\]|\(\.\)|\[dot\]|\(dot\))"
_LABEL: Final = r"[A-Za-z0-9\u00a1-\uffff](?:[A-Za-z0-9_\u00a1-\uffff-]{0,62})"
_TAIL: Final = (
    r"(?:\[\.\]|\(\.\)|\\[_*~#-]|"
    r"[^\s<>\"`\[\]{}|\\^\u201c\u201d\u2018\u2019\u3002\uff0c\uff1b\u3001\uff09\u00bb])*"
)
_WITH_SCHEME: Final = rf"(?:https?|hxxps?|ftp)(?::|\[:\])//{_TAIL}"
_BARE: Final = (
    rf"(?<![\w@./:%=&?#~+-])(?:{_LABEL}{_DOT}){{1,6}}[A-Za-z]{{2,18}}(?::\d{{1,5}})?"
    rf"(?=[/\s]|$|[^\w@.-])(?:/{_TAIL})?"
)
_CANDIDATE: Final = re.compile(rf"(?P<full>{_WITH_SCHEME})|(?P<bare>{_BARE})", re.IGNORECASE)
_REFANG: Final = re.compile(r"[\[(](?:\.|dot)[\])]", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"\\([_*~#-])")
_HOST: Final = re.compile(r"[A-Za-z]+://[^/?#\s]*[^/?#\s.:]")
_HIDDEN: Final = re.compile(r"\[(?:private|redacted|invalid)", re.IGNORECASE)
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_MARKUP: Final = re.compile(r"&(?:gt|lt|quot|nbsp|#39);")
_MAX_URL: Final = 4096
_FILE_ENDINGS: Final = frozenset(
    re.findall(
        r"\w+",
        "asp aspx cfg class cpp cs css csv dll doc docx env exe gif h htm html ini ipynb jar java jpg js "
        "json jsx kt lua md pdf php png py rb rs sh sql svg swift tar ts tsx txt vue xml yaml yml zip",
    )
)


def find_urls(text: str) -> list[FoundUrl]:
    """Every address in order, repeats included."""
    found = []
    for match in _CANDIDATE.finditer(text):
        written = match.group()
        bare = match.group("bare") is not None
        if _HIDDEN.match(text, match.end()) or (bare and not _is_address(written)):
            continue
        kept = _trim(_MARKUP.split(written[:_MAX_URL], maxsplit=1)[0])
        url = _ESCAPE.sub(r"\1", _REFANG.sub(".", kept)).replace("[:]", ":")
        if "&" in url:
            url = html.unescape(url)
        if url[:4].lower() == "hxxp":
            url = "http" + url[4:]
        if bare or _HOST.match(url):
            found.append(FoundUrl(url, match.start(), match.start() + len(kept)))
    return found


def distinct(found: list[FoundUrl]) -> list[str]:
    """The addresses without repeats, each where it first stood."""
    return list(dict.fromkeys(each.url for each in found))


def _is_address(written: str) -> bool:
    """Whether a bare name is an address: it has a path behind the host, or says www; `README.md` is none."""
    host, slash, path = written.partition("/")
    if host.lower().startswith("www."):
        return True
    ending = host.rpartition(".")[2].rstrip("])").lower()
    return (
        bool(slash)
        and ending not in _FILE_ENDINGS
        and (bool(path.strip(".,;:!?)*_'")) or host.count(".") > 1)
    )


def _trim(written: str) -> str:
    """Without the punctuation that belongs to the sentence; a closing bracket stays when it was opened."""
    end = len(written)
    balance = {closer: written.count(opener) - written.count(closer) for closer, opener in _CLOSERS.items()}
    while end:
        last = written[end - 1]
        if last in ".,;:!?'*_~>":
            if last == "_" and end > 1 and written[end - 2].isalnum() and "\\" in written:
                break
            end -= 1
        elif last in balance and balance[last] < 0:
            balance[last] += 1
            end -= 1
        else:
            break
    return written[:end]
