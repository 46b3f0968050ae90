"""The inventory and what device_data has beside inverters and meters are the system's, in every document alike."""

from typing import Any

import pytest
from simulator.bench import NOON_IN_JUNE, a_gateway, document, entry

from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

NOW = NOON_IN_JUNE + 1234.5


def inventory(gateway: Simulator, now: float, kind: str, query: str = "?deleted=1") -> Any:
    return entry(document(gateway, f"/inventory.json{query}", now), type=kind)["devices"]


def test_ac_batteries_are_the_systems_in_every_document() -> None:
    gateway = a_gateway("8.3-ac")
    units = inventory(gateway, NOW, "ACB")
    devices = document(gateway, "/ivp/pdm/device_data", NOW).values()
    data = {each["sn"]: each["channels"][0] for each in devices if isinstance(each, dict) and each["devName"] == "acb"}
    assert gateway.system is not None
    truth = gateway.system.at
    assert [unit["serial_num"] for unit in units] == [each.serial for each in truth(NOW).batteries] == list(data)
    watts = 0.0
    for number, unit in enumerate(units):
        report = data[unit["serial_num"]]["lastReading"]
        end, duration = report["endDate"], report["duration"]
        now, before = truth(end).batteries[number], truth(end - duration).batteries[number]
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
    assert [each["serialNumber"] for each in v1 if each["devType"] == 11] == list(data)


@pytest.mark.parametrize("hours", [0, 5])
def test_an_inverter_s_current_is_that_of_its_active_and_its_reactive_power(hours: int) -> None:
    devices = document(a_gateway("8.3"), "/ivp/pdm/device_data", NOW + 3600 * hours).values()
    pcus = [each for each in devices if isinstance(each, dict) and each["devName"] == "pcu"]
    reports = [each["channels"][0]["lastReading"] for each in pcus]
    assert len(reports) == len(PROFILES["8.3"].design.inverters)
    for report in reports:
        active = report["joulesProduced"] / report["duration"]
        reactive = report["laggingVArs"] - report["leadingVArs"]
        apparent = report["acCurrentInmA"] * report["acVoltageINmV"] / 1e6
        assert apparent == pytest.approx((active**2 + reactive**2) ** 0.5, abs=0.15)


@pytest.mark.parametrize("name", [name for name, profile in PROFILES.items() if "/inventory.json" in profile.paths])
def test_an_inventory_knows_its_inverters_and_hears_them_by_day_only(name: str) -> None:
    gateway = a_gateway(name)
    dusk = 7 if PROFILES[name].timezone.startswith("Europe/") else 12
    by_day, by_night = (inventory(gateway, NOW + 3600 * hours, "PCU") for hours in (0, dusk))
    there = [each for each in by_day if each["admin_state"] != 3]
    assert [each["serial_num"] for each in there] == [each.serial for each in PROFILES[name].design.inverters]
    assert {each["producing"] for each in there} == {True}
    assert {each["operating"] for each in by_night if each["admin_state"] != 3} == {False}
    assert all(isinstance(each["last_rpt_date"], str) for each in by_day)
    assert all("envoy.global.ok" not in each["device_status"] for each in by_night)


def test_a_removed_inverter_is_told_to_those_who_ask() -> None:
    gateway = a_gateway("8.3-ac")
    (removed,) = PROFILES["8.3-ac"].design.removed
    listed = {each["serial_num"]: each for each in inventory(gateway, NOW, "PCU")}
    assert listed[removed]["admin_state"] == 3
    assert "producing" not in listed[removed]
    assert removed not in {each["serial_num"] for each in inventory(gateway, NOW, "PCU", query="")}
    (device,) = [each for each in document(gateway, "/ivp/pdm/device_data", NOW).values() if removed in str(each)]
    assert (device["active"], device["channels"][0]["lastReading"]) == (False, {})


def test_device_data_of_many_inverters_ends_at_its_limit_without_a_word() -> None:
    """home-assistant/core#148331: the count is that of the list."""
    gateway = a_gateway("8.2-large")
    devices = document(gateway, "/ivp/pdm/device_data", NOW)
    assert (devices.pop("deviceCount"), devices.pop("deviceDataLimit"), len(devices)) == (50, 50, 50)
    assert len(document(gateway, "/api/v1/production/inverters", NOW)) == 60


def test_an_iq_relay_is_on_the_one_phase_there_is() -> None:
    gateway = a_gateway("8.3-ac")
    devices = document(gateway, "/ivp/pdm/device_data", NOW)
    (relay,) = [each for each in devices.values() if isinstance(each, dict) and each["devName"] == "nsrb"]
    report = relay["channels"][0]["lastReading"]
    assert report["endDate"] == NOW // 900 * 900
    assert 225_000 < report["VrmsL1N"] < 245_000
    assert (report["VrmsL2N"], report["VrmsL3N"]) == (2_400, 2_400)
    (listed,) = inventory(gateway, NOW, "NSRB")
    assert (listed["serial_num"], listed["line-count"]) == (relay["sn"], 1)
    assert [listed[f"line{number}-connected"] for number in (1, 2, 3)] == [True, False, False]
