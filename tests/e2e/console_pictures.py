"""Pictures of every view of the console, light and dark, wide and narrow.

`python -m tests.e2e.console_pictures [VIEW...]` starts the whole system on ports of its own, waits until
there is something to see, and writes what Chromium draws into `docs/images/`, in 256 colours. `CONSOLE_URL`
names a console that runs already, `PICTURES` another folder. Fails when a page has an error or breaks
its policy.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from autodmca_sandbox.images.gallery import Gallery
from autodmca_sandbox.people import AUTHORS
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page

from deploy.services import DOMAIN
from tests.e2e.local_system import free_ports, started
from tests.integration.browser import chromium
from tests.unit.repository import ROOT

IMAGES: Final = Path(os.environ.get("PICTURES", ROOT / "docs" / "images"))
Scheme = Literal["light", "dark"]
SCHEMES: Final[Sequence[Scheme]] = ("light", "dark")
WIDTHS: Final = {1440: 900, 390: 844}
COLOURS: Final = 256
LONGEST_MS: Final = 90_000
SEED: Final = 7


class View(NamedTuple):
    """A view: its picture's name, where it is, whose it is, what must be seen, what is clicked then.

    `prepare` does what a click does not."""

    name: str
    path: str
    person: str
    seen: str
    click: str = ""
    then: str = ""
    prepare: Callable[[Page], Awaitable[None]] | None = None


async def compared(page: Page) -> None:
    """From the view of references: a picture and a copy of it, side by side."""
    gallery = Gallery(SEED, len(AUTHORS))
    items = (gallery.item(number) for number in range(10_000))
    copies = (each for each in items if each.kind == "copy" and each.how == "cropped")
    copy = next(each for each in copies if (each.owner, each.work) == (0, 0))
    shown: tuple[tuple[str, str, bytes], ...] = (
        ("Add a reference", "Add", gallery.original(0, 0)),
        ("Compare", "Compare now", gallery.file(copy).data),
    )
    for opens, sends, data in shown:
        await page.get_by_role("button", name=opens, exact=True).click()
        file: FilePayload = {"name": "dawn.jpg", "mimeType": "image/jpeg", "buffer": data}
        await page.get_by_label("File", exact=True).set_input_files(file)
        await page.get_by_role("button", name=sends, exact=True).click()
        await page.get_by_role("dialog").wait_for(state="detached")
        if opens != "Compare":
            await page.get_by_role("link", name="Detections", exact=True).last.click()
    await page.get_by_role("img", name="with the matched part drawn around").nth(1).wait_for()


AUTHOR: Final = "Ada Okafor"
OPERATOR: Final = "Noor Haddad"
VIEWS: Final = (
    View("overview", "", AUTHOR, "section:has-text('Newest impersonators') li a"),
    View("activity", "activity", AUTHOR, "[role=row] button", "[role=row] button >> nth=2", "pre.event"),
    View("templates", "templates", AUTHOR, "[role=row] a"),
    View("template", "templates", AUTHOR, "[role=row] a", "[role=row] a >> nth=0", ".findings li"),
    View("delisting", "delisting", AUTHOR, "[role=row] a"),
    View(
        "delisting-request",
        "delisting",
        AUTHOR,
        "[role=row] a",
        "[role=row] a >> nth=-1",
        "[role=table] [role=cell]",
    ),
    View("social", "social/incidents", AUTHOR, "[role=row] a"),
    View("incident", "social/incidents", AUTHOR, "[role=row] a", "[role=row] a >> nth=0", ".signals li"),
    View("scans", "social/scans", AUTHOR, "[role=cell]"),
    View("watches", "social/watches", AUTHOR, "[role=cell]"),
    View("profiles", "profiles", AUTHOR, "[role=row] a"),
    View("profile", "profiles", AUTHOR, "[role=row] a", "[role=row] a >> nth=0", ".lines li"),
    View("submissions", "submissions", AUTHOR, "[role=row] a"),
    View("submission", "submissions", AUTHOR, "[role=row] a", "[role=row] a >> nth=-1", ".trail li"),
    View("detections", "detections/found", AUTHOR, "[role=row] a"),
    View("detection", "detections/references", AUTHOR, "h1", prepare=compared),
    View("references", "detections/references", AUTHOR, "[role=cell]"),
    View("batches", "detections/batches", AUTHOR, "[role=row] a"),
    View("batch", "detections/batches", AUTHOR, "[role=row] a", "[role=row] a >> nth=0", ".bar-track"),
    View("models", "detections/models", AUTHOR, "[role=row] a"),
    View("model", "detections/models", AUTHOR, "[role=row] a", "[role=row] a >> nth=-1", "[data-points]"),
    View("notifications", "notifications", AUTHOR, "[role=row] button"),
    View("preferences", "preferences", AUTHOR, ".choices li"),
    View("webhooks", "preferences/webhooks", AUTHOR, ".state"),
    View("health", "health", OPERATOR, "[data-points='12']"),
)


async def signed_in(browser: Browser, url: str, person: str, width: int, scheme: Scheme) -> Page:
    """A page on which somebody has signed in."""
    context = await browser.new_context(
        viewport={"width": width, "height": WIDTHS.get(width, 900)}, color_scheme=scheme, locale="en-GB",
        timezone_id="Europe/Berlin", reduced_motion="reduce",
    )  # fmt: skip
    page = await context.new_page()
    page.set_default_timeout(LONGEST_MS)
    await page.goto(url)
    await page.get_by_role("button", name=person).click()
    await page.get_by_role("button", name="Live").wait_for()
    return page


async def show(page: Page, url: str, view: View) -> None:
    """Go to a view, and wait until it has what there is to see."""
    await page.goto(f"{url}{view.path}")
    await page.locator(view.seen).first.wait_for()
    if view.prepare:
        await view.prepare(page)
    if view.click:
        await page.locator(view.click).click()
        await page.locator(view.then).first.wait_for()
    await page.mouse.move(0, 0)
    await page.wait_for_function("!document.querySelector('main')?.textContent.includes('Loading')")


def small(png: bytes) -> Image.Image:
    """The picture in few colours: a third of the bytes, and nobody sees it."""
    return (
        Image.open(io.BytesIO(png))
        .convert("RGB")
        .quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )


async def pictures(url: str, folder: Path, names: Sequence[str]) -> list[str]:
    """Write them; returns what pages complained of."""
    complaints: list[str] = []
    wanted = [view for view in VIEWS if not names or view.name in names]
    async with chromium() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                pages: dict[str, Page] = {}
                for view in wanted:
                    if view.person not in pages:
                        page = await signed_in(browser, url, view.person, width, scheme)
                        page.on("pageerror", lambda error: complaints.append(f"{error}"))
                        page.on(
                            "console",
                            lambda said: complaints.append(said.text) if said.type == "error" else None,
                        )
                        pages[view.person] = page
                    page = pages[view.person]
                    if view.person == OPERATOR and AUTHOR in pages:
                        await show(pages[AUTHOR], url, VIEWS[0])  # somebody hears events meanwhile
                    await show(page, url, view)
                    small(await page.screenshot()).save(
                        folder / f"{view.name}-{width}-{scheme}.png", optimize=True
                    )
                for page in pages.values():
                    await page.context.close()
    return complaints


@asynccontextmanager
async def system() -> AsyncIterator[str]:
    """The address of the console of a whole system with people at work."""
    if url := os.environ.get("CONSOLE_URL"):
        yield url
        return
    names = ("EDGE_PORT", "EMBEDDED_KAFKA_PORT", "SANDBOX_PORT", "CONSOLE_PORT")
    ports = free_ports(*names, *(service.port_variable for service in DOMAIN))
    command = (sys.executable, "-m", "deploy.local.run")
    async with started(*command, environ={**ports, "SANDBOX_PACE_SECONDS": "0.5"}) as program:
        await program.until(lambda: any("The system is up" in line for line in program.lines))
        yield f"http://localhost:{ports['CONSOLE_PORT']}/console/"
        program.interrupt()
        await program.ended()


async def draw() -> int:
    async with system() as url:
        complaints = await pictures(url, IMAGES, sys.argv[1:])
    for each in complaints:
        sys.stderr.write(f"a page says: {each}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(draw()))
