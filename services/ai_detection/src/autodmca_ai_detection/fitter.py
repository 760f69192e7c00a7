"""What a worker loads that fits models: pairs in, a model out, an epoch a job.

Apart from the pictures' workers, which need less memory for what is loaded and must not wait for it. All is
loaded at the start: what starts threads as it is loaded could not do so later.
"""

from __future__ import annotations

import warnings

import msgspec
from autodmca_service.workers.jobs import Blob

from autodmca_ai_detection.errors import NotTrainable
from autodmca_ai_detection.jobs import Epoch, EpochJob, Finished, FinishJob, NotFitted
from autodmca_ai_detection.model.state import Comparison, Report

with warnings.catch_warnings():  # that joblib gets no semaphores in a worker, where it needs none
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    from autodmca_ai_detection.training import fitting, judging, measures
    from autodmca_ai_detection.training import model as models


def work(job: EpochJob | FinishJob) -> Epoch | Finished | NotFitted:
    """Do one job. Blocks for as long as it takes."""
    try:
        return _epoch(job) if isinstance(job, EpochJob) else _finish(job)
    except NotTrainable as error:
        return NotFitted(error.code, error.reason)


def _epoch(job: EpochJob) -> Epoch:
    pairs = measures.load_pairs(bytes(job.pairs.data))
    settings = fitting.Settings(
        seed=job.seed, epochs=job.epochs, patience=job.patience, precision=job.precision
    )
    fitted = fitting.step(bytes(job.fitted.data) or fitting.begin(pairs, settings), pairs)
    report = Report(**msgspec.structs.asdict(fitting.epochs(fitted)[-1]))
    return Epoch(Blob(fitted), report, fitting.is_done(fitted))


def _finish(job: FinishJob) -> Finished:
    pairs = measures.load_pairs(bytes(job.pairs.data))
    fitted = bytes(job.fitted.data)
    model = fitting.finish(fitted)
    active = models.load(bytes(job.active.data)) if job.active.data else None
    found = judging.compare(model, active, fitting.held_out(fitted, pairs))
    return Finished(
        Blob(models.dump(model)),
        Comparison(
            against=job.against,
            pairs=found.pairs,
            precision=found.candidate.precision,
            recall=found.candidate.recall,
            roc_auc=found.candidate.roc_auc,
            active_precision=found.active.precision,
            active_recall=found.active.recall,
            active_roc_auc=found.active.roc_auc,
            worse=found.worse,
            reasons=found.reasons,
        ),
    )
