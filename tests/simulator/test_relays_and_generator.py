"""The controllers, relays and the generator of simulated gateways, and the meters of a combiner."""

import json
from typing import Any

import pytest
from simulator.helpers import NOON_IN_JUNE, captures, document, entry, make_gateway

from envoy_simulator import PROFILES

NOW = NOON_IN_JUNE + 1234.5
WITH_CONTROLLER = {"8.2": "ENPOWER", "8.3-collar": "COLLAR"}
SETTINGS, CONTACTS = "/ivp/ss/dry_contact_settings", "/ivp/ensemble/dry_contacts"


def devices(name: str, kind: str, now: float = NOW) -> Any:
    return entry(document(make_gateway(name), "/ivp/ensemble/inventory", now), type=kind)["devices"]


@pytest.mark.parametrize(("name", "kind"), WITH_CONTROLLER.items())
def test_controller_temperature_varies(name: str, kind: str) -> None:
    warmth = {devices(name, kind, NOW + 3600 * hours)[0]["temperature"] for hours in range(0, 24, 3)}
    assert len(warmth) > 2
    # The controller reports Fahrenheit, the collar Celsius.
    assert all(60 < temperature < 90 if kind == "ENPOWER" else 25 < temperature < 45 for temperature in warmth)


def test_collar_and_combiner_reported_at_installation_only() -> None:
    for kind in ("COLLAR", "C6 COMBINER CONTROLLER"):
        (device,) = devices("8.3-collar", kind)
        assert device["last_rpt_date"] == device["installed"] < NOW - 300 * 86_400


@pytest.mark.parametrize("name", [name for name in PROFILES if name.startswith(("7", "8"))])
def test_relay_modes_depend_on_the_controller(name: str) -> None:
    relay = document(make_gateway(name), "/ivp/ensemble/status", NOW)["relay"]
    modes = ["multimode-ongrid"] * 2 if name in WITH_CONTROLLER else ["grid-tied", "unknown"]
    assert [relay["Enchg_grid_mode"], relay["Solar_grid_mode"]] == modes
    assert relay["der1_state"] == int(name in WITH_CONTROLLER)


@pytest.mark.parametrize("name", [name for name in PROFILES if name.startswith(("7", "8"))])
def test_dry_contacts_are_listed_everywhere_and_used_on_8_2(name: str) -> None:
    gateway = make_gateway(name)
    settings = document(gateway, SETTINGS, NOW)["dry_contacts"]
    assert [contact["id"] for contact in settings] == ["NC1", "NC2", "NO1", "NO2"]
    assert [contact["id"] for contact in document(gateway, CONTACTS, NOW)["dry_contacts"]] == [
        "NC1",
        "NC2",
        "NO1",
        "NO2",
    ]
    used = {contact["id"]: contact["load_name"] for contact in settings if contact["type"] != "NONE"}
    assert used == ({"NC1": "Pool pump", "NO1": "Well"} if name == "8.2" else {})


def test_dry_contact_opens_below_the_battery_cutoff() -> None:
    gateway = make_gateway("8.2")
    assert gateway.system is not None
    pump, well = set(), set()
    for hours in range(48):
        now = NOW + 3600 * hours
        batteries = gateway.system.at(now).batteries
        charge = sum(battery.stored for battery in batteries) / sum(battery.capacity for battery in batteries)
        contacts = document(gateway, CONTACTS, now)["dry_contacts"]
        pump.add((entry(contacts, id="NC1")["status"], charge >= 0.55))
        well.add(entry(contacts, id="NO1")["status"])
    assert pump == {("closed", True), ("open", False)}
    assert well == {"closed"}


@pytest.mark.parametrize("name", [name for name in PROFILES if name.startswith(("7", "8"))])
def test_generator_config_is_empty_without_a_generator(name: str) -> None:
    gateway = make_gateway(name)
    config, live = document(gateway, "/ivp/ss/gen_config", NOW), document(gateway, "/ivp/ensemble/generator", NOW)
    assert bool(config) == (name == "8.2")
    assert bool(document(gateway, "/ivp/ss/gen_schedule", NOW)) == (name == "8.2")
    assert live["present"] == int(name in {"7.3", "7.6", "8.2"})


@pytest.mark.parametrize(("minutes", "exercises"), [(-1, 0), (0, 1), (29, 1), (30, 0), (24 * 60, 0), (7 * 24 * 60, 1)])
def test_generator_exercises_on_sundays_at_half_past_noon(minutes: int, exercises: int) -> None:
    sunday = NOON_IN_JUNE + 1.5 * 3600  # 12:30 in Fresno
    gateway = make_gateway("8.2")
    live = document(gateway, "/ivp/ensemble/generator", sunday + 60 * minutes)
    assert (live["exc_on"], live["oper_state"]) == (exercises, "open")
    assert document(gateway, "/ivp/ss/gen_schedule", NOW)["exercise_config"] == {
        "freq_in_weeks": 1,
        "start": 12 * 60 + 30,
        "duration": 30,
        "day": "Sun",
    }


def test_combiner_has_seven_meters_of_which_four_are_enabled() -> None:
    listed = document(make_gateway("8.3-collar"), "/ivp/meters", NOW)
    assert {meter["measurementType"]: meter["state"] for meter in listed} == {
        **dict.fromkeys(("production", "net-consumption", "storage", "backfeed"), "enabled"),
        **dict.fromkeys(("load", "evse", "pv3p"), "disabled"),
    }
    real = json.loads((captures() / "8.3.1598_collar" / "ivp_meters").read_bytes())
    assert [meter["eid"] for meter in listed] == [meter["eid"] for meter in real]


def test_combiner_readings_have_the_eids_of_a_capture() -> None:
    real = json.loads((captures() / "8.3.1598_collar" / "ivp_meters_readings").read_bytes())
    simulated = document(make_gateway("8.3-collar"), "/ivp/meters/readings", NOW)
    assert eids(simulated) == eids(real)


def eids(readings: Any) -> list[tuple[int, list[int]]]:
    return [(reading["eid"], [channel["eid"] for channel in reading["channels"]]) for reading in readings]


def test_backfeed_is_the_first_leg_of_the_batteries() -> None:
    gateway = make_gateway("8.3-collar")
    assert gateway.system is not None
    readings = document(gateway, "/ivp/meters/readings", NOW)
    storage, backfeed = entry(readings, eid=704643840), entry(readings, eid=704644352)
    first, second, third = backfeed["channels"]
    truth = gateway.system.at(NOW).phases[0].storage
    assert first["activePower"] == backfeed["activePower"] == storage["channels"][0]["activePower"] != 0
    assert first["activePower"] == pytest.approx(truth.watts, abs=0.002)
    assert first["actEnergyRcvd"] == pytest.approx(truth.received.watt_hours, abs=0.002)
    assert (second["activePower"], second["voltage"]) == (0, 0)
    assert second["current"] == first["current"]
    assert (third["current"], backfeed["freq"], first["freq"]) == (0, 0, 0)


def test_disabled_meters_still_have_readings() -> None:
    readings = document(make_gateway("8.3-collar"), "/ivp/meters/readings", NOW)
    load, evse, unread = (entry(readings, eid=eid) for eid in (704644608, 704644864, 704645120))
    assert load["activePower"] > 0
    assert evse["actEnergyRcvd"] < 0
    assert (unread["timestamp"], unread["actEnergyDlvd"]) == (0, 0)
