"""What a command on a submission is answered with over HTTP. Pure."""

from __future__ import annotations

from autodmca_service.answers import json_answer
from autodmca_service.commands import Outcome
from autodmca_service.receipts import Answer

from autodmca_accounts.shapes import Find
from autodmca_accounts.submissions import views
from autodmca_accounts.submissions.commands import CancelSubmission, RetrySubmission, Submit
from autodmca_accounts.submissions.state import Submission


def answered(command: object, find: Find, outcome: Outcome) -> Answer | None:
    """To a command that was applied; `find` gives the owner's entities as they are just after it."""
    if not isinstance(command, Submit | CancelSubmission | RetrySubmission):
        return None
    submission = find(command.submission_id)
    if not isinstance(submission, Submission) or submission.revision < outcome.revision:
        return None
    shown = views.submission(submission, find, submission.updated_at)
    if isinstance(command, Submit):
        return json_answer(shown, 202, {"location": f"/v1/submissions/{submission.id}"})
    return json_answer(shown)
