"""Faults of units that come and go, held against the document of good health."""

import pytest
from simulator.bench import NOON_IN_JUNE, entry
from simulator.documents import DETAILS, INVENTORY, LIST, READINGS, healthy, told

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def serials(gateway: Simulator) -> dict[str, list[str]]:
    details = [unit for unit in told(gateway, DETAILS).values() if isinstance(unit, dict) and unit["devName"] == "pcu"]
    (pcu,) = [each for each in told(gateway, INVENTORY) if each["type"] == "PCU"]
    return {
        LIST: [unit["serialNumber"] for unit in told(gateway, LIST)],
        DETAILS: [unit["sn"] for unit in details],
        INVENTORY: [unit["serial_num"] for unit in pcu["devices"]],
    }


def test_an_inverter_is_added_or_removed_in_every_list(gateway: Simulator) -> None:
    before = serials(gateway)
    with gateway.faults.during("inverters-added"):
        for name, those in serials(gateway).items():
            assert those[:-1] == before[name]
            assert len(set(those)) == 21
    with gateway.faults.during("inverter-removed"):
        assert serials(gateway) == {name: those[:-1] for name, those in before.items()}


@pytest.mark.parametrize("count", [29, 36, 130])
def test_device_data_ends_at_fifty_devices_without_a_word(gateway: Simulator, count: int) -> None:
    with gateway.faults.during("inverters-added", count=count):
        told_serials = serials(gateway)
        details = told(gateway, DETAILS)
        assert details["deviceCount"] == details["deviceDataLimit"] == 50
    assert len(set(told_serials[LIST])) == len(set(told_serials[INVENTORY])) == 20 + count
    assert len(told_serials[DETAILS]) <= 50


def test_an_inverter_is_replaced_and_the_old_one_is_kept_as_gone(gateway: Simulator) -> None:
    before = serials(gateway)
    with gateway.faults.during("inverter-replaced", serial="482220011111"):
        after, details = serials(gateway), told(gateway, DETAILS)
    assert after[LIST] == [*before[LIST][:-1], "482220011111"]
    assert after[DETAILS] == [*before[DETAILS], "482220011111"]
    gone = entry([each for each in details.values() if isinstance(each, dict)], sn=before[DETAILS][-1])
    assert (gone["active"], gone["modGone"], gone["channels"][0]["lastReading"]) == (False, True, {})


def test_every_third_inverter_is_silent_since_a_day(gateway: Simulator) -> None:
    with gateway.faults.during("inverters-silent", every=3):
        late = [each["lastReportDate"] < NOON_IN_JUNE - 80_000 for each in told(gateway, LIST)]
    assert late == [number % 3 == 0 for number in range(20)]


def batteries(gateway: Simulator) -> dict[str, list[str]]:
    inventory = entry(told(gateway, "/ivp/ensemble/inventory"), type="ENCHARGE")["devices"]
    return {
        "inventory": [each["serial_num"] for each in inventory],
        "power": [each["serial_num"] for each in told(gateway, "/ivp/ensemble/power")["devices:"]],
        "status": list(told(gateway, "/ivp/ensemble/status")["inventory"]["serial_nums"]),
    }


def test_a_battery_is_added_or_removed_in_every_list(gateway: Simulator) -> None:
    before = batteries(gateway)
    with gateway.faults.during("battery-added", serial="490000000009"):
        assert batteries(gateway) == {name: [*those, "490000000009"] for name, those in before.items()}
    with gateway.faults.during("battery-removed"):
        assert batteries(gateway) == {name: those[:-1] for name, those in before.items()}


def test_a_ct_is_switched_off_or_is_another_or_unlisted(gateway: Simulator) -> None:
    *others, last = healthy(gateway, "/ivp/meters")
    for kind, left in (
        ("disabled", [{**last, "state": "disabled"}]),
        ("total", [{**last, "measurementType": "total-consumption"}]),
        ("unlisted", []),
    ):
        with gateway.faults.during("ct", kind=kind):
            assert told(gateway, "/ivp/meters") == [*others, *left]
            assert told(gateway, READINGS) == healthy(gateway, READINGS)


def test_a_gateway_has_other_phases(gateway: Simulator) -> None:
    with gateway.faults.during("phases", count=1):
        assert {(each["phaseCount"], each["phaseMode"]) for each in told(gateway, "/ivp/meters")} == {(1, "one")}
        assert {len(each["channels"]) for each in told(gateway, READINGS)} == {1}
