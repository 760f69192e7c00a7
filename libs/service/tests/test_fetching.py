"""What a URL may lead to, against a real server; and what each attempt to reach further is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from autodmca_service.outside import Fetcher, FetchLimits, NotFetched, is_allowed, networks
from hypothesis import given
from hypothesis import strategies as st

HERE = networks(["127.0.0.1"])
PICTURE = bytes(range(256)) * 8
LET_GO = threading.Event()
LIMITS = FetchLimits(data_bytes=4_096, seconds=5, redirects=3)


class Host(BaseHTTPRequestHandler):
    """A picture host, and what a bad one does. Its paths say what is answered."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name, _, rest = self.path[1:].partition("/")
        match name:
            case "picture":
                self._give(200, PICTURE, Content_Type="text/html", Set_Cookie="a=b")
            case "nothing":
                self._give(200, b"")
            case "large":
                self._give(200, b"x", Content_Length="999999999999999999")
            case "endless":
                self._give(200, PICTURE * 64, Content_Length="")
            case "chunked":
                self._give(200, b"4\r\nabcd\r\n0\r\n\r\n", Content_Length="", Transfer_Encoding="chunked")
            case "packed":
                self._give(200, b"\x1f\x8b", Content_Encoding="gzip")
            case "short":
                self._give(200, b"abc", Content_Length="2000")
            case "to":
                self._give(302, b"", Location=rest)
            case "round":
                self._give(302, b"", Location="/round")
            case "slow":
                LET_GO.wait(30)
                self.close_connection = True
            case _:
                self._give(404, b"secret of the other side")

    def log_message(self, *_: Any) -> None:
        pass

    def _give(self, status: int, data: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content_Length": str(len(data)), **headers}.items():
            if value:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    LET_GO.set()
    server.shutdown()
    thread.join()
    server.server_close()


async def code_of(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(NotFetched) as caught:
        await fetcher.fetch(url)
    assert "secret" not in caught.value.reason
    return caught.value.code


async def test_a_picture_is_fetched_whatever_its_type_is_said_to_be(host: str) -> None:
    fetched = await Fetcher(LIMITS, allowed=HERE).fetch(f"{host}/picture")
    assert fetched == (PICTURE, f"{host}/picture")


async def test_a_body_in_chunks_is_put_together(host: str) -> None:
    assert (await Fetcher(LIMITS, allowed=HERE).fetch(f"{host}/chunked")).data == b"abcd"


async def test_redirects_are_followed_up_to_a_number(host: str) -> None:
    fetcher = Fetcher(LIMITS, allowed=HERE)
    assert (await fetcher.fetch(f"{host}/to//picture")).url == f"{host}/picture"
    assert (await fetcher.fetch(f"{host}/to/{host}/to//picture")).data == PICTURE
    assert await code_of(fetcher, f"{host}/round") == "too_many_redirects"


BAD_URLS = {
    "": "bad_url",
    "picture.png": "bad_url",
    "http://": "bad_url",
    "http://[::1": "bad_url",
    "http://a b/": "bad_url",
    "http://999.1.1.1/": "bad_url",
    "http://x.example/" + "a" * 3_000: "bad_url",
    "file:///etc/passwd": "scheme_refused",
    "ftp://x.example/a.png": "scheme_refused",
    "gopher://x.example/": "scheme_refused",
    "data:image/png;base64,AAAA": "scheme_refused",
    "javascript:alert(1)": "scheme_refused",
    "http://user@x.example/": "credentials_refused",
    "http://user:word@x.example/": "credentials_refused",
    "http://x.example:22/": "port_refused",
    "http://x.example:25/": "port_refused",
    "http://127.0.0.1/": "address_refused",
    "http://127.1/": "address_refused",
    "http://2130706433/": "address_refused",
    "http://0x7f000001/": "address_refused",
    "http://0177.0.0.1/": "address_refused",
    "http://①②⑦.0.0.1/": "address_refused",
    "http://127.0.0.1./": "address_refused",
    "http://0.0.0.0/": "address_refused",
    "http://0/": "address_refused",
    "http://10.0.0.1/": "address_refused",
    "http://172.16.0.1/": "address_refused",
    "http://192.168.1.1/": "address_refused",
    "http://100.64.0.1/": "address_refused",
    "http://169.254.169.254/latest/meta-data/": "address_refused",
    "http://100.100.100.200/": "address_refused",
    "http://192.0.2.1/": "address_refused",
    "http://198.18.0.1/": "address_refused",
    "http://224.0.0.1/": "address_refused",
    "http://240.0.0.1/": "address_refused",
    "http://255.255.255.255/": "address_refused",
    "http://[::]/": "address_refused",
    "http://[::1]/": "address_refused",
    "http://[::127.0.0.1]/": "address_refused",
    "http://[::ffff:127.0.0.1]/": "address_refused",
    "http://[::ffff:8.8.8.8]/": "address_refused",
    "http://[64:ff9b::7f00:1]/": "address_refused",
    "http://[2002:7f00:1::]/": "address_refused",
    "http://[2001:0:1::1]/": "address_refused",
    "http://[fe80::1]/": "address_refused",
    "http://[fc00::1]/": "address_refused",
    "http://[fd00:ec2::254]/": "address_refused",
    "http://[ff02::1]/": "address_refused",
    "http://[2001:db8::1]/": "address_refused",
    "http://localhost/": "address_refused",
}


@pytest.mark.parametrize("url", BAD_URLS, ids=lambda url: url[:40] or "nothing")
async def test_what_is_not_on_the_public_internet_is_not_asked(url: str) -> None:
    assert await code_of(Fetcher(LIMITS), url) == BAD_URLS[url]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::1]/",
        "http://[fd00:ec2::254]/",
        "//0xa000001/",
    ],
)
async def test_a_redirect_leads_no_further(host: str, url: str) -> None:
    assert await code_of(Fetcher(LIMITS, allowed=HERE), f"{host}/to/{url}") == "address_refused"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("missing", "status"),
        ("nothing", "empty"),
        ("large", "too_large"),
        ("endless", "too_large"),
        ("packed", "encoded"),
        ("short", "bad_answer"),
        ("to/file:///etc/passwd", "scheme_refused"),
        ("to/http://user@x.example/", "credentials_refused"),
    ],
)
async def test_an_answer_that_is_no_picture_is_refused_with_its_reason(
    host: str, path: str, code: str
) -> None:
    assert await code_of(Fetcher(LIMITS, allowed=HERE), f"{host}/{path}") == code


async def test_a_host_that_does_not_answer_is_given_up(host: str) -> None:
    assert await code_of(Fetcher(LIMITS._replace(seconds=0.2), allowed=HERE), f"{host}/slow") == "too_slow"


class Names:
    """Gives each name the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str, _port: int) -> Sequence[str]:
        self.asked.append(name)
        return self._answers.pop(0)


async def test_the_connection_is_made_to_the_address_that_was_checked(host: str) -> None:
    """A second look-up would give what may not be reached."""
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    url = host.replace("127.0.0.1", "pictures.example")
    assert (await Fetcher(LIMITS, allowed=HERE, resolve=names).fetch(f"{url}/picture")).data == PICTURE
    assert names.asked == ["pictures.example"]


async def test_a_name_is_checked_anew_after_a_redirect(host: str) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    url = host.replace("127.0.0.1", "pictures.example")
    assert (
        await code_of(Fetcher(LIMITS, allowed=HERE, resolve=names), f"{url}/to//picture") == "address_refused"
    )


async def test_a_name_with_a_public_and_a_private_address_is_refused() -> None:
    names = Names(["93.184.215.14", "10.0.0.1"])
    assert await code_of(Fetcher(LIMITS, resolve=names), "http://two.example/") == "address_refused"


async def test_a_name_without_an_address_is_refused() -> None:
    assert await code_of(Fetcher(LIMITS, resolve=Names([])), "http://none.example/") == "unresolved"


async def test_a_closed_port_is_unreachable(unused_tcp_port: int) -> None:
    assert (
        await code_of(Fetcher(LIMITS, allowed=HERE), f"http://127.0.0.1:{unused_tcp_port}/") == "unreachable"
    )


async def test_what_is_no_http_is_refused() -> None:
    async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP secret\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(nonsense, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await code_of(Fetcher(LIMITS, allowed=HERE), f"http://127.0.0.1:{port}/") == "bad_answer"


@given(st.ip_addresses(v=4))
def test_an_address_that_wraps_another_is_refused(address: Any) -> None:
    number = int(address)
    for wrapped in (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        f"::{address}",
        f"2002:{number >> 16:x}:{number & 65535:x}::",
    ):
        assert not is_allowed(wrapped)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)
