"""How one connection's events leave: what was agreed with it, and what the experiments make of it.

Owns one `Treatment` for all connections that are alike, so that they can be told apart from others by one
look, and the counts by experiment and variant (an `Arm`), whose names come from the configuration alone.
Synchronous, no I/O; a connection without anything special has no treatment.
"""

from collections.abc import Iterable, Mapping

from autodmca_edge.counts import Histogram
from autodmca_edge.fanout.experiments import Experiments, Features
from autodmca_edge.wire.frames import FrameCache, encode, payloads

__all__ = ["Arm", "Treatment", "Treatments"]


class Arm:
    """What was delivered to the users in one variant of one experiment."""

    __slots__ = ("bytes", "conflated", "connections", "deliveries", "held")

    def __init__(self) -> None:
        self.connections = 0
        self.deliveries = 0
        self.bytes = 0
        self.conflated = 0
        self.held = Histogram()
        """Events by how long they waited here to leave together with others."""


class Treatment:
    """What holds for connections of the same variants and the same agreement about compression."""

    __slots__ = ("_arms", "_frames", "_prepared", "batch_s", "compressed", "conflation_s", "window")

    def __init__(self, arms: Iterable[Arm], features: Features, window: int, compressed: FrameCache) -> None:
        self._arms = tuple(arms)
        self.compressed = compressed
        """What this node compresses, for all."""
        self._frames = self._prepared = b""
        self.window = window
        """In which these clients decompress, in bits; 0: they are sent events as they are."""
        self.batch_s = (features.batch_ms or 0) / 1000
        self.conflation_s = (features.conflation_ms or 0) / 1000

    @property
    def paced(self) -> bool:
        """Whether events wait for others before they leave."""
        return bool(self.batch_s or self.conflation_s)

    def connected(self, change: int) -> None:
        """So many connections more."""
        for arm in self._arms:
            arm.connections += change

    def frame(self, payload: bytes) -> bytes:
        """An event's frame, as these connections are sent it in the end."""
        return self.compressed.frame(payload, self.window) if self.window else encode(payload)

    def prepared(self, frames: bytes) -> bytes:
        """A run of plain frames, as these connections are sent it."""
        if not self.window:
            return frames
        if frames is not self._frames:  # the same for all members of a broadcast
            made = [self.compressed.frame(payload, self.window) for payload in payloads(frames)]
            self._frames, self._prepared = frames, b"".join(made)
        return self._prepared

    def delivered(self, events: int, size: int, held_s: float = 0.0) -> None:
        """Events, together so many bytes, have left; they had waited so long, each."""
        for arm in self._arms:
            arm.deliveries += events
            arm.bytes += size
            arm.held.add(held_s, events)

    def conflated(self, events: int) -> None:
        """States that newer ones made needless."""
        for arm in self._arms:
            arm.conflated += events


class Treatments:
    """The treatments of one node. `compression`: whether it may be agreed where no variant says otherwise."""

    def __init__(self, written: Experiments | None, *, compression: bool) -> None:
        experiments = written or Experiments()
        self._experiments = experiments
        self._compression = compression
        self.arms = {(each.name, variant): Arm() for each in experiments for variant, _ in each.variants}
        """By experiment and variant."""
        self._compressed = FrameCache()
        self._known: dict[tuple[tuple[str, ...], int], Treatment | None] = {}
        self.by_user = experiments.decides_compression
        """Whether `compresses` depends on the user."""
        self.compression = compression or experiments.offers_compression
        """Whether there is anybody with whom it may be agreed."""

    def variants_of(self, user_id: int) -> dict[str, str]:
        """The user's variant of each experiment."""
        return self._experiments.variants_of(user_id)

    def compresses(self, user_id: int | None) -> bool:
        """Whether compression may be agreed with a user, None: one who is not known yet."""
        if user_id is None or not self.by_user:
            return self._compression
        said = self._experiments.features_of(self.variants_of(user_id)).compression
        return self._compression if said is None else said

    def of(self, variants: Mapping[str, str], window: int) -> Treatment | None:
        """The treatment of a user in these variants, with whom this window was agreed (0: none)."""
        key = tuple(variants.values()), window
        if key not in self._known:
            self._known[key] = self._make(variants, window)
        return self._known[key]

    def _make(self, variants: Mapping[str, str], window: int) -> Treatment | None:
        if not variants and not window:
            return None
        features = self._experiments.features_of(variants)
        if features.compression is False:  # agreed before it was known who it is: what we send need not be
            window = 0
        return Treatment([self.arms[each] for each in variants.items()], features, window, self._compressed)
