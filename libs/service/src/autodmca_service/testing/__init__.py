"""For the tests of services: a log in memory under the real rules, and replicas as processes."""

from autodmca_service.testing.caller import SECRET, Caller, new_user, token
from autodmca_service.testing.errands import perform_due
from autodmca_service.testing.memory import MemoryLog
from autodmca_service.testing.processes import Person, Process, processes
from autodmca_service.testing.site import Site, memory_site
from autodmca_service.testing.told import events_of, records_of

__all__ = [
    "SECRET",
    "Caller",
    "MemoryLog",
    "Person",
    "Process",
    "Site",
    "events_of",
    "memory_site",
    "new_user",
    "perform_due",
    "processes",
    "records_of",
    "token",
]
