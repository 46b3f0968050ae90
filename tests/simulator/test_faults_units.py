"""Faults that add and remove devices, compared with the document without faults."""

import pytest
from simulator.fault_documents import DETAILS, INVENTORY, LIST, READINGS, fetch_json, healthy
from simulator.helpers import NOON_IN_JUNE, entry

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def serials(gateway: Simulator) -> dict[str, list[str]]:
    details = [
        unit for unit in fetch_json(gateway, DETAILS).values() if isinstance(unit, dict) and unit["devName"] == "pcu"
    ]
    (pcu,) = [group for group in fetch_json(gateway, INVENTORY) if group["type"] == "PCU"]
    return {
        LIST: [unit["serialNumber"] for unit in fetch_json(gateway, LIST)],
        DETAILS: [unit["sn"] for unit in details],
        INVENTORY: [unit["serial_num"] for unit in pcu["devices"]],
    }


def test_inverter_is_added_and_removed_in_every_list(gateway: Simulator) -> None:
    before = serials(gateway)
    with gateway.faults.during("inverters-added"):
        for name, serial_numbers in serials(gateway).items():
            assert serial_numbers[:-1] == before[name]
            assert len(set(serial_numbers)) == 21
    with gateway.faults.during("inverter-removed"):
        assert serials(gateway) == {name: serial_numbers[:-1] for name, serial_numbers in before.items()}


@pytest.mark.parametrize("count", [29, 36, 130])
def test_inverters_added_device_data_ends_at_50_devices(gateway: Simulator, count: int) -> None:
    with gateway.faults.during("inverters-added", count=count):
        listed = serials(gateway)
        details = fetch_json(gateway, DETAILS)
        assert details["deviceCount"] == details["deviceDataLimit"] == 50
    assert len(set(listed[LIST])) == len(set(listed[INVENTORY])) == 20 + count
    assert len(listed[DETAILS]) <= 50


def test_inverter_replaced_lists_the_old_one_as_gone(gateway: Simulator) -> None:
    before = serials(gateway)
    with gateway.faults.during("inverter-replaced", serial="482220011111"):
        after, details = serials(gateway), fetch_json(gateway, DETAILS)
    assert after[LIST] == [*before[LIST][:-1], "482220011111"]
    assert after[DETAILS] == [*before[DETAILS], "482220011111"]
    gone = entry([device for device in details.values() if isinstance(device, dict)], sn=before[DETAILS][-1])
    assert (gone["active"], gone["modGone"], gone["channels"][0]["lastReading"]) == (False, True, {})


def test_inverters_silent_affects_every_third_inverter(gateway: Simulator) -> None:
    with gateway.faults.during("inverters-silent", every=3):
        late = [inverter["lastReportDate"] < NOON_IN_JUNE - 80_000 for inverter in fetch_json(gateway, LIST)]
    assert late == [number % 3 == 0 for number in range(20)]


def batteries(gateway: Simulator) -> dict[str, list[str]]:
    inventory = entry(fetch_json(gateway, "/ivp/ensemble/inventory"), type="ENCHARGE")["devices"]
    return {
        "inventory": [battery["serial_num"] for battery in inventory],
        "power": [battery["serial_num"] for battery in fetch_json(gateway, "/ivp/ensemble/power")["devices:"]],
        "status": list(fetch_json(gateway, "/ivp/ensemble/status")["inventory"]["serial_nums"]),
    }


def test_battery_is_added_and_removed_in_every_list(gateway: Simulator) -> None:
    before = batteries(gateway)
    with gateway.faults.during("battery-added", serial="490000000009"):
        assert batteries(gateway) == {
            name: [*serial_numbers, "490000000009"] for name, serial_numbers in before.items()
        }
    with gateway.faults.during("battery-removed"):
        assert batteries(gateway) == {name: serial_numbers[:-1] for name, serial_numbers in before.items()}


def test_ct_is_disabled_changed_or_unlisted(gateway: Simulator) -> None:
    *others, last = healthy(gateway, "/ivp/meters")
    for kind, left in (
        ("disabled", [{**last, "state": "disabled"}]),
        ("total", [{**last, "measurementType": "total-consumption"}]),
        ("unlisted", []),
    ):
        with gateway.faults.during("ct", kind=kind):
            assert fetch_json(gateway, "/ivp/meters") == [*others, *left]
            assert fetch_json(gateway, READINGS) == healthy(gateway, READINGS)


def test_phases_changes_meters_and_channels(gateway: Simulator) -> None:
    with gateway.faults.during("phases", count=1):
        assert {(meter["phaseCount"], meter["phaseMode"]) for meter in fetch_json(gateway, "/ivp/meters")} == {
            (1, "one")
        }
        assert {len(reading["channels"]) for reading in fetch_json(gateway, READINGS)} == {1}
