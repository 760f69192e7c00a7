"""What engines, Lumen and time say: the checkpoints of work. Pure."""

from __future__ import annotations

from typing import Final

from autodmca_events import rfc3339
from autodmca_events.delisting import DelistingStatus, EngineResponse, UrlOutcome
from autodmca_service.errors import refuse
from msgspec import structs

from autodmca_delisting import ids
from autodmca_delisting.model import parts
from autodmca_delisting.model.asking import with_outcomes
from autodmca_delisting.model.commands import Answered, Expire, Filed, Postponed, Proceed, Sending, Unclear
from autodmca_delisting.model.settling import Changes
from autodmca_delisting.model.state import Copy, Part, Request

FIRST_WAIT_MS: Final = 2_000
LONGEST_WAIT_MS: Final = 30 * 60_000
LATER: Final = frozenset({"rate_limited", "server_error", "auth_error"})
REFUSALS: Final = frozenset({"rejected", "incomplete"})

Told = Sending | Answered | Postponed | Unclear | Filed | Proceed | Expire


def run_of(changes: Changes, command: Told) -> int | None:
    """What the state holds for `Context.is_late`; None where there is no such work any more."""
    if isinstance(command, Expire | Proceed):
        found = changes.get(command.request_id)
        return found.run if isinstance(found, Request) else None
    if isinstance(command, Filed) or (isinstance(command, Sending | Postponed) and command.copy):
        copy = changes.get(ids.copy_id(command.request_id, command.number))
        return copy.run if isinstance(copy, Copy) else None
    part = changes.get(ids.part_id(command.request_id, command.number))
    return part.run if isinstance(part, Part) else None


def sending(changes: Changes, command: Sending) -> int:
    if command.copy:
        copy_id, copy = _copy(changes, command.request_id, command.number)
        changes.put(
            copy_id, structs.replace(copy, stage="sending", next_at=_settled(changes), run=changes.run)
        )
        return 0
    part = changes.part(command.request_id, command.number)
    if part.stage != "waiting":
        raise refuse("conflict", "not-waiting", f"part {part.number} is {part.stage}")
    changes.put_part(structs.replace(part, stage="sending", next_at=_settled(changes), run=changes.run))
    return 0


def answered(changes: Changes, command: Answered) -> int:
    request = changes.request(command.request_id)
    part = changes.part(command.request_id, command.number)
    heard = command.heard
    after = _after(changes, part, command)
    news = (after.urls, after.progress, after.stage, after.external_reference) != (
        part.urls, part.progress, part.stage, part.external_reference
    )  # fmt: skip
    if news or command.deed != "poll" or (heard.code != "accepted" and part.tries == 0):
        changed = {each.normal for each, old in zip(after.urls, part.urls, strict=True) if each != old}
        changes.tell(
            EngineResponse(
                request_id=request.id,
                engine=request.engine,
                http_status=heard.http_status,
                response_code=heard.code,
                message=heard.message,
                external_reference=after.external_reference,
                url_outcomes=tuple(
                    UrlOutcome(url=url.normal, outcome=url.outcome, reason=url.reason)
                    for url in after.urls
                    if command.deed in ("submit", "appeal") or url.normal in changed
                )
                if heard.code in ("accepted", "duplicate")
                else (),
                retry_after_seconds=None if heard.retry_after_s is None else -int(-heard.retry_after_s // 1),
                attempt=part.attempt,
                received_at=rfc3339(changes.now),
            )
        )
    changes.put_part(after)
    if command.copy and command.deed == "submit" and heard.code == "accepted":
        copy_id = ids.copy_id(request.id, part.number)
        if changes.get(copy_id) is None:
            copy = Copy(request_id=request.id, number=part.number, stage="waiting", next_at=changes.now)
            changes.put(copy_id, structs.replace(copy, run=changes.run))
    if not news:
        return request.revision
    return changes.settle(request).revision


def postponed(changes: Changes, command: Postponed) -> int:
    if command.copy:
        copy_id, copy = _copy(changes, command.request_id, command.number)
        stage = copy.stage if command.lost else "waiting"
        tries = copy.tries + command.asked
        at = changes.now + max(
            command.wait_ms,
            _settle_ms(changes) if command.lost else 0,
            _pause_ms(tries),
        )
        gone = tries > changes.rules.most_tries
        changes.put(
            copy_id,
            structs.replace(
                copy,
                stage="stopped" if gone else stage,
                tries=tries,
                next_at=None if gone else at,
                run=changes.run,
            ),
        )
        return 0
    part = changes.part(command.request_id, command.number)
    after = _again(
        changes, part, command.wait_ms / 1000, command.reason, lost=command.lost, asked=command.asked
    )
    changes.put_part(after)
    if after.stage == part.stage:
        return 0
    return changes.settle(changes.request(command.request_id)).revision


def unclear(changes: Changes, command: Unclear) -> int:
    part = changes.part(command.request_id, command.number)
    changes.put_part(
        structs.replace(part, stage="person", error=command.reason, next_at=None, run=changes.run)
    )
    return changes.settle(changes.request(command.request_id)).revision


def filed(changes: Changes, command: Filed) -> int:
    copy_id, copy = _copy(changes, command.request_id, command.number)
    stage = "stopped" if command.location is None else "sent"
    changes.put(
        copy_id,
        structs.replace(copy, stage=stage, location=command.location, next_at=None, run=changes.run),
    )
    return 0


def expire(changes: Changes, command: Expire) -> int:
    request = changes.request(command.request_id)
    if request.expires_at is None or changes.now < request.expires_at:
        raise refuse("conflict", "not-due", "the time for a decision is not over")
    request = structs.replace(request, reason="no decision came in time")
    status: DelistingStatus = "expired" if request.status == "under_review" else "failed"
    return parts.begin(changes, changes.move(request, status), "stop")


def proceed(changes: Changes, command: Proceed) -> int:
    request = changes.request(command.request_id)
    if request.deed is None:
        raise refuse("conflict", "nothing-to-do", f"nothing is being done to the parts of {request.id}")
    return parts.proceed(changes, request)


def _after(changes: Changes, part: Part, command: Answered) -> Part:
    heard = command.heard
    part = structs.replace(part, run=changes.run)
    if heard.code in LATER:
        lost = part.stage == "sending" and heard.code == "server_error" and heard.http_status != 503
        return _again(changes, part, heard.retry_after_s or 0.0, heard.message, lost=lost)
    if command.deed == "cancel":
        return structs.replace(part, stage="stopped", tries=0, next_at=None)
    if heard.code in REFUSALS:
        return _refused(part, command)
    if heard.code == "duplicate":
        urls = tuple(
            structs.replace(url, outcome="duplicate") if url.outcome == "pending" else url
            for url in part.urls
        )
        return structs.replace(part, urls=urls, stage="decided", progress="decided", tries=0, next_at=None)
    urls = with_outcomes(part.urls, heard.outcomes)
    progress = heard.progress or part.progress or "submitted"
    decided = progress == "decided" and all(url.outcome != "pending" for url in urls)
    quiet = 0 if urls != part.urls or progress != part.progress or command.deed != "poll" else part.quiet + 1
    wait_ms = min(changes.rules.longest_poll_ms, changes.rules.poll_ms << min(quiet, 20))
    wait_ms = max(wait_ms, int((heard.retry_after_s or 0) * 1000))
    return structs.replace(
        part,
        urls=urls,
        stage="decided" if decided else "sent",
        progress=progress if decided or progress != "decided" else "under_review",
        external_reference=heard.external_reference or part.external_reference,
        tries=0,
        quiet=quiet,
        error=None,
        next_at=None if decided else changes.now + wait_ms,
    )


def _refused(part: Part, command: Answered) -> Part:
    message = command.heard.message
    if command.deed == "submit":
        return structs.replace(part, stage="stopped", refused=True, error=message, next_at=None)
    if command.deed == "appeal":
        urls = tuple(
            structs.replace(url, outcome="no_action", reason=message) if url.outcome == "pending" else url
            for url in part.urls
        )
        return structs.replace(
            part, urls=urls, stage="decided", progress="decided", error=message, tries=0, next_at=None
        )
    return structs.replace(part, stage="person", error=message, tries=0, next_at=None)


def _again(
    changes: Changes, part: Part, wait_s: float, reason: str, *, lost: bool, asked: bool = True
) -> Part:
    """To be tried again; after too many tries it stops, or a person has to look where the engine may have
    it. Being held back before a request was made (`asked`) is no try."""
    tries = part.tries + asked
    stage = "waiting" if part.stage == "sending" and not lost else part.stage
    if tries > changes.rules.most_tries:
        ends = "stopped" if stage in ("waiting", "cancelling") and not lost else "person"
        return structs.replace(part, stage=ends, tries=tries, error=reason, next_at=None, run=changes.run)
    settle = _settle_ms(changes) if stage == "sending" else 0
    wait_ms = max(int(wait_s * 1000), _pause_ms(tries), settle)
    return structs.replace(
        part, stage=stage, tries=tries, error=reason, next_at=changes.now + wait_ms, run=changes.run
    )


def _pause_ms(tries: int) -> int:
    return min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(max(tries, 1) - 1, 20))


def _settle_ms(changes: Changes) -> int:
    return changes.rules.settle_ms


def _settled(changes: Changes) -> int:
    return changes.now + changes.rules.settle_ms


def _copy(changes: Changes, request_id: str, number: int) -> tuple[str, Copy]:
    copy_id = ids.copy_id(request_id, number)
    found = changes.get(copy_id)
    if not isinstance(found, Copy):
        raise refuse("not_found", "no-such-copy", f"{request_id} has no copy of part {number}")
    return copy_id, found
