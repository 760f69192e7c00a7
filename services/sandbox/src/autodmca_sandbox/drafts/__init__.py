"""What the people of the story write: five templates in the prose of real notices, with their slips."""

from autodmca_sandbox.drafts.counter import COUNTER_NOTICE
from autodmca_sandbox.drafts.draft import Draft, Slip
from autodmca_sandbox.drafts.others import KEY_GENERATOR, RETRACTION
from autodmca_sandbox.drafts.takedowns import COURSE_VIDEOS, PHOTOGRAPHS

DRAFTS = (COURSE_VIDEOS, COUNTER_NOTICE, PHOTOGRAPHS, RETRACTION, KEY_GENERATOR)

__all__ = [
    "COUNTER_NOTICE",
    "COURSE_VIDEOS",
    "DRAFTS",
    "KEY_GENERATOR",
    "PHOTOGRAPHS",
    "RETRACTION",
    "Draft",
    "Slip",
]
