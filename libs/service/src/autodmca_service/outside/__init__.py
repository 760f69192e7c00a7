"""Asking strangers' servers, at URLs that callers give, without lending them our place in the network."""

from autodmca_service.outside.addresses import Network, is_allowed, networks
from autodmca_service.outside.connecting import Guarded, Resolve, checked
from autodmca_service.outside.errors import FetchCode, NotFetched
from autodmca_service.outside.fetching import Fetched, Fetcher, FetchLimits

__all__ = [
    "FetchCode",
    "FetchLimits",
    "Fetched",
    "Fetcher",
    "Guarded",
    "Network",
    "NotFetched",
    "Resolve",
    "checked",
    "is_allowed",
    "networks",
]
