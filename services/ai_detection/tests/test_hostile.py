"""What strangers send to do harm, through the whole service: each has its verdict, the next is served."""

from __future__ import annotations

from typing import Final

from services.ai_detection.tests.site import GALLERY, PROFILE, At, copy_of, detection_site
from services.ai_detection.tests.test_decoding import HOSTILE

URLS: Final = {
    "http://127.0.0.1:8080/a.jpg": "address_refused",
    "http://127.1:8080/": "address_refused",
    "http://2130706433:8080/": "address_refused",
    "http://0x7f000001:8080/": "address_refused",
    "http://0177.0.0.1:8080/": "address_refused",
    "http://0:8080/": "address_refused",
    "http://localhost:8080/": "address_refused",
    "http://[::1]:8080/": "address_refused",
    "http://[::]:8080/": "address_refused",
    "http://[::ffff:127.0.0.1]:8080/": "address_refused",
    "http://[64:ff9b::7f00:1]:8080/": "address_refused",
    "http://[2002:7f00:1::]:8080/": "address_refused",
    "http://10.0.0.1/": "address_refused",
    "http://172.16.0.1/": "address_refused",
    "http://192.168.1.1/": "address_refused",
    "http://169.254.169.254/latest/meta-data/": "address_refused",
    "http://[fe80::1]/": "address_refused",
    "http://[fd00:ec2::254]/": "address_refused",
    "http://224.0.0.1/": "address_refused",
    "http://255.255.255.255/": "address_refused",
    "http://100.64.0.1/": "address_refused",
    "http://user:password@example.com/": "credentials_refused",
    "http://example.com:22/": "port_refused",
    "http://exa%00mple.com/": "bad_url",
    "http://[1::2::3]/": "bad_url",
    "http://999.999.999.999/": "bad_url",
}
"""URLs that the form takes, and what looking at them says; none leaves this machine."""


async def test_each_url_that_would_reach_our_own_network_is_unusable_by_name() -> None:
    async with detection_site(allowed=()) as at:
        found = {url: (await at.detected(url)).get("reasonCode") for url in URLS}
        assert found == URLS
        assert (await _served(at))["verdict"] == "match"


async def test_each_file_that_would_do_harm_is_unusable_by_name_and_the_next_is_served() -> None:
    async with detection_site() as at:
        found, wanted = {}, {}
        for name, (data, code) in HOSTILE.items():
            if not data:  # a form's file without a byte
                continue
            answer = await at.form("/v1/detections", {"profileId": str(PROFILE)}, data)
            assert answer.status_code in (201, 413), (name, answer.text)
            found[name] = answer.json().get("reasonCode", answer.status_code)
            wanted[name] = code
        wanted["MP4"] = "malformed"  # no picture, but it begins as a video does
        assert len(wanted) >= 40
        assert found == wanted
        assert (await _served(at))["verdict"] == "match"


async def _served(at: At) -> dict[str, str]:
    await at.register(0, 1)
    data = GALLERY.file(copy_of(0, 1)).data
    shown: dict[str, str] = (await at.form("/v1/detections", {"profileId": str(PROFILE)}, data)).json()
    return shown
