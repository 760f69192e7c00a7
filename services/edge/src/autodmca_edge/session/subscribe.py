"""From a subscribe message to a standing subscription, and back.

Owns the commands about subscriptions: what is allowed now, what a newer token leaves of it, which cursors the
client is told. Leaves catching up to the node's replays, which reply when it is done. A subscription that may
not be is a `Refusal`.
"""

from autodmca_events import CATALOGUE, InvalidTimestamp, ms_of
from autodmca_runtime import Claims

from autodmca_edge.fanout.registry import partitions_of, unknown_topics
from autodmca_edge.fanout.subscriptions import Subscription, narrowed, subscription
from autodmca_edge.protocol import Refusal, Subscribe, SubscriptionConfig, Unsubscribe
from autodmca_edge.replay.client import Reply
from autodmca_edge.session.ports import Client, Node
from autodmca_edge.session.replies import SocketReply

__all__ = ["cursors", "end", "renew", "subscribe", "subscribe_family", "unsubscribe"]


def subscribe(
    node: Node, client: Client, command: Subscribe, reply: Reply, limit: Claims | None = None
) -> None:
    """Obey a subscribe: at once or, where it resumes or needs what this node does not follow yet, when it
    has caught up. `limit`: the claims of another token that it came with. Raises Refusal."""
    name, most, replayer = command.subscription_id, node.max_subscriptions, node.replayer
    assert client.claims is not None
    try:
        if len((client.standing.names() | replayer.queued(client)) - {name}) >= most:
            raise Refusal("limit_exceeded", f"at most {most} subscriptions a connection")  # noqa: TRY301
        wanted = _within(subscription(name, command.config, client.claims), limit)
        if command.config.since is not None and not command.config.resume:
            _require_moment(command.config.since)
    except Refusal as refusal:
        refusal.subscription_id, refusal.in_reply_to = name, command.in_reply_to
        raise
    at_once = all(each.followed for each in partitions_of(node.log, wanted))
    at_once = at_once and not unknown_topics(node.log, wanted)
    if command.config.looks_back or not at_once:
        replayer.begin(client, wanted, command.config, reply)
    else:
        replayer.drop(client, name)
        client.standing.stand(node.hub, node.log, client, wanted, {})
        reply.subscribed(wanted, cursors(node, client, wanted))


def _within(wanted: Subscription, limit: Claims | None) -> Subscription:
    """What the token allows that a subscribe came with, where that is not the connection's own."""
    allowed = wanted if limit is None else narrowed(wanted, limit)
    if allowed is None:
        raise Refusal("forbidden", "the token does not allow this subscription", field="payload.config")
    return allowed


def _require_moment(since: str) -> None:
    try:
        ms_of(since)
    except InvalidTimestamp as fault:
        raise Refusal("bad_message", str(fault), field="payload.config.since") from None


def subscribe_family(node: Node, client: Client, family: str) -> None:
    """Subscribe to all types of a family, as the address of the connection says."""
    types = [name for name, each in CATALOGUE.items() if each.family == family]
    command = Subscribe(subscription_id=family, config=SubscriptionConfig(types=types))
    try:
        subscribe(node, client, command, SocketReply(client, command))
    except Refusal as refusal:
        client.refuse(refusal)


def unsubscribe(node: Node, client: Client, command: Unsubscribe) -> None:
    """Obey an unsubscribe; what it names need not stand."""
    end(node, client, command.subscription_id)
    client.answer("unsubscribed", command.in_reply_to, subscriptionId=command.subscription_id)


def end(node: Node, client: Client, name: str) -> None:
    """End a subscription, whether it stands, is being replayed or neither."""
    node.replayer.drop(client, name)
    if client.standing.remove(name):
        client.standing.register(node.hub, client)


def renew(node: Node, client: Client, claims: Claims) -> None:
    """A newer token: its limits hold for what stands, too."""
    for name in client.standing.narrow(claims):
        node.replayer.drop(client, name)
        message = "the new token does not allow this subscription"
        client.refuse(Refusal("forbidden", message, subscription_id=name), misuse=False)
    client.standing.register(node.hub, client)


def cursors(node: Node, client: Client, *wanted: Subscription) -> list[str]:
    """Up to where a client has everything, on every partition of these subscriptions, or of all its own."""
    return client.standing.cursors(node.log, node.hub.gates.get(client, {}), wanted)
