"""Every event that can be built is read back the same, and is what its JSON Schema describes."""

from typing import Any

import msgspec
import pytest
from autodmca_events import CATALOGUE, EventType, Payload, decode, encode, envelope, rfc3339
from autodmca_events.generate import json_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import inspect

MOMENTS = st.integers(0, 253402300799999)


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Every value that a field of this kind may have."""
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.UnionType():
            return st.one_of([values(each) for each in kind.types])
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            return MOMENTS.map(rfc3339) if kind.pattern else st.text(min_size=kind.min_length or 0)
        case inspect.VarTupleType():
            return st.lists(values(kind.item_type), max_size=3).map(tuple)
        case inspect.StructType():
            return st.builds(kind.cls, **{field.name: values(field.type) for field in kind.fields})
    raise AssertionError(f"no strategy for {kind}")


PAYLOADS: dict[type[Payload], st.SearchStrategy[Payload]] = {
    each.payload: values(msgspec.inspect.type_info(each.payload)) for each in CATALOGUE.values()
}
VALIDATORS = {each.name: Draft202012Validator(json_schema.document(each)) for each in CATALOGUE.values()}


@pytest.mark.parametrize("event_type", CATALOGUE.values(), ids=lambda each: each.name)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_is_read_back_and_as_described(event_type: EventType, data: st.DataObject) -> None:
    user_id = None if event_type.everybody else data.draw(st.integers(0, 2**53 - 1))
    metadata = data.draw(
        st.none() | st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53), max_size=2)
    )
    event = envelope(
        data.draw(PAYLOADS[event_type.payload]),
        user_id=user_id,
        timestamp_ms=data.draw(MOMENTS),
        id=data.draw(st.text(min_size=1)),
        metadata=metadata,
    )
    value = encode(event)
    assert decode(value) == event
    assert encode(decode(value)) == value
    VALIDATORS[event_type.name].validate(msgspec.json.decode(value))
