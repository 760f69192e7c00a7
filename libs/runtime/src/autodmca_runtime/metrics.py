"""What this library counts by itself, in Prometheus' default registry."""

from __future__ import annotations

from prometheus_client import Counter

JWKS_FETCHES = Counter(
    "autodmca_jwks_fetches_total", "Fetches of the issuer's keys, by how they ended.", labelnames=("result",)
)
