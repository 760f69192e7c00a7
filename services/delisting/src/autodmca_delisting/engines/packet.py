"""What a person files by hand where an engine takes only a form: a notice ready to be pasted, and lists of
URLs.

Pure: bytes of a ZIP from a request and its parts, the same for the same state. The engine's search, which
has an interface, is watched all the same.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Final

from autodmca_delisting import ids
from autodmca_delisting.model.state import Part, Request

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
LINES: Final = 1_000
"""URLs that a form's field takes."""


def packet(request: Request, parts: Sequence[Part]) -> bytes:
    """A ZIP with README.txt, notice.txt, urls-NNN.txt and urls.csv of what is not decided yet."""
    urls = [(part, url) for part in parts for url in part.urls if url.outcome == "pending"]
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["part", "reference", "url", "registrable domain", "as given"])
    for part, url in urls:
        reference = ids.reference(request.id, part.number, part.attempt)
        writer.writerow([part.number, reference, url.normal, url.domain, url.url])
    files = {
        "README.txt": _readme(request, len(urls)),
        "notice.txt": _notice(request),
        "urls.csv": table.getvalue(),
    }
    for at in range(0, len(urls), LINES):
        lines = [url.normal for _, url in urls[at : at + LINES]]
        files[f"urls-{at // LINES + 1:03}.txt"] = "\n".join(lines) + "\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text.encode())
    return packed.getvalue()


def _readme(request: Request, count: int) -> str:
    return (
        f"Request {request.id} to {request.engine}: {count} URLs.\n\n"
        f"1. Open the removal form of {request.engine} and paste notice.txt.\n"
        f"2. Paste each urls-NNN.txt in a submission of its own; the form takes {LINES:,} URLs.\n"
        "3. Say so: POST /v1/requests/{id}/report with part, progress `submitted` and the reference.\n"
        "4. When the engine has decided, report progress `decided` with the outcome of each URL.\n"
    )


def _notice(request: Request) -> str:
    notice = request.notice
    lines = [notice.text.strip(), ""]
    if notice.work:
        lines += [f"Work: {notice.work}"]
    lines += [f"Original: {url}" for url in notice.work_urls]
    if notice.sender:
        lines += [f"Sender: {notice.sender}"]
    return "\n".join(lines).strip() + "\n"
