"""One socket's unsent bytes: in order, each once, within the bound."""

from autodmca_edge.wire.outbox import Outbox, Wire
from hypothesis import given
from hypothesis import strategies as st


class Kernel:
    """Takes `room` bytes; the transport holds the rest."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.sent = b""
        self.transport = b""
        self.broken = False

    def send(self, handle: int, data: bytes) -> int:
        if self.broken or handle < 0:
            raise BrokenPipeError
        if not self.room:
            raise BlockingIOError
        taken = min(self.room, len(data))
        self.room -= taken
        self.sent += data[:taken]
        return taken

    def spill(self, data: bytes) -> None:
        assert not self.transport, "the transport holds something already"
        self.transport = data

    def drain(self, outbox: Outbox, room: int) -> None:
        """Let `room` bytes more through, first those of the transport."""
        taken, self.transport = self.transport[:room], self.transport[room:]
        self.sent += taken
        self.room = room - len(taken)
        if outbox.blocked and not self.transport:
            outbox.drained()


def make(room: int = 1 << 30, limit: int = 100) -> tuple[Outbox, Kernel]:
    kernel = Kernel(room)
    return Outbox(Wire(kernel.send), 7, kernel.spill, limit), kernel


def test_what_the_socket_takes_goes_out_at_once() -> None:
    outbox, kernel = make()
    assert outbox.write(b"abc")
    assert kernel.sent == b"abc"
    assert (outbox.blocked, outbox.size) == (False, 0)


def test_what_it_does_not_take_goes_to_the_transport_and_the_rest_waits() -> None:
    outbox, kernel = make(room=2)
    assert outbox.write(b"abc")
    assert (kernel.sent, kernel.transport, outbox.blocked) == (b"ab", b"c", True)
    assert outbox.write(b"def")
    assert (outbox.size, outbox.spilled) == (3, 1)
    kernel.drain(outbox, 100)
    assert kernel.sent == b"abcdef"
    assert (outbox.blocked, outbox.size, outbox.spilled) == (False, 0, 0)


def test_over_the_bound_nothing_is_taken_and_the_caller_knows() -> None:
    outbox, kernel = make(room=0, limit=5)
    assert outbox.write(b"first: the transport's, however long")
    assert outbox.write(b"12345")
    assert not outbox.write(b"6")
    assert outbox.write(b"")
    assert outbox.size == 5
    kernel.drain(outbox, 100)
    assert kernel.sent.endswith(b"long12345")


def test_what_waits_can_be_dropped() -> None:
    outbox, kernel = make(room=0, limit=5)
    outbox.write(b"a")
    outbox.write(b"12345")
    assert outbox.discard() == 5
    assert outbox.write(b"67890")
    kernel.drain(outbox, 100)
    assert kernel.sent == b"a67890"


def test_a_broken_socket_is_the_transports_to_find() -> None:
    outbox, kernel = make()
    kernel.broken = True
    assert outbox.write(b"abc")
    assert (kernel.transport, outbox.blocked) == (b"abc", True)


def test_a_sealed_outbox_takes_everything_and_sends_nothing() -> None:
    outbox, kernel = make(room=1)
    outbox.write(b"ab")
    outbox.write(b"cd")
    outbox.seal()
    assert outbox.write(b"ef")
    assert (kernel.sent, outbox.size, outbox.blocked) == (b"a", 0, False)


@given(
    st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.integers(0, 60)), max_size=60),
    st.integers(0, 30),
    st.integers(1, 100),
)
def test_whatever_the_socket_takes_the_bytes_come_in_order_and_once(
    steps: list[bytes | int], room: int, limit: int
) -> None:
    outbox, kernel = make(room, limit)
    accepted = b""
    for step in steps:
        if isinstance(step, int):
            kernel.drain(outbox, step)
        elif outbox.write(step):
            accepted += step
        assert outbox.size <= limit
        assert accepted.startswith(kernel.sent)
    kernel.drain(outbox, 1 << 30)
    kernel.drain(outbox, 1 << 30)
    assert kernel.sent == accepted


def test_nothing_comes_after_the_last_bytes() -> None:
    outbox, kernel = make(room=4, limit=10)
    assert outbox.write(b"abc")
    assert outbox.write(b"defg")
    assert outbox.write(b"0123456789")
    outbox.end(b"bye")  # over the bound
    assert outbox.write(b"late")
    outbox.owe(b"late")
    assert outbox.unsent
    kernel.drain(outbox, 100)
    assert outbox.write(b"later still")
    assert kernel.sent == b"abcdefg0123456789bye"
    assert (outbox.blocked, outbox.unsent, outbox.size) == (True, False, 0)


def test_nobody_may_send_past_an_outbox_that_has_ended() -> None:
    wire = Wire(lambda _handle, data: len(data))
    outbox = Outbox(wire, 7, lambda data: None, 10)
    outbox.end(b"bye")
    assert outbox in wire.congested
    outbox.seal()
    assert not wire.congested
