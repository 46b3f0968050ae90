"""A reload of the config: gateways that stay keep their documents, counters and connections."""

import threading
from pathlib import Path

import pytest
from support.certificates import write_certificate
from support.clock import ManualClock
from support.exposition import parsed
from support.response_overrides import ResponseOverrides
from support.served_exporter import Served, write_config

from envoy_exporter import documents
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

REQUESTS = "enphase_gateway_requests_total"


def reloaded(served: Served) -> None:
    assert served.get("/-/reload", method="POST").status_code == 200


@pytest.mark.parametrize(
    "more",
    [
        "    timeout: 5s",
        "    timezone: Europe/Amsterdam",
        "    collectors: {tariff: false}",
        "    collectors: {inverters: {max_age: 5m}}",
        "    keep_alive: false",
        "    min_interval: 20s",
        "    labels: {site: farm}",
    ],
)
def test_reload_changed_setting_keeps_documents_and_counters(more: str, tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        with Served(write_config(gateway, folder=tmp_path)) as served:
            before = parsed(served.get("/probe?target=home").text)
            requests = dict(gateway.load.requests)
            write_config(gateway, folder=tmp_path, more=more)
            reloaded(served)
            after = parsed(served.get("/probe?target=home").text)
            # A reload requests absent endpoints again, and no others.
            repeated = {path for path, times in gateway.load.requests.items() if times > requests.get(path, 0)}
            assert not repeated & {documents.INFO, documents.METERS, documents.METER_READINGS, documents.DEVICE_DATA}
        assert after.value("enphase_up") == 1
        for labels, count in before.of(REQUESTS).items():
            assert after.of(REQUESTS)[labels] >= count


def test_reload_renamed_gateway_is_not_requested_again(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        with Served(write_config(gateway, folder=tmp_path)) as served:
            served.get("/probe?target=home")
            write_config(gateway, folder=tmp_path, names=("cottage",))
            reloaded(served)
            assert parsed(served.get("/probe?target=cottage").text).value("enphase_up") == 1
            assert served.get("/probe?target=home").status_code == 400
        assert gateway.load.requests[documents.INFO] == 1


def test_reload_during_a_request_starts_no_second_request(tmp_path: Path) -> None:
    overrides = ResponseOverrides({})
    overrides.overrides[documents.DEVICE_DATA] = overrides.silence
    with Simulator("8.3", faults=overrides) as gateway, Served(write_config(gateway, folder=tmp_path)) as served:
        served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        for seconds in (5, 6, 7):
            write_config(gateway, folder=tmp_path, more=f"    timeout: {seconds}s")
            reloaded(served)
            served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        assert gateway.load.most_in_flight == 1
        assert sum(thread.name == "gateway home" for thread in threading.enumerate()) == 1
        overrides.clear()


def test_reload_other_serial_stops_requests_at_once(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path)
        with Served(path) as served:
            served.get("/probe?target=home")
            path.write_text(path.read_text().replace(gateway.serial, "999999999999"))
            reloaded(served)
            requests = dict(gateway.load.requests)
            assert parsed(served.get("/probe?target=home").text).value("enphase_up") == 0
            assert gateway.load.requests == requests


def test_reload_removed_gateway_is_closed(tmp_path: Path) -> None:
    with Simulator("8.3") as house, Simulator("8.3") as barn:
        with Served(write_config(house, barn, folder=tmp_path)) as served:
            served.get("/probe?target=barn")
            assert barn.load.open_connections == 1
            write_config(house, folder=tmp_path)
            reloaded(served)
            for thread in threading.enumerate():
                if thread.name == "gateway barn":
                    thread.join(10)
            assert not any(thread.name == "gateway barn" for thread in threading.enumerate())
        assert barn.load.open_connections == 0


def test_reload_repeated_still_respects_min_interval(tmp_path: Path) -> None:
    """A reload forgets which endpoints are absent, but `min_interval` still applies."""
    with (
        Simulator("8.3") as gateway,
        Served(write_config(gateway, folder=tmp_path, more="    min_interval: 1h")) as served,
    ):
        for _ in range(10):
            served.get("/metrics")
            assert served.get("/-/reload", method="POST").status_code == 200
        assert len(gateway.load.requests) > 5
        assert max(gateway.load.requests.values()) == 1


def test_reload_swapped_names_start_no_second_request(tmp_path: Path) -> None:
    overrides = ResponseOverrides({})
    overrides.overrides[documents.DEVICE_DATA] = overrides.silence
    with (
        Simulator("8.3", faults=overrides) as house,
        Simulator("8.3") as barn,
        Served(write_config(house, barn, folder=tmp_path)) as served,
    ):
        served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        write_config(house, barn, folder=tmp_path, names=("barn", "home"))
        reloaded(served)
        served.get("/probe?target=barn", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        assert house.load.most_in_flight == 1
        overrides.clear()


def test_reload_without_new_credentials_keeps_the_login_state(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path)) as served:
        served.get("/probe?target=home")
        write_config(gateway, folder=tmp_path, more="    timezone: Europe/Amsterdam")
        reloaded(served)
        assert parsed(served.get("/probe?target=home").text).value("enphase_authenticated") == 1


def test_reload_ca_file_renewed_in_place_is_used(tmp_path: Path) -> None:
    """exporter.yml stays the same; a CA that is removed from the file is not trusted any more."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        assert gateway.authority is not None
        write_certificate(tmp_path)
        ca, other = tmp_path / "ca.pem", (tmp_path / "authority.pem").read_bytes()
        ca.write_bytes(other)
        with Served(write_config(gateway, folder=tmp_path, more=f"    tls: {{ca_file: {ca}}}"), clock=clock) as served:
            for certificates, up in ((other, 0), ("# ü\n".encode() + gateway.authority, 1), (other, 0)):
                ca.write_bytes(certificates)
                reloaded(served)
                clock.advance(300)
                assert parsed(served.get("/probe?target=home").text).value("enphase_up") == up


def test_reload_invalid_ca_file_changes_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        assert gateway.authority is not None
        ca = tmp_path / "ca.pem"
        ca.write_bytes(gateway.authority)
        with Served(write_config(gateway, folder=tmp_path, more=f"    tls: {{ca_file: {ca}}}"), clock=clock) as served:
            ca.write_bytes(gateway.authority[:100])
            rejected = served.get("/-/reload", method="POST")
            assert rejected.status_code == 500
            assert f"tls.ca_file: {ca} " in rejected.text
            assert parsed(served.get("/probe?target=home").text).value("enphase_up") == 1
            assert f"ca_file: {ca}" in served.get("/config").text
