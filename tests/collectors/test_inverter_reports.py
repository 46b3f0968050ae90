"""The reports of inverters: units, ages, implausible values."""

from typing import Any

import pytest
from support.documents import NOW, documents, information, of, one, read, read_documents
from support.inverters import data, device, listed
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.inverter_reports import Inverter, InverterPhaseVoltage
from envoy_exporter.documents import (
    DEVICE_DATA,
    INFO,
    INVERTERS_V1,
    Document,
    Documents,
    Json,
)


def test_inverter_report_of_device_data_is_in_base_units() -> None:
    inverter = one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}))
    assert inverter.power == 230_400 / 903
    assert (inverter.ac_voltage, inverter.ac_current, inverter.ac_frequency) == (248.156, 1.049, 50.013)
    assert (inverter.dc_voltage, inverter.dc_current, inverter.temperature) == (40.352, 8.078, 38)
    assert (inverter.energy, inverter.today, inverter.yesterday) == (354_281_850, 1239 * 3600, 455 * 3600)
    assert (inverter.reactive_power, inverter.report_duration, inverter.rssi, inverter.issi) == (38, 903, 110, 68)
    assert (inverter.reporting, inverter.active, inverter.max_power) == (True, True, 371)
    assert (inverter.report_energy, inverter.conversion_error_cycles, inverter.flags) == (230_400, 3, 2_097_152)
    assert (inverter.running, inverter.module_present) == (6_124_463, True)


def test_inverter_report_of_the_v1_list_has_power_and_date() -> None:
    inverter = one(Inverter, read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, absent=(DEVICE_DATA,)))
    assert (inverter.power, inverter.max_power, inverter.last_report, inverter.reporting) == (255, 371, NOW - 60, True)
    assert (inverter.energy, inverter.dc_voltage, inverter.active) == (None, None, None)


def test_inverter_report_that_is_old_has_only_its_registers() -> None:
    """At night the gateway repeats the last power, 4 W, until the morning (home-assistant/core#124493)."""
    inverter = one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=90 * 60 + 1))}))
    assert inverter.reporting is False
    assert (inverter.power, inverter.ac_voltage, inverter.dc_voltage, inverter.temperature) == (None, None, None, None)
    assert (inverter.energy, inverter.last_report) == (354_281_850, int(NOW - 5401))


def test_inverter_report_of_90_minutes_ago_is_current() -> None:
    """Enphase sets the reporting interval to up to an hour (briancmpbll/home_assistant_custom_envoy#201)."""
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=90 * 60))})).reporting


def test_inverter_report_age_is_measured_by_the_gateway_clock() -> None:
    wrong: Json = {"time": str(int(NOW - 86_400)), "device": {"sn": "1", "software": "D8.3.5169"}}
    available: dict[str, Json] = {INFO: wrong, INVERTERS_V1: [listed(age=86_400 + 60)]}
    inverter = one(Inverter, read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,)))
    assert inverter.power == 255


def test_inverter_report_age_grows_between_two_documents() -> None:
    earlier = documents({DEVICE_DATA: data(device(age=89 * 60))})
    later = Documents(
        {
            name: Document(document.content, document.requested_at, age=120)
            for name, document in earlier.available.items()
        }
    )
    assert one(Inverter, read_documents(inverters.COLLECTOR, earlier)).reporting
    assert not one(Inverter, read_documents(inverters.COLLECTOR, later, now=NOW + 120)).reporting


def test_inverter_report_from_the_future_is_current() -> None:
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=-6000))})).power is not None


def test_inverter_report_of_zero_duration_has_no_power() -> None:
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(duration=0))})).power is None


@pytest.mark.parametrize("time", ["0", "12", "never"])
def test_inverter_report_without_a_gateway_clock_is_current(time: str) -> None:
    available: dict[str, Json] = {INFO: {**dict(information()), "time": time}, DEVICE_DATA: data(device(age=1e6))}  # type: ignore[arg-type]
    assert one(Inverter, read(inverters.COLLECTOR, available)).power is not None


def test_inverter_with_report_date_zero_does_not_report() -> None:
    """Home Assistant showed lastReportDate 0 as 1970 (home-assistant/core#103871)."""
    inverter = one(
        Inverter, read(inverters.COLLECTOR, {INVERTERS_V1: [listed(lastReportDate=0)]}, absent=(DEVICE_DATA,))
    )
    assert (inverter.reporting, inverter.last_report, inverter.power) == (False, None, None)


@pytest.mark.parametrize(("printed", "watts"), [(4_294_967_292, -4), (4_294_867_296, -100_000), (2**32 - 1, -1)])
def test_inverter_power_printed_unsigned_is_negative(printed: int, watts: int) -> None:
    """8.3.5169_ACB_inventory reports 4294967292, which is -4 printed as an unsigned number of 32 bits."""
    available: dict[str, Json] = {INVERTERS_V1: [listed(watts=printed, maxReportWatts=printed)]}
    result = read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))
    assert (one(Inverter, result).power, one(Inverter, result).max_power) == (watts, watts)
    assert result.rejections == ()


@pytest.mark.parametrize("printed", [100_001, 2**31 - 1, 2**31, 2**32 - 100_001, 2**32, 2**64 - 4, 4_294_967_292.5])
def test_inverter_power_out_of_range_is_rejected(printed: int) -> None:
    result = read(inverters.COLLECTOR, {INVERTERS_V1: [listed(watts=printed)]}, absent=(DEVICE_DATA,))
    assert one(Inverter, result).power is None
    assert result.rejections == ((INVERTERS_V1, "range", "lastReportWatts"),)


def test_inverter_maximum_power_printed_unsigned_is_negative() -> None:
    inverter = dict(device())  # type: ignore[arg-type]
    inverter["channels"] = [{"watts": {"max": 2**32 - 7}}]
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(inverter)})).max_power == -7


@pytest.mark.parametrize(
    ("leading", "seconds"), [(14_871, 924), (15_138, 914), (112, 13)], ids=["full", "another", "short"]
)
def test_inverter_reactive_power_without_a_current_is_rejected(leading: int, seconds: int) -> None:
    """8.3.5169_ACB_inventory at night: the values are probably var-seconds; 112 alone would look plausible."""
    inverter = device(acCurrentInmA=0, leadingVArs=leading, laggingVArs=0, duration=seconds)
    result = read(inverters.COLLECTOR, {DEVICE_DATA: data(inverter)})
    assert one(Inverter, result).reactive_power is None
    assert result.rejections == ((DEVICE_DATA, "range", "leadingVArs"),)


@pytest.mark.parametrize(("leading", "lagging"), [(1001, 0), (0, 1001)])
def test_inverter_reactive_power_out_of_range_is_rejected(leading: int, lagging: int) -> None:
    result = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(leadingVArs=leading, laggingVArs=lagging))})
    assert (one(Inverter, result).reactive_power, [rejection.rule for rejection in result.rejections]) == (
        None,
        ["range"],
    )


def test_inverter_reactive_power_of_zero_without_a_current_is_zero() -> None:
    inverter = device(acCurrentInmA=0, leadingVArs=0, laggingVArs=0)
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(inverter)})).reactive_power == 0


def test_inverter_running_time_at_zero_for_a_poll_is_rejected() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    inverter: Any = device(age=-120)
    assert one(Inverter, gateway.poll({DEVICE_DATA: data(inverter)})).running == 6_124_463
    inverter["channels"][0]["lifetime"]["duration"] = 0
    zeros = gateway.poll({DEVICE_DATA: data(inverter)})
    assert (one(Inverter, zeros).running, one(Inverter, zeros).energy) == (None, 354_281_850)
    assert rejected_rules(zeros) == [("zero_after_value", "lifetime.duration")]


def test_inverters_lose_only_the_invalid_field_or_device() -> None:
    available: dict[str, Json] = {
        DEVICE_DATA: data(device("1", dcVoltageINmV="x"), None, {"devName": "pcu"}, device("2"))
    }
    result = read(inverters.COLLECTOR, available)
    first, second = of(Inverter, result)
    assert (first.dc_voltage, second.dc_voltage) == (None, 40.352)
    assert first.ac_voltage == 248.156
    assert sorted(rejection.rule for rejection in result.rejections) == ["label", "type"]


def test_inverter_phase_voltages_of_zero_are_omitted() -> None:
    result = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(l1NAcVoltageInmV=230_104, l3NAcVoltageInmV=231_208))})
    assert {phase.phase: phase.voltage for phase in of(InverterPhaseVoltage, result)} == {"L1": 230.104, "L3": 231.208}
    old = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=5401, l1NAcVoltageInmV=230_104))})
    assert of(InverterPhaseVoltage, old) == []


@pytest.mark.parametrize(
    ("joules", "duration", "watts"),
    [
        (230_400, 900, 256.0),
        (4_294_963_696, 900, -4.0),  # -3600 J printed unsigned
        (1_000_000_001, 900, None),
        (230_400, 1, None),
        (230_400, 1e-308, None),
        (230_400, 0, None),
    ],
)
def test_inverter_power_of_device_data_is_plausible_or_absent(
    joules: int, duration: float, watts: float | None
) -> None:
    inverter = one(
        Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(joulesProduced=joules, duration=duration))})
    )
    assert inverter.power == watts
