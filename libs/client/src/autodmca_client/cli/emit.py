"""`autodmca emit`: one event into the log, checked against its struct first."""

import click
import msgspec
from autodmca_events import CATALOGUE, EventType, Payload, new_id
from autodmca_events.example import example
from autodmca_kafka import EventProducer

from autodmca_client.cli.log_access import CLIENT_ID, CONNECT_S, log_at


class Emit(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options."""

    event_type: str
    user_id: int | None
    payload: str | None
    example: bool
    bootstrap_servers: str


async def emit(options: Emit) -> None:
    """Emit the event and print where it is."""
    event_type = CATALOGUE[options.event_type]
    payload = _payload(options, event_type)
    if event_type.everybody and options.user_id is not None:
        raise click.UsageError(f"{event_type.name} is for everybody: without --user")
    if not event_type.everybody and options.user_id is None:
        raise click.UsageError(f"{event_type.name} is a user's: --user N")
    event_id = new_id()
    async with (
        log_at(options.bootstrap_servers) as brokers,
        EventProducer(brokers, client_id=CLIENT_ID, connect_timeout_s=CONNECT_S) as producer,
    ):
        position = await producer.send(payload, user_id=options.user_id, id=event_id)
    click.echo(f"{event_id} {position.topic} partition {position.partition} offset {position.offset}")


def _payload(options: Emit, event_type: EventType) -> Payload:
    if options.example == (options.payload is not None):
        raise click.UsageError("either --payload or --example")
    if options.payload is None:
        return example(event_type.name).payload
    try:
        payload = msgspec.json.decode(options.payload, type=event_type.payload)
        given = msgspec.json.decode(options.payload, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise click.ClickException(f"{event_type.name} payload{path.rstrip('`')}: {reason}") from None
    except msgspec.DecodeError as error:
        raise click.ClickException(f"the payload is not JSON: {error}") from None
    unknown = sorted(given.keys() - set(event_type.payload.__struct_encode_fields__))
    if unknown:
        known = ", ".join(event_type.payload.__struct_encode_fields__)
        raise click.ClickException(f"{event_type.name} has no field {', '.join(unknown)}; it has {known}")
    return payload
