"""What another service orders: done by real workers, told when it is done, and to be asked for again."""

from __future__ import annotations

from typing import Any

import msgspec
from autodmca_events import TemplateUsage, TemplateValidation
from autodmca_events.partitions import user_key
from autodmca_events.requests import Actor, Examined, Rendered
from autodmca_events.requests.templates import RenderTemplate, ValidateTemplate
from autodmca_kafka import Asked
from autodmca_kafka.consequences import REQUEST
from autodmca_kafka.partition_work import RUN
from autodmca_service.commands import Outcome, Refusal
from autodmca_service.testing import Site, perform_due
from autodmca_templates import commands, orders
from autodmca_templates.rendering import Renderer
from autodmca_templates.state import Order, Template
from autodmca_templates.work import Orders, due

from .test_http import ADA, CONTENT, RUTH, approved, created

VALUES = {"url": "https://example.com/x"}


class Asker:
    """Another service: sends, and hears what was told to it."""

    def __init__(self, site: Site, renderer: Renderer) -> None:
        self.log = site.log
        self._orders = Orders(site.log.table, renderer)
        self._begin = len(site.log.outcomes)

    def send(self, command: Any, **headers: bytes) -> None:
        self.log.write(user_key(ADA), msgspec.json.encode(command), {REQUEST: b"r", **headers})
        assert not self.log.dead_letters

    async def work(self) -> None:
        """Do what is due."""
        await perform_due(self.log, due, self._orders.perform)
        assert not self.log.dead_letters

    @property
    def heard(self) -> list[Outcome]:
        """What was told of it since it is there."""
        told = self.log.outcomes[self._begin :]
        return [
            msgspec.json.decode(value or b"", type=Outcome)
            for _, value, about in told
            if dict(about)[REQUEST] == b"r"
        ]

    def orders(self) -> list[Order]:
        return [each for each in self.log.table.of_user(ADA).values() if isinstance(each, Order)]

    @property
    def refusal(self) -> Refusal:
        (outcome,) = self.heard
        assert outcome.refusal is not None
        return outcome.refusal


def render(one: str, **changes: Any) -> RenderTemplate:
    template_id = one.rpartition("/")[2]
    made = RenderTemplate(actor=Actor(ADA), template_id=template_id, submission_id="sub_1", values=VALUES)
    return msgspec.structs.replace(made, **changes)


async def test_a_text_is_told_once_it_is_rendered_and_counts_as_a_use(site: Site, renderer: Renderer) -> None:
    asker = Asker(site, renderer)
    command = render(await approved(site))
    asker.send(command)
    assert asker.heard == []
    await asker.work()
    (outcome,) = asker.heard
    assert outcome.result == Rendered(
        template_id=command.template_id,
        version=1,
        submission_id="sub_1",
        text="I retract my notice about https://example.com/x.",
    )
    uses = [event for event in site.log.events if isinstance(event, TemplateUsage)]
    assert [(use.submission_id, use.usage_count, use.outcome) for use in uses] == [("sub_1", 1, "rendered")]
    assert asker.orders() == []
    asker.send(command)
    await asker.work()
    assert asker.heard[1] == msgspec.structs.replace(outcome, revision=outcome.revision + 1)
    template = site.log.table.get(ADA, command.template_id)
    assert isinstance(template, Template)
    assert template.usage_count == 1


async def test_a_report_is_told_and_recorded(site: Site, renderer: Renderer) -> None:
    asker = Asker(site, renderer)
    one = await created(site, body="{% if %}")
    asker.send(ValidateTemplate(actor=Actor(ADA), template_id=one.rpartition("/")[2]))
    await asker.work()
    (outcome,) = asker.heard
    assert isinstance(outcome.result, Examined)
    assert (outcome.result.version, outcome.result.valid) == (1, False)
    assert isinstance(site.log.events[-1], TemplateValidation)
    assert (await site(ADA, "GET", one)).json()["valid"] is False


async def test_what_cannot_be_rendered_is_refused_at_once_or_when_it_is_tried(
    site: Site, renderer: Renderer
) -> None:
    draft, one = await created(site), await approved(site)
    for command, code in (
        (render(draft), "not-usable"),
        (render("tpl_11_none"), "no-such-template"),
        (render(one, actor=Actor(12)), "not-yours"),
        (render(one, values={"url": "x" * orders.MAX_VALUE_BYTES}), "invalid-field"),
        (render(one, submission_id="a b"), "invalid-field"),
        (render(one, values={"uri": "x"}), "invalid-field"),
        (render(one, values={}), "value-missing"),
    ):
        asker = Asker(site, renderer)
        asker.send(command)
        await asker.work()
        assert asker.refusal.code == code, command
        assert asker.orders() == []


async def test_a_version_that_is_approved_meanwhile_is_the_one_that_is_told(
    site: Site, renderer: Renderer
) -> None:
    asker = Asker(site, renderer)
    one = await approved(site)
    asker.send(render(one))
    (order,) = asker.orders()
    await site(ADA, "PUT", one, {**CONTENT, "body": "I take back what I said about {{ url }}."})
    for step in ("validate", "submit"):
        assert (await site(ADA, "POST", f"{one}/{step}")).status_code == 200
    assert (await site(RUTH, "POST", f"{one}/approve", None, "reviewer")).status_code == 200
    old = commands.Rendered(
        actor=Actor(ADA), template_id=order.template_id, order_id=order.id, version=1, text="old"
    )
    asker.send(old, **{RUN: b"%d" % order.run, REQUEST: b"checkpoint"})
    assert asker.heard == []
    assert asker.orders()[0].run > order.run
    asker.send(old, **{RUN: b"%d" % order.run})
    assert asker.refusal.code == "overtaken"
    await asker.work()
    outcome = asker.heard[-1]
    assert isinstance(outcome.result, Rendered)
    assert (outcome.result.version, outcome.result.text[:11]) == (2, "I take back")


async def test_so_many_wait_and_no_more(site: Site, renderer: Renderer) -> None:
    asker = Asker(site, renderer)
    one = await approved(site)
    for number in range(orders.MAX_ORDERS):
        asker.send(render(one, submission_id=f"sub_{number}"))
    assert asker.orders()[0].asked == Asked("r")
    asker.send(render(one, submission_id="sub_more"))
    assert asker.refusal.code == "too-many-orders"
