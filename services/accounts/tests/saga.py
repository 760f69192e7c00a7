"""A submission over a log in memory, with the test in the place of templates, delisting and the clock."""

from __future__ import annotations

from typing import Any

import msgspec
from autodmca_accounts.state import Entity
from autodmca_accounts.submissions.commands import Proceed
from autodmca_accounts.submissions.state import Submission
from autodmca_accounts.submissions.work import due
from autodmca_events import DelistingRequestStatus, SubmissionProgress, SubmissionStatusChange
from autodmca_events.delisting import DelistingStatus
from autodmca_events.partitions import user_key
from autodmca_events.requests import Examined, Rendered, RequestMade, Result
from autodmca_events.topics import inputs_topic, outcomes_topic
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.partition_work import RUN
from autodmca_kafka.relayed import Told
from autodmca_kafka.sources import SOURCE
from autodmca_service.commands import Actor, Outcome, Refusal
from autodmca_service.testing import Site

from services.accounts.tests.site import relay, tell

USER = 7
URLS = ["https://copies.example/a", "https://copies.example/b"]
AT = "2026-03-07T10:30:00Z"


class Asked(msgspec.Struct):
    """A question as another service gets it."""

    service: str
    name: str
    source: bytes
    command: str
    body: dict[str, Any]


class Saga:
    """Drives one user's submissions."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._seen: dict[str, int] = {}

    async def begin(self, **more: Any) -> str:
        """A profile, and a submission for it."""
        profile = await self.site(USER, "POST", "/v1/profiles", {"name": "Ada"})
        self.asked()
        body = {
            "profileId": profile.json()["id"],
            "templateId": f"tpl_{USER}_1",
            "urls": URLS,
            "values": {"work": "The Engine"},
            **more,
        }
        made = await self.site(USER, "POST", "/v1/submissions", body)
        assert made.status_code == 202, made.text
        name: str = made.json()["id"]
        return name

    async def until_asked(self, **more: Any) -> tuple[str, list[Asked]]:
        """A submission whose parts have all been asked for."""
        name = await self.begin(**more)
        self.examined()
        self.rendered()
        self.work()
        return name, self.asked()

    async def until_made(self, **more: Any) -> str:
        """A submission whose parts all have their requests, `dr_<engine>`."""
        name, questions = await self.until_asked(**more)
        for question in questions:
            self.made(question)
        return name

    def asked(self) -> list[Asked]:
        """What other services were asked since this was called last."""
        found = []
        for service in ("templates", "delisting", "social_media"):
            sent = self.site.log.sends.get(inputs_topic(service), [])
            for _, value, about in sent[self._seen.get(service, 0) :]:
                headers, body = dict(about), msgspec.json.decode(value or b"")
                name, source = headers[REQUEST] or b"", headers[SOURCE] or b""
                found.append(Asked(service, name.decode(), source, body["command"], body))
            self._seen[service] = len(sent)
        return found

    def answer(self, question: Asked, result: Result | None = None, refused: str | None = None) -> None:
        """As the service's outcome."""
        refusal = None if refused is None else Refusal(refused="conflict", code="no", detail=refused)
        value = msgspec.json.encode(Outcome(refusal=refusal, result=result))
        headers = {REQUEST: question.name.encode(), SOURCE: question.source}
        log = self.site.log
        relay(log, Told(outcomes_topic(question.service), USER, log.now_ms, value, headers))

    def examined(self, *, valid: bool = True) -> None:
        [question] = self.asked()
        assert question.command == "validate_template"
        lacking = () if valid else ("signature",)
        template = question.body["templateId"]
        self.answer(
            question,
            Examined(template_id=template, version=1, valid=valid, score=1.0, missing_elements=lacking),  # type: ignore[arg-type]
        )

    def rendered(self, text: str = "Dear engine, ...") -> None:
        [question] = self.asked()
        assert (question.command, question.body["values"]) == ("render_template", {"work": "The Engine"})
        result = Rendered(
            template_id=question.body["templateId"],
            version=1,
            submission_id=question.body["submissionId"],
            text=text,
        )
        self.answer(question, result)

    def made(self, question: Asked, request_id: str = "") -> None:
        """delisting has made the request that it was asked for."""
        name = request_id or f"dr_{question.body['engine']}"
        self.answer(question, RequestMade(request_id=name, urls=len(URLS)))

    def word(self, engine: str, status: DelistingStatus, removed: int = 0, no_action: int = 0) -> None:
        """delisting tells how a request stands."""
        payload = DelistingRequestStatus(
            request_id=f"dr_{engine}",
            engine=engine,  # type: ignore[arg-type]
            previous_status="queued",
            status=status,
            urls_total=len(URLS),
            urls_removed=removed,
            urls_not_in_index=0,
            urls_no_action=no_action,
            urls_pending=len(URLS) - removed - no_action,
            urls_duplicate=0,
            attempt=1,
            updated_at=AT,
        )
        tell(self.site.log, USER, payload)

    def work(self, after_ms: int = 0) -> None:
        """What work does until nothing is due by then."""
        log = self.site.log
        log.now_ms += after_ms
        for _ in range(20):
            found: dict[str, Entity] = dict(log.table.of_user(USER))
            ready = [
                (name, job)
                for name, entity in found.items()
                if (job := due(USER, name, entity)) is not None and job.at_ms <= log.now_ms
            ]
            if not ready:
                return
            for name, job in ready:
                command = Proceed(actor=Actor(USER), submission_id=name, at=job.at_ms)
                log.write(user_key(USER), msgspec.json.encode(command), {RUN: b"%d" % job.run})
        raise AssertionError("work goes on for ever")

    def kept(self, name: str) -> Submission:
        found = self.site.log.table.get(USER, name)
        assert isinstance(found, Submission)
        return found

    async def shown(self, name: str) -> dict[str, Any]:
        answer = await self.site(USER, "GET", f"/v1/submissions/{name}")
        shown: dict[str, Any] = answer.json()
        return shown

    def moves(self) -> list[str]:
        return [each.status for each in self.site.log.events if isinstance(each, SubmissionStatusChange)]

    def progress(self) -> list[SubmissionProgress]:
        return [each for each in self.site.log.events if isinstance(each, SubmissionProgress)]
