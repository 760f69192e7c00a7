"""Frames as bytes: whole ones arrive as they were sent, damaged ones are refused."""

from __future__ import annotations

from typing import Any

import pytest
from autodmca_service.workers.frames import (
    HEAD_BYTES,
    MAX_PARTS,
    Frame,
    FrameError,
    Kind,
    head_of,
    lengths_of,
    message_of,
)
from autodmca_service.workers.jobs import Blob, Job, answer_type, job_types
from hypothesis import given
from hypothesis import strategies as st

from libs.service.tests.trials import Mirror, Picture, Say, Text, work


def sent(frame: Frame) -> bytes:
    return b"".join(map(bytes, frame.pieces))


def received(data: bytes, limit: int, message_type: Any) -> tuple[Kind, Any]:
    kind, size = head_of(data[:HEAD_BYTES])
    lengths = lengths_of(data[HEAD_BYTES : HEAD_BYTES + size], limit)
    parts, start = [], HEAD_BYTES + size
    for length in lengths:
        parts.append(data[start : start + length])
        start += length
    assert start <= len(data)
    return kind, message_of(parts, message_type)


@given(st.text(max_size=50), st.lists(st.binary(max_size=2_000), max_size=5))
def test_a_message_and_its_blobs_arrive_as_they_were_sent(name: str, blobs: list[bytes]) -> None:
    frame = Frame(Kind.JOB, Mirror(name, tuple(map(Blob, blobs))))
    data = sent(frame)
    assert frame.size == len(data)
    kind, job = received(data, len(data), Say | Mirror)
    assert kind is Kind.JOB
    assert (job.name, [bytes(each.data) for each in job.pictures]) == (name, blobs)


@given(st.integers())
def test_numbers_have_no_bound(number: int) -> None:
    assert received(sent(Frame(Kind.JOB, Say("", number))), 10**6, Say)[1].number == number


def test_a_blob_is_not_copied() -> None:
    data = bytearray(b"abc")
    frame = Frame(Kind.JOB, Mirror("", (Blob(data),)))
    data[0] = ord("x")
    assert bytes(frame.pieces[1]) == b"xbc"
    part = bytearray(b"abc")
    arrived = message_of([b'{"type":"picture","name":"","bytes":3,"data":0}', part], Picture)
    part[0] = ord("x")
    assert bytes(arrived.data.data) == b"xbc"


@pytest.mark.parametrize("index", ["1", "-1", "true", "null", '"0"', "0.5"])
def test_a_reference_to_no_blob_is_refused(index: str) -> None:
    text = b'{"type":"picture","name":"","bytes":3,"data":%s}' % index.encode()
    with pytest.raises(FrameError, match="no such message"):
        message_of([text, b"abc"], Picture)


@given(st.binary(max_size=60))
def test_what_a_worker_makes_up_is_refused_by_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(FrameError):
        received(data.ljust(HEAD_BYTES + MAX_PARTS * 8, b"\xff"), 1_000, Text)
    with pytest.raises(FrameError):
        message_of([data], Text)
    with pytest.raises(FrameError):
        message_of([b'{"type":"text","x":' + b"[" * 100_000], Text)


def test_a_frame_over_a_bound_is_refused() -> None:
    data = sent(Frame(Kind.JOB, Mirror("", (Blob(b"x" * 100),))))
    with pytest.raises(FrameError, match="announced"):
        received(data, 100, Mirror)
    with pytest.raises(FrameError, match="blobs"):
        Frame(Kind.JOB, Mirror("", (Blob(b""),) * MAX_PARTS))


def test_a_job_says_what_it_is_answered_with_and_a_function_which_jobs_it_takes() -> None:
    class Mute(Job, frozen=True):  # type: ignore[type-arg]
        pass

    def deaf() -> None:
        pass

    assert answer_type(Mirror) is Picture
    with pytest.raises(TypeError, match="Mute"):
        answer_type(Mute)
    assert Say in job_types(work).__args__
    with pytest.raises(TypeError, match="deaf"):
        job_types(deaf)
