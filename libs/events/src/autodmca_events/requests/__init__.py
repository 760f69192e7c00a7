"""The public inputs of every service: what another one may send to it, and what their outcomes bring.

Each is the very struct that the service decodes and its model decides on. `REQUESTS` is the one place that
lists them; they are part of the baseline. What is not listed is a service's own, and may change as it likes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from autodmca_events.requests import ai_detection, delisting, social_media, templates
from autodmca_events.requests.command import Actor, Command, Request
from autodmca_events.requests.results import Examined, Rendered, RequestMade, Result

REQUESTS: Final[Mapping[str, tuple[type[Command], ...]]] = MappingProxyType(
    {
        "ai_detection": (ai_detection.NoteReferences, ai_detection.ForgetProfile),
        "delisting": (delisting.MakeRequest, delisting.Cancel, delisting.Appeal, delisting.Resubmit),
        "social_media": (social_media.PutWatch, social_media.StopWatch),
        "templates": (templates.RenderTemplate, templates.ValidateTemplate, templates.Resolve),
    }
)
"""By the service that they are sent to, the name in its topics."""
RESULTS: Final = get_args(Result)

__all__ = [
    "REQUESTS",
    "RESULTS",
    "Actor",
    "Command",
    "Examined",
    "Rendered",
    "Request",
    "RequestMade",
    "Result",
    "ai_detection",
    "delisting",
    "social_media",
    "templates",
]
