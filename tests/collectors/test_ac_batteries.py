"""AC batteries each by itself: who is there, and which way its power flows."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.inverters import data, device
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import batteries, inverters
from envoy_exporter.collectors.batteries import Battery, Storage, StoragePower
from envoy_exporter.collectors.battery_units import BatteryUnit, BatteryUnitInfo
from envoy_exporter.documents import ACB_CONFIG, DEVICE_DATA, INVENTORY, INVERTERS_V1, PRODUCTION_JSON, Json


def unit(serial: str = "121917000001", **more: Json) -> Json:
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


def report(serial: str = "121917000001", age: float = 60, **report: Json) -> Json:
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


def inventory(*units: Json, **available: Any) -> dict[str, Json]:
    return {INVENTORY: [{"type": "ACB", "devices": list(units)}], **available}


def test_an_ac_battery_by_itself() -> None:
    found = read(batteries.COLLECTOR, inventory(unit()))
    assert one(BatteryUnitInfo, found) == BatteryUnitInfo(
        serial="121917000001", kind="ac", part_number="800-00930-r03", firmware="520-00092-r01-v02.13.02", phase=None
    )
    assert one(BatteryUnit, found) == BatteryUnit(
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


def test_device_data_tells_an_ac_battery_s_power_with_its_sign() -> None:
    """8.3.5169_ACB_inventory: 939 J used in 932 s, of two such, and wNow is -2."""
    told = inventory(unit(), **{DEVICE_DATA: {"1": report()}})
    found = one(BatteryUnit, read(batteries.COLLECTOR, told))
    assert found.power == -939 / 932
    assert (found.discharged, found.charged) == (211_982_428, 257_766_067)
    assert (found.temperature, found.min_cell_temperature, found.cell_temperature) == (37, 31, 32)
    assert (found.health, found.charge, found.pack_voltage) == (0.86, 0.02, 22.4)


def test_an_old_report_of_an_ac_battery_says_nothing_of_now() -> None:
    told = inventory(unit(), **{DEVICE_DATA: {"1": report(age=5401)}})
    found = one(BatteryUnit, read(batteries.COLLECTOR, told))
    assert (found.power, found.temperature, found.min_cell_temperature, found.pack_voltage) == (None,) * 4
    assert (found.discharged, found.health) == (211_982_428, 0.86)


@pytest.mark.parametrize("odd", [{"duration": 0}, {"joulesUsed": None}, {"joulesProduced": "1"}])
def test_half_a_balance_is_no_power(odd: dict[str, Any]) -> None:
    told = inventory(unit(), **{DEVICE_DATA: {"1": report(**odd)}})
    assert one(BatteryUnit, read(batteries.COLLECTOR, told)).power is None


def test_ac_batteries_that_only_the_inventory_knows_are_units_without_a_sum() -> None:
    """activeCount 2 without percentFull (pyenphase 2.4.4): metrics want a percentFull."""
    silent: Json = {"storage": [{"type": "acb", "activeCount": 2, "wNow": 0, "whNow": 0, "state": "idle"}]}
    found = read(batteries.COLLECTOR, inventory(unit(), **{PRODUCTION_JSON: silent}))
    assert one(BatteryUnit, found).charge == 0.02
    assert (of(Battery, found), of(Storage, found), of(StoragePower, found)) == ([], [], [])


@pytest.mark.parametrize("state", [3, 0])
def test_a_removed_ac_battery_is_not_there(state: int) -> None:
    told = inventory(unit(admin_state=state), **{DEVICE_DATA: {"1": report()}})
    assert read(batteries.COLLECTOR, told).readings == ()


def test_an_ac_battery_that_does_not_say_how_full_it_is_is_not_there() -> None:
    quiet = {key: value for key, value in dict(unit()).items() if key != "percentFull"}  # type: ignore[arg-type]
    assert read(batteries.COLLECTOR, inventory(quiet)).readings == ()


def test_who_is_told_to_sleep_is_told() -> None:
    config: Json = {"acb_sleep": [{"serial_num": "2", "sleep_min_soc": 25, "sleep_max_soc": 30}]}
    found = read(batteries.COLLECTOR, inventory(unit("1"), unit("2"), **{ACB_CONFIG: config}))
    assert {each.serial: each.sleep_commanded for each in of(BatteryUnit, found)} == {"1": False, "2": True}
    none = read(batteries.COLLECTOR, inventory(unit(), **{ACB_CONFIG: {"acb_sleep": []}}))
    assert one(BatteryUnit, none).sleep_commanded is False
    odd = read(batteries.COLLECTOR, inventory(unit(), **{ACB_CONFIG: {"acb_sleep": "no"}}))
    assert one(BatteryUnit, odd).sleep_commanded is None


V1: list[dict[str, Json]] = [
    {"serialNumber": "482244000001", "lastReportDate": int(NOW) - 60, "devType": 1, "maxReportWatts": 371},
    {"serialNumber": "122122013879", "lastReportDate": 1_732_089_577, "devType": 11, "lastReportWatts": 2},
]


def v1_battery(**more: Json) -> list[Json]:
    return [V1[0], {**V1[1], "maxReportWatts": 149, **more}]


def test_ac_battery_of_the_v1_list_alone_has_its_maximum_and_report() -> None:
    """8.2.4382_ACB lists three there and has no inventory."""
    result = read(batteries.COLLECTOR, {INVERTERS_V1: v1_battery()}, absent=(INVENTORY,))
    assert one(BatteryUnitInfo, result).kind == "ac"
    assert one(BatteryUnit, result) == BatteryUnit(serial="122122013879", max_power=149, last_report=1_732_089_577)


@pytest.mark.parametrize(("power", "maximum"), [(4_294_967_292, -4.0), (200_000, None), ("149", None), (None, None)])
def test_ac_battery_of_the_v1_list_rejects_an_odd_maximum(power: Json, maximum: float | None) -> None:
    result = read(batteries.COLLECTOR, {INVERTERS_V1: v1_battery(maxReportWatts=power)}, absent=(INVENTORY,))
    assert one(BatteryUnit, result).max_power == maximum


@pytest.mark.parametrize("state", [2, 3])
def test_ac_battery_of_the_inventory_is_not_taken_from_the_v1_list(state: int) -> None:
    listed = inventory(unit("122122013879", admin_state=state), **{INVERTERS_V1: v1_battery()})
    found = of(BatteryUnit, read(batteries.COLLECTOR, listed))
    assert [battery.max_power for battery in found] == ([None] if state == 2 else [])


@pytest.mark.parametrize("odd", ["11", True, [], 1.5])
def test_odd_device_type_of_the_v1_list_is_counted_by_one_collector(odd: Json) -> None:
    """The inverters are read in device_data, or in this list: then they count it."""
    listed: dict[str, Json] = {INVERTERS_V1: [V1[0], {**V1[1], "devType": odd}]}
    both = {**listed, DEVICE_DATA: data(device("482244000001"))}
    type_rejection = (INVERTERS_V1, "type", "devType")
    for available, expected in ((both, {"batteries"}), (listed, {"inverters"})):
        results = {
            collector.name: read(collector, available, absent=(INVENTORY,))
            for collector in (batteries.COLLECTOR, inverters.COLLECTOR)
        }
        found = [name for name, result in results.items() for each in result.rejections if each == type_rejection]
        assert found == [*expected]


def test_ac_battery_waits_for_the_inventory_before_the_v1_list_counts() -> None:
    """A slow inventory that fails once must not turn its batteries into ones of the v1 list."""
    gateway = PollSequence(batteries.COLLECTOR)
    assert of(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})) == []
    gateway.poll(inventory(unit("122122013879"), **{INVERTERS_V1: v1_battery()}))
    assert of(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})) == []
    gateway.poll(inventory(**{INVERTERS_V1: v1_battery()}))
    assert one(BatteryUnit, gateway.poll({INVERTERS_V1: v1_battery()})).max_power == 149
