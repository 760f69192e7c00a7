"""What delisting tells of the requests that a submission has made. Pure.

Words and answers come by different ways: a word about a request whose name is not known yet is kept until the
answer names it.
"""

from __future__ import annotations

from typing import Final

from autodmca_events.delisting import DelistingStatus
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_accounts import ids
from autodmca_accounts.changes import Changes
from autodmca_accounts.profiles.feed import note as note_activity
from autodmca_accounts.profiles.state import Profile
from autodmca_accounts.submissions.commands import EngineHeard
from autodmca_accounts.submissions.settling import PACE, part_of, settle, with_part
from autodmca_accounts.submissions.state import EARLY, Early, Link, Pace, Part, Rules, Submission, Word
from autodmca_accounts.submissions.trail import note

EARLY_ID: Final = "early"
_DECIDED: Final[frozenset[DelistingStatus]] = frozenset(
    {"approved", "partially_approved", "denied", "expired"}
)
_OUT: Final[frozenset[DelistingStatus]] = _DECIDED | {"submitted", "under_review", "appealed"}
_WEIGHT: Final = 0.3
"""Of the newest duration in an engine's pace."""


def request(changes: Changes, word: Word, rules: Rules) -> None:
    """Take in how a request stands. Raises CommandRefused for one that is nobody's."""
    link = changes.find(ids.link_id(word.request_id), Link)
    if link is None:
        _early(changes, word)
        return
    submission = changes.need(link.submission_id, Submission)
    part = part_of(submission, link.engine)
    if part.request_id != word.request_id:
        raise refuse("conflict", "late", "the part has another request by now")
    settle(changes, _taken_in(changes, submission, part, word, rules))


def caught_up(changes: Changes, submission: Submission, part: Part, rules: Rules) -> Submission:
    """With what was told of the part's request before it had a name; still to be kept."""
    early = changes.find(EARLY_ID, Early)
    if early is None:
        return submission
    for word in early.words:
        if word.request_id == part.request_id:
            submission = _taken_in(changes, submission, part_of(submission, part.engine), word, rules)
    rest = tuple(word for word in early.words if word.request_id != part.request_id)
    changes.put(EARLY_ID, Early(words=rest) if rest else None)
    return submission


def engine(changes: Changes, command: EngineHeard) -> None:
    """An entry of the trail. Raises CommandRefused for a request that is nobody's."""
    link = changes.find(ids.link_id(command.request_id), Link)
    if link is None:
        raise refuse("not_found", "no-such-request", f"no submission has made {command.request_id}")
    submission = changes.need(link.submission_id, Submission)
    message = f": {command.message}" if command.message else ""
    noted = note(
        changes,
        submission,
        link.engine,
        f"answered {command.code}{message}",
        engine=link.engine,
        request_id=command.request_id,
        external_reference=command.external_reference,
        http_status=command.http_status,
    )
    changes.put(noted.id, noted)


def _early(changes: Changes, word: Word) -> None:
    """Keep it, if an answer is awaited that may name its request."""
    if not any(part.stage == "asked" for each in changes.all(Submission) for part in each.parts):
        raise refuse("not_found", "no-such-request", f"no submission has made {word.request_id}")
    early = changes.find(EARLY_ID, Early) or Early()
    changes.put(EARLY_ID, Early(words=(*early.words, word)[-EARLY:]))


def _taken_in(changes: Changes, submission: Submission, part: Part, word: Word, rules: Rules) -> Submission:
    """The part with its newest status; a submission that has ended keeps its own."""
    said = f"{part.status or 'made'} -> {word.status}"
    submission = note(
        changes,
        submission,
        "delisting",
        said,
        engine=part.engine,
        request_id=word.request_id,
        external_reference=word.external_reference,
    )
    is_out = word.status in _OUT
    if is_out and not part.sent:
        _told_profile(changes, submission, part)
    part = structs.replace(
        part,
        status=word.status,
        counts=word.counts,
        sent=part.sent or is_out,
        external_reference=word.external_reference or part.external_reference,
    )
    is_open = submission.status in ("processing", "active") and part.stage in ("asked", "going", "done")
    if not is_open:
        return with_part(submission, part)
    return with_part(submission, _staged(changes, part, rules))


def _staged(changes: Changes, part: Part, rules: Rules) -> Part:
    if part.status in _DECIDED:
        _paced(changes, part)
        return structs.replace(part, stage="done", deadline=None, error=None)
    if part.status == "failed":
        return structs.replace(part, stage="failed", deadline=None, error="the engine has not taken it")
    if part.status == "cancelled":
        return structs.replace(part, stage="cancelled", deadline=None, error="the request was cancelled")
    if part.stage == "going":
        return part
    return structs.replace(part, stage="going", deadline=changes.now + rules.decision_ms)


def _paced(changes: Changes, part: Part) -> None:
    """Remember how long the engine took."""
    if part.asked_at is None or part.stage == "done":
        return
    pace = changes.find(PACE, Pace) or Pace()
    took = max(0, changes.now - part.asked_at)
    before = pace.ms.get(part.engine, took)
    mean = round(before + _WEIGHT * (took - before))
    changes.put(PACE, Pace(ms={**pace.ms, part.engine: mean}))


def _told_profile(changes: Changes, submission: Submission, part: Part) -> None:
    profile = changes.find(ids.profile_id(submission.profile_id), Profile)
    if profile is not None:
        text = f"{part.counts.total} URLs were sent to {part.engine}: {submission.title}"
        note_activity(changes, profile, "takedown_sent", text)
