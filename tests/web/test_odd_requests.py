"""Malformed requests, written by hand or generated at random: the exporter continues to work."""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from random import Random

import pytest
from support.attackers import send
from support.exposition import parsed, parsed_openmetrics
from support.process import Command
from support.served_exporter import ServedExporter, write_config

from envoy_exporter.web import connections
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
HOST = b"Host: x\r\n\r\n"
UPGRADE = b"GET /-/healthy HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + HOST
PATHS = ("/metrics", "/probe", "/probe?target=home", "/telemetry", "/sd", "/config", "/", "/-/healthy", "/-/ready")
FUZZ = 1000


@pytest.fixture(scope="module", params=["h11", "httptools"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    """One exporter for all tests of a parser; its timeouts are one second."""
    if request.param == "httptools":
        pytest.importorskip("httptools")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "CLIENT_TIMEOUT", 1.0)
        if request.param == "h11":
            patch.setattr(connections, "protocol", lambda: connections.H11Connection)
        folder = tmp_path_factory.mktemp("served")
        with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=folder)) as served:
            served.get("/metrics")
            yield served


@pytest.fixture(autouse=True)
def _no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def status_of(served: ServedExporter, raw: bytes, method: str = "GET") -> int:
    """The status of the response, after checking that the exporter still works."""
    with served.connect() as client:
        code = send(client, raw, 2.0, method)
    with served.connect() as client:
        assert send(client, HEALTHY) == 200
    return code


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (b"GET /-/healthy HTTP/1.1\r\n\r\n", {200, 400}),  # no Host
        (b"GET /-/healthy HTTP/1.0\r\n\r\n", {200}),
        (b"GET /-/healthy HTTP/9.9\r\n" + HOST, {200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\nno colon here\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\n: no name\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\nA : blank\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\nA: \x00\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\nA: b\rc\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\nHost: x\n\n", {200, 400}),
        (b"GET /-/healthy\r\n", {0, 400}),  # HTTP/0.9
        (b"GET /a\x00b HTTP/1.1\r\n" + HOST, {400, 404}),
        (b"GET /a\rb HTTP/1.1\r\n" + HOST, {400}),
        (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST, {400, 404}),
        (b"GET /%00%0d%0a%ff HTTP/1.1\r\n" + HOST, {404}),
        (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST, {404}),
        (b"GET /../../etc/passwd HTTP/1.1\r\n" + HOST, {404}),
        (b"GET //metrics HTTP/1.1\r\n" + HOST, {404}),
        (b"GET  HTTP/1.1\r\n" + HOST, {0, 400}),
        (b"GET http://x/-/healthy HTTP/1.1\r\n" + HOST, {200, 404}),
        (b"GET http://169.254.169.254/latest HTTP/1.1\r\n" + HOST, {404}),
        (b"CONNECT 169.254.169.254:80 HTTP/1.1\r\n" + HOST, {400, 404, 405}),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST, {400, 404, 405}),
        (b"NONSENSE / HTTP/1.1\r\n" + HOST, {400, 405}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {0, 400, 404}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {0, 400}),  # TLS to the plain port
        (b"\x00" * 100, {0, 400}),
        (UPGRADE, {200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + HOST, {200}),
        (b"GET /-/healthy HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n" + HOST, {200}),
        (b"GET /-/healthy HTTP/1.1\r\nContent-Length: 10000000000\r\n" + HOST, {200}),
        (b"GET /-/healthy HTTP/1.1\r\nContent-Length: -1\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + HOST, {400}),
        (b"GET /-/healthy HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + HOST, {200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + HOST, {200, 400, 501}),
        (b"GET /-/healthy HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"zz\r\n", {0, 200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + HOST, {200, 400}),
        (b"GET /-/healthy HTTP/1.1\r\nA: " + b"b" * 1_000_000 + b"\r\n" + HOST, {0, 400}),
        (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST, {0, 400}),
        (b"GET /-/healthy?" + b"a" * 50_000 + b" HTTP/1.1\r\n" + HOST, {200}),
        (b"GET /metrics?" + b"name[]=a&" * 5_000 + b" HTTP/1.1\r\n" + HOST, {200}),
        (
            b"GET /metrics?" + b"&".join(b"name[]=%d" % n for n in range(4_000)) + b" HTTP/1.1\r\n" + HOST,
            {200},
        ),
        (b"GET /metrics?name[]=%ff%00%0a&collect[]= HTTP/1.1\r\n" + HOST, {400}),
        (b"GET /metrics?name[]=%ff%00%0a&;&=&&name%5b%5d HTTP/1.1\r\n" + HOST, {200}),
        (b"GET /probe?target=%ed%a0%80 HTTP/1.1\r\n" + HOST, {400}),
        (b"GET /probe?target[]=home HTTP/1.1\r\n" + HOST, {400}),
        (b"GET /sd HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n", {200, 400}),
        (b"GET /metrics HTTP/1.1\r\nX-Prometheus-Scrape-Timeout-Seconds: \xff\r\n" + HOST, {200}),
        (b"GET /metrics HTTP/1.1\r\n" + b"X-Prometheus-Scrape-Timeout-Seconds: 5\r\n" * 2 + HOST, {200}),
        (b"GET /metrics HTTP/1.1\r\nAuthorization: Basic \xff\r\n" + HOST, {200}),
    ],
    ids=lambda value: repr(value[:50]) if isinstance(value, bytes) else "",
)
def test_request_malformed_gets_an_error_and_the_port_works_on(
    served: ServedExporter, raw: bytes, codes: set[int]
) -> None:
    assert status_of(served, raw) in codes


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"])
def test_request_other_method_is_rejected(served: ServedExporter, method: str) -> None:
    for path in (*PATHS, "/-/reload", "/nothing"):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n\r\n"
        code = status_of(served, head.encode(), method)
        if method == "HEAD":
            assert code == {"/probe": 400, "/nothing": 404, "/-/reload": 405}.get(path, 200), path
        else:
            assert code in {400, 403, 404, 405}, path


def test_request_any_accept_header_gets_a_valid_format(served: ServedExporter) -> None:
    random = Random(83)
    parts: tuple[str, ...] = (
        "text/plain",
        "application/openmetrics-text",
        "*/*",
        "text/*",
        "version=1.0.0",
        "version=0.0.4",
    )
    parts += ("q=0.5", "q=0", "q=2", "q=", "q=nan", ",", ";", "=", " ", "\t", "x" * 500, "escaping=allow-utf-8", '"')
    codings = ("gzip", "identity", "*", "br", "q=0", "q=1", ";", ",", "gzip;q=0.000", "GZIP", "x-gzip", "\t")
    for _ in range(30):
        accept = "".join(random.choices(parts, k=random.randrange(8))).strip()
        coding = "".join(random.choices(codings, k=random.randrange(5))).strip()
        response = served.get("/metrics?name[]=enphase_up", accept=accept, accept_encoding=coding)
        read = parsed_openmetrics if "openmetrics" in response.headers["content-type"] else parsed
        assert read(response.text).value("enphase_up") == 1, (accept, coding)


def test_request_invalid_is_not_logged() -> None:
    """Otherwise any client could fill the disk."""
    with Command("--demo") as command:
        port = int(command.url.rpartition(":")[2])
        until = time.monotonic() + 30
        while "Ctrl-C" not in command.output and time.monotonic() < until:  # printed last, after it listens
            time.sleep(0.02)
        lines = command.output.count("\n")
        for raw in (
            b"\x00" * 10,
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            UPGRADE,
            b"GET /nothing HTTP/1.1\r\n" + HOST,
        ) * 10:
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                send(client, raw, 2.0)
        assert command.get("/-/healthy").status_code == 200
        assert command.output.count("\n") == lines


ODD = (
    b"\x00",
    b"\r\n",
    b"\r",
    b"\n",
    b"\xff",
    b":",
    b" ",
    b"\t",
    b"%",
    b"%00",
    b"%zz",
    b"/",
    b"?",
    b"&",
    b"=",
    b"[",
    b"]",
)
PIECES = (
    *ODD,
    b"GET ",
    b"HTTP/1.1",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"a" * 300,
    b"\r\n\r\n",
)
WHOLE = tuple(
    f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
    f"X-Prometheus-Scrape-Timeout-Seconds: 5\r\nAuthorization: Basic YTpi\r\n\r\n".encode()
    for path in (*PATHS, "/metrics?name[]=enphase_up&collect[]=meters", "/probe?target=home&name[]=a%20b")
)


def mangled(random: Random) -> bytes:
    """A request with bytes changed, removed, repeated or inserted."""
    raw = bytearray(random.choice(WHOLE))
    for _ in range(random.randrange(1, 5)):
        place = random.randrange(len(raw) + 1)
        match random.randrange(5):
            case 0 if raw:
                raw[place % len(raw)] = random.randrange(256)
            case 1:
                del raw[place : place + random.randrange(1, 20)]
            case 2:
                raw[place:place] = raw[: random.randrange(1, 60)]
            case 3:
                del raw[place:]
            case _:
                raw[place:place] = random.choice(PIECES)
    return bytes(raw)


def test_request_mangled_is_never_an_internal_error(served: ServedExporter) -> None:
    random = Random(9433)
    codes = set()
    with contextlib.ExitStack() as stack:
        healthy = stack.enter_context(served.connect())
        for _ in range(FUZZ):
            with served.connect() as client:
                codes.add(code := send(client, raw := mangled(random), 0.004))
            assert code < 500, raw
            assert send(healthy, HEALTHY) == 200, raw
    assert {0, 200, 400, 404} <= codes
    assert parsed(served.get("/metrics").text).value("enphase_up") == 1
