"""The microinverters: from which list, how old a report may be, and who is none."""

from typing import Any

import pytest
from support.documents import NOW, documents, information, of, one, read, read_documents
from support.inverters import data, device, listed
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.inverter_reports import Inverter, InverterPhaseVoltage
from envoy_exporter.collectors.inverters import DeviceData, InverterInfo
from envoy_exporter.documents import DEVICE_DATA, INFO, INVERTERS_V1, Document, Documents, Json


def test_a_report_of_device_data_in_base_units() -> None:
    found = one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}))
    assert found.power == 230_400 / 903
    assert (found.ac_voltage, found.ac_current, found.ac_frequency) == (248.156, 1.049, 50.013)
    assert (found.dc_voltage, found.dc_current, found.temperature) == (40.352, 8.078, 38)
    assert (found.energy, found.today, found.yesterday) == (354_281_850, 1239 * 3600, 455 * 3600)
    assert (found.reactive_power, found.report_duration, found.rssi, found.issi) == (38, 903, 110, 68)
    assert (found.reporting, found.active, found.max_power) == (True, True, 371)
    assert (found.report_energy, found.conversion_error_cycles, found.flags) == (230_400, 3, 2_097_152)
    assert (found.running, found.module_present) == (6_124_463, True)


def test_the_v1_list_has_watts_and_dates() -> None:
    found = one(Inverter, read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, absent=(DEVICE_DATA,)))
    assert (found.power, found.max_power, found.last_report, found.reporting) == (255, 371, NOW - 60, True)
    assert (found.energy, found.dc_voltage, found.active) == (None, None, None)


def test_at_night_the_last_watts_are_not_repeated_and_the_registers_stay() -> None:
    """The gateway goes on saying 4 W till the morning (home-assistant/core#124493)."""
    found = one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=90 * 60 + 1))}))
    assert found.reporting is False
    assert (found.power, found.ac_voltage, found.dc_voltage, found.temperature) == (None, None, None, None)
    assert (found.energy, found.last_report) == (354_281_850, int(NOW - 5401))


def test_a_report_of_90_minutes_ago_still_speaks_of_now() -> None:
    """Enphase sets the reporting interval to up to an hour (briancmpbll/home_assistant_custom_envoy#201)."""
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=90 * 60))})).reporting


def test_the_age_is_judged_by_the_gateway_s_clock() -> None:
    wrong: Json = {"time": str(int(NOW - 86_400)), "device": {"sn": "1", "software": "D8.3.5169"}}
    told: dict[str, Json] = {INFO: wrong, INVERTERS_V1: [listed(age=86_400 + 60)]}
    found = one(Inverter, read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,)))
    assert found.power == 255


def test_a_report_grows_old_between_two_documents() -> None:
    seen = documents({DEVICE_DATA: data(device(age=89 * 60))})
    later = Documents(
        {name: Document(each.content, each.requested_at, age=120) for name, each in seen.available.items()}
    )
    assert one(Inverter, read_documents(inverters.COLLECTOR, seen)).reporting
    assert not one(Inverter, read_documents(inverters.COLLECTOR, later, now=NOW + 120)).reporting


def test_a_report_from_the_future_is_fresh() -> None:
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=-6000))})).power is not None


@pytest.mark.parametrize("time", ["0", "12", "never"])
def test_without_a_usable_clock_there_is_no_age(time: str) -> None:
    told: dict[str, Json] = {INFO: {**dict(information()), "time": time}, DEVICE_DATA: data(device(age=1e6))}  # type: ignore[arg-type]
    assert one(Inverter, read(inverters.COLLECTOR, told)).power is not None


def test_one_that_was_never_heard_does_not_report() -> None:
    """lastReportDate 0 was 1970 in Home Assistant (home-assistant/core#103871)."""
    found = one(Inverter, read(inverters.COLLECTOR, {INVERTERS_V1: [listed(lastReportDate=0)]}, absent=(DEVICE_DATA,)))
    assert (found.reporting, found.last_report, found.power) == (False, None, None)


def test_ac_batteries_in_the_list_are_no_inverters() -> None:
    """8.2.4382_ACB; a missing devType is an inverter's (3.9.36)."""
    without = {key: value for key, value in dict(listed("2")).items() if key != "devType"}  # type: ignore[arg-type]
    told: dict[str, Json] = {INVERTERS_V1: [listed("1"), without, listed("3", devType=11)]}
    found = of(Inverter, read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,)))
    assert [each.serial for each in found] == ["1", "2"]


@pytest.mark.parametrize("number", ["1", True, [1]])
def test_inverter_list_with_an_odd_device_type_rejects_the_device(number: Json) -> None:
    result = read(
        inverters.COLLECTOR, {INVERTERS_V1: [listed("1"), listed("2", devType=number)]}, absent=(DEVICE_DATA,)
    )
    assert [inverter.serial for inverter in of(Inverter, result)] == ["1"]
    assert rejected_rules(result) == [("type", "devType")]


def test_inverter_list_leaves_the_serials_of_batteries_to_their_collector() -> None:
    available: dict[str, Json] = {INVERTERS_V1: [listed("1"), listed("a b", devType=11), listed("1", devType=11)]}
    assert rejected_rules(read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))) == []


def test_meters_and_relays_in_device_data_are_no_inverters() -> None:
    others: list[Any] = [{"devName": name, "sn": name} for name in ("eim", "acb", "nsrb")]
    found = of(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), *others)}))
    assert [each.serial for each in found] == ["122000000001"]


@pytest.mark.parametrize("count", [50, 51])
def test_at_the_limit_of_device_data_the_whole_fleet_is_in_the_v1_list(count: int) -> None:
    """home-assistant/core#148331: six inverters were lost."""
    told = {DEVICE_DATA: data(device("1"), deviceCount=count), INVERTERS_V1: [listed("1"), listed("2")]}
    found = of(Inverter, read(inverters.COLLECTOR, told))
    assert [each.serial for each in found] == ["1", "2"]


def test_device_data_of_removed_inverters_alone_is_no_use() -> None:
    gone: Json = {"devName": "pcu", "sn": "9", "active": False}
    found = of(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(gone), INVERTERS_V1: [listed("1")]}))
    assert [each.serial for each in found] == ["1"]


def test_a_removed_inverter_is_marked_and_has_nothing_else() -> None:
    """8.3.5433: `active` false, `lastReading` {}."""
    gone: Json = {"devName": "pcu", "sn": "9", "active": False, "modGone": True, "channels": [{"lastReading": {}}]}
    found = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), gone)})
    assert [(each.serial, each.active, each.reporting) for each in of(Inverter, found)] == [
        ("122000000001", True, True),
        ("9", False, None),
    ]
    assert [each.serial for each in of(InverterInfo, found)] == ["122000000001"]


def test_device_data_that_fails_once_is_waited_for_and_not_replaced() -> None:
    first = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())})
    second = read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, memory=first.memory)
    assert second.readings == ()
    third = read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, absent=(DEVICE_DATA,), memory=second.memory)
    assert one(Inverter, third).power == 255


def test_an_interval_of_no_length_has_no_power() -> None:
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(duration=0))})).power is None


@pytest.mark.parametrize(("printed", "watts"), [(4_294_967_292, -4), (4_294_867_296, -100_000), (2**32 - 1, -1)])
def test_watts_printed_as_if_unsigned_are_negative(printed: int, watts: int) -> None:
    """4294967292 in 8.3.5169_ACB_inventory; nothing is lost by reading it as what it is."""
    told: dict[str, Json] = {INVERTERS_V1: [listed(watts=printed, maxReportWatts=printed)]}
    found = read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))
    assert (one(Inverter, found).power, one(Inverter, found).max_power) == (watts, watts)
    assert found.rejections == ()


@pytest.mark.parametrize("printed", [100_001, 2**31 - 1, 2**31, 2**32 - 100_001, 2**32, 2**64 - 4, 4_294_967_292.5])
def test_watts_that_no_inverter_gives_are_rejected(printed: int) -> None:
    found = read(inverters.COLLECTOR, {INVERTERS_V1: [listed(watts=printed)]}, absent=(DEVICE_DATA,))
    assert one(Inverter, found).power is None
    assert found.rejections == ((INVERTERS_V1, "range", "lastReportWatts"),)


def test_the_highest_power_of_device_data_is_unsigned_too() -> None:
    odd = dict(device())  # type: ignore[arg-type]
    odd["channels"] = [{"watts": {"max": 2**32 - 7}}]
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(odd)})).max_power == -7


@pytest.mark.parametrize(
    ("leading", "seconds"), [(14_871, 924), (15_138, 914), (112, 13)], ids=["full", "another", "short"]
)
def test_reactive_power_without_a_current_is_rejected(leading: int, seconds: int) -> None:
    """8.3.5169_ACB_inventory by night: var-seconds, as it seems; and 112 would pass for reactive power."""
    told = device(acCurrentInmA=0, leadingVArs=leading, laggingVArs=0, duration=seconds)
    found = read(inverters.COLLECTOR, {DEVICE_DATA: data(told)})
    assert one(Inverter, found).reactive_power is None
    assert found.rejections == ((DEVICE_DATA, "range", "leadingVArs"),)


@pytest.mark.parametrize(("leading", "lagging"), [(1001, 0), (0, 1001)])
def test_reactive_power_that_no_microinverter_takes_is_rejected(leading: int, lagging: int) -> None:
    found = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(leadingVArs=leading, laggingVArs=lagging))})
    assert (one(Inverter, found).reactive_power, [each.rule for each in found.rejections]) == (None, ["range"])


def test_no_current_and_no_reactive_power_go_together() -> None:
    still = device(acCurrentInmA=0, leadingVArs=0, laggingVArs=0)
    assert one(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(still)})).reactive_power == 0


def test_how_long_an_inverter_has_run_does_not_fall_to_zero_for_a_poll() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    whole: Any = device(age=-120)
    assert one(Inverter, gateway.poll({DEVICE_DATA: data(whole)})).running == 6_124_463
    whole["channels"][0]["lifetime"]["duration"] = 0
    starts = gateway.poll({DEVICE_DATA: data(whole)})
    assert (one(Inverter, starts).running, one(Inverter, starts).energy) == (None, 354_281_850)
    assert rejected_rules(starts) == [("zero_after_value", "lifetime.duration")]


def test_one_bad_field_costs_one_sample_and_one_bad_device_one_device() -> None:
    told: dict[str, Json] = {DEVICE_DATA: data(device("1", dcVoltageINmV="x"), None, {"devName": "pcu"}, device("2"))}
    found = read(inverters.COLLECTOR, told)
    first, second = of(Inverter, found)
    assert (first.dc_voltage, second.dc_voltage) == (None, 40.352)
    assert first.ac_voltage == 248.156
    assert sorted(each.rule for each in found.rejections) == ["label", "type"]


def test_a_serial_twice_is_the_first_and_counted() -> None:
    told: dict[str, Json] = {INVERTERS_V1: [listed("1", watts=1), listed("1", watts=2)]}
    found = read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))
    assert one(Inverter, found).power == 1
    assert found.rejections == ((INVERTERS_V1, "duplicate", "serialNumber"),)


def test_a_serial_that_is_a_number_is_its_digits() -> None:
    told: dict[str, Json] = {INVERTERS_V1: [{**dict(listed()), "serialNumber": 122000000001}]}  # type: ignore[arg-type]
    assert one(Inverter, read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))).serial == "122000000001"


def test_ten_thousand_inverters_are_a_thousand_and_counted() -> None:
    told: dict[str, Json] = {INVERTERS_V1: [listed(str(serial)) for serial in range(10_000)]}
    found = read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))
    assert len(of(Inverter, found)) == 1000
    assert found.rejections == ((INVERTERS_V1, "limit", ""),)


def test_only_legs_with_a_voltage_are_there() -> None:
    found = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(l1NAcVoltageInmV=230_104, l3NAcVoltageInmV=231_208))})
    assert {leg.phase: leg.voltage for leg in of(InverterPhaseVoltage, found)} == {"L1": 230.104, "L3": 231.208}
    old = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(age=5401, l1NAcVoltageInmV=230_104))})
    assert of(InverterPhaseVoltage, old) == []


def test_both_counts_of_device_data_are_told() -> None:
    found = one(DeviceData, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), deviceCount=50)}))
    assert (found.devices, found.limit) == (50, 50)
    assert of(DeviceData, read(inverters.COLLECTOR, {INVERTERS_V1: []}, absent=(DEVICE_DATA,))) == []


def test_a_list_that_has_come_to_its_limit_is_no_list_of_all_even_if_the_other_fails() -> None:
    whole = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())})
    cut: Json = {**data(device()), "deviceCount": 50, "deviceDataLimit": 50}  # type: ignore[dict-item]
    assert of(Inverter, whole) != []
    assert of(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: cut}, memory=whole.memory)) == []
