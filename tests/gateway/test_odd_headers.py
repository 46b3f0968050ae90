"""Headers that make a library raise what it does not promise: each costs its endpoint, and the others go on."""

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
    ids=["a year that no calendar has", "a host that is no name", "a challenge with nothing behind its sign"],
)
def test_an_odd_header_costs_its_endpoint_and_no_other(
    profile: str, status: int, headers: dict[str, str], reason: str
) -> None:
    odd = ResponseOverrides({documents.PRODUCTION_JSON: responds(status, b"", **headers)})
    clock = ManualClock()
    with Simulator(profile, clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(4):
            exposition = scraped.scrape()
            clock.advance(15)
        assert gateway.load.requests[documents.INVENTORY] >= 1, "which comes after it"
    failures = {labels: count for labels, count in exposition.of(FAILURES).items() if count}
    assert set(failures) <= {(documents.PRODUCTION_JSON, reason)}
    assert exposition.value("enphase_up") == 1


def test_ten_thousand_headers_are_gone_through_and_not_looked_for_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand times through ten thousand takes seconds of which no deadline knows."""
    looked_for, get = Counter[str](), httpx.Headers.__getitem__

    def counting(headers: httpx.Headers, name: str) -> str:
        looked_for[name] += 1
        return get(headers, name)

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"{}", headers="".join(f"X-{number}: 1\r\n" for number in range(9_999))))

    monkeypatch.setattr(httpx.Headers, "__getitem__", counting)
    with RawGateway(script) as gateway:
        client = client_of(gateway)
        told = client.get(limit=60)
        client.client.close()
    assert (told.body, told.headers["x-9998"]) == (b"{}", "1")
    assert looked_for.total() < 100


def test_a_bug_costs_its_endpoint_and_is_told_once_a_back_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ask = GatewayClient.ask

    def stumbles(link: GatewayClient, endpoint, *rest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
        if endpoint.name == documents.TARIFF:
            raise ZeroDivisionError
        return ask(link, endpoint, *rest)

    monkeypatch.setattr(GatewayClient, "ask", stumbles)
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(20):
            exposition = scraped.scrape()
            clock.advance(15)
    assert exposition.value(FAILURES, endpoint=documents.TARIFF, reason="internal") <= 6
    success = exposition.of("enphase_scrape_collector_success")
    assert {name for (name,), good in success.items() if not good} == {"tariff"}
    assert "ZeroDivisionError" in caplog.text


def test_a_cloud_s_year_that_no_calendar_has_is_no_time_to_wait() -> None:
    assert retry_after("Mon, 01 Jan 99999999999 00:00:00 GMT", 0.0) is None
