"""A reload with another config for the same gateway: the gateway does not notice, and no number is lost."""

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
def test_what_is_changed_of_a_gateway_leaves_its_documents_and_its_counters(more: str, tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        with Served(write_config(gateway, folder=tmp_path)) as served:
            before = parsed(served.get("/probe?target=home").text)
            asked = dict(gateway.load.requests)
            write_config(gateway, folder=tmp_path, more=more)
            reloaded(served)
            after = parsed(served.get("/probe?target=home").text)
            # What it said it had not is asked for again after a reload; all else holds.
            news = {path for path, times in gateway.load.requests.items() if times > asked.get(path, 0)}
            assert not news & {documents.INFO, documents.METERS, documents.METER_READINGS, documents.DEVICE_DATA}
        assert after.value("enphase_up") == 1
        for labels, count in before.of(REQUESTS).items():
            assert after.of(REQUESTS)[labels] >= count


def test_a_gateway_of_another_name_is_the_same_gateway(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        with Served(write_config(gateway, folder=tmp_path)) as served:
            served.get("/probe?target=home")
            write_config(gateway, folder=tmp_path, names=("cottage",))
            reloaded(served)
            assert parsed(served.get("/probe?target=cottage").text).value("enphase_up") == 1
            assert served.get("/probe?target=home").status_code == 400
        assert gateway.load.requests[documents.INFO] == 1


def test_while_a_request_is_under_way_a_reload_begins_no_second_one(tmp_path: Path) -> None:
    odd = ResponseOverrides({})
    odd.overrides[documents.DEVICE_DATA] = odd.silence
    with Simulator("8.3", faults=odd) as gateway, Served(write_config(gateway, folder=tmp_path)) as served:
        served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        for seconds in (5, 6, 7):
            write_config(gateway, folder=tmp_path, more=f"    timeout: {seconds}s")
            reloaded(served)
            served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        assert gateway.load.most_in_flight == 1
        assert sum(thread.name == "gateway home" for thread in threading.enumerate()) == 1
        odd.clear()


def test_a_serial_that_is_not_this_gateway_s_ends_the_asking_at_once(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path)
        with Served(path) as served:
            served.get("/probe?target=home")
            path.write_text(path.read_text().replace(gateway.serial, "999999999999"))
            reloaded(served)
            asked = dict(gateway.load.requests)
            assert parsed(served.get("/probe?target=home").text).value("enphase_up") == 0
            assert gateway.load.requests == asked


def test_a_gateway_that_has_gone_from_the_config_is_asked_no_more_and_its_connection_is_closed(tmp_path: Path) -> None:
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


def test_reloads_and_scrapes_without_pause_ask_a_gateway_no_oftener(tmp_path: Path) -> None:
    """A reload forgets what is not on this gateway; `min_interval` holds all the same."""
    with (
        Simulator("8.3") as gateway,
        Served(write_config(gateway, folder=tmp_path, more="    min_interval: 1h")) as served,
    ):
        for _ in range(10):
            served.get("/metrics")
            assert served.get("/-/reload", method="POST").status_code == 200
        assert len(gateway.load.requests) > 5
        assert max(gateway.load.requests.values()) == 1


def test_gateways_that_change_names_are_asked_by_nobody_else_meanwhile(tmp_path: Path) -> None:
    odd = ResponseOverrides({})
    odd.overrides[documents.DEVICE_DATA] = odd.silence
    with (
        Simulator("8.3", faults=odd) as house,
        Simulator("8.3") as barn,
        Served(write_config(house, barn, folder=tmp_path)) as served,
    ):
        served.get("/probe?target=home", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        write_config(house, barn, folder=tmp_path, names=("barn", "home"))
        reloaded(served)
        served.get("/probe?target=barn", X_Prometheus_Scrape_Timeout_Seconds="1.5")
        assert house.load.most_in_flight == 1
        odd.clear()


def test_a_reload_that_concerns_no_credentials_leaves_what_is_known_of_them(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path)) as served:
        served.get("/probe?target=home")
        write_config(gateway, folder=tmp_path, more="    timezone: Europe/Amsterdam")
        reloaded(served)
        assert parsed(served.get("/probe?target=home").text).value("enphase_authenticated") == 1


def test_reload_takes_ca_file_renewed_in_place(tmp_path: Path) -> None:
    """exporter.yml stays the same; a CA that is gone from the file is not trusted any more."""
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


def test_reload_with_broken_ca_file_changes_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        assert gateway.authority is not None
        ca = tmp_path / "ca.pem"
        ca.write_bytes(gateway.authority)
        with Served(write_config(gateway, folder=tmp_path, more=f"    tls: {{ca_file: {ca}}}"), clock=clock) as served:
            ca.write_bytes(gateway.authority[:100])
            refused = served.get("/-/reload", method="POST")
            assert refused.status_code == 500
            assert f"tls.ca_file: {ca} contains no certificate" in refused.text
            assert parsed(served.get("/probe?target=home").text).value("enphase_up") == 1
            assert f"ca_file: {ca}" in served.get("/config").text
