"""Videos: what is read, what is kept, and which part of one is found in another."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from autodmca_ai_detection.errors import Unusable
from autodmca_ai_detection.videos import fingerprint
from autodmca_ai_detection.videos.decoding import VideoLimits, sampled
from autodmca_ai_detection.videos.library import VideoLibrary

from tests.quality import videos
from tests.quality.videos import encoded, film

FRAMES = film(("coffee.png", "astronaut.png"), 20)
OTHER = film(("rocket.jpg", "chelsea.png"), 12)
MP4 = encoded(FRAMES)
WEBM = encoded(FRAMES[:40], codec="libvpx-vp9", container="webm")


def sound() -> bytes:
    """A file that has sound alone."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=8_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def at_once(data: bytes) -> bytes:
    """With its index before its frames, as it is put on the web."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        with (
            av.open(io.BytesIO(data), "r") as given,
            av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as out,
        ):
            stream = out.add_stream_from_template(given.streams.video[0])
            for packet in given.demux(given.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
        return path.read_bytes()


FAST = at_once(MP4)
NONSENSE = random.Random(1).randbytes(len(FAST) - 9_000)
HUGE = encoded([np.zeros((2_400, 3_840, 3), np.uint8)], quality=50)

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "words": (b"this is no video at all", "unknown_format"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(64), "unknown_format"),
    "AVI": (b"RIFF\x40\0\0\0AVI LIST" + bytes(64), "unknown_format"),
    "a playlist, which would name other files": (b"#EXTM3U\nfile:///etc/passwd\n", "unknown_format"),
    "a list of files to join": (b"ffconcat version 1.0\nfile /etc/passwd\n", "unknown_format"),
    "MP4's first bytes alone": (MP4[:24], "malformed"),
    "MP4 without its index": (MP4[: len(MP4) // 2], "malformed"),
    "MP4 cut after its index": (FAST[: len(FAST) * 6 // 10], "malformed"),
    "MP4 whose frames are nonsense": (FAST[:9_000] + NONSENSE, "malformed"),
    "MP4 with sound alone": (sound(), "no_video"),
    "WebM's first bytes alone": (WEBM[:4], "malformed"),
    "WebM of nonsense": (WEBM[:40] + bytes(400), "malformed"),
    "frames of more pixels than allowed": (HUGE, "too_many_pixels"),
    "frames of 480 x 16, far too narrow": (encoded([np.zeros((16, 480, 3), np.uint8)] * 5), "too_narrow"),
    "frames of 64 x 8": (encoded([np.zeros((8, 64, 3), np.uint8)] * 5), "too_small"),
    "black frames alone": (encoded([np.zeros((96, 128, 3), np.uint8)] * 20), "featureless"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_file_is_refused_with_its_reason(name: str) -> None:
    data, code = REFUSED[name]
    with pytest.raises(Unusable) as caught:
        fingerprint.of_query(data)
    assert (caught.value.code, bool(caught.value.reason)) == (code, True)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (VideoLimits(data_bytes=100), "too_large"),
        (VideoLimits(seconds=5), "too_long"),
        (VideoLimits(frames=50), "too_long"),
        (VideoLimits(pixels=1_000), "too_many_pixels"),
    ],
    ids=["bytes", "seconds", "frames", "pixels"],
)
def test_limits_are_kept(limits: VideoLimits, code: str) -> None:
    with pytest.raises(Unusable) as caught:
        fingerprint.of_query(MP4, limits)
    assert caught.value.code == code


def test_a_length_that_a_file_lies_about_is_not_believed() -> None:
    at = MP4.index(b"mvhd") + 20  # the length of the whole; those of the track and its media stand later
    lying = bytearray(MP4)
    lying[at : at + 4] = struct.pack(">I", 1)
    with pytest.raises(Unusable) as caught:
        sampled(bytes(lying), frames=8, interval=1.0, limits=VideoLimits(seconds=10))
    assert caught.value.code == "too_long"


@pytest.mark.parametrize(
    ("codec", "container", "name"),
    [("libx264", "mp4", "mov"), ("libx264", "mov", "mov"), ("libvpx-vp9", "webm", "matroska"),
     ("libx265", "mp4", "mov"), ("mpeg4", "mp4", "mov"), ("libx264", "matroska", "matroska")],
)  # fmt: skip
def test_frames_are_read_with_their_times(codec: str, container: str, name: str) -> None:
    found = sampled(encoded(FRAMES[:60], codec=codec, container=container), frames=32, interval=1.0)
    assert (found.format, found.width, found.height) == (name, *videos.SIZE)
    assert [frame.time for frame in found.frames] == pytest.approx([0, 1, 2, 3, 4, 5], abs=0.11)
    shown = FRAMES[30].astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(found.frames[3].grey - shown).mean() < 12


def test_a_long_video_is_sampled_over_its_whole_length() -> None:
    found = sampled(MP4, frames=5, interval=1.0)
    assert 3 <= len(found.frames) <= 5
    assert found.frames[-1].time > 12
    assert found.seconds == pytest.approx(19.9, abs=0.1)


def test_what_would_take_too_long_is_known_by_its_key_frames() -> None:
    found = sampled(MP4, frames=32, interval=1.0, limits=VideoLimits(all_pixels=1_000_000))
    times = [frame.time for frame in found.frames]
    assert 5 <= len(times) <= 8
    assert {0.0, 4.0, 8.0} <= set(times)
    assert times[-1] >= 16


def test_a_fingerprint_is_stored_and_read_back() -> None:
    made = fingerprint.of_reference(MP4)
    data = fingerprint.dump(made)
    assert fingerprint.dump(fingerprint.load(data)) == data
    assert len(data) < 6_000 * len(made.frames)
    for wrong in (b"", b"\x07" + data[1:], data[:-1], data + b"\0", data[:20]):
        with pytest.raises(ValueError, match="fingerprint"):
            fingerprint.load(wrong)


@pytest.fixture(scope="module")
def library() -> VideoLibrary:
    made = VideoLibrary()
    made.add("one", fingerprint.of_reference(MP4))
    made.add("other", fingerprint.of_reference(encoded(OTHER)))
    return made


@pytest.mark.parametrize("kind", ["cropped", "sped up by 5 %", "all of these"])
def test_a_clip_is_found_with_its_part_and_its_speed(library: VideoLibrary, kind: str) -> None:
    found = library.search(fingerprint.of_query(videos.clip(FRAMES, kind, 6, random.Random(3))))
    assert [each.reference for each in found] == ["one"]
    assert found[0].verdict == "match"
    assert found[0].reference_part == pytest.approx((6, 15.5), abs=1.5)
    assert found[0].transform.mirror == (kind == "all of these")


def test_a_video_that_shows_a_moment_of_a_reference_is_perhaps_one(library: VideoLibrary) -> None:
    frames = film(("china.jpg", "coins.png"), 10)
    shown = encoded([*frames[:50], *FRAMES[140:155], *frames[50:]])
    found = library.search(fingerprint.of_query(shown))
    assert [(each.reference, each.verdict) for each in found] == [("one", "possible_match")]
    assert found[0].reference_part[0] == pytest.approx(14, abs=1.5)


def test_another_video_is_not_found_and_neither_is_what_was_removed() -> None:
    made = VideoLibrary()
    made.add("one", fingerprint.load(fingerprint.dump(fingerprint.of_reference(MP4))))
    query = fingerprint.of_query(MP4)
    assert made.search(fingerprint.of_query(encoded(OTHER))) == []
    assert [each.reference for each in made.search(query)] == ["one"]
    made.remove("one")
    assert (made.search(query), len(made)) == ([], 0)
    with pytest.raises(KeyError):
        made.remove("one")


def test_a_turned_camera_gives_upright_frames() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 288, 384, "yuv420p"
        for values in FRAMES[:20]:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(values)), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    data = bytearray(file.getvalue())
    at = data.index(b"tkhd") + 4 + 4 + 4 + 4 + 4 + 4 + 4 + 8 + 2 + 2 + 2 + 2
    turned = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 384 << 16, 0, 0x40000000)
    data[at : at + 36] = turned
    found = sampled(bytes(data), frames=4, interval=1.0)
    shown = FRAMES[0].astype(float) @ (0.299, 0.587, 0.114)
    assert found.frames[0].grey.shape == shown.shape
    assert np.abs(found.frames[0].grey - shown).mean() < 12


def test_no_picture_is_in_both_the_references_and_the_other_films_nor_in_what_was_developed_on() -> None:
    held = {name for shots in videos.REFERENCES.values() for name in shots}
    developed = {name for shots in (*videos.STRANGERS.values(), *videos.DEVELOPED.values()) for name in shots}
    assert held.isdisjoint(developed)
