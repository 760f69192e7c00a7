"""What a service's processor counts. Labels hold the service, never a user, a key or an id."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from autodmca_kafka.partition_work import Block

APPLY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class ProcessorMetrics:
    """One object a registry: Prometheus refuses a name twice. `registry` None keeps them unregistered."""

    def __init__(self, registry: CollectorRegistry | None = REGISTRY) -> None:
        def counter(name: str, documentation: str) -> Counter:
            return Counter(f"autodmca_processor_{name}_total", documentation, ["service"], registry=registry)

        self.inputs = counter("inputs", "Inputs applied, refused ones among them.")
        self.refused = counter("refused", "Inputs the model refused.")
        self.dead_letters = counter("dead_letters", "Inputs that could not be applied.")
        self.failed_again = counter(
            "failed_again",
            "Inputs that failed as one before with their idempotency key: no dead letter more.",
        )
        self.skipped = counter("skipped", "Inputs passed over because their state was in the log already.")
        self.repeated = counter("repeated", "Inputs passed over because their source was applied before.")
        self.lost = counter("lost", "Inputs that retention deleted before they were applied.")
        self.repairs = counter("repairs", "State records written again after a late older one.")
        self.restarts = counter("restarts", "Times processing stopped on an error and began anew.")
        self.apply_seconds = Histogram(
            "autodmca_processor_apply_seconds",
            "Model and encoding, for one poll's inputs of a partition; nothing else runs meanwhile.",
            ["service"],
            buckets=APPLY_BUCKETS_S,
            registry=registry,
        )

    def begin(self, service: str) -> None:
        """Show the service's series, at 0, before there is anything to count."""
        for counter in (
            self.inputs,
            self.refused,
            self.dead_letters,
            self.failed_again,
            self.skipped,
            self.repeated,
            self.lost,
            self.repairs,
            self.restarts,
        ):
            counter.labels(service)

    def observe(self, service: str, block: Block, seconds: float) -> None:
        """Count a block of inputs that was applied in `seconds`."""
        self.inputs.labels(service).inc(block.applied)
        self.refused.labels(service).inc(block.refused)
        self.skipped.labels(service).inc(block.skipped)
        self.repeated.labels(service).inc(block.repeated)
        self.dead_letters.labels(service).inc(len(block.dead_letters))
        self.failed_again.labels(service).inc(block.failed_again)
        self.apply_seconds.labels(service).observe(seconds)
