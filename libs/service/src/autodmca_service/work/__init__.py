"""Work that takes time, and what is due at a time: see `autodmca_service.work.work`."""

from autodmca_service.work.job import Checkpoint, Due, Job
from autodmca_service.work.metrics import WorkMetrics
from autodmca_service.work.work import Work

__all__ = ["Checkpoint", "Due", "Job", "Work", "WorkMetrics"]
