"""AC batteries: which units are exposed, their values, and the direction of their power."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.inverters import data, device
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, inverters
from envoy_exporter.collectors.batteries import Battery, Storage, StoragePower
from envoy_exporter.collectors.battery_units import BatteryUnit, BatteryUnitInfo
from envoy_exporter.documents import (
    ACB_CONFIG,
    DEVICE_DATA,
    INVENTORY,
    INVERTERS_V1,
    PRODUCTION_JSON,
    Json,
)


def ac_unit(serial: str = "121917000001", **more: Json) -> Json:
    """As in 8.3.5169_ACB_inventory: dates are texts."""
    return {
        "part_num": "800-00930-r03",
        "serial_num": serial,
        "last_rpt_date": str(int(NOW) - 60),
        "admin_state": 2,
        "img_pnum_running": "520-00092-r01-v02.13.02",
        "producing": True,
        "communicating": True,
        "operating": False,
        "sleep_enabled": False,
        "percentFull": 2,
        "maxCellTemp": 32,
        "sleep_min_soc": 25,
        "sleep_max_soc": 30,
        "charge_status": "idle",
        **more,
    }


def ac_report(serial: str = "121917000001", age: float = 60, **report: Json) -> Json:
    last: dict[str, Json] = {
        "endDate": int(NOW - age),
        "duration": 932,
        "joulesProduced": 0,
        "joulesUsed": 939,
        "channelTemp": 37,
        "SOC": 2,
        "SOH": 86,
        "minCellTemp": 31,
        "maxCellTemp": 33,
        "totVoltage": 22400,
        **report,
    }
    channel: Json = {
        "wattHours": {"today": 57134},
        "lastReading": last,
        "lifetime": {"joulesProduced": 211_982_428, "joulesUsed": 257_766_067},
    }
    return {"devName": "acb", "sn": serial, "active": True, "channels": [channel]}


def ac_inventory(*units: Json, **available: Any) -> dict[str, Json]:
    return {INVENTORY: [{"type": "ACB", "devices": list(units)}], **available}


def test_ac_battery_of_the_inventory_has_its_values() -> None:
    result = read(batteries.COLLECTOR, ac_inventory(ac_unit()))
    assert one(BatteryUnitInfo, result) == BatteryUnitInfo(
        serial="121917000001", kind="ac", part_number="800-00930-r03", firmware="520-00092-r01-v02.13.02", phase=None
    )
    assert one(BatteryUnit, result) == BatteryUnit(
        serial="121917000001",
        charge=0.02,
        cell_temperature=32,
        last_report=NOW - 60,
        communicating=True,
        operating=False,
        producing=True,
        sleep_enabled=False,
        sleep_min_charge=0.25,
        sleep_max_charge=0.3,
        admin_state=2,
        state="idle",
    )


def test_ac_battery_power_of_device_data_has_its_sign() -> None:
    """8.3.5169_ACB_inventory: each of two batteries used 939 J in 932 s, and wNow is -2."""
    available = ac_inventory(ac_unit(), **{DEVICE_DATA: {"1": ac_report()}})
    unit = one(BatteryUnit, read(batteries.COLLECTOR, available))
    assert unit.power == -939 / 932
    assert (unit.discharged, unit.charged) == (211_982_428, 257_766_067)
    assert (unit.temperature, unit.min_cell_temperature, unit.cell_temperature) == (37, 31, 32)
    assert (unit.health, unit.charge, unit.pack_voltage) == (0.86, 0.02, 22.4)


def test_ac_battery_with_an_old_report_has_no_current_values() -> None:
    available = ac_inventory(ac_unit(), **{DEVICE_DATA: {"1": ac_report(age=5401)}})
    unit = one(BatteryUnit, read(batteries.COLLECTOR, available))
    assert (unit.power, unit.temperature, unit.min_cell_temperature, unit.pack_voltage) == (None,) * 4
    assert (unit.discharged, unit.health) == (211_982_428, 0.86)


@pytest.mark.parametrize("report", [{"duration": 0}, {"joulesUsed": None}, {"joulesProduced": "1"}])
def test_ac_battery_power_without_one_of_its_fields_is_absent(report: dict[str, Any]) -> None:
    available = ac_inventory(ac_unit(), **{DEVICE_DATA: {"1": ac_report(**report)}})
    assert one(BatteryUnit, read(batteries.COLLECTOR, available)).power is None


def test_ac_batteries_without_an_aggregate_charge_are_only_units() -> None:
    """activeCount 2 without percentFull (pyenphase 2.4.4): the aggregate needs percentFull."""
    without_charge: Json = {"storage": [{"type": "acb", "activeCount": 2, "wNow": 0, "whNow": 0, "state": "idle"}]}
    result = read(batteries.COLLECTOR, ac_inventory(ac_unit(), **{PRODUCTION_JSON: without_charge}))
    assert one(BatteryUnit, result).charge == 0.02
    assert (of(Battery, result), of(Storage, result), of(StoragePower, result)) == ([], [], [])


@pytest.mark.parametrize("state", [3, 0])
def test_ac_battery_that_was_removed_is_not_exposed(state: int) -> None:
    available = ac_inventory(ac_unit(admin_state=state), **{DEVICE_DATA: {"1": ac_report()}})
    assert read(batteries.COLLECTOR, available).readings == ()


def test_ac_battery_without_a_charge_is_not_exposed() -> None:
    without_charge = {key: value for key, value in dict(ac_unit()).items() if key != "percentFull"}  # type: ignore[arg-type]
    assert read(batteries.COLLECTOR, ac_inventory(without_charge)).readings == ()


def test_ac_battery_in_the_sleep_list_is_commanded_to_sleep() -> None:
    config: Json = {"acb_sleep": [{"serial_num": "2", "sleep_min_soc": 25, "sleep_max_soc": 30}]}
    result = read(batteries.COLLECTOR, ac_inventory(ac_unit("1"), ac_unit("2"), **{ACB_CONFIG: config}))
    assert {unit.serial: unit.sleep_commanded for unit in of(BatteryUnit, result)} == {"1": False, "2": True}
    empty = read(batteries.COLLECTOR, ac_inventory(ac_unit(), **{ACB_CONFIG: {"acb_sleep": []}}))
    assert one(BatteryUnit, empty).sleep_commanded is False
    invalid = read(batteries.COLLECTOR, ac_inventory(ac_unit(), **{ACB_CONFIG: {"acb_sleep": "no"}}))
    assert one(BatteryUnit, invalid).sleep_commanded is None


V1: list[dict[str, Json]] = [
    {"serialNumber": "482244000001", "lastReportDate": int(NOW) - 60, "devType": 1, "maxReportWatts": 371},
    {"serialNumber": "122122013879", "lastReportDate": 1_732_089_577, "devType": 11, "lastReportWatts": 2},
]


def v1_battery(**more: Json) -> list[Json]:
    return [V1[0], {**V1[1], "maxReportWatts": 149, **more}]


def test_ac_battery_listed_only_in_v1_has_its_maximum_and_report() -> None:
    """8.2.4382_ACB lists three AC batteries there and has no inventory."""
    result = read(batteries.COLLECTOR, {INVERTERS_V1: v1_battery()}, absent=(INVENTORY,))
    assert one(BatteryUnitInfo, result).kind == "ac"
    assert one(BatteryUnit, result) == BatteryUnit(serial="122122013879", max_power=149, last_report=1_732_089_577)


@pytest.mark.parametrize(("power", "maximum"), [(4_294_967_292, -4.0), (200_000, None), ("149", None), (None, None)])
def test_ac_battery_of_the_v1_list_rejects_an_invalid_maximum(power: Json, maximum: float | None) -> None:
    result = read(batteries.COLLECTOR, {INVERTERS_V1: v1_battery(maxReportWatts=power)}, absent=(INVENTORY,))
    assert one(BatteryUnit, result).max_power == maximum


@pytest.mark.parametrize("state", [2, 3])
def test_ac_battery_of_the_inventory_is_not_taken_from_the_v1_list(state: int) -> None:
    listed = ac_inventory(ac_unit("122122013879", admin_state=state), **{INVERTERS_V1: v1_battery()})
    units = of(BatteryUnit, read(batteries.COLLECTOR, listed))
    assert [unit.max_power for unit in units] == ([None] if state == 2 else [])


@pytest.mark.parametrize("number", ["11", True, [], 1.5])
def test_v1_list_invalid_device_type_is_counted_by_one_collector(number: Json) -> None:
    """The batteries collector counts it, unless the inverters are read from this list."""
    listed: dict[str, Json] = {INVERTERS_V1: [V1[0], {**V1[1], "devType": number}]}
    both = {**listed, DEVICE_DATA: data(device("482244000001"))}
    type_rejection = (INVERTERS_V1, "type", "devType")
    for available, expected in ((both, {"batteries"}), (listed, {"inverters"})):
        results = {
            collector.name: read(collector, available, absent=(INVENTORY,))
            for collector in (batteries.COLLECTOR, inverters.COLLECTOR)
        }
        counted = [
            name for name, result in results.items() for rejection in result.rejections if rejection == type_rejection
        ]
        assert counted == [*expected]


def test_ac_battery_of_the_v1_list_waits_for_the_inventory() -> None:
    """A slow inventory that fails once must not replace its batteries by those of the v1 list."""
    gateway = PollSequence(batteries.COLLECTOR)
    assert of(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})) == []
    gateway.poll(ac_inventory(ac_unit("122122013879"), **{INVERTERS_V1: v1_battery()}))
    assert of(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})) == []
    gateway.poll(ac_inventory(**{INVERTERS_V1: v1_battery()}))
    assert one(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})).max_power == 149


@pytest.mark.parametrize(
    ("produced", "used", "duration", "watts"),
    [(0, 234_000, 900, -260.0), (0, 4_294_966_396, 900, 1.0), (900_000_000, 0, 1e-300, None)],
)
def test_ac_battery_power_is_plausible_or_absent(
    produced: int, used: int, duration: float, watts: float | None
) -> None:
    report = ac_report(joulesProduced=produced, joulesUsed=used, duration=duration)
    available = ac_inventory(ac_unit(), **{DEVICE_DATA: {"1": report}})
    assert one(BatteryUnit, read(batteries.COLLECTOR, available)).power == watts


def test_ac_battery_registers_at_zero_for_a_poll_are_rejected() -> None:
    gateway = PollSequence(batteries.COLLECTOR)

    def poll(joules: int) -> list[tuple[str, str]]:
        lifetime: Json = {"joulesProduced": joules, "joulesUsed": joules}
        data: Json = {"1": {"devName": "acb", "sn": "1", "active": True, "channels": [{"lifetime": lifetime}]}}
        listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 2, "percentFull": 5}]}]
        return rejected_rules(gateway.poll({DEVICE_DATA: data, INVENTORY: listed}))

    assert [poll(210_000_000), poll(210_000_000)] == [[], []]
    assert poll(0) == [("zero_after_value", "joulesProduced"), ("zero_after_value", "joulesUsed")]
    assert poll(210_000_001) == []
