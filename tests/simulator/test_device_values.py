"""Devices in the inventory and in device_data match the system, in every document."""

from typing import Any

import pytest
from simulator.helpers import NOON_IN_JUNE, document, entry, make_gateway

from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

NOW = NOON_IN_JUNE + 1234.5


def inventory(gateway: Simulator, now: float, kind: str, query: str = "?deleted=1") -> Any:
    return entry(document(gateway, f"/inventory.json{query}", now), type=kind)["devices"]


def test_ac_batteries_match_the_system_in_every_document() -> None:
    gateway = make_gateway("8.3-ac")
    units = inventory(gateway, NOW, "ACB")
    devices = document(gateway, "/ivp/pdm/device_data", NOW).values()
    data = {
        device["sn"]: device["channels"][0]
        for device in devices
        if isinstance(device, dict) and device["devName"] == "acb"
    }
    assert gateway.system is not None
    state_at = gateway.system.at
    assert (
        [unit["serial_num"] for unit in units] == [battery.serial for battery in state_at(NOW).batteries] == list(data)
    )
    watts = 0.0
    for number, unit in enumerate(units):
        report = data[unit["serial_num"]]["lastReading"]
        end, duration = report["endDate"], report["duration"]
        now, before = state_at(end).batteries[number], state_at(end - duration).batteries[number]
        assert report["joulesProduced"] == pytest.approx(now.discharged.joules - before.discharged.joules, abs=1)
        assert report["joulesUsed"] == pytest.approx(now.charged.joules - before.charged.joules, abs=1)
        assert data[unit["serial_num"]]["lifetime"]["joulesUsed"] == int(now.charged.joules)
        assert report["SOC"] == int(100 * now.charge_ratio)
        assert abs(unit["percentFull"] - report["SOC"]) <= 10
        watts += (report["joulesProduced"] - report["joulesUsed"]) / duration
    storage = entry(document(gateway, "/production.json", NOW)["storage"], type="acb")
    assert (storage["activeCount"], storage["wNow"]) == (3, round(watts))
    assert storage["state"] == {True: "discharging", False: "charging"}[watts > 0]
    control = document(gateway, "/ivp/ensemble/secctrl", NOW)
    assert (control["ACB_agg_energy"], control["Max_energy"], control["agg_soc"]) == (storage["whNow"], 3720, 0)
    v1 = document(gateway, "/api/v1/production/inverters", NOW)
    assert [unit["serialNumber"] for unit in v1 if unit["devType"] == 11] == list(data)


@pytest.mark.parametrize("hours", [0, 5])
def test_inverter_current_includes_reactive_power(hours: int) -> None:
    devices = document(make_gateway("8.3"), "/ivp/pdm/device_data", NOW + 3600 * hours).values()
    inverters = [device for device in devices if isinstance(device, dict) and device["devName"] == "pcu"]
    reports = [inverter["channels"][0]["lastReading"] for inverter in inverters]
    assert len(reports) == len(PROFILES["8.3"].design.inverters)
    for report in reports:
        active = report["joulesProduced"] / report["duration"]
        reactive = report["laggingVArs"] - report["leadingVArs"]
        apparent = report["acCurrentInmA"] * report["acVoltageINmV"] / 1e6
        assert apparent == pytest.approx((active**2 + reactive**2) ** 0.5, abs=0.15)


@pytest.mark.parametrize("name", [name for name, profile in PROFILES.items() if "/inventory.json" in profile.paths])
def test_inventory_inverters_communicate_by_day_only(name: str) -> None:
    gateway = make_gateway(name)
    dusk = 7 if PROFILES[name].timezone.startswith("Europe/") else 12
    by_day, by_night = (inventory(gateway, NOW + 3600 * hours, "PCU") for hours in (0, dusk))
    present = [inverter for inverter in by_day if inverter["admin_state"] != 3]
    assert [inverter["serial_num"] for inverter in present] == [
        inverter.serial for inverter in PROFILES[name].design.inverters
    ]
    assert {inverter["producing"] for inverter in present} == {True}
    assert {inverter["operating"] for inverter in by_night if inverter["admin_state"] != 3} == {False}
    assert all(isinstance(inverter["last_rpt_date"], str) for inverter in by_day)
    assert all("envoy.global.ok" not in inverter["device_status"] for inverter in by_night)


def test_inventory_lists_a_removed_inverter_on_request() -> None:
    gateway = make_gateway("8.3-ac")
    (removed,) = PROFILES["8.3-ac"].design.removed
    listed = {inverter["serial_num"]: inverter for inverter in inventory(gateway, NOW, "PCU")}
    assert listed[removed]["admin_state"] == 3
    assert "producing" not in listed[removed]
    assert removed not in {inverter["serial_num"] for inverter in inventory(gateway, NOW, "PCU", query="")}
    (device,) = [device for device in document(gateway, "/ivp/pdm/device_data", NOW).values() if removed in str(device)]
    assert (device["active"], device["channels"][0]["lastReading"]) == (False, {})


def test_device_data_of_60_inverters_ends_at_the_limit() -> None:
    """home-assistant/core#148331: the count is that of the list."""
    gateway = make_gateway("8.2-large")
    devices = document(gateway, "/ivp/pdm/device_data", NOW)
    assert (devices.pop("deviceCount"), devices.pop("deviceDataLimit"), len(devices)) == (50, 50, 50)
    assert len(document(gateway, "/api/v1/production/inverters", NOW)) == 60


def test_iq_relay_is_connected_to_the_only_phase() -> None:
    gateway = make_gateway("8.3-ac")
    devices = document(gateway, "/ivp/pdm/device_data", NOW)
    (relay,) = [device for device in devices.values() if isinstance(device, dict) and device["devName"] == "nsrb"]
    report = relay["channels"][0]["lastReading"]
    assert report["endDate"] == NOW // 900 * 900
    assert 225_000 < report["VrmsL1N"] < 245_000
    assert (report["VrmsL2N"], report["VrmsL3N"]) == (2_400, 2_400)
    (listed,) = inventory(gateway, NOW, "NSRB")
    assert (listed["serial_num"], listed["line-count"]) == (relay["sn"], 1)
    assert [listed[f"line{number}-connected"] for number in (1, 2, 3)] == [True, False, False]
