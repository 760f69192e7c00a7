"""Fakes for tests of applications on this library, and of the library itself."""

from autodmca_client.testing.fake_edge import FakeEdge, Handshake
from autodmca_client.testing.log import EventLog, Stored

__all__ = ["EventLog", "FakeEdge", "Handshake", "Stored"]
