"""How submissions and their trails are shown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from autodmca_events import rfc3339

from autodmca_accounts import ids
from autodmca_accounts.shapes import Find
from autodmca_accounts.submissions import api, progress
from autodmca_accounts.submissions.settling import PACE
from autodmca_accounts.submissions.state import Entry, Material, Pace, Part, Submission
from autodmca_accounts.submissions.trail import kept


def submission(of: Submission, find: Find, now_ms: int) -> api.SubmissionView:
    pace = find(PACE)
    return api.SubmissionView(
        id=of.id,
        profile_id=of.profile_id,
        template_id=of.template_id,
        template_version=of.template_version,
        title=of.title,
        status=of.status,
        stage=of.stage,
        progress=of.progress,
        urls_total=sum(part.counts.total for part in of.parts),
        urls_processed=sum(map(progress.processed, of.parts)),
        urls_failed=sum(map(progress.failed, of.parts)),
        eta_seconds=progress.eta_s(of, pace.ms if isinstance(pace, Pace) else {}, now_ms),
        attempt=of.attempt,
        reason=of.reason,
        parts=tuple(map(_part, of.parts)),
        created_at=rfc3339(of.created_at),
        updated_at=rfc3339(of.updated_at),
    )


def trail(of: Submission, find: Find, now_ms: int) -> api.TrailView:
    entries = kept(of, find)
    material = find(ids.material_id(of.id))
    assert isinstance(material, Material), "a submission has its material from the beginning"
    return api.TrailView(
        submission=submission(of, find, now_ms),
        notice=material.notice,
        values=material.values,
        urls=material.urls,
        entries=tuple(_entry(each) for each in entries),
        entries_left_out=of.entries - len(entries),
    )


def text(of: api.TrailView) -> str:
    """The trail as a person reads or files it."""
    return "\n".join(_lines(of)) + "\n"


def _lines(of: api.TrailView) -> Iterator[str]:
    about = of.submission
    yield f"Submission {about.id}: {about.title}"
    yield f"Profile {about.profile_id}, template {about.template_id} version {about.template_version or '-'}"
    yield f"Status {about.status}, {about.progress:g} %" + (f": {about.reason}" if about.reason else "")
    yield ""
    for part in about.parts:
        yield (
            f"{part.engine}: {part.status or part.stage}, request {part.request_id or '-'},"
            f" reference {part.external_reference or '-'}, {part.urls_removed} of {part.urls_total} removed"
            + (f" ({part.error})" if part.error else "")
        )
    yield from ("", "What happened (UTC)", "")
    for entry in of.entries:
        name = f" [{entry.engine}]" if entry.engine and entry.engine != entry.by else ""
        more = [
            f"reference {entry.external_reference}" if entry.external_reference else "",
            f"HTTP {entry.http_status}" if entry.http_status else "",
        ]
        said = ", ".join(filter(None, (entry.said, *more)))
        yield f"{entry.number:>4}  {entry.at}  {entry.by}{name}: {said}"
    if of.entries_left_out:
        yield f"      {of.entries_left_out} entries of the middle are not kept"
    yield from ("", f"URLs ({len(of.urls)})", "", *of.urls, "", "Notice as it was sent", "")
    yield of.notice if of.notice is not None else "There is none yet."


def _part(of: Part) -> api.PartView:
    counts = of.counts
    return api.PartView(
        engine=of.engine,
        stage=of.stage,
        status=of.status,
        request_id=of.request_id,
        external_reference=of.external_reference,
        urls_total=counts.total,
        urls_removed=counts.removed,
        urls_not_in_index=counts.not_in_index,
        urls_no_action=counts.no_action,
        urls_pending=counts.pending,
        urls_duplicate=counts.duplicate,
        error=of.error,
    )


def _entry(of: Entry) -> api.EntryView:
    return api.EntryView(
        number=of.number,
        at=rfc3339(of.at),
        by=of.by,
        said=of.said,
        engine=of.engine,
        request_id=of.request_id,
        external_reference=of.external_reference,
        http_status=of.http_status,
    )
