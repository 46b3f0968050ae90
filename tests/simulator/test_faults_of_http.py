"""Faults of HTTP, as a client sees them on the wire."""

import gzip
from collections.abc import Callable
from typing import Any
from zlib import decompressobj

import pytest
from simulator.bench import digest_answer
from simulator.wire import Heard, ask, dial, header, hear, plain, request, while_on

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 429, 500, 502, 503, 504])
def test_any_status_with_any_page(code: int) -> None:
    for page, kind, body in (
        ("html", "text/html", f"<html><body><h1>{code}</h1></body></html>"),
        ("json", "application/json", f'{{"error": "{code}"}}'),
        ("text", "text/plain", f"Error: {code}"),
        ("empty", "text/plain", ""),
    ):
        _, heard = while_on("status", code=code, page=page)
        assert (heard.status, header(heard, "content-type"), heard.body.decode()) == (code, [kind], body)


@pytest.mark.parametrize("told", ["0", "1", "30", "-5", "1000000000", "Fri, 31 Dec 2027 23:59:59 GMT", "soon", ""])
def test_busy_and_when_to_come_back(told: str) -> None:
    _, heard = while_on("busy", retry_after=told)
    assert (heard.status, header(heard, "retry-after")) == (503, [told] if told else [])
    assert heard.body == b"Resource busy, please retry after 30 seconds"


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
def test_it_sends_the_client_elsewhere(to: str, place: str) -> None:
    with plain() as gateway, gateway.faults.during("redirect", to=to):
        heard = ask(gateway, "/ivp/meters")
        assert (heard.status, header(heard, "location")) == (301, [place.format(address=gateway.address)])


def test_a_redirect_can_have_no_end_or_no_place_or_any() -> None:
    with plain() as gateway, gateway.faults.during("redirect", to="chain"):
        assert header(ask(gateway, "/home?hop=7"), "location") == ["/home?hop=8"]
    assert header(while_on("redirect", to="nowhere")[1], "location") == []
    assert header(while_on("redirect", location="http://192.0.2.1/")[1], "location") == ["http://192.0.2.1/"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("none", []),
        ("html", ["text/html"]),
        ("json", ["application/json"]),
        ("latin", ["application/json; charset=ISO-8859-4"]),
        ("unknown", ["application/json; charset=x-none-such"]),
    ],
)
def test_a_content_type_is_not_true(kind: str, told: list[str]) -> None:
    healthy, heard = while_on("content-type", "/production.json", kind=kind)
    assert header(heard, "content-type") == told
    assert heard.body == healthy.body


@pytest.mark.parametrize(
    ("kind", "told", "chunked"),
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
def test_a_length_is_wrong(kind: str, told: list[int | str], chunked: bool) -> None:
    healthy, heard = while_on("length", kind=kind)
    size = len(healthy.body)
    assert header(heard, "content-length") == [each if isinstance(each, str) else str(size + each) for each in told]
    assert header(heard, "transfer-encoding") == (["chunked"] if chunked else [])
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (size, healthy.body)
    assert heard.body == (framed if chunked else healthy.body)
    assert heard.end == "close"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("unfinished", b"%(size)x\r\n%(body)b\r\n"),
        ("bad-size", b"zz\r\n%(body)b\r\n0\r\n\r\n"),
        ("trailing", b"%(size)x\r\n%(body)b\r\n0\r\n\r\ntrailing bytes"),
    ],
)
def test_chunks_are_wrong(kind: str, body: bytes) -> None:
    healthy, heard = while_on("chunks", kind=kind)
    assert heard.body == body % {b"size": len(healthy.body), b"body": healthy.body}
    assert (header(heard, "transfer-encoding"), header(heard, "content-length")) == (["chunked"], [])


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
def test_a_head_is_odd(kind: str, fits: Callable[[bytes], bool]) -> None:
    healthy, heard = while_on("head", kind=kind)
    assert fits(heard.data)
    assert heard.data.endswith(healthy.body)


def test_a_body_is_compressed_though_nobody_asked() -> None:
    healthy, heard = while_on("compressed")
    assert header(heard, "content-encoding") == ["gzip"]
    assert gzip.decompress(heard.body) == healthy.body
    with pytest.raises((gzip.BadGzipFile, EOFError, OSError)):
        gzip.decompress(while_on("compressed", kind="damaged")[1].body)
    assert header(while_on("compressed", kind="brotli")[1], "content-encoding") == ["br"]


def test_a_bomb_is_a_mebibyte_that_comes_to_a_gibibyte() -> None:
    with plain() as gateway, gateway.faults.during("compressed", kind="bomb"), dial(gateway) as connection:
        connection.sendall(request(gateway))
        heard = hear(connection, patience=30, most=8 << 20)
    assert 1 << 19 < len(heard.body) < 2 << 20
    assert int.from_bytes(heard.body[-4:], "little") == 1 << 30  # gzip says at its end how much there was
    stream = decompressobj(wbits=31)
    assert stream.decompress(heard.body, 64 << 20) == bytes(64 << 20)
    assert stream.unconsumed_tail


@pytest.mark.parametrize("options", [{"megabytes": 300}, {"megabytes": 300, "kind": "chunks"}, {"megabytes": 0}])
def test_a_body_is_huge_and_ends_when_the_client_does(options: dict[str, Any]) -> None:
    with plain() as gateway, gateway.faults.during("huge", **options), dial(gateway) as connection:
        connection.sendall(request(gateway))
        heard = hear(connection, most=4 << 20)
        assert heard.end == "endless"
        told = header(heard, "content-length")
        assert told == (["314572800"] if options == {"megabytes": 300} else [])


def test_a_huge_body_is_as_long_as_it_says() -> None:
    _, heard = while_on("huge", megabytes=1)
    assert len(heard.body) == 1 << 20 or heard.end == "endless"
    with plain() as gateway, gateway.faults.during("huge", megabytes=2), dial(gateway) as connection:
        connection.sendall(request(gateway))
        assert len(hear(connection, most=3 << 20).body) == 2 << 20


@pytest.mark.parametrize("code", ["204", "205", "206", "304"])
def test_a_status_has_no_body_or_half_of_one(code: str) -> None:
    healthy, heard = while_on("bodiless", kind=code)
    assert heard.status == int(code)
    assert heard.body == (healthy.body[: len(healthy.body) // 2] if code == "206" else b"")


def test_continue_a_thousand_times_and_then_the_answer() -> None:
    healthy, heard = while_on("continued")
    assert heard.data == b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + healthy.data


def test_cookies() -> None:
    with plain() as gateway:
        assert header(ask(gateway), "set-cookie") == []
        with gateway.faults.during("cookies"):
            assert len(header(ask(gateway), "set-cookie")) == 2
        with gateway.faults.during("cookies", kind="changing"):
            assert [header(ask(gateway), "set-cookie") for _ in range(2)] == [
                ["sessionId=1; Path=/"],
                ["sessionId=2; Path=/"],
            ]
        with gateway.faults.during("cookies", kind="expired"):
            assert "01 Jan 1970" in header(ask(gateway), "set-cookie")[0]


def challenge(heard: Heard) -> str:
    (told,) = header(heard, "www-authenticate")
    return told


def nonce(heard: Heard) -> str:
    return challenge(heard).partition('nonce="')[2].partition('"')[0]


LOCKED = "/api/v1/production/inverters"


def with_digest(gateway: Simulator, given: str) -> Heard:
    return ask(gateway, LOCKED, Authorization=digest_answer(gateway, LOCKED, given))


def test_challenges_of_digest() -> None:
    with plain("3.9") as gateway:
        asked = ask(gateway, LOCKED)
        assert with_digest(gateway, nonce(asked)).status == 200
        with gateway.faults.during("digest", kind="endless"):
            assert [with_digest(gateway, nonce(ask(gateway, LOCKED))).status for _ in range(3)] == [401] * 3
        with gateway.faults.during("digest", kind="no-qop"):
            assert "qop" not in challenge(ask(gateway, LOCKED))
    with plain("5.0") as gateway:
        with gateway.faults.during("digest", kind="stale"):
            refused = with_digest(gateway, nonce(ask(gateway, LOCKED)))
            assert "stale=true" in challenge(refused)
            assert with_digest(gateway, nonce(refused)).status == 200
        with gateway.faults.during("digest", kind="changing"):
            given = nonce(ask(gateway, LOCKED))
            assert with_digest(gateway, given).status == 200
            assert "stale=true" in challenge(with_digest(gateway, given))
