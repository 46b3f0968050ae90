"""Headers for which a library raises undocumented exceptions: each affects its endpoint only."""

import socket
from collections import Counter

import httpx
import pytest
from support.clock import ManualClock
from support.counting_client import client_of
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, http_response
from support.response_overrides import ResponseOverrides, responds

from envoy_exporter import documents
from envoy_exporter.enlighten.client import retry_after
from envoy_exporter.gateway.client import GatewayClient
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

FAILURES = "enphase_gateway_request_failures_total"


@pytest.mark.parametrize(
    ("profile", "status", "headers", "reason"),
    [
        ("8.3", 503, {"Retry_After": "Mon, 01 Jan 99999999999 00:00:00 GMT"}, "http_5xx"),
        ("8.3", 302, {"Location": "http://xn--/"}, "protocol"),
        ("5.0", 401, {"WWW_Authenticate": 'Digest realm="x", nonce="y", qop="auth", opaque='}, "http_401"),
    ],
    ids=["year out of range", "invalid host name", "challenge without a value"],
)
def test_invalid_header_affects_only_its_endpoint(
    profile: str, status: int, headers: dict[str, str], reason: str
) -> None:
    faults = ResponseOverrides({documents.PRODUCTION_JSON: responds(status, b"", **headers)})
    clock = ManualClock()
    with Simulator(profile, clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(4):
            exposition = exporter.scrape()
            clock.advance(15)
        assert gateway.load.requests[documents.INVENTORY] >= 1, "requested after it"
    failures = {labels: count for labels, count in exposition.of(FAILURES).items() if count}
    assert set(failures) <= {(documents.PRODUCTION_JSON, reason)}
    assert exposition.value("enphase_up") == 1


def test_ten_thousand_headers_are_read_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quadratic time would take seconds, which the deadline does not limit."""
    lookups, get = Counter[str](), httpx.Headers.__getitem__

    def counting(headers: httpx.Headers, name: str) -> str:
        lookups[name] += 1
        return get(headers, name)

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"{}", headers="".join(f"X-{number}: 1\r\n" for number in range(9_999))))

    monkeypatch.setattr(httpx.Headers, "__getitem__", counting)
    with RawGateway(script) as gateway:
        client = client_of(gateway)
        response = client.get(limit=60)
        client.client.close()
    assert (response.body, response.headers["x-9998"]) == (b"{}", "1")
    assert lookups.total() < 100


def test_bug_affects_only_its_endpoint_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    request = GatewayClient.request

    def raises(client: GatewayClient, endpoint, *rest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
        if endpoint.name == documents.TARIFF:
            raise ZeroDivisionError
        return request(client, endpoint, *rest)

    monkeypatch.setattr(GatewayClient, "request", raises)
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(20):
            exposition = exporter.scrape()
            clock.advance(15)
    assert exposition.value(FAILURES, endpoint=documents.TARIFF, reason="internal") <= 6
    success = exposition.of("enphase_scrape_collector_success")
    assert {name for (name,), good in success.items() if not good} == {"tariff"}
    assert "ZeroDivisionError" in caplog.text


def test_retry_after_with_a_year_out_of_range_is_ignored() -> None:
    assert retry_after("Mon, 01 Jan 99999999999 00:00:00 GMT", 0.0) is None
