"""The operations on webhooks: routes, words for the OpenAPI document, translation. Rules are in `model`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from autodmca_events import rfc3339
from autodmca_service.http.operations import IDEMPOTENCY_KEY, LIMIT, Call, Operation, Reply
from autodmca_service.http.problems import ProblemError, invalid
from autodmca_service.http.queries import limit
from autodmca_service.http.shapes import EmptyBody
from autodmca_service.names import name_for
from autodmca_service.receipts import Answer

from autodmca_accounts.desk import Accounts
from autodmca_accounts.shapes import OLDER, older_than
from autodmca_accounts.webhooks import api, views
from autodmca_accounts.webhooks.commands import (
    CreateWebhook,
    DeleteWebhook,
    EditWebhook,
    PersonCommand,
    Resend,
    RotateSecret,
    SwitchWebhook,
    TryWebhook,
)
from autodmca_accounts.webhooks.model import deliveries
from autodmca_accounts.webhooks.signing import Keys, secret, several_until
from autodmca_accounts.webhooks.state import CHOICES, INDEX, Webhook, Webhooks, webhook_entity


class _Handlers:
    """The operations' translations."""

    def __init__(self, accounts: Accounts, keys: Keys) -> None:
        self._accounts = accounts
        self._keys = keys

    async def create(self, call: Call) -> Answer:
        if not self._keys.newest.reveal():
            detail = "webhooks are not set up: the service has no key that secrets are derived from"
            raise ProblemError(409, "no-webhooks", detail)
        wanted = views.wanted(_checked(call.body))
        key = None if call.again is None else f"{call.actor.user_id}/{call.again.key}"
        webhook_id = f"wh_{name_for(key)}"
        command = CreateWebhook(actor=call.actor, request=call.again, webhook_id=webhook_id, wanted=wanted)
        return await self._accounts.do(command)

    async def select(self, call: Call) -> Reply:
        index = await self._accounts.look(call.actor.user_id, INDEX, Webhooks) or Webhooks()
        find = self._accounts.find(call.actor)
        found = (find(webhook_entity(each)) for each in index.ids)
        items = tuple(views.webhook(each) for each in found if isinstance(each, Webhook))
        return Reply(200, api.WebhookList(items=items))

    async def read(self, call: Call) -> Reply:
        return Reply(200, views.webhook(await self._webhook(call)))

    async def secret(self, call: Call) -> Reply:
        found = await self._webhook(call)
        view = api.SecretView(
            secret=secret(self._keys.newest, call.actor.user_id, found.id, found.generation),
            both_until=rfc3339(several_until(self._keys, found, self._accounts.now_ms())),
        )
        return Reply(200, view, {"cache-control": "no-store"})

    async def edit(self, call: Call) -> Answer:
        wanted = views.wanted(_checked(call.body))
        return await self._do(
            EditWebhook(actor=call.actor, request=call.again, webhook_id=call.path["id"], wanted=wanted)
        )

    async def delete(self, call: Call) -> Answer:
        return await self._do(DeleteWebhook(**_about(call)))

    async def on(self, call: Call) -> Answer:
        return await self._do(SwitchWebhook(**_about(call), on=True))

    async def off(self, call: Call) -> Answer:
        return await self._do(SwitchWebhook(**_about(call), on=False))

    async def rotate(self, call: Call) -> Answer:
        return await self._do(RotateSecret(**_about(call)))

    async def attempt(self, call: Call) -> Answer:
        return await self._do(TryWebhook(**_about(call)))

    async def resend(self, call: Call) -> Answer:
        number = call.path["number"]
        if not (number.isascii() and number.isdecimal() and len(number) < 16):
            raise invalid("number", "the number of a delivery")
        return await self._do(Resend(**_about(call), number=int(number)))

    async def deliveries(self, call: Call) -> Reply:
        older = older_than(call)
        found = await self._webhook(call)
        most = limit(call.query)
        kept = deliveries(found, self._accounts.find(call.actor))
        page = list(islice((each for each in kept if older is None or each.number < older), most + 1))
        shown = page[:most]
        return Reply(
            200,
            api.DeliveryPage(
                items=tuple(map(views.delivery, shown)),
                next_cursor=str(shown[-1].number) if len(page) > most else None,
            ),
        )

    async def _webhook(self, call: Call) -> Webhook:
        return await self._accounts.get(call.actor, webhook_entity(call.path["id"]), Webhook)

    async def _do(self, command: PersonCommand) -> Answer:
        return await self._accounts.do(command)


def operations(accounts: Accounts, keys: Keys) -> tuple[Operation, ...]:
    """All of them, bound to `accounts`."""
    on = _Handlers(accounts, keys)
    every, one = "/v1/webhooks", "/v1/webhooks/{id}"
    body, view, empty, again = api.WebhookBody, api.WebhookView, EmptyBody, (IDEMPOTENCY_KEY,)
    wrong = (404, 409, 503, 504)
    return (
        Operation("create_webhook", "POST", every, "Have events posted to an endpoint of yours", on.create,
                  body, 201, view, again, (409, 503, 504)),
        Operation("list_webhooks", "GET", every, "List your webhooks", on.select, None, 200, api.WebhookList,
                  (), (503,)),
        Operation("read_webhook", "GET", one, "Read a webhook", on.read, None, 200, view, (), (404, 503)),
        Operation("edit_webhook", "PUT", one, "Change what is posted, and where to", on.edit, body, 200, view,
                  again, wrong),
        Operation("delete_webhook", "DELETE", one, "Forget a webhook and its deliveries", on.delete, None,
                  200, empty, again, wrong),
        Operation("switch_webhook_on", "POST", f"{one}/on", "Switch a webhook on", on.on, empty, 200, view,
                  again, wrong),
        Operation("switch_webhook_off", "POST", f"{one}/off", "Switch a webhook off", on.off, empty, 200,
                  view, again, wrong),
        Operation("read_webhook_secret", "GET", f"{one}/secret", "Read what signatures are verified with",
                  on.secret, None, 200, api.SecretView, (), (404, 503)),
        Operation("rotate_webhook_secret", "POST", f"{one}/secret/rotate", "Sign with a new secret, for a "
                  "day with both", on.rotate, empty, 200, view, again, wrong),
        Operation("try_webhook", "POST", f"{one}/test", "Have something posted to try a webhook", on.attempt,
                  empty, 200, view, again, wrong),
        Operation("list_deliveries", "GET", f"{one}/deliveries", "List what was posted, newest first",
                  on.deliveries, None, 200, api.DeliveryPage, (LIMIT, OLDER), (404, 503)),
        Operation("resend_delivery", "POST", f"{one}/deliveries/{{number}}/resend", "Post again what failed",
                  on.resend, empty, 200, view, again, wrong),
    )  # fmt: skip


def _about(call: Call) -> dict[str, Any]:
    return {"actor": call.actor, "request": call.again, "webhook_id": call.path["id"]}


def _checked(body: api.WebhookBody) -> api.WebhookBody:
    """The body, if it names events that there are."""
    for name in body.types:
        if name not in CHOICES:
            raise invalid("types", f"each one of {', '.join(CHOICES)}")
    return body
