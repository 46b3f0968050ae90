"""Faults of HTTP, as a client receives them."""

import gzip
from collections.abc import Callable
from typing import Any
from zlib import decompressobj

import pytest
from simulator.helpers import digest_authorization
from simulator.raw_client import Received, before_and_during, dial, fetch, header, plain_gateway, receive, request

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 429, 500, 502, 503, 504])
def test_status_has_any_code_and_page(code: int) -> None:
    for page, kind, body in (
        ("html", "text/html", f"<html><body><h1>{code}</h1></body></html>"),
        ("json", "application/json", f'{{"error": "{code}"}}'),
        ("text", "text/plain", f"Error: {code}"),
        ("empty", "text/plain", ""),
    ):
        _, received = before_and_during("status", code=code, page=page)
        assert (received.status, header(received, "content-type"), received.body.decode()) == (code, [kind], body)


@pytest.mark.parametrize(
    "retry_after", ["0", "1", "30", "-5", "1000000000", "Fri, 31 Dec 2027 23:59:59 GMT", "soon", ""]
)
def test_busy_has_any_retry_after(retry_after: str) -> None:
    _, received = before_and_during("busy", retry_after=retry_after)
    assert (received.status, header(received, "retry-after")) == (503, [retry_after] if retry_after else [])
    assert received.body == b"Resource busy, please retry after 30 seconds"


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("https", "https://{address}/ivp/meters"),
        ("localhost", "https://localhost/ivp/meters"),
        ("login", "/login.html"),
        ("loop", "/ivp/meters"),
        ("chain", "/home?hop=1"),
        ("file", "file:///etc/passwd"),
        ("script", "javascript:alert(1)"),
    ],
)
def test_redirect_has_the_location(to: str, place: str) -> None:
    with plain_gateway() as gateway, gateway.faults.during("redirect", to=to):
        received = fetch(gateway, "/ivp/meters")
        assert (received.status, header(received, "location")) == (301, [place.format(address=gateway.address)])


def test_redirect_chain_nowhere_and_location() -> None:
    with plain_gateway() as gateway, gateway.faults.during("redirect", to="chain"):
        assert header(fetch(gateway, "/home?hop=7"), "location") == ["/home?hop=8"]
    assert header(before_and_during("redirect", to="nowhere")[1], "location") == []
    assert header(before_and_during("redirect", location="http://192.0.2.1/")[1], "location") == ["http://192.0.2.1/"]


@pytest.mark.parametrize(
    ("kind", "content_types"),
    [
        ("none", []),
        ("html", ["text/html"]),
        ("json", ["application/json"]),
        ("latin", ["application/json; charset=ISO-8859-4"]),
        ("unknown", ["application/json; charset=x-none-such"]),
    ],
)
def test_content_type_is_wrong_or_missing(kind: str, content_types: list[str]) -> None:
    healthy, received = before_and_during("content-type", "/production.json", kind=kind)
    assert header(received, "content-type") == content_types
    assert received.body == healthy.body


@pytest.mark.parametrize(
    ("kind", "lengths", "chunked"),
    [
        ("too-big", [100], False),
        ("too-small", [-5], False),
        ("negative", ["-1"], False),
        ("doubled", [0, 0], False),
        ("conflicting", [0, 7], False),
        ("with-chunks", [0], True),
        ("none", [], False),
        ("word", ["some"], False),
    ],
)
def test_length_is_wrong_or_missing(kind: str, lengths: list[int | str], chunked: bool) -> None:
    healthy, received = before_and_during("length", kind=kind)
    size = len(healthy.body)
    assert header(received, "content-length") == [
        length if isinstance(length, str) else str(size + length) for length in lengths
    ]
    assert header(received, "transfer-encoding") == (["chunked"] if chunked else [])
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (size, healthy.body)
    assert received.body == (framed if chunked else healthy.body)
    assert received.end == "close"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("unfinished", b"%(size)x\r\n%(body)b\r\n"),
        ("bad-size", b"zz\r\n%(body)b\r\n0\r\n\r\n"),
        ("trailing", b"%(size)x\r\n%(body)b\r\n0\r\n\r\ntrailing bytes"),
    ],
)
def test_chunks_are_invalid(kind: str, body: bytes) -> None:
    healthy, received = before_and_during("chunks", kind=kind)
    assert received.body == body % {b"size": len(healthy.body), b"body": healthy.body}
    assert (header(received, "transfer-encoding"), header(received, "content-length")) == (["chunked"], [])


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("bad-status", lambda data: data.startswith(b"HTTP/1.1 fine, thanks\r\n")),
        ("http-0.9", lambda data: data.startswith(b"[\n")),
        ("no-colon", lambda data: b"\r\nnot a header\r\n" in data),
        ("space", lambda data: b"\r\nX-Odd : 1\r\n" in data),
        ("long", lambda data: b"x" * 300_000 in data),
        ("cookie", lambda data: b"\r\nSet-Cookie: sessionId=" + b"x" * 1_000_000 + b"\r\n" in data),
        ("many", lambda data: data.count(b"\r\nX-") == 10_002),  # with X-Frame-Options and X-Content-Type-Options
        ("nul", lambda data: b"X-Nul: a\0b\r\n" in data),
    ],
)
def test_head_is_invalid_or_too_large(kind: str, fits: Callable[[bytes], bool]) -> None:
    healthy, received = before_and_during("head", kind=kind)
    assert fits(received.data)
    assert received.data.endswith(healthy.body)


def test_compressed_body_without_accept_encoding() -> None:
    healthy, received = before_and_during("compressed")
    assert header(received, "content-encoding") == ["gzip"]
    assert gzip.decompress(received.body) == healthy.body
    with pytest.raises((gzip.BadGzipFile, EOFError, OSError)):
        gzip.decompress(before_and_during("compressed", kind="damaged")[1].body)
    assert header(before_and_during("compressed", kind="brotli")[1], "content-encoding") == ["br"]


def test_compressed_bomb_of_1_mib_decompresses_to_1_gib() -> None:
    with plain_gateway() as gateway, gateway.faults.during("compressed", kind="bomb"), dial(gateway) as connection:
        connection.sendall(request(gateway))
        received = receive(connection, timeout=30, most=8 << 20)
    assert 1 << 19 < len(received.body) < 2 << 20
    assert (
        int.from_bytes(received.body[-4:], "little") == 1 << 30
    )  # the last four bytes of gzip are the length before compression
    stream = decompressobj(wbits=31)
    assert stream.decompress(received.body, 64 << 20) == bytes(64 << 20)
    assert stream.unconsumed_tail


@pytest.mark.parametrize("options", [{"megabytes": 300}, {"megabytes": 300, "kind": "chunks"}, {"megabytes": 0}])
def test_huge_body_ends_when_the_client_disconnects(options: dict[str, Any]) -> None:
    with plain_gateway() as gateway, gateway.faults.during("huge", **options), dial(gateway) as connection:
        connection.sendall(request(gateway))
        received = receive(connection, most=4 << 20)
        assert received.end == "endless"
        assert header(received, "content-length") == (["314572800"] if options == {"megabytes": 300} else [])


def test_huge_body_has_its_content_length() -> None:
    _, received = before_and_during("huge", megabytes=1)
    assert len(received.body) == 1 << 20 or received.end == "endless"
    with plain_gateway() as gateway, gateway.faults.during("huge", megabytes=2), dial(gateway) as connection:
        connection.sendall(request(gateway))
        assert len(receive(connection, most=3 << 20).body) == 2 << 20


@pytest.mark.parametrize("code", ["204", "205", "206", "304"])
def test_bodiless_has_no_body_or_half_of_it(code: str) -> None:
    healthy, received = before_and_during("bodiless", kind=code)
    assert received.status == int(code)
    assert received.body == (healthy.body[: len(healthy.body) // 2] if code == "206" else b"")


def test_continued_sends_100_continue_1000_times() -> None:
    healthy, received = before_and_during("continued")
    assert received.data == b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + healthy.data


def test_cookies_are_set() -> None:
    with plain_gateway() as gateway:
        assert header(fetch(gateway), "set-cookie") == []
        with gateway.faults.during("cookies"):
            assert len(header(fetch(gateway), "set-cookie")) == 2
        with gateway.faults.during("cookies", kind="changing"):
            assert [header(fetch(gateway), "set-cookie") for _ in range(2)] == [
                ["sessionId=1; Path=/"],
                ["sessionId=2; Path=/"],
            ]
        with gateway.faults.during("cookies", kind="expired"):
            assert "01 Jan 1970" in header(fetch(gateway), "set-cookie")[0]


def challenge(received: Received) -> str:
    (value,) = header(received, "www-authenticate")
    return value


def nonce(received: Received) -> str:
    return challenge(received).partition('nonce="')[2].partition('"')[0]


LOCKED = "/api/v1/production/inverters"


def with_digest(gateway: Simulator, nonce_value: str) -> Received:
    return fetch(gateway, LOCKED, Authorization=digest_authorization(gateway, LOCKED, nonce_value))


def test_digest_challenges_are_endless_stale_or_without_qop() -> None:
    with plain_gateway("3.9") as gateway:
        assert with_digest(gateway, nonce(fetch(gateway, LOCKED))).status == 200
        with gateway.faults.during("digest", kind="endless"):
            assert [with_digest(gateway, nonce(fetch(gateway, LOCKED))).status for _ in range(3)] == [401] * 3
        with gateway.faults.during("digest", kind="no-qop"):
            assert "qop" not in challenge(fetch(gateway, LOCKED))
    with plain_gateway("5.0") as gateway:
        with gateway.faults.during("digest", kind="stale"):
            rejected = with_digest(gateway, nonce(fetch(gateway, LOCKED)))
            assert "stale=true" in challenge(rejected)
            assert with_digest(gateway, nonce(rejected)).status == 200
        with gateway.faults.during("digest", kind="changing"):
            used = nonce(fetch(gateway, LOCKED))
            assert with_digest(gateway, used).status == 200
            assert "stale=true" in challenge(with_digest(gateway, used))
