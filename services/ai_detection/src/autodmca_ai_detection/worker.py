"""What a picture's worker loads: a picture's file in, its fingerprint or pairs to learn from out.

Callers' pictures are decoded here alone. Knows no process: its limits of memory and time are
`autodmca_service.workers`'.
"""

from __future__ import annotations

import cv2
import msgspec
from autodmca_service.workers.jobs import Blob

from autodmca_ai_detection import contents
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.jobs import ExamplesJob, ExamplesMade, FingerprintJob, Made, Refused
from autodmca_ai_detection.pictures import fingerprint
from autodmca_ai_detection.pictures.decoding import decode
from autodmca_ai_detection.training import measures
from autodmca_ai_detection.training import pairs as examples


def work(job: FingerprintJob | ExamplesJob) -> Made | ExamplesMade | Refused:
    """Do one job. Blocks for as long as it takes. Raises MemoryError for a job that needs too much of it."""
    try:
        match job:
            case FingerprintJob():
                return Made(contents.content(job.data.data, job.purpose, text=job.text))
            case ExamplesJob():
                return _examples(job)
    except Unusable as error:
        return Refused(error.code, error.reason)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise


def _examples(job: ExamplesJob) -> ExamplesMade:
    others = msgspec.json.decode(job.others.data, type=dict[str, bytes])
    kept = {name: fingerprint.load(each) for name, each in others.items()}
    made = examples.pairs_of(job.reference, decode(job.data.data).grey, kept, copies=job.copies)
    return ExamplesMade(Blob(measures.dump_pairs(made)))
