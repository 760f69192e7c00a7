"""What can be asked of the dashboard. A new field is optional."""

from __future__ import annotations

from autodmca_service.commands import Command


class Tell(Command, frozen=True, kw_only=True, tag="tell_dashboard"):
    """Checkpoint: it is time to tell the figures."""


DashboardCommand = Tell
