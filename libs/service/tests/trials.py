"""Jobs that put a worker to the test; both the tests and the workers import this."""

from __future__ import annotations

import os
import signal
import time

from autodmca_service.workers.jobs import Blob, Job
from msgspec import Struct


class Text(Struct, frozen=True, tag="text"):
    text: str


class Picture(Struct, frozen=True, tag="picture"):
    name: str
    bytes: int
    data: Blob


class Say(Job[Text], frozen=True, tag="say"):
    """Say the text again, and who says it if there is a `{pid}` in it."""

    text: str
    number: int = 0


class Mirror(Job[Picture], frozen=True, tag="mirror"):
    """Send the pictures back as one, backwards."""

    name: str
    pictures: tuple[Blob, ...]


class Loop(Job[Text], frozen=True, tag="loop"):
    """Use processor time for ever, or for so long."""

    seconds: float = 1e9


class Wait(Job[Text], frozen=True, tag="wait"):
    """Use none."""


class Allocate(Job[Text], frozen=True, tag="allocate"):
    mib: int


class Die(Job[Text], frozen=True, tag="die"):
    signal: int


class Fail(Job[Text], frozen=True, tag="fail"):
    secret: str


class Lie(Job[Text], frozen=True, tag="lie"):
    """Answer what the job does not ask for."""


class Swell(Job[Text], frozen=True, tag="swell"):
    mib: int


def work(
    job: Say | Mirror | Loop | Wait | Allocate | Die | Fail | Lie | Swell,
) -> Text | Picture:
    match job:
        case Say():
            return Text(job.text.replace("{pid}", str(os.getpid())))
        case Mirror():
            data = b"".join(bytes(each.data)[::-1] for each in reversed(job.pictures))
            return Picture(job.name, len(data), Blob(data))
        case Loop():
            end = time.process_time() + job.seconds
            while time.process_time() < end:
                pass
            return Text("done")
        case Wait():
            time.sleep(3600)
        case Allocate():
            return Text(str(len(bytearray(job.mib * 1024 * 1024))))
        case Die():
            os.kill(os.getpid(), signal.Signals(job.signal))
        case Fail():
            raise LookupError(job.secret)
        case Lie():
            return Picture("a lie", 0, Blob(b""))
        case Swell():
            return Text("x" * (job.mib * 1024 * 1024))
    return Text("")
