"""What the commands that talk to Kafka share: quiet libraries, and errors in one line."""

import contextlib
import logging
import sys
from collections.abc import Iterator

import click
import structlog
from autodmca_kafka import KafkaLibraryError

CLIENT_ID = "autodmca-cli"
CONNECT_S = 15.0


@contextlib.contextmanager
def kafka_errors() -> Iterator[None]:
    """An error of the Kafka library ends the command; its warnings go to standard error, not aiokafka's."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        yield
    except KafkaLibraryError as error:
        raise click.ClickException(str(error)) from None
