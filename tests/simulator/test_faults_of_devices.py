"""Faults of what devices count and measure, held against the document of good health."""

import pytest
from simulator.bench import NOON_IN_JUNE, StandingClock, entry
from simulator.documents import DETAILS, LIST, READINGS, SITE, V1, healthy, told
from simulator.wire import ask

from envoy_simulator import Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def registers(gateway: Simulator) -> dict[str, float]:
    """Wh, of the whole site and of the first inverter."""
    inverter = next(iter(told(gateway, DETAILS).values()))["channels"][0]["lifetime"]["joulesProduced"] / 3600
    readings = told(gateway, READINGS)
    return {
        "v1": told(gateway, V1)["wattHoursLifetime"],
        "meter": readings[0]["actEnergyDlvd"],
        "phase": readings[0]["channels"][0]["actEnergyDlvd"],
        "site": told(gateway, SITE)["production"][1]["whLifetime"],
        "inverters": told(gateway, SITE)["production"][0]["whLifetime"],
        "inverter": inverter,
    }


def test_counters_are_zero_or_jump_or_wrap(gateway: Simulator) -> None:
    before = registers(gateway)
    assert min(before.values()) > 1_000_000
    with gateway.faults.during("counters-zero"):
        assert set(registers(gateway).values()) == {0}
        assert told(gateway, READINGS)[0]["activePower"] == healthy(gateway, READINGS)[0]["activePower"]
    with gateway.faults.during("counters-jump", by=5000):
        assert registers(gateway) == pytest.approx({name: value + 5000 for name, value in before.items()})
    with gateway.faults.during("counters-wrap", bits=20):
        assert registers(gateway)["v1"] == before["v1"] % 2**20
        assert registers(gateway)["inverter"] * 3600 == pytest.approx(before["inverter"] * 3600 % 2**20)


def test_one_inverter_wraps_and_the_sum_with_it(gateway: Simulator) -> None:
    before = registers(gateway)
    with gateway.faults.during("inverter-wraps", by=1000):
        after = registers(gateway)
    changed = {name: round(before[name] - after[name]) for name in before}
    assert changed == {"v1": 0, "meter": 0, "phase": 0, "site": 0, "inverters": 1000, "inverter": 1000}


def test_documents_freeze_each_on_its_own(gateway: Simulator, clock: StandingClock) -> None:
    with gateway.faults.during("freeze"):
        first = told(gateway, READINGS)
        clock.now += 3600
        assert told(gateway, READINGS) == first != healthy(gateway, READINGS)
        assert told(gateway, V1) == healthy(gateway, V1)
    assert told(gateway, READINGS) == healthy(gateway, READINGS)


def test_an_active_ct_is_said_to_be_none_for_one_poll(gateway: Simulator) -> None:
    gateway.faults.on("no-active-ct", When(first=2, last=2))
    counts = [entry(told(gateway, SITE)["production"], type="eim")["activeCount"] for _ in range(3)]
    assert counts == [1, 0, 1]
    assert healthy(gateway, SITE)["production"][0]["activeCount"] == 20


def test_a_phase_of_the_storage_ct_is_lost() -> None:
    with Simulator("8.2", tls=False, clock=StandingClock()) as gateway, gateway.faults.during("lost-phase"):
        *others, storage = told(gateway, READINGS)
        *before, was = healthy(gateway, READINGS)
    assert others == before
    first, second = storage["channels"][:2]
    assert {value for key, value in first.items() if key not in ("eid", "timestamp")} == {0}
    assert second == was["channels"][1]
    assert storage["activePower"] == pytest.approx(was["channels"][1]["activePower"], abs=0.01)
    assert storage["voltage"] == pytest.approx(was["channels"][1]["voltage"], abs=0.01)


def test_the_total_is_the_net(gateway: Simulator) -> None:
    with gateway.faults.during("total-is-net"):
        site, before = told(gateway, SITE), healthy(gateway, SITE)
    net = entry(before["consumption"], measurementType="net-consumption")
    assert entry(site["consumption"], measurementType="net-consumption") == net
    total = entry(site["consumption"], measurementType="total-consumption")
    assert total == {**net, "measurementType": "total-consumption"}


def test_all_is_zero_as_after_a_start(gateway: Simulator) -> None:
    with gateway.faults.during("all-zero"):
        assert set(told(gateway, V1).values()) == {0}
        assert told(gateway, LIST) == []
        assert set(registers(gateway).values()) == {0}
        assert {reading["activePower"] for reading in told(gateway, READINGS)} == {0}
        assert told(gateway, "/ivp/meters") == healthy(gateway, "/ivp/meters")


def test_today_is_as_much_as_ever(gateway: Simulator) -> None:
    with gateway.faults.during("today-is-lifetime"):
        v1, metered = told(gateway, V1), told(gateway, SITE)["production"][1]
    assert v1["wattHoursToday"] == v1["wattHoursSevenDays"] == v1["wattHoursLifetime"] > 0
    for each in (metered, metered["lines"][0]):
        assert each["whToday"] == each["whLastSevenDays"] == each["whLifetime"] > 0


def test_its_clock_is_wrong_in_all_it_says(gateway: Simulator) -> None:
    for name, offset in (("clock", 6000), ("clock-1970", -int(NOON_IN_JUNE))):
        with gateway.faults.during(name):
            assert f"<time>{int(NOON_IN_JUNE) + offset}</time>".encode() in ask(gateway).body
            assert told(gateway, READINGS)[0]["timestamp"] == NOON_IN_JUNE + offset
            assert told(gateway, LIST)[0]["lastReportDate"] == healthy(gateway, LIST)[0]["lastReportDate"] + offset


def test_dates_of_readings_and_reports(gateway: Simulator, clock: StandingClock) -> None:
    with gateway.faults.during("reading-time-zero"):
        assert {each["timestamp"] for each in told(gateway, READINGS)} == {0}
        assert {each["readingTime"] for each in told(gateway, SITE)["production"]} == {0}
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
    details = [unit for unit in told(gateway, DETAILS).values() if isinstance(unit, dict) and unit["devName"] == "pcu"]
    return {each["lastReportDate"] for each in told(gateway, LIST)} | {
        unit["channels"][0]["lastReading"]["endDate"] for unit in details
    }
