"""What a connection wants to see.

Owns subscriptions (a name, event types as bits of one integer, an optional filter, whose events) and
what the hub needs of them: per connection and user key an `Interest` that answers with one `&` for
everything unfiltered. Knows neither sockets nor Kafka. A subscription that makes no sense raises
`Refusal`.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from autodmca_events import CATALOGUE, EventType, user_key
from autodmca_events.filters import USER_KEY, users_of

from autodmca_edge.fanout.filters import BadFilter, Filter, compile_filter
from autodmca_edge.protocol import Refusal, SubscriptionConfig

__all__ = [
    "BITS",
    "EVERYONE",
    "Identity",
    "Interest",
    "Subscription",
    "interests_of",
    "narrowed",
    "subscription",
    "topics_of",
]

BITS: Final[Mapping[str, int]] = {name: 1 << index for index, name in enumerate(CATALOGUE)}
EVERYONE: Final = b"*"
"""In place of a user key: the events of all users."""
MAX_USERS: Final = 1000  # that one subscription of an administrator may name


class Identity(Protocol):
    """What a token says of its bearer."""

    @property
    def user_id(self) -> int: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def types(self) -> tuple[str, ...] | None: ...
    @property
    def filters(self) -> Mapping[str, Any] | None: ...


class Subscription:
    """A named interest of one connection. Immutable but for `since` and `gaps`."""

    __slots__ = ("asked", "filter", "gaps", "keys", "limits", "mask", "name", "since")

    def __init__(
        self,
        name: str,
        mask: int,
        matching: Filter | None,
        keys: tuple[bytes, ...],
        limits: tuple[Mapping[str, Any], ...],
    ) -> None:
        self.name = name
        self.mask = mask
        self.filter = matching
        self.keys = keys
        self.asked: Mapping[str, Any] | None = None
        """Its filters as the client said them."""
        self.limits = limits
        """The filters of tokens that are in `filter` already."""
        self.since: Mapping[Any, int] = {}
        """Per partition the first offset that this subscription has been or will be given."""
        self.gaps: Mapping[Any, range] = {}
        """Per partition offsets after that which it was not given: their replay was given up."""

    @property
    def paths(self) -> frozenset[tuple[str, ...]]:
        """The payload fields that its filter looks at."""
        return self.filter.paths if self.filter is not None else frozenset()

    @property
    def types(self) -> list[str]:
        """The names of its event types."""
        return list(_types_of(self.mask))

    def concerns(self, key: bytes | None) -> bool:
        """Whether it is for this user's events."""
        return key in self.keys or EVERYONE in self.keys

    def wants(self, bit: int, payload: Mapping[str, Any] | None) -> bool:
        """Whether an event of this type is to be delivered; `payload` may be None without a filter."""
        if not self.mask & bit:
            return False
        return self.filter is None or (payload is not None and self.filter.matches(payload))


class Interest:
    """All that one member wants of one user's events (and of those for everybody)."""

    __slots__ = ("filtered", "member", "plain", "subscriptions")

    def __init__(self, member: Any, subscriptions: Iterable[Subscription]) -> None:
        self.member = member
        self.plain = 0
        """Bits of the types wanted whatever they hold."""
        self.filtered = 0
        """Bits of the types that a filter must see."""
        filtered = []
        for each in subscriptions:
            if each.filter is None:
                self.plain |= each.mask
            else:
                self.filtered |= each.mask
                filtered.append(each)
        self.filtered &= ~self.plain
        self.subscriptions = tuple(filtered)

    def matches(self, bit: int, payload: Mapping[str, Any]) -> bool:
        """Whether a filtered subscription wants this event."""
        for each in self.subscriptions:  # a loop: a generator would cost more than what it asks
            if each.mask & bit and each.filter is not None and each.filter.matches(payload):
                return True
        return False

    def joined(self, other: "Interest") -> "Interest":
        """What either wants, of the same member."""
        both = Interest(self.member, (*self.subscriptions, *other.subscriptions))
        both.plain = self.plain | other.plain
        both.filtered &= ~both.plain
        return both


def subscription(name: str, config: SubscriptionConfig, identity: Identity) -> Subscription:
    """Check `config` against the events' schema and the token's limits. Raises Refusal."""
    try:
        types = _allowed_types(config.types, identity.types)
        filters = dict(config.filters or {})
        keys = _keys(filters.pop("userId", None), identity)
        matching = compile_filter(filters, types) if filters else None
        made = _limited(Subscription(name, _mask(types), matching, keys, ()), types, identity)
        made.asked = config.filters
        return made
    except BadFilter as fault:
        field = f"payload.config.filters.{fault.field}".rstrip(".")
        raise Refusal("bad_filter", fault.message, field=field, subscription_id=name) from None
    except Refusal as refusal:
        refusal.subscription_id = name
        raise


def narrowed(standing: Subscription, identity: Identity) -> Subscription | None:
    """A standing subscription under a newer token's limits; None: the new token allows nothing of it.

    A newer token never widens what stands: subscribe again for that.
    """
    types = [name for name in standing.types if identity.types is None or name in identity.types]
    foreign = standing.keys != (user_key(identity.user_id),)
    if not types or (foreign and "admin" not in identity.roles):
        return None
    try:
        fresh = _limited(standing, types, identity)
    except Refusal:
        return None
    fresh.since, fresh.gaps, fresh.asked = standing.since, standing.gaps, standing.asked
    return fresh


def _limited(wanted: Subscription, types: list[str], identity: Identity) -> Subscription:
    """`wanted` within `types` and the filters of a token. Raises Refusal."""
    matching, limits, keys = wanted.filter, wanted.limits, wanted.keys
    if identity.filters and identity.filters not in limits:
        limits = (*limits, identity.filters)
        filters = dict(identity.filters)
        keys = _common(keys, filters.pop("userId", "*"))
        types = _within(types, filters)
        limit = compile_filter(filters, types)
        matching = limit if matching is None else matching & limit
    return Subscription(wanted.name, _mask(types), matching, keys, limits)


def _within(types: list[str], limit: Mapping[str, Any]) -> list[str]:
    """Those of `types` that a token's limit makes sense for, all of it. Raises Refusal: there are none.

    On others it would hide nothing: `{"profileID": {"ne": 3}}` holds of every event without such a field.
    """
    fitting, why = [], ""
    for name in types:
        try:
            compile_filter(limit, [name])
        except BadFilter as fault:
            why = f"{fault.field or 'filters'}: {fault.message}"
        else:
            fitting.append(name)
    if not fitting:
        message = f"the token's own limit fits none of these types; {why}"
        raise Refusal("forbidden", message, field="payload.config.types")
    return fitting


def _common(keys: tuple[bytes, ...], users: Any) -> tuple[bytes, ...]:
    """Those of `keys` that a token's limit on `userId` leaves."""
    try:
        allowed = _named(users)
    except BadFilter as fault:
        raise Refusal("forbidden", f"the token's own limit on userId must be {fault.message}") from None
    if EVERYONE in allowed:
        return keys
    kept = allowed if EVERYONE in keys else tuple(each for each in keys if each in allowed)
    if not kept:
        raise Refusal("forbidden", "the token allows none of these users")
    return kept


def _mask(types: Iterable[str]) -> int:
    mask = 0
    for name in types:
        mask |= BITS[name]
    return mask


def _allowed_types(wanted: list[str], limit: Collection[str] | None) -> list[str]:
    if not wanted:
        raise Refusal("bad_message", "types may not be empty", field="payload.config.types")
    for index, name in enumerate(wanted):
        if name not in BITS:
            raise Refusal(
                "unknown_type", f"there is no event type {name!r:.80}", field=f"payload.config.types[{index}]"
            )
    allowed = [name for name in dict.fromkeys(wanted) if limit is None or name in limit]
    if not allowed:
        raise Refusal("forbidden", "the token allows none of these types", field="payload.config.types")
    return allowed


def _keys(users: Any, identity: Identity) -> tuple[bytes, ...]:
    """The keys of the users whose events are wanted; only an administrator may name others."""
    own = (user_key(identity.user_id),)
    keys = own if users is None else _named(users)
    if keys != own and "admin" not in identity.roles:
        raise Refusal(
            "forbidden", "only an admin may name another user", field="payload.config.filters.userId"
        )
    return keys


def _named(users: Any) -> tuple[bytes, ...]:
    """The keys that a filter on `userId` names. Raises BadFilter."""
    named = users_of(users)
    if named is None:
        return (EVERYONE,)
    if len(named) > MAX_USERS:
        raise BadFilter(USER_KEY, f"at most {MAX_USERS} users")
    return tuple(dict.fromkeys(user_key(each) for each in named))


def interests_of(member: Any, subscriptions: Iterable[Subscription]) -> dict[bytes, Interest]:
    """Per user key what `member` wants of it."""
    by_key: dict[bytes, list[Subscription]] = {}
    for each in subscriptions:
        for key in each.keys:
            by_key.setdefault(key, []).append(each)
    return {key: Interest(member, standing) for key, standing in by_key.items()}


@lru_cache(maxsize=4096)
def _types_of(mask: int) -> tuple[str, ...]:
    return tuple(name for name, bit in BITS.items() if mask & bit)


@lru_cache(maxsize=4096)
def topics_of(mask: int) -> tuple[str, ...]:
    """The topics on which the types of `mask` are."""
    types: Iterable[EventType] = CATALOGUE.values()
    return tuple(dict.fromkeys(each.topic for each in types if mask & BITS[each.name]))
