"""Nodes on which everybody is treated alike, and who listens there."""

from typing import Any

import msgspec
from autodmca_edge.metrics import of_experiments
from autodmca_edge.testing import FakeLog, FakeNode, FakePeer

USAGE, PROGRESS = "template_usage", "submission_progress"  # states of templateId and of id
CHANGE, NOTICE = "submission_status_change", "system_notification"  # facts, the second for everybody
PLATFORM = "social_media_platform_status"  # a state for everybody


def node_of(log: FakeLog, features: dict[str, Any] | None = None, **more: Any) -> FakeNode:
    """A node on which everybody is in the one variant with these features."""
    written = {} if features is None else {"trial": {"variants": {"on": 1}, "features": {"on": features}}}
    return FakeNode(log, experiments=msgspec.json.encode(written).decode(), **more)


def subscribed(node: FakeNode, *types: str, user: int = 7, **options: Any) -> FakePeer:
    peer = node.connect(str(user), **options)
    peer.subscribe("s", *(types or (USAGE, CHANGE, PROGRESS, NOTICE, PLATFORM)))
    return peer


def samples(node: FakeNode) -> dict[str, float]:
    """By metric, of the variant `on`."""
    return {
        sample.name.removeprefix("autodmca_edge_experiment_"): sample.value
        for metric in of_experiments(node.treatments)
        for sample in metric.samples
        if sample.labels["variant"] == "on" and sample.labels.get("le") is None
    }
