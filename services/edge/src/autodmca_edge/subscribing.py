"""From a subscribe message to a standing subscription, and back.

Owns the commands about subscriptions and their answers: what is allowed now, what a newer token leaves of
it, which cursors the client is told. Leaves catching up to the node's replays. A subscription that may not
be is a `Refusal`.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from autodmca_events import CATALOGUE, InvalidTimestamp, ms_of
from autodmca_runtime import Claims

from autodmca_edge.asked import AskedSubscribe, Asker
from autodmca_edge.log import Partition
from autodmca_edge.node import Node
from autodmca_edge.protocol import Refusal, Subscribe, SubscriptionConfig, Unsubscribe
from autodmca_edge.standing import Behind, Standing, partitions_of
from autodmca_edge.subscriptions import Subscription, narrowed, subscription

__all__ = [
    "Subscriber",
    "allowed",
    "cursors",
    "end",
    "failed",
    "given_up",
    "lost",
    "renew",
    "stand",
    "subscribe",
    "subscribe_family",
    "subscribed",
    "superseded",
    "unreadable",
    "unsubscribe",
    "waiting",
]


class Subscriber(Protocol):
    """Who subscribes; see session.py."""

    standing: Standing
    claims: Claims | None

    def answer(self, action: str, in_reply_to: str | None, **payload: Any) -> None: ...
    def refuse(self, refusal: Refusal, *, misuse: bool = True) -> None: ...


def subscribe(node: Node, client: Any, command: Subscribe) -> None:
    """Obey a subscribe: at once or, where it resumes or needs what this node does not follow yet, when it
    has caught up. Raises Refusal."""
    name, limit, replayer = command.subscription_id, node.max_subscriptions, node.replayer
    try:
        if len((client.standing.names() | replayer.queued(client)) - {name}) >= limit:
            raise Refusal("limit_exceeded", f"at most {limit} subscriptions a connection")  # noqa: TRY301
        wanted = _within(subscription(name, command.config, client.claims), command)
        if command.config.since is not None and not command.config.resume:
            _require_moment(command.config.since)
    except Refusal as refusal:
        refusal.subscription_id, refusal.in_reply_to = name, command.in_reply_to
        raise
    at_once = all(each.followed for each in partitions_of(node.log, wanted))
    if command.config.looks_back or not at_once:
        replayer.begin(client, wanted, command)
    else:
        replayer.drop(client, name)
        stand(node, client, wanted, {})
        subscribed(node, client, wanted, command)


def _within(wanted: Subscription, command: Subscribe) -> Subscription:
    """What the token allows that a subscribe came with, where that is not the connection's own."""
    allowed = narrowed(wanted, command.claims) if isinstance(command, AskedSubscribe) else wanted
    if allowed is None:
        raise Refusal("forbidden", "the token does not allow this subscription", field="payload.config")
    return allowed


def _require_moment(since: str) -> None:
    try:
        ms_of(since)
    except InvalidTimestamp as fault:
        raise Refusal("bad_message", str(fault), field="payload.config.since") from None


def subscribe_family(node: Node, client: Any, family: str) -> None:
    """Subscribe to all types of a family, as the address of the connection says."""
    types = [name for name, each in CATALOGUE.items() if each.family == family]
    config = SubscriptionConfig(types=types)
    try:
        subscribe(node, client, Subscribe(subscription_id=family, config=config))
    except Refusal as refusal:
        client.refuse(refusal)


def unsubscribe(node: Node, client: Any, command: Unsubscribe) -> None:
    """Obey an unsubscribe; what it names need not stand."""
    end(node, client, command.subscription_id)
    client.answer("unsubscribed", command.in_reply_to, subscriptionId=command.subscription_id)


def end(node: Node, client: Any, name: str) -> None:
    """End a subscription, whether it stands, is being replayed or neither."""
    node.replayer.drop(client, name)
    if client.standing.remove(name):
        client.standing.register(node.hub, client)


def renew(node: Node, client: Any, claims: Claims) -> None:
    """A newer token: its limits hold for what stands, too."""
    for name in client.standing.narrow(claims):
        node.replayer.drop(client, name)
        client.refuse(_not_allowed(name, None), misuse=False)
    client.standing.register(node.hub, client)


def allowed(client: Subscriber, wanted: Subscription, command: Subscribe) -> Subscription | None:
    """What the token of now allows of a subscription made a while ago; None: nothing, which was answered."""
    assert client.claims is not None
    fresh = narrowed(wanted, client.claims)
    if fresh is None:
        _answered(client, command).refuse(_not_allowed(wanted.name, command.in_reply_to), misuse=False)
    return fresh


def _not_allowed(name: str, in_reply_to: str | None) -> Refusal:
    message = "the new token does not allow this subscription"
    return Refusal("forbidden", message, subscription_id=name, in_reply_to=in_reply_to)


def _answered(client: Subscriber, command: Subscribe) -> Subscriber | Asker:
    """Who hears what became of a subscribe."""
    return command.asker if isinstance(command, AskedSubscribe) else client


def stand(node: Node, client: Subscriber, wanted: Subscription, starts: Mapping[Partition, int]) -> None:
    """Let a subscription take part in live delivery from now on, or from `starts` where given."""
    client.standing.put(node.log, wanted, starts, _gates(node, client))
    client.standing.register(node.hub, client)


def subscribed(
    node: Node,
    client: Subscriber,
    wanted: Subscription,
    command: Subscribe,
    *,
    replayed: int = 0,
    reason: str | None = None,
) -> None:
    """Answer a subscribe; `reason`: why what came before could not be replayed."""
    payload: dict[str, Any] = {
        "subscriptionId": wanted.name,
        "types": wanted.types,
        "cursors": client.standing.cursors(node.log, _gates(node, client), (wanted,)),
        "recovered": reason is None,
        "replayed": replayed,
    }
    if reason is not None:
        payload["reason"] = reason
    _answered(client, command).answer("subscribed", command.in_reply_to, **payload)


def waiting(client: Subscriber, command: Subscribe, ahead: int) -> None:
    """Tell who resumes that others, `ahead` of them before it, have their turn first."""
    if not isinstance(command, AskedSubscribe):
        client.answer("waiting", command.in_reply_to, subscriptionId=command.subscription_id, ahead=ahead)


def unreadable(client: Subscriber, command: Subscribe) -> None:
    """Tell who subscribes that the log cannot be read now where its events are, and that this node goes on
    trying."""
    if not isinstance(command, AskedSubscribe):
        name = command.subscription_id
        client.answer("waiting", command.in_reply_to, subscriptionId=name, ahead=0, reason="log")


def given_up(client: Subscriber, command: Subscribe, reason: str) -> None:
    """Answer a subscribe whose events could not be read for too long."""
    _try_again(client, command, "not_ready", reason)


def superseded(client: Subscriber, command: Subscribe) -> None:
    """Answer a subscribe that came to nothing, since a later message replaced or ended it."""
    if command.in_reply_to is not None:
        message = "replaced or ended before it had caught up"
        refusal = Refusal("not_ready", message, in_reply_to=command.in_reply_to)
        _answered(client, command).refuse(refusal, misuse=False)


def failed(client: Subscriber, command: Subscribe) -> None:
    """Answer a subscribe that a fault of this node has ended."""
    _try_again(client, command, "internal", "the replay failed")


def _try_again(client: Subscriber, command: Subscribe, code: str, message: str) -> None:
    refusal = Refusal(
        code,
        message,
        subscription_id=command.subscription_id,
        in_reply_to=command.in_reply_to,
        retryable=True,
    )
    _answered(client, command).refuse(refusal, misuse=False)


def lost(command: Subscribe) -> None:
    """The connection has ended before a subscribe had caught up; who asked for it elsewhere hears that."""
    if isinstance(command, AskedSubscribe):
        command.asker.refuse(Refusal("not_ready", "the connection has ended", retryable=True))


def cursors(node: Node, client: Subscriber) -> list[str]:
    """Up to where a client has everything, on every partition of its subscriptions."""
    return client.standing.cursors(node.log, _gates(node, client))


def _gates(node: Node, client: Any) -> Mapping[Partition, Behind]:
    return cast("Mapping[Partition, Behind]", node.hub.gates.get(client, {}))
