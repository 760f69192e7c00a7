"""The kinds of content: which one a file is, and its fingerprint. For the workers, which search nothing.

A picture and a video are known by their first bytes, whatever a sender calls them; a text is one because
whoever asks says so, for anything may be read as text. Blocks. Fails with Unusable.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from autodmca_events.ai_detection import ContentType

from autodmca_ai_detection.jobs import Purpose
from autodmca_ai_detection.model.state import Content
from autodmca_ai_detection.pictures import fingerprint as picture_prints
from autodmca_ai_detection.pictures.decoding import decode
from autodmca_ai_detection.texts import fingerprint as text_prints
from autodmca_ai_detection.videos import fingerprint as video_prints

_VIDEO: Final = re.compile(
    rb"\x1a\x45\xdf\xa3|....(?:ftyp(?!hei|hev|mif1|msf1|avif)|moov|wide|mdat|free|skip)", re.DOTALL
)


def kind_of(data: bytes | memoryview, *, text: bool) -> ContentType:
    """What a file is; `text`: whoever asks says that it is one."""
    if text:
        return "text"
    return "video" if _VIDEO.match(data) else "image"


def content(data: bytes | memoryview, purpose: Purpose, *, text: bool) -> Content:
    """All that is kept of a file. Raises Unusable."""
    kind = kind_of(data, text=text)
    file: dict[str, Any] = {
        "content_type": kind,
        "file_bytes": len(data),
        "digest": hashlib.sha256(data).hexdigest(),
    }
    match kind:
        case "text":
            words = text_prints.of_text(data)
            return Content(
                **file, fingerprint=text_prints.dump(words), format="text", words=len(words.numbers)
            )
        case "video":
            made = video_prints.of_reference if purpose == "reference" else video_prints.of_query
            video = made(data)
            return Content(
                **file,
                fingerprint=video_prints.dump(video),
                format="WebM" if bytes(data[:1]) == b"\x1a" else "MP4",
                frames=len(video.frames),
                seconds=round(video.seconds, 2),
            )
        case "image":
            picture = decode(data)
            of = picture_prints.of_reference if purpose == "reference" else picture_prints.of_query
            return Content(
                **file,
                fingerprint=picture_prints.dump(of(picture)),
                format=picture.format,
                width=picture.width,
                height=picture.height,
                frames=picture.frames,
            )
