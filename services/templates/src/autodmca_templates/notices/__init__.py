"""What a copyright notice is and what it holds, read from its prose: pure, deterministic, bounded."""

from .analysis import analyse, find_elements
from .model import COUNTER_NOTICE_ELEMENTS, TAKEDOWN_ELEMENTS, Analysis, Element, ElementName, NoticeKind

__all__ = [
    "COUNTER_NOTICE_ELEMENTS",
    "TAKEDOWN_ELEMENTS",
    "Analysis",
    "Element",
    "ElementName",
    "NoticeKind",
    "analyse",
    "find_elements",
]
