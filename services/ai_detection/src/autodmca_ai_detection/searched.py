"""References of one kind, whichever it is, as they stand in the state: what a search goes through."""

from __future__ import annotations

from autodmca_events.ai_detection import ContentType

from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.pictures import fingerprint as picture_prints
from autodmca_ai_detection.pictures.library import Library, Match
from autodmca_ai_detection.texts import fingerprint as text_prints
from autodmca_ai_detection.texts.library import TextLibrary, TextMatch
from autodmca_ai_detection.videos import fingerprint as video_prints
from autodmca_ai_detection.videos.library import VideoLibrary, VideoMatch

AnyMatch = Match | TextMatch | VideoMatch


class Searched:
    """References of one kind. Searching blocks."""

    def __init__(self, kind: ContentType) -> None:
        self._kind = kind
        self._pictures = Library()
        self._texts = TextLibrary()
        self._videos = VideoLibrary()

    def add(self, reference: str, data: bytes) -> None:
        """Keep a fingerprint under its reference's id. Raises ValueError for one of another version."""
        match self._kind:
            case "image":
                self._pictures.add(reference, picture_prints.load(data))
            case "text":
                self._texts.add(reference, text_prints.load(data))
            case "video":
                self._videos.add(reference, video_prints.load(data))

    def search(self, data: bytes) -> list[AnyMatch]:
        """What the content of this fingerprint has in common with references, the surest first. Raises
        Unusable for a fingerprint of another version, which a batch may bring."""
        try:
            match self._kind:
                case "image":
                    picture = picture_prints.load(data)
                case "text":
                    text = text_prints.load(data)
                case "video":
                    video = video_prints.load(data)
        except ValueError as error:
            raise Unusable(
                "upload_lost", f"what was kept of it is of no use here ({error}); send it again"
            ) from error
        match self._kind:
            case "image":
                return list(self._pictures.search(picture))
            case "text":
                return list(self._texts.search(text))
            case "video":
                return list(self._videos.search(video))
