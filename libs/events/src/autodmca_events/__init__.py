"""Typed events: structs, envelope, topics and the schemas generated from them."""

from autodmca_events import fields, filters, partitions, topics
from autodmca_events.accounts import (
    DashboardStatsUpdate,
    Infringement,
    ProfileActivity,
    ProfileScanUpdate,
    SubmissionProgress,
    SubmissionStatusChange,
    SystemNotification,
    UserNotification,
)
from autodmca_events.ai_detection import (
    AiBatchJobStatus,
    AiDetectionResult,
    AiModelTrainingUpdate,
    Distances,
)
from autodmca_events.catalogue import CATALOGUE, FAMILIES, EventType, event_type_of
from autodmca_events.delisting import DelistingRequestStatus, EngineResponse, UrlOutcome, VisibilityChange
from autodmca_events.errors import BadFilter, EventsError, InvalidEvent, InvalidTimestamp
from autodmca_events.fields import FieldKind, field_kind
from autodmca_events.ids import derived_id, new_id
from autodmca_events.partitions import entity_key, murmur2, partition_for, user_key
from autodmca_events.payload import Payload
from autodmca_events.social_media import SocialMediaIncident, SocialMediaPlatformStatus, SocialMediaScanStatus
from autodmca_events.templates import (
    SyntaxFault,
    TemplateApproval,
    TemplateUsage,
    TemplateValidation,
    TemplateWarning,
)
from autodmca_events.timestamps import Timestamp, ms_of, rfc3339
from autodmca_events.wire import Envelope, decode, encode, envelope

__all__ = [
    "CATALOGUE",
    "FAMILIES",
    "AiBatchJobStatus",
    "AiDetectionResult",
    "AiModelTrainingUpdate",
    "BadFilter",
    "DashboardStatsUpdate",
    "DelistingRequestStatus",
    "Distances",
    "EngineResponse",
    "Envelope",
    "EventType",
    "EventsError",
    "FieldKind",
    "Infringement",
    "InvalidEvent",
    "InvalidTimestamp",
    "Payload",
    "ProfileActivity",
    "ProfileScanUpdate",
    "SocialMediaIncident",
    "SocialMediaPlatformStatus",
    "SocialMediaScanStatus",
    "SubmissionProgress",
    "SubmissionStatusChange",
    "SyntaxFault",
    "SystemNotification",
    "TemplateApproval",
    "TemplateUsage",
    "TemplateValidation",
    "TemplateWarning",
    "Timestamp",
    "UrlOutcome",
    "UserNotification",
    "VisibilityChange",
    "decode",
    "derived_id",
    "encode",
    "entity_key",
    "envelope",
    "event_type_of",
    "field_kind",
    "fields",
    "filters",
    "ms_of",
    "murmur2",
    "new_id",
    "partition_for",
    "partitions",
    "rfc3339",
    "topics",
    "user_key",
]
