"""How well clips of videos are found, and what is wrongly taken for one.

The videos are made here, by PyAV, from the pictures that `pictures` holds out: a camera moves over them, one
after the other, for a minute. Clips of ten seconds are encoded again, cropped, sped up, and all of that.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

import av
import numpy as np
import numpy.typing as npt
from autodmca_ai_detection.videos import fingerprint
from autodmca_ai_detection.videos.library import VideoLibrary, VideoMatch
from av.video.stream import VideoStream
from PIL import Image

from tests.quality.pictures import BRIDGE, picture

Frames = list[npt.NDArray[np.uint8]]

RATE: Final = 10
SIZE: Final = (384, 288)
MINUTE: Final = 60
CLIP: Final = 10
REFERENCES: Final[dict[str, tuple[str, ...]]] = {
    "film of photographs": ("camera.png", "coffee.png", "flower.jpg", "bridge"),
    "film of the sky": ("hubble_deep_field.jpg", "retina.jpg", "clock_motion.png"),
    "film of textures": ("grass.png", "gravel.png", "horse.png", "text.png"),
}
STRANGERS: Final[dict[str, tuple[str, ...]]] = {
    "another film": ("astronaut.png", "chelsea.png", "china.jpg", "rocket.jpg", "coins.png"),
    "another film of textures": ("brick.png", "moon.png", "ihc.png", "page.png"),
}
DEVELOPED: Final[dict[str, tuple[str, ...]]] = {
    "one": ("astronaut.png", "chelsea.png", "coins.png"),
    "two": ("china.jpg", "rocket.jpg", "brick.png"),
}
BESIDE: Final = "the scene of a reference from beside (used in development)"
KINDS: Final = ("encoded again", "cropped", "sped up by 5 %", "mirrored, with a border", "all of these")


class Asked(NamedTuple):
    """A clip that was looked for: whose it is and when it begins there, what was found, how long it took."""

    kind: str
    copy_of: str | None
    begins: float
    found: VideoMatch | None
    seconds: float


def film(names: Sequence[str], seconds: int = MINUTE, seed: int = 0) -> Frames:
    """Frames of a camera that moves over the pictures, in as many shots."""
    rng = random.Random(f"{names} {seed}")
    shot = seconds * RATE // len(names)
    made: Frames = []
    for number, name in enumerate(names):
        count = shot if number < len(names) - 1 else seconds * RATE - len(made)
        made += _shot(picture(name), count, rng)
    return made


def _shot(image: Image.Image, count: int, rng: random.Random) -> Iterator[npt.NDArray[np.uint8]]:
    width, height = image.size
    zooms = rng.uniform(0.55, 0.75), rng.uniform(0.55, 0.75)
    ends = [(rng.uniform(0, 1), rng.uniform(0, 1)) for _ in range(2)]
    for number in range(count):
        done = number / max(1, count - 1)
        zoom = zooms[0] + done * (zooms[1] - zooms[0])
        wide = min(width, height * SIZE[0] / SIZE[1]) * zoom
        tall = wide * SIZE[1] / SIZE[0]
        left = (ends[0][0] + done * (ends[1][0] - ends[0][0])) * (width - wide)
        top = (ends[0][1] + done * (ends[1][1] - ends[0][1])) * (height - tall)
        box = (left, top, left + wide, top + tall)
        yield np.asarray(image.resize(SIZE, Image.Resampling.BILINEAR, box=box))


def encoded(
    frames: Frames,
    *,
    codec: str = "libx264",
    container: str = "mp4",
    rate: Fraction | int = RATE,
    quality: int = 26,
) -> bytes:
    """The frames as a file."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, options={"crf": str(quality), "g": "40", "b": "0"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = (side // 2 * 2 for side in frames[0].shape[:2])
        stream.pix_fmt = "yuv420p"
        for values in frames:
            shown = np.ascontiguousarray(values[: stream.height, : stream.width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        out.mux(stream.encode())
    return file.getvalue()


def clip(frames: Frames, kind: str, begins: float, rng: random.Random) -> bytes:
    """Ten seconds from there on, as somebody posts them again."""
    part = frames[round(begins * RATE) : round((begins + CLIP) * RATE)]
    everything = kind == "all of these"
    if kind == "cropped" or everything:
        height, width = part[0].shape[:2]
        top, left = (round(rng.uniform(0.03, 0.12) * side) for side in (height, width))
        bottom, right = (round(rng.uniform(0.88, 0.97) * side) for side in (height, width))
        part = [each[top:bottom, left:right] for each in part]
    if kind == "mirrored, with a border" or everything:
        part = [np.pad(each[:, ::-1], ((30, 30), (12, 12), (0, 0))) for each in part]
    rate = Fraction(RATE) * Fraction(105, 100) if kind == "sped up by 5 %" or everything else Fraction(RATE)
    codec, container = rng.choice((("libx264", "mp4"), ("libvpx-vp9", "webm"), ("libx264", "mov")))
    return encoded(part, codec=codec, container=container, rate=rate, quality=rng.choice((32, 36)))


def asked(
    references: dict[str, tuple[str, ...]], strangers: dict[str, tuple[str, ...]], clips: int
) -> list[Asked]:
    """What came of looking for so many clips of each kind, and for what is none."""
    library = VideoLibrary()
    films = {name: film(shots) for name, shots in references.items()}
    for name, frames in films.items():
        library.add(name, fingerprint.of_reference(encoded(frames)))
    library.add("beside", fingerprint.of_reference(encoded(film(["motorcycle_left.png"], 15))))
    found: list[Asked] = []
    for name, frames in films.items():
        for kind in KINDS:
            for number in range(clips):
                rng = random.Random(f"{name} {kind} {number}")
                begins = rng.randrange((MINUTE - CLIP) * RATE) / RATE
                found.append(_ask(library, kind, name, begins, clip(frames, kind, begins, rng)))
    for name, shots in strangers.items():
        frames = film(shots)
        for number in range(3 * clips):
            rng = random.Random(f"{name} {number}")
            begins = rng.randrange((MINUTE - CLIP) * RATE) / RATE
            data = clip(frames, rng.choice(KINDS), begins, rng)
            found.append(_ask(library, "clips of other videos", None, begins, data))
    frames = film(["motorcycle_right.png"], 15)
    for number in range(clips):
        rng = random.Random(f"beside {number}")
        found.append(_ask(library, BESIDE, None, 0, clip(frames, rng.choice(KINDS), 2, rng)))
    return found


def _ask(library: VideoLibrary, kind: str, copy_of: str | None, begins: float, data: bytes) -> Asked:
    begun = time.process_time()
    matches = library.search(fingerprint.of_query(data))
    took = time.process_time() - begun
    return Asked(
        kind, copy_of, begins, next((each for each in matches if each.verdict == "match"), None), took
    )


def table(held_out: bool = True, clips: int = 3) -> str:
    """A Markdown table: recall and errors by kind, and how exactly the part is named; then the time."""
    if held_out:
        kept = {
            name: tuple(each for each in shots if each != "bridge" or BRIDGE.exists())
            for name, shots in REFERENCES.items()
        }
        every = asked(kept, STRANGERS, clips)
    else:
        every = asked({"one": DEVELOPED["one"]}, {"two": DEVELOPED["two"]}, clips)
    rows = ["| kind | clips | found | wrong | part off by |", "| --- | --- | --- | --- | --- |"]
    kinds = dict.fromkeys(each.kind for each in every)
    rows += [_row(kind, [each for each in every if each.kind == kind]) for kind in kinds]
    rows.append(_row("all clips of references", [each for each in every if each.copy_of is not None]))
    rows.append(_row("all that are none", [each for each in every if each.copy_of is None]))
    times = np.percentile([each.seconds for each in every], (50, 95))
    rows.append("")
    rows.append(f"A clip of {CLIP} s takes {times[0]:.1f} s of a core, p95 {times[1]:.1f} s.")
    return "\n".join(rows)


def _row(kind: str, every: list[Asked]) -> str:
    right = [each for each in every if each.found is not None and each.found.reference == each.copy_of]
    wrong = sum(each.found is not None and each.found.reference != each.copy_of for each in every)
    recall = f"{len(right) / len(every):.2f}" if any(each.copy_of for each in every) else ""
    off = [
        abs(each.found.reference_part[0] - each.begins - each.found.query_part[0] * each.found.speed)
        for each in right
        if each.found is not None
    ]
    return f"| {kind} | {len(every)} | {recall} | {wrong} | {f'{np.median(off):.1f} s' if off else ''} |"
