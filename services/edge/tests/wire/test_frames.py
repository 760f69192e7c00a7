"""The frames of RFC 6455: every rule of sections 5, 7.4 and 8.1, however the bytes are cut."""

from contextlib import suppress

import pytest
from autodmca_edge.testing import client_frame, messages
from autodmca_edge.wire.frames import (
    MAX_CONTROL,
    MAX_FRAGMENTS,
    FrameError,
    FrameParser,
    Opcode,
    close_frame,
    encode,
    parse_close,
)
from hypothesis import given
from hypothesis import strategies as st

TEXT, BINARY, CONT = int(Opcode.TEXT), int(Opcode.BINARY), int(Opcode.CONT)
CLOSE, PING, PONG = int(Opcode.CLOSE), int(Opcode.PING), int(Opcode.PONG)
LIMIT = 4096


def parse(data: bytes, limit: int = LIMIT) -> list[tuple[int, bytes]]:
    return fed(FrameParser(limit), data)


def fed(parser: FrameParser, data: bytes) -> list[tuple[int, bytes]]:
    """All that is in `data`, turn by turn."""
    found = parser.feed(data)
    while parser.behind:
        found += parser.feed()
    return found


def refused(data: bytes, limit: int = LIMIT) -> int:
    with pytest.raises(FrameError) as fault:
        parse(data, limit)
    return fault.value.code


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_a_servers_frame_has_the_shortest_length_and_no_mask(size: int) -> None:
    frame = encode(b"x" * size)
    head = {0: 2, 1: 2, 125: 2, 126: 4, 127: 4, 65535: 4}.get(size, 10)
    assert frame[0] == 0x81
    assert len(frame) == head + size
    assert not frame[1] & 0x80


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_a_clients_frame_of_every_length_form_is_read(size: int) -> None:
    payload = b"a" * size
    assert parse(client_frame(payload), 70000) == [(TEXT, payload)]


def test_the_mask_is_taken_off_with_its_own_key() -> None:
    assert parse(client_frame(b"Hello", mask=b"\x37\xfa\x21\x3d")) == [(TEXT, b"Hello")]
    # RFC 6455, section 5.7: the example's bytes.
    assert parse(bytes.fromhex("818537fa213d7f9f4d5158")) == [(TEXT, b"Hello")]


def test_fragments_are_joined_and_control_frames_may_come_between() -> None:
    stream = (
        client_frame(b"Hel", TEXT, fin=False)
        + client_frame(b"are you there", PING)
        + client_frame(b"", CONT, fin=False)
        + client_frame(b"lo", CONT)
    )
    assert parse(stream) == [(PING, b"are you there"), (TEXT, b"Hello")]


def test_a_pong_is_swallowed() -> None:
    assert parse(client_frame(b"", PONG) + client_frame(b"x")) == [(TEXT, b"x")]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (encode(b"unmasked"), 1002),
        (client_frame(b"x", 3), 1002),
        (client_frame(b"x", 7), 1002),
        (client_frame(b"x", 11), 1002),
        (client_frame(b"x", 15), 1002),
        (client_frame(b"x", TEXT | 0x40), 1002),
        (client_frame(b"x", TEXT | 0x20), 1002),
        (client_frame(b"x", TEXT | 0x10), 1002),
        (client_frame(b"x", PING, fin=False), 1002),
        (client_frame(b"x", CLOSE, fin=False), 1002),
        (client_frame(b"x" * (MAX_CONTROL + 1), PING), 1002),
        (client_frame(b"x", CONT), 1002),
        (client_frame(b"x", TEXT, fin=False) + client_frame(b"y", TEXT), 1002),
        (client_frame(b"x", TEXT, fin=False) + client_frame(b"y", BINARY), 1002),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1002),
        (b"\x81\xfe\x00\x7d", 1002),  # 125 in two bytes, section 5.2: "the minimal number of bytes"
        (b"\x81\xff" + (65535).to_bytes(8, "big"), 1002),
        (client_frame(b"x" * (LIMIT + 1)), 1009),
        (client_frame(b"x" * LIMIT, TEXT, fin=False) + client_frame(b"y", CONT), 1009),
        (client_frame(b"\xff"), 1007),
        (client_frame(b"\xe2\x82", TEXT), 1007),
        (client_frame(b"\xe2\x82", TEXT, fin=False) + client_frame(b"", CONT), 1007),
        (client_frame(b"\xed\xa0\x80"), 1007),  # a surrogate
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_code(frame: bytes, code: int) -> None:
    assert refused(frame) == code


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        (b"\x83", 1002),  # reserved opcode
        (b"\xc1", 1002),  # reserved bit
        (b"\x09", 1002),  # fragmented ping
        (b"\x80", 1002),  # a continuation of nothing
        (b"\x81\x05", 1002),  # not masked
        (b"\x89\xfe", 1002),  # long ping
        (b"\x81\xfe\xff\xff", 1009),
        (b"\x81\xff" + (1 << 40).to_bytes(8, "big"), 1009),
    ],
)
def test_a_fault_is_seen_before_the_frame_is_there(prefix: bytes, code: int) -> None:
    assert refused(prefix) == code


def test_text_cut_inside_a_character_is_joined_first() -> None:
    euro = "€".encode()
    stream = client_frame(euro[:1], TEXT, fin=False) + client_frame(euro[1:], CONT)
    assert parse(stream) == [(TEXT, euro)]
    assert parse(client_frame(b"\xff", BINARY)) == [(BINARY, b"\xff")]


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    assert parse(client_frame(b"x" * LIMIT)) == [(TEXT, b"x" * LIMIT)]


def test_empty_fragments_without_end_are_refused() -> None:
    parser = FrameParser(LIMIT)
    parser.feed(client_frame(b"", TEXT, fin=False))
    for _ in range(MAX_FRAGMENTS - 2):
        assert parser.feed(client_frame(b"", CONT, fin=False)) == []
    with pytest.raises(FrameError) as fault:
        parser.feed(client_frame(b"", CONT, fin=False))
    assert fault.value.code == 1008


def test_what_follows_a_close_frame_is_discarded() -> None:
    stream = client_frame(b"a") + client_frame((1000).to_bytes(2, "big"), CLOSE)
    assert parse(stream + b"\xff\xff\xff not a frame") == [(TEXT, b"a"), (CLOSE, b"\x03\xe8")]


def test_a_trickled_frame_is_not_looked_at_again_and_again() -> None:
    """Bytes of one frame are only collected until it is whole."""
    parser = FrameParser(1 << 20)
    frame = client_frame(b"x" * 200_000)
    got = [message for at in range(0, len(frame), 1000) for message in parser.feed(frame[at : at + 1000])]
    assert got == [(TEXT, b"x" * 200_000)]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4410, 4999])
def test_close_codes_that_may_be_sent_are_read(code: int) -> None:
    assert parse_close(code.to_bytes(2, "big") + b"why") == (code, "why")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_close_codes_that_may_not_be_sent_are_refused(code: int) -> None:
    with pytest.raises(FrameError) as fault:
        parse_close(code.to_bytes(2, "big"))
    assert fault.value.code == 1002


def test_a_close_body_is_empty_or_a_code_and_text() -> None:
    assert parse_close(b"") == (None, "")
    with pytest.raises(FrameError) as one_byte:
        parse_close(b"\x03")
    assert one_byte.value.code == 1002
    with pytest.raises(FrameError) as not_text:
        parse_close(b"\x03\xe8\xff")
    assert not_text.value.code == 1007


def test_a_long_reason_is_cut_at_a_whole_character() -> None:
    frame = close_frame(4400, "é" * 100)
    assert frame[1] <= MAX_CONTROL
    assert parse_close(frame[2:]).reason == "é" * 61


def test_the_fakes_read_what_encode_writes() -> None:
    frames = encode(b'{"a":1}') + encode(b'{"b":"%s"}' % (b"x" * 70000)) + close_frame(1012, "bye")
    assert [list(each) for each in messages(frames)] == [["a"], ["b"], ["close", "reason"]]


Message = tuple[int, bytes]
_text = st.text(max_size=300).map(str.encode)
_control = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=MAX_CONTROL))
_whole = st.one_of(
    st.tuples(st.just(TEXT), _text), st.tuples(st.just(BINARY), st.binary(max_size=300)), _control
)


@st.composite
def _streams(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """A valid client's bytes, and what a reader must make of them."""
    stream, expected = b"", []
    for opcode, payload in draw(st.lists(_whole, max_size=8)):
        cuts = [] if opcode & 8 else draw(st.lists(st.integers(0, len(payload)), max_size=4))
        bounds = [0, *sorted(cuts), len(payload)]
        for index in range(len(bounds) - 1):
            fin = index == len(bounds) - 2
            part = payload[bounds[index] : bounds[index + 1]]
            stream += client_frame(
                part, CONT if index else opcode, fin=fin, mask=draw(st.binary(min_size=4, max_size=4))
            )
            if not fin and draw(st.booleans()):
                kind, body = draw(_control)
                stream += client_frame(body, kind)
                if kind != PONG:
                    expected.append((kind, body))
        if opcode != PONG:
            expected.append((opcode, payload))
    return stream, expected


@given(_streams(), st.data())
def test_however_a_valid_stream_is_cut_its_messages_are_the_same(
    case: tuple[bytes, list[Message]], data: st.DataObject
) -> None:
    stream, expected = case
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    parser = FrameParser(LIMIT)
    got: list[Message] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += fed(parser, stream[start:end])
    assert got == expected
    assert parse(stream) == expected


@given(_streams())
def test_a_valid_stream_byte_by_byte_gives_the_same(case: tuple[bytes, list[Message]]) -> None:
    parser = FrameParser(LIMIT)
    stream, expected = case
    assert [got for at in range(len(stream)) for got in parser.feed(stream[at : at + 1])] == expected


@given(st.lists(st.binary(max_size=64), max_size=10))
def test_random_bytes_raise_nothing_but_frame_errors(chunks: list[bytes]) -> None:
    parser = FrameParser(LIMIT)
    with suppress(FrameError):
        for chunk in chunks:
            parser.feed(chunk)


@given(_streams(), st.data())
def test_damaged_streams_raise_nothing_but_frame_errors(
    case: tuple[bytes, list[Message]], data: st.DataObject
) -> None:
    stream = bytearray(case[0] or client_frame(b"{}"))
    for _ in range(data.draw(st.integers(1, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(FrameError):
        parse(bytes(stream))


@given(st.binary(max_size=126))
def test_any_close_body_is_read_or_refused(body: bytes) -> None:
    with suppress(FrameError):
        said = parse_close(body)
        assert said.code is None or 1000 <= said.code < 5000
