"""The block of prometheus.yml: a job for each service that shows metrics."""

from __future__ import annotations

from deploy.services import SERVICES


def jobs() -> str:
    """One for each service that compose always starts."""
    return "".join(
        f"- job_name: {each.host}\n"
        "  static_configs:\n"
        f"    - targets: [{', '.join(f'{name}:{each.probe_port}' for name in each.instances)}]\n"
        for each in SERVICES
        if each.probe_port and not each.profile
    )
