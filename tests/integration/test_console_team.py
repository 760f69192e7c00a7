"""What a creator's team does in the console: profiles, submissions, notifications, webhooks, detections.

Each command is done once, and what the page shows is compared with what the services and the log have. One
stack is started for all of them; each is about things of its own.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from autodmca_accounts.webhooks.state import CHOICES
from autodmca_events import ProfileActivity
from playwright.async_api import expect

from services.ai_detection.tests.pairs import known
from tests.brokers import Broker
from tests.integration import templates_site
from tests.integration.accounts_site import statuses
from tests.integration.console_site import WAIT_MS, faults, sure
from tests.integration.console_team import GALLERY, Team, copy_of, file, working

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def team(embedded_broker: Broker) -> AsyncIterator[Team]:
    async with working(embedded_broker) as made:
        yield made


async def test_a_profile_is_protected_changed_and_watched_no_more(team: Team) -> None:
    page = team.page
    await team.go("profiles")
    await expect(page.get_by_role("table", name="Profiles").get_by_role("link", name="Ada")).to_be_visible()
    await team.button("Protect somebody").click()
    await page.get_by_label("Name", exact=True).fill("Grace Hopper")
    handles = page.get_by_label("Own accounts")
    await handles.fill("mastodon:grace\nnobody")
    await team.button("Protect").click()
    await expect(handles).to_have_attribute("aria-invalid", "true")  # what the service says, at its field
    assert await faults(page) == []
    await handles.fill("mastodon:grace")
    await team.button("Protect").click()
    await expect(page.get_by_role("heading", name="Grace Hopper", level=1)).to_be_visible(timeout=WAIT_MS)
    history = page.get_by_role("region", name="History")
    await expect(history.get_by_text("grace on mastodon was added")).to_be_visible(timeout=WAIT_MS)

    await team.button("Edit").click()
    await page.get_by_label("Biography").fill("Compilers.")
    await team.button("Save").click()
    await expect(page.get_by_role("region", name="What is known").get_by_text("Compilers.")).to_be_visible(
        timeout=WAIT_MS
    )
    await team.button("Watch no more").click()
    await expect(team.button("Watch again")).to_be_enabled(timeout=WAIT_MS)
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert await faults(page) == []

    number = int(page.url.rpartition("/")[2])
    held = await team.author.until(
        team.accounts, f"/v1/profiles/{number}", lambda each: each["watched"] is False
    )
    assert (held["name"], held["bio"]) == ("Grace Hopper", "Compilers.")
    told = [event.payload for event in await team.told()]
    lines = [each.type for each in told if isinstance(each, ProfileActivity) and each.profile_id == number]
    assert lines == ["created", "handle_added", "updated", "updated"]
    assert await history.get_by_role("listitem").count() == len(lines)


async def submitted(team: Team, *urls: str, engine: str, complete: bool = True) -> str:
    """A submission that is made in the page; its id."""
    page = team.page
    await team.go("submissions")
    await team.button("New submission").click()
    await page.get_by_label("Profile").select_option(str(team.account.profile_id))
    for each in ("Google", "Bing"):
        await page.get_by_role("checkbox", name=each).uncheck()
    await page.get_by_role("checkbox", name=engine).check()
    for name in templates_site.VARIABLES if complete else templates_site.VARIABLES[:1]:
        await page.get_by_label(name, exact=True).fill(templates_site.VALUES[name])
    await team.button("Send submission").click()
    field = page.get_by_label("URLs")
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert await faults(page) == []
    await field.fill("\n".join(urls))
    await team.button("Send submission").click()
    await expect(page.get_by_role("list", name="Steps")).to_be_visible(timeout=WAIT_MS)
    return page.url.rpartition("/")[2]


async def test_a_submission_is_followed_to_its_end_with_its_trail(team: Team) -> None:
    url, page = "https://copies.example.com/team", team.page
    await team.at.rules("google", {url: "removed"})
    name = await submitted(team, url, engine="Google")
    await team.sees("Completed")
    await expect(page.get_by_role("list", name="Steps").get_by_text("done")).to_have_count(5)
    parts = page.get_by_role("table", name="Parts")
    await expect(parts.get_by_text("Approved")).to_be_visible(timeout=WAIT_MS)
    trail = page.get_by_role("list", name="What was done, the newest first")
    held = await team.author.get(team.accounts, "GET", f"/v1/submissions/{name}/audit")
    await expect(trail.get_by_role("listitem")).to_have_count(len(held["entries"]))
    await expect(page.get_by_role("region", name="The notice as it was sent")).to_contain_text("perjury")
    async with page.expect_download() as downloading:
        await team.button("As text").click()
    text = (await (await downloading.value).path()).read_text()
    assert url in text
    assert held["notice"] in text
    assert await faults(page) == []
    told = statuses(await team.told(), name)
    assert told == ["pending", "processing", "active", "completed"]


async def test_what_failed_is_tried_again_and_what_is_on_its_way_is_cancelled(team: Team) -> None:
    url, page = "https://copies.example.com/again", team.page
    name = await submitted(team, url, engine="Bing", complete=False)
    await team.sees("Failed")
    await expect(page.get_by_text("only what failed is done again")).to_be_visible()
    await team.button("Try again").click()
    await expect(page.get_by_text("attempt 2")).to_be_visible(timeout=WAIT_MS)
    await team.author.until(team.accounts, f"/v1/submissions/{name}", lambda each: each["attempt"] == 2)

    name = await submitted(team, url, engine="DuckDuckGo")  # a person files it by hand: it stays open
    await team.sees(re.compile("Active|Processing"))
    await sure(page, "Cancel submission")
    await team.sees("Cancelled")
    await team.author.until(
        team.accounts, f"/v1/submissions/{name}", lambda each: each["status"] == "cancelled"
    )
    await expect(page.get_by_role("alert")).to_have_count(0)
    await team.go("submissions")
    await page.get_by_label("Show of submissions").select_option("Cancelled")
    await expect(page.get_by_role("table", name="Submissions").get_by_role("row")).to_have_count(2)
    assert await faults(page) == []


async def test_notifications_are_read_and_preferences_kept(team: Team) -> None:
    page = team.page
    inbox = await team.author.until(
        team.accounts, "/v1/notifications", lambda each: len(each["items"]) >= 2 and each["unread"] >= 2
    )
    await team.go("notifications")
    unread = page.get_by_role("button", name=re.compile("^Mark read: "))
    await expect(unread).to_have_count(inbox["unread"], timeout=WAIT_MS)
    await unread.first.click()
    await team.author.until(
        team.accounts, "/v1/notifications", lambda each: each["unread"] == inbox["unread"] - 1
    )
    assert await faults(page) == []
    await team.button("Mark all read").click()
    await team.sees("All read")
    await team.author.until(team.accounts, "/v1/notifications", lambda each: each["unread"] == 0)

    await page.get_by_role("link", name="Preferences").last.click()
    await page.get_by_label("Incident: what").select_option("low")
    await page.get_by_label("Template: when").select_option("digest")
    await page.get_by_label("Quiet hours").check()
    await page.get_by_label("To", exact=True).fill("22:00")
    await team.button("Save preferences").click()
    await expect(page.get_by_label("To", exact=True)).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("To", exact=True).fill("06:30")
    zone = page.get_by_label("Time zone")
    await zone.fill("Middle-earth/Shire")
    await team.button("Save preferences").click()
    await expect(zone).to_have_attribute("aria-invalid", "true")
    assert await faults(page) == []
    await zone.fill("Europe/Berlin")
    await team.button("Save preferences").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=WAIT_MS)
    held = await team.author.get(team.accounts, "GET", "/v1/notifications/preferences")
    assert held["categories"]["incident"] == {"way": "now", "least": "low"}
    assert held["categories"]["template"]["way"] == "digest"
    assert (held["quiet"], held["zone"]) == ({"begins": "22:00", "ends": "06:30"}, "Europe/Berlin")


async def test_a_webhook_is_tried_fails_and_is_sent_again(team: Team) -> None:
    page, hook = team.page, team.hook
    await team.go("preferences/webhooks")
    await team.button("New webhook").click()
    await team.button("Save webhook").click()
    address = page.get_by_label("URL")
    await expect(address).to_have_attribute("aria-invalid", "true")
    ticks = page.get_by_role("group", name="Events").get_by_role("checkbox")
    assert {await each.get_attribute("value") for each in await ticks.all()} == set(CHOICES)
    await address.fill(hook.url)
    await page.get_by_label("Description").fill("My tools")
    await team.button("Save webhook").click()
    await expect(page.get_by_role("heading", name="My tools", level=1)).to_be_visible(timeout=WAIT_MS)
    await team.button("Try it").click()
    log = page.get_by_role("table", name="Deliveries")
    await expect(log.get_by_text("Delivered")).to_be_visible(timeout=WAIT_MS)
    assert len(hook.received) == 1

    await team.button("Show secret").click()
    secret = page.get_by_role("region", name="Secret").locator(".mono")
    before = await secret.inner_text()
    await sure(page, "New secret")
    await expect(page.get_by_text("signs as well until")).to_be_visible(timeout=WAIT_MS)
    assert await secret.inner_text() != before

    hook.answers.append(410)  # the endpoint is gone: it is switched off
    await team.button("Try it").click()
    await expect(log.get_by_text("Failed")).to_be_visible(timeout=WAIT_MS)
    await team.button("Switch on").click()
    await expect(team.button("Switch off")).to_be_enabled(timeout=WAIT_MS)
    await log.get_by_role("button", name="Send again: delivery 2").click()
    await expect(log.get_by_text("Delivered")).to_have_count(2, timeout=WAIT_MS)
    assert hook.ids[1] == hook.ids[2]
    assert await faults(page) == []
    await team.button("Edit").click()
    await page.get_by_label("Description").fill("Better tools")
    await team.button("Save webhook").click()
    await expect(page.get_by_role("heading", name="Better tools", level=1)).to_be_visible(timeout=WAIT_MS)
    await sure(page, "Forget webhook")
    await expect(page.get_by_text("No webhooks")).to_be_visible(timeout=WAIT_MS)
    assert (await team.author.get(team.accounts, "GET", "/v1/webhooks"))["items"] == []


async def test_pictures_are_compared_side_by_side_and_judged(team: Team) -> None:
    page = team.page
    await team.go("detections/references")
    await team.button("Add a reference").click()
    await page.get_by_label("File", exact=True).set_input_files(file(b"no picture", "dawn.jpg"))
    await team.button("Add").click()
    await expect(page.get_by_label("File", exact=True)).to_have_attribute(
        "aria-invalid", "true", timeout=WAIT_MS
    )
    await page.get_by_label("File", exact=True).set_input_files(file(GALLERY.original(0, 0), "dawn.jpg"))
    await page.get_by_label("Title").fill("Dawn")
    await team.button("Add").click()
    references = page.get_by_role("table", name="References")
    await expect(references.get_by_text("Dawn", exact=True)).to_be_visible(timeout=WAIT_MS)
    assert await faults(page) == []

    suspect = GALLERY.file(copy_of(0, 0, "cropped")).data
    await page.get_by_role("navigation", name="Detections").get_by_role("link", name="Detections").click()
    await team.button("Compare").click()
    await page.get_by_label("File", exact=True).set_input_files(file(suspect, "found.jpg"))
    await team.button("Compare now").click()
    await team.sees("Match")
    drawn = page.get_by_role("img", name=re.compile("with the matched part drawn around"))
    await expect(drawn).to_have_count(2, timeout=WAIT_MS)
    held = await team.author.get(team.detection, "GET", f"/v1/detections/{page.url.rpartition('/')[2]}")
    width, height = (float(each) for each in ((await drawn.first.get_attribute("viewBox")) or "").split()[2:])
    points = (await drawn.first.locator("polygon").get_attribute("points") or "").replace(" ", ",").split(",")
    wanted = [side for x, y in held["transform"]["outline"] for side in (x * width, y * height)]
    assert [float(each) for each in points] == pytest.approx(wanted, abs=0.06)
    assert await faults(page) == []
    await page.get_by_label("Note").fill("I know it.")
    await team.button("It is a copy").click()
    await expect(page.get_by_text("You said that it is a copy")).to_be_visible(timeout=WAIT_MS)
    path = f"/v1/detections/{held['id']}"
    said = await team.author.until(team.detection, path, lambda each: "feedback" in each)
    assert (said["feedback"]["copy"], said["feedback"]["note"]) == (True, "I know it.")

    await page.reload()  # the page's memory is gone, and the file is shown again by whoever has it
    again = page.get_by_label("Show the content from a file of yours")
    await again.set_input_files(file(GALLERY.original(0, 0), "dawn.jpg"))
    await expect(page.get_by_text("This is another file")).to_be_visible(timeout=WAIT_MS)
    await again.set_input_files(file(suspect, "found.jpg"))
    await expect(drawn).to_have_count(1, timeout=WAIT_MS)
    await team.go("detections/references")
    await sure(page, "Forget")
    await expect(page.get_by_text("No references yet")).to_be_visible(timeout=WAIT_MS)


async def test_a_batch_goes_on_and_a_model_judges(team: Team) -> None:
    page = team.page
    await team.go("detections/batches")
    await team.button("New batch").click()
    urls = page.get_by_label("URLs")
    await urls.fill("no address")
    await team.button("Start batch").click()
    await expect(urls).to_have_attribute("aria-invalid", "true")
    world = str(team.at.delisting.world.base_url).rstrip("/")
    found = [f"{world}/images/{GALLERY.item(number).name}" for number in range(3)]
    await urls.fill("\n".join([*found, f"{world}/images/gone.jpg"]))
    await team.button("Start batch").click()
    await team.sees(re.compile("^Completed"))
    await expect(page.get_by_text("4 of 4 looked at", exact=False)).to_be_visible(timeout=WAIT_MS)
    await expect(page.get_by_text("line 4")).to_be_visible(timeout=WAIT_MS)
    assert await faults(page) == []
    await team.go("detections/batches")
    await team.button("New batch").click()
    await page.get_by_label("URLs").fill("\n".join(f"{found[0]}?{number}" for number in range(2_000)))
    await team.button("Start batch").click()
    await sure(page, "Cancel batch")
    await team.sees("Cancelled")
    batch = page.url.rpartition("/")[2]
    await team.author.until(
        team.detection, f"/v1/batches/{batch}", lambda each: each["status"] == "cancelled"
    )

    await team.go("detections/models")
    await team.button("Fit a model").click()
    await page.get_by_label("Epochs at most").fill("0")
    await team.button("Begin fitting").click()
    await expect(page.get_by_label("Epochs at most")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Epochs at most").fill("5")
    await team.button("Begin fitting").click()
    await team.sees("Failed")  # nothing was said yet that it could learn from
    body = {"epochs": 4, "patience": 4, "pairs": msgspec.json.decode(msgspec.json.encode(known()))}
    model = await team.author.get(team.detection, "POST", "/v1/models", body)
    await team.go(f"detections/models/{model['id']}")
    await team.sees("Completed")
    await expect(page.get_by_role("img", name="Loss, by epoch")).to_have_attribute("data-points", "4")
    assert await faults(page) == []
    shown = await team.author.get(team.detection, "GET", f"/v1/models/{model['id']}")
    if shown["comparison"]["worse"]:
        await sure(page, "Have it judge")
    else:
        await team.button("Have it judge").click()
    await team.sees("Judges now")
    await team.author.until(team.detection, f"/v1/models/{model['id']}", lambda each: each["active"])
    await team.go("detections/models")
    await team.button("Use the built-in judgement").click()
    await expect(page.get_by_text("the built-in judgement judges now")).to_be_visible(timeout=WAIT_MS)


async def test_the_overview_has_the_week_and_leads_to_what_waits(team: Team) -> None:
    page = team.page
    board = await team.author.get(team.accounts, "GET", "/v1/dashboard")
    assert len(board["days"]) == 7
    assert sum(each["takedowns"] for each in board["days"]) == board["takedownsSent"] > 0
    await team.go("")
    figure = page.locator("dl.figures > div").filter(has_text="Takedowns sent").locator(".value")
    await expect(figure).to_have_text(str(board["takedownsSent"]), timeout=WAIT_MS)
    week = page.get_by_role("img", name=re.compile("^Infringements, takedowns and scans"))
    await expect(week).to_have_attribute("data-points", "7")
    await page.get_by_role("region", name="Needs you now").get_by_role("link", name="try again").click()
    await expect(page.get_by_role("list", name="Steps")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.parametrize("path", ["profiles", "submissions", "notifications", "preferences", "detections"])
async def test_a_view_of_the_team_is_usable_at_390_pixels(team: Team, path: str) -> None:
    page = team.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await team.go(path)
    await expect(page.get_by_text("Loading", exact=False)).to_have_count(0, timeout=WAIT_MS)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await faults(page) == []
