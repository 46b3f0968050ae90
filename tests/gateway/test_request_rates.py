"""The number of requests in an hour of the test's clock, calculated by hand from the table of maximum ages."""

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

HOUR = 3600

PAGE = {"/info": 12, "/production": 60}
METERED = {
    # Below firmware 7: the inverters are in the v1 list, and the production CT makes its production unnecessary.
    "/info": 12,
    "/ivp/meters": 12,
    "/ivp/meters/readings": 240,
    "/production.json": 60,
    "/api/v1/production/inverters": 30,
    "/inventory.json": 12,
    "/home.json": 1,
    "/admin/lib/tariff": 1,
    "/production": 2,  # once, as it may have phases: the digest challenge, and the document
}
STANDARD = {
    # Unmetered, without a battery: endpoints that it does not have were requested once.
    "/info": 12,
    "/ivp/meters": 12,
    "/api/v1/production": 120,
    "/production.json": 60,
    "/api/v1/production/inverters": 30,
    "/inventory.json": 12,
    "/ivp/ensemble/inventory": 2,
    "/home.json": 1,
    "/admin/lib/tariff": 1,
}
EVERYTHING = {
    "/info": 12,
    "/ivp/meters": 12,
    "/ivp/meters/readings": 240,
    "/production.json": 60,
    "/ivp/pdm/device_data": 30,
    "/ivp/ensemble/inventory": 12,
    "/ivp/ensemble/power": 120,
    "/ivp/ensemble/secctrl": 120,
    "/ivp/ensemble/status": 12,
    "/ivp/ss/dry_contact_settings": 12,
    "/ivp/ss/gen_config": 12,
    "/inventory.json": 12,
    "/home": 1,
    "/admin/lib/tariff": 1,
    "/ivp/ss/pel_settings": 12,
    "/ivp/sc/pvlimit": 12,
    "/ivp/firmware_manager/state": 1,
}
SWITCHED = {
    # With a system controller, relays and a generator. It has no device_data: requested at first and after ten minutes.
    **EVERYTHING,
    "/ivp/pdm/device_data": 2,
    "/api/v1/production/inverters": 30,
    "/ivp/ensemble/dry_contacts": 120,
    "/ivp/ensemble/generator": 120,
    "/ivp/ensemble/errors": 12,
    "/ivp/ss/gen_mode": 12,
    "/ivp/ss/gen_schedule": 12,
}


def poll_for_an_hour(profile: str, every: float) -> Simulator:
    """A gateway after an hour of scrapes."""
    clock = ManualClock()
    with Simulator(profile, clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        began = clock.monotonic()
        scrape = 0
        while scrape * every < HOUR:
            clock.advance(max(began + scrape * every - clock.monotonic(), 0))
            exporter.poll()
            scrape += 1
        assert exporter.exposition().value("enphase_up") == 1
    return gateway


@pytest.mark.parametrize(
    ("profile", "table"),
    [("3.7", PAGE), ("4.10", METERED), ("5.0", STANDARD), ("8.3", EVERYTHING), ("8.2", SWITCHED)],
)
def test_scrapes_every_15_seconds_request_as_often_as_the_ages_require(profile: str, table: dict[str, int]) -> None:
    load = poll_for_an_hour(profile, every=15).load
    # A digest challenge is a request too: the first response of the inverters is a 401.
    challenges = sum(count for (_, code), count in load.codes.items() if code == 401)
    requests = dict(load.requests)
    if profile == "5.0":
        assert challenges == 1
        requests["/api/v1/production/inverters"] -= challenges
    assert requests == table
    assert load.most_in_flight == 1
    assert load.invalid_requests == []


@pytest.mark.parametrize("every", [1, 10])
def test_frequent_scrapes_request_no_endpoint_within_min_interval(every: float) -> None:
    requests = poll_for_an_hour("8.3", every=every).load.requests["/ivp/meters/readings"]
    assert requests == (361 if every == 1 else 360), "at 0, 10, 20 ...; the scrape at 3599 waits until 3600"


def test_scrape_interval_equal_to_an_age_does_not_alias() -> None:
    requests = poll_for_an_hour("8.3", every=60).load.requests
    assert requests["/production.json"] == 60
    assert requests["/ivp/pdm/device_data"] == 30


def test_scrapes_a_little_too_early_do_not_alias() -> None:
    """The jitter of Prometheus must not halve the request rate."""
    requests = poll_for_an_hour("8.3", every=59.6).load.requests
    assert requests["/production.json"] == 61


def test_firmware_8_needs_one_connection() -> None:
    assert poll_for_an_hour("8.3", every=15).load.connections == 1


def test_disabled_collector_requests_nothing() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway, collectors=frozenset({"identity", "meters"})), clock)
        exposition = exporter.scrape()
    assert set(gateway.load.requests) == {"/info", "/home", "/ivp/meters", "/ivp/meters/readings"}
    assert exposition.value("enphase_up") == 1
    assert "enphase_meter_power_watts" in exposition
    assert "enphase_production_power_watts" not in exposition
