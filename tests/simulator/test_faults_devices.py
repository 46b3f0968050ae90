"""Faults of registers and measurements, compared with the document without faults."""

import pytest
from simulator.fault_documents import DETAILS, LIST, READINGS, SITE, V1, fetch_json, healthy
from simulator.helpers import NOON_IN_JUNE, SettableClock, entry
from simulator.raw_client import fetch

from envoy_simulator import Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def registers(gateway: Simulator) -> dict[str, float]:
    """Registers in Wh, of the site and of the first inverter."""
    inverter = next(iter(fetch_json(gateway, DETAILS).values()))["channels"][0]["lifetime"]["joulesProduced"] / 3600
    readings = fetch_json(gateway, READINGS)
    return {
        "v1": fetch_json(gateway, V1)["wattHoursLifetime"],
        "meter": readings[0]["actEnergyDlvd"],
        "phase": readings[0]["channels"][0]["actEnergyDlvd"],
        "site": fetch_json(gateway, SITE)["production"][1]["whLifetime"],
        "inverters": fetch_json(gateway, SITE)["production"][0]["whLifetime"],
        "inverter": inverter,
    }


def test_counter_faults_change_every_lifetime_register(gateway: Simulator) -> None:
    before = registers(gateway)
    assert min(before.values()) > 1_000_000
    with gateway.faults.during("counters-zero"):
        assert set(registers(gateway).values()) == {0}
        assert fetch_json(gateway, READINGS)[0]["activePower"] == healthy(gateway, READINGS)[0]["activePower"]
    with gateway.faults.during("counters-jump", by=5000):
        assert registers(gateway) == pytest.approx({name: value + 5000 for name, value in before.items()})
    with gateway.faults.during("counters-wrap", bits=20):
        assert registers(gateway)["v1"] == before["v1"] % 2**20
        assert registers(gateway)["inverter"] * 3600 == pytest.approx(before["inverter"] * 3600 % 2**20)


def test_inverter_wraps_changes_one_inverter_and_the_sum(gateway: Simulator) -> None:
    before = registers(gateway)
    with gateway.faults.during("inverter-wraps", by=1000):
        after = registers(gateway)
    changed = {name: round(before[name] - after[name]) for name in before}
    assert changed == {"v1": 0, "meter": 0, "phase": 0, "site": 0, "inverters": 1000, "inverter": 1000}


def test_freeze_keeps_each_document_from_its_first_request(gateway: Simulator, clock: SettableClock) -> None:
    with gateway.faults.during("freeze"):
        first = fetch_json(gateway, READINGS)
        clock.now += 3600
        assert fetch_json(gateway, READINGS) == first != healthy(gateway, READINGS)
        assert fetch_json(gateway, V1) == healthy(gateway, V1)
    assert fetch_json(gateway, READINGS) == healthy(gateway, READINGS)


def test_no_active_ct_can_apply_to_one_request(gateway: Simulator) -> None:
    gateway.faults.on("no-active-ct", When(first=2, last=2))
    counts = [entry(fetch_json(gateway, SITE)["production"], type="eim")["activeCount"] for _ in range(3)]
    assert counts == [1, 0, 1]
    assert healthy(gateway, SITE)["production"][0]["activeCount"] == 20


def test_lost_phase_zeroes_a_phase_of_the_storage_ct() -> None:
    with Simulator("8.2", tls=False, clock=SettableClock()) as gateway, gateway.faults.during("lost-phase"):
        *others, storage = fetch_json(gateway, READINGS)
        *before, previous = healthy(gateway, READINGS)
    assert others == before
    first, second = storage["channels"][:2]
    assert {value for key, value in first.items() if key not in ("eid", "timestamp")} == {0}
    assert second == previous["channels"][1]
    assert storage["activePower"] == pytest.approx(previous["channels"][1]["activePower"], abs=0.01)
    assert storage["voltage"] == pytest.approx(previous["channels"][1]["voltage"], abs=0.01)


def test_total_is_net_copies_net_consumption(gateway: Simulator) -> None:
    with gateway.faults.during("total-is-net"):
        site, before = fetch_json(gateway, SITE), healthy(gateway, SITE)
    net = entry(before["consumption"], measurementType="net-consumption")
    assert entry(site["consumption"], measurementType="net-consumption") == net
    total = entry(site["consumption"], measurementType="total-consumption")
    assert total == {**net, "measurementType": "total-consumption"}


def test_all_zero_reports_zero_production_and_no_inverter(gateway: Simulator) -> None:
    with gateway.faults.during("all-zero"):
        assert set(fetch_json(gateway, V1).values()) == {0}
        assert fetch_json(gateway, LIST) == []
        assert set(registers(gateway).values()) == {0}
        assert {reading["activePower"] for reading in fetch_json(gateway, READINGS)} == {0}
        assert fetch_json(gateway, "/ivp/meters") == healthy(gateway, "/ivp/meters")


def test_today_is_lifetime_copies_the_lifetime(gateway: Simulator) -> None:
    with gateway.faults.during("today-is-lifetime"):
        v1, metered = fetch_json(gateway, V1), fetch_json(gateway, SITE)["production"][1]
    assert v1["wattHoursToday"] == v1["wattHoursSevenDays"] == v1["wattHoursLifetime"] > 0
    for numbers in (metered, metered["lines"][0]):
        assert numbers["whToday"] == numbers["whLastSevenDays"] == numbers["whLifetime"] > 0


def test_clock_faults_shift_every_date(gateway: Simulator) -> None:
    for name, offset in (("clock", 6000), ("clock-1970", -int(NOON_IN_JUNE))):
        with gateway.faults.during(name):
            assert f"<time>{int(NOON_IN_JUNE) + offset}</time>".encode() in fetch(gateway).body
            assert fetch_json(gateway, READINGS)[0]["timestamp"] == NOON_IN_JUNE + offset
            assert (
                fetch_json(gateway, LIST)[0]["lastReportDate"] == healthy(gateway, LIST)[0]["lastReportDate"] + offset
            )


def test_date_faults_change_readings_and_reports(gateway: Simulator, clock: SettableClock) -> None:
    with gateway.faults.during("reading-time-zero"):
        assert {reading["timestamp"] for reading in fetch_json(gateway, READINGS)} == {0}
        assert {entry["readingTime"] for entry in fetch_json(gateway, SITE)["production"]} == {0}
    with gateway.faults.during("report-date", kind="zero"):
        assert reports(gateway) == {0}
    with gateway.faults.during("report-date", kind="future"):
        assert min(reports(gateway)) > NOON_IN_JUNE + 300 * 86400
    with gateway.faults.during("report-interval", seconds=3600):
        assert {date % 3600 for date in reports(gateway)} == {0}
    with gateway.faults.during("report-date", kind="still"):
        clock.now += 7200
        assert max(reports(gateway)) == NOON_IN_JUNE


def reports(gateway: Simulator) -> set[int]:
    details = [
        unit for unit in fetch_json(gateway, DETAILS).values() if isinstance(unit, dict) and unit["devName"] == "pcu"
    ]
    return {inverter["lastReportDate"] for inverter in fetch_json(gateway, LIST)} | {
        unit["channels"][0]["lastReading"]["endDate"] for unit in details
    }
