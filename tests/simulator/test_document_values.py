"""Every number in a document is that of the system, except where firmware is known to report another number."""

import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from simulator.helpers import METERED, NOON_IN_JUNE, document, entry, make_gateway, respond

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.documents.production import in_three_digits
from envoy_simulator.http_types import Request
from envoy_simulator.state import Circuit, State
from envoy_simulator.system_model import SystemModel

pytestmark = pytest.mark.integration

NOW = NOON_IN_JUNE + 1234.5
MIDNIGHT_IN_DENVER = NOON_IN_JUNE + 12 * 3600
LINES = {"7.3": 1, "7.6": 3, "8.2": 2, "8.3": 3, "8.3-collar": 3, "8.2-large": 2, "8.3-ac": 1}
LINES |= {"8.3-load": 3, "8.2-three": 3}
WITH_TOKEN = tuple(LINES)


def system_of(gateway: Simulator) -> SystemModel:
    assert gateway.system is not None
    return gateway.system


def circuit(state: State, meter: str, phase: int) -> Circuit:
    circuits = state.phases[phase]
    return {"production": circuits.production, "net-consumption": circuits.net, "storage": circuits.storage}[meter]


WITH_NET_METER = tuple(name for name in METERED if "net-consumption" in PROFILES[name].meters)


@pytest.mark.parametrize("name", METERED)
def test_meter_reading_has_power_and_energy_of_the_circuit(name: str) -> None:
    gateway = make_gateway(name)
    truth = system_of(gateway).at(NOW)
    enabled = [meter for meter in document(gateway, "/ivp/meters", NOW) if meter["state"] == "enabled"]
    assert tuple(meter["measurementType"] for meter in enabled) == PROFILES[name].meters
    listed = {
        meter["eid"]: meter for meter in enabled if meter["measurementType"] not in {"backfeed", "total-consumption"}
    }
    readings = [reading for reading in document(gateway, "/ivp/meters/readings", NOW) if reading["eid"] in listed]
    assert len(readings) == len(listed)
    for reading in readings:
        meter = listed[reading["eid"]]
        phases = [circuit(truth, meter["measurementType"], phase) for phase in range(meter["phaseCount"])]
        for channel, measured in zip(reading["channels"], phases, strict=False):
            check_reading(channel, [measured])
        check_reading(reading, phases)
        assert len(reading["channels"]) == 3
        assert reading["voltage"] == pytest.approx(
            sum(channel["voltage"] for channel in reading["channels"][: len(phases)]), abs=0.01
        )


def check_reading(reading: Any, circuits: list[Circuit]) -> None:
    assert reading["activePower"] == reading["instantaneousDemand"]
    assert reading["activePower"] == pytest.approx(sum(circuit.watts for circuit in circuits), abs=0.002)
    assert reading["actEnergyDlvd"] == pytest.approx(
        sum(circuit.delivered.watt_hours for circuit in circuits), abs=0.002
    )
    assert reading["actEnergyRcvd"] == pytest.approx(
        sum(circuit.received.watt_hours for circuit in circuits), abs=0.002
    )
    assert reading["apparentEnergy"] == pytest.approx(
        sum(circuit.apparent.watt_hours for circuit in circuits), abs=0.002
    )
    assert reading["timestamp"] == int(NOW)
    assert 49 < reading["freq"] < 61
    if len(circuits) == 1:
        squares = reading["activePower"] ** 2 + reading["reactivePower"] ** 2
        assert reading["apparentPower"] ** 2 == pytest.approx(squares, rel=1e-3)
        assert reading["apparentPower"] == pytest.approx(reading["voltage"] * reading["current"], rel=1e-2, abs=0.2)
        assert -1 <= reading["pwrFactor"] <= 1


@pytest.mark.parametrize("hours", [0.0, 11.5])
def test_load_meter_reads_the_load_and_the_site_reports_net_twice(hours: float) -> None:
    """8.3.5433: total-consumption has the values of net-consumption."""
    gateway = make_gateway("8.3-load")
    now = NOW + 3600 * hours
    truth = system_of(gateway).at(now)
    reading = entry(document(gateway, "/ivp/meters/readings", now), eid=704643584)
    assert reading["activePower"] == pytest.approx(truth.load.watts, abs=0.002)
    assert reading["actEnergyDlvd"] == pytest.approx(truth.load.watt_hours, abs=0.002)
    assert reading["actEnergyRcvd"] == 0
    for channel, phase in zip(reading["channels"], truth.phases, strict=False):
        assert channel["activePower"] == pytest.approx(phase.load.watts, abs=0.002)
        assert channel["actEnergyDlvd"] == pytest.approx(phase.load.watt_hours, abs=0.002)
        assert channel["apparentPower"] ** 2 == pytest.approx(
            channel["activePower"] ** 2 + channel["reactivePower"] ** 2, rel=1e-3
        )
    site = document(gateway, "/production.json?details=1", now)
    net = entry(site["consumption"], measurementType="net-consumption")
    total = entry(site["consumption"], measurementType="total-consumption")
    assert net["wNow"] == total["wNow"] == pytest.approx(truth.net.watts, abs=0.002)
    assert net["whLifetime"] == total["whLifetime"] == pytest.approx(truth.net.balance.watt_hours, abs=0.002)


@pytest.mark.parametrize("name", WITH_NET_METER)
@pytest.mark.parametrize("hours", [0.0, 11.5])
def test_site_total_consumption_is_production_plus_net(name: str, hours: float) -> None:
    gateway = make_gateway(name)
    now = NOW + 3600 * hours
    truth = system_of(gateway).at(now)
    site = document(gateway, "/production.json?details=1", now)
    production = entry(site["production"], type="eim")
    net = entry(site["consumption"], measurementType="net-consumption")
    total = entry(site["consumption"], measurementType="total-consumption")
    assert production["wNow"] == pytest.approx(truth.production.watts, abs=0.002)
    assert production["whLifetime"] == pytest.approx(truth.production.delivered.watt_hours, abs=0.002)
    assert net["wNow"] == pytest.approx(truth.net.watts, abs=0.002)
    assert total["wNow"] == pytest.approx(production["wNow"] + net["wNow"], abs=0.002)
    # The sum ignores batteries: while one is in use, the consumption that the gateway reports is not the load.
    assert total["wNow"] == pytest.approx(truth.load.watts - truth.storage.watts, abs=0.002)
    imported = truth.net.delivered if name == "4.10" else truth.net.balance
    assert net["whLifetime"] == pytest.approx(imported.watt_hours, abs=0.002)
    expected = truth.production.delivered.watt_hours + truth.net.balance.watt_hours
    assert total["whLifetime"] == pytest.approx(expected, abs=0.002)
    assert (net["whToday"], net["whLastSevenDays"], net["vahToday"]) == (0, 0, 0)


@pytest.mark.parametrize("name", METERED)
def test_site_lines_are_the_phases_and_require_details(name: str) -> None:
    gateway = make_gateway(name)
    truth = system_of(gateway).at(NOW)
    assert b"lines" not in respond(gateway, "/production.json", NOW).body
    assert b"lines" not in respond(gateway, "/production", NOW).body
    production = entry(document(gateway, "/production.json?details=1", NOW)["production"], type="eim")
    if name == "4.10":
        assert "lines" not in production
        return
    phases = len(truth.phases)
    assert len(production["lines"]) == LINES[name]
    for line, phase in zip(production["lines"], truth.phases, strict=False):
        assert line["wNow"] == pytest.approx(phase.production.watts, abs=0.002)
        assert line["whLifetime"] == pytest.approx(phase.production.delivered.watt_hours, abs=0.002)
    assert all(set(line.values()) == {0.0} for line in production["lines"][phases:])


@pytest.mark.parametrize("name", METERED)
def test_today_begins_at_local_midnight(name: str) -> None:
    gateway = make_gateway(name)
    zone = ZoneInfo(PROFILES[name].timezone)
    midnight = datetime.fromtimestamp(NOW, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    system = system_of(gateway)
    then, now = system.at(midnight.timestamp()), system.at(NOW)
    week = system.at(midnight.timestamp() - 7 * 86400)
    site = entry(document(gateway, "/production.json", NOW)["production"], type="eim")
    today = now.production.delivered.watt_hours - then.production.delivered.watt_hours
    assert site["whToday"] == pytest.approx(today, abs=0.002)
    assert site["whToday"] > 100
    before = then.production.delivered.watt_hours - week.production.delivered.watt_hours
    assert site["whLastSevenDays"] == pytest.approx(before, abs=0.002)
    v1 = document(gateway, "/api/v1/production", NOW)
    assert v1["wattHoursSevenDays"] == int(before)


@pytest.mark.parametrize("name", METERED)
def test_v1_metered_is_the_last_complete_quarter_of_an_hour(name: str) -> None:
    gateway = make_gateway(name)
    system = system_of(gateway)
    quarter = NOW // 900 * 900
    now, before = system.at(quarter).production, system.at(quarter - 900).production
    v1 = document(gateway, "/api/v1/production", NOW)
    assert v1["wattsNow"] == pytest.approx((now.balance.joules - before.balance.joules) / 900, abs=0.6)
    assert v1["wattHoursLifetime"] == int(now.delivered.watt_hours)
    assert v1 == document(gateway, "/api/v1/production", quarter)
    assert v1 != document(gateway, "/api/v1/production", quarter + 900)


@pytest.mark.parametrize("name", ["3.9", "5.0"])
def test_v1_standard_is_the_sum_of_the_reports(name: str) -> None:
    gateway = make_gateway(name)
    v1 = document(gateway, "/api/v1/production", NOW)
    inverters = json.loads(inverter_list(gateway))
    assert v1["wattsNow"] == pytest.approx(
        sum(inverter["lastReportWatts"] for inverter in inverters), abs=len(inverters)
    )
    produced = sum(inverter.produced.watt_hours for inverter in system_of(gateway).at(NOW).inverters)
    assert produced - 1000 < v1["wattHoursLifetime"] <= produced


def inverter_list(gateway: Simulator) -> bytes:
    """The list without digest authentication, which other tests check."""
    return gateway.site.document(Request("GET", "/api/v1/production/inverters"), NOW).body


@pytest.mark.parametrize(
    ("name", "wraps"), [("4.10", False), ("5.0", False), *[(n, n in ("7.3", "7.6", "8.2")) for n in WITH_TOKEN]]
)
def test_inverter_total_wraps_at_32_bits_from_7_to_8_2_127(name: str, wraps: bool) -> None:
    gateway = make_gateway(name)
    reported = entry(document(gateway, "/production.json", NOW)["production"], type="inverters")["whLifetime"]
    truth = sum(inverter.produced.joules for inverter in system_of(gateway).at(NOW).inverters)
    assert truth > 2**32
    lost = truth - reported * 3600
    # The reports lack the energy produced since then.
    behind = lost % 2**32 if wraps else lost
    assert 0 <= behind < 2 * 900 * 10_000
    assert (lost > 2**32) == wraps


def test_net_ct_of_8_2_copies_the_storage_ct_in_channel_3() -> None:
    gateway = make_gateway("8.2")
    readings = {reading["eid"]: reading for reading in document(gateway, "/ivp/meters/readings", NOW)}
    odd, second = readings[704643584]["channels"][2], readings[704643840]["channels"][1]
    assert {**odd, "eid": 0} == {**second, "eid": 0}
    assert odd["activePower"] != 0


def test_readings_of_8_3_have_an_eid_that_no_meter_lists() -> None:
    for name in METERED:
        gateway = make_gateway(name)
        read = {reading["eid"] for reading in document(gateway, "/ivp/meters/readings", NOW)}
        listed = {meter["eid"] for meter in document(gateway, "/ivp/meters", NOW)}
        assert read - listed == ({1023410688} if name.startswith("8.3") else set())


@pytest.mark.parametrize("name", ["8.3", "8.3-collar"])
def test_power_factor_of_8_3_split_phase_is_a_sum(name: str) -> None:
    gateway = make_gateway(name)
    site = entry(document(gateway, "/production.json?details=1", NOW)["production"], type="eim")
    assert site["pwrFactor"] == pytest.approx(sum(line["pwrFactor"] for line in site["lines"]), abs=0.011)
    (production, *_) = document(gateway, "/ivp/meters/readings", NOW)
    assert production["pwrFactor"] > 1.5
    assert production["pwrFactor"] == pytest.approx(
        sum(channel["pwrFactor"] for channel in production["channels"][:2]), abs=0.01
    )


def test_open_inputs_of_a_single_phase_have_noise() -> None:
    for reading in document(make_gateway("7.3"), "/ivp/meters/readings", NOW):
        assert [0 < channel["voltage"] < 20 for channel in reading["channels"]] == [False, True, True]
        assert all(channel["actEnergyRcvd"] > 0 for channel in reading["channels"][1:])


def test_device_data_of_an_inverter_is_its_report() -> None:
    gateway = make_gateway("8.3")
    devices = document(gateway, "/ivp/pdm/device_data", NOW)
    inverters = [device for device in devices.values() if isinstance(device, dict) and device["devName"] == "pcu"]
    assert len(inverters) == 20
    assert devices["deviceCount"] == 22
    listed = {inverter["serialNumber"]: inverter for inverter in document(gateway, "/api/v1/production/inverters", NOW)}
    for number, inverter in enumerate(inverters):
        (channel,) = inverter["channels"]
        reading = channel["lastReading"]
        end, duration = reading["endDate"], reading["duration"]
        system = system_of(gateway)
        now, before = (system.at(time).inverters[number].produced.joules for time in (end, end - duration))
        assert reading["joulesProduced"] == pytest.approx(now - before, abs=1)
        assert channel["lifetime"]["joulesProduced"] == int(now)
        assert listed[inverter["sn"]]["lastReportDate"] == end
        assert listed[inverter["sn"]]["lastReportWatts"] == pytest.approx((now - before) / duration, abs=0.6)
        # The power on the DC side is slightly higher than on the AC side.
        watts = reading["dcVoltageINmV"] * reading["dcCurrentINmA"] / 1e6
        assert 0.9 < (now - before) / duration / watts < 1.0
        assert 230_000 < reading["acVoltageINmV"] < 250_000
        assert 59_900 < reading["acFrequencyINmHz"] < 60_100


def test_device_data_of_a_meter_has_unsigned_negative_watts() -> None:
    gateway = make_gateway("8.3", now=MIDNIGHT_IN_DENVER)
    now = MIDNIGHT_IN_DENVER + 2000
    production = document(gateway, "/ivp/pdm/device_data", now)["704643328"]
    assert production["sn"] == f"{gateway.serial}EIM1"
    assert production["modGone"] is True
    used, other, *unused = production["channels"]
    assert used["lastReading"]["endDate"] == now // 900 * 900
    assert (used["lastReading"]["curr_w"], used["watts"]["now"]) == (-3, 2**32 - 3)
    assert other["lastReading"]["curr_w"] == -3
    assert [channel["lastReading"] for channel in unused] == [{}, {}]


@pytest.mark.parametrize("name", ["8.2", "8.3", "8.3-collar"])
def test_iq_batteries_match_the_system_in_every_document(name: str) -> None:
    gateway = make_gateway(name)
    now = NOW + 5 * 3600
    truth = system_of(gateway).at(now).batteries
    power = document(gateway, "/ivp/ensemble/power", now)
    assert list(power) == ["devices:"]
    for unit, battery in zip(power["devices:"], truth, strict=True):
        assert unit["serial_num"] == battery.serial
        assert unit["real_power_mw"] == pytest.approx(1000 * battery.watts, abs=501)
        assert unit["soc"] == int(100 * battery.charge_ratio)
    units = entry(document(gateway, "/ivp/ensemble/inventory", now), type="ENCHARGE")["devices"]
    assert [unit["serial_num"] for unit in units] == [battery.serial for battery in truth]
    control = document(gateway, "/ivp/ensemble/secctrl", now)
    capacity = sum(unit["encharge_capacity"] for unit in units)
    assert control["Enc_max_available_capacity"] == capacity
    available = sum(u["encharge_capacity"] * t["soc"] // 100 for u, t in zip(units, power["devices:"], strict=True))
    assert control["ENC_agg_avail_energy"] == available
    assert control["ENC_agg_soc"] == 100 * available // capacity
    assert control["ENC_agg_backup_energy"] == capacity * control["configured_backup_soc"] // 100
    status = document(gateway, "/ivp/ensemble/status", now)
    assert set(status["inventory"]["serial_nums"]) >= {battery.serial for battery in truth}
    assert status["secctrl"] == control


def test_battery_inventory_is_older_than_battery_power() -> None:
    gateway = make_gateway("8.3")
    (first, *_) = (entry(document(gateway, "/ivp/ensemble/inventory", NOW), type="ENCHARGE"))["devices"]
    assert first["last_rpt_date"] == NOW // 600 * 600


def test_ensemble_inventory_lists_the_controllers_of_a_profile() -> None:
    types = {
        name: [entry["type"] for entry in document(make_gateway(name), "/ivp/ensemble/inventory", NOW)]
        for name in WITH_TOKEN
    }
    newer = ["ENCHARGE", "COLLAR", "C6 COMBINER CONTROLLER", "C6 RGM"]
    some = {name: found for name, found in types.items() if found}
    alone = ["ENCHARGE"]
    assert some == {"8.2": ["ENCHARGE", "ENPOWER"], "8.3": alone, "8.3-collar": newer, "8.2-three": alone}


@pytest.mark.parametrize("name", PROFILES)
def test_info_has_clock_serial_and_firmware(name: str) -> None:
    gateway = make_gateway(name)
    info = respond(gateway, "/info", NOW, authorization="").body.decode()
    assert f"<time>{int(NOW)}</time>" in info
    assert f"<sn>{gateway.serial}</sn>" in info
    assert f"<software>{PROFILES[name].software}</software>" in info


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_home_has_local_time_and_inverters_by_day_only(name: str) -> None:
    gateway = make_gateway(name)
    dusk = 7 if PROFILES[name].timezone.startswith("Europe/") else 12
    by_day, by_night = (document(gateway, "/home", NOW + 3600 * hours) for hours in (0, dusk))
    local = datetime.fromtimestamp(NOW, ZoneInfo(PROFILES[name].timezone))
    assert by_day["current_time"] == f"{local:%H:%M}"
    assert by_day["comm"]["pcu"]["num"] == len(PROFILES[name].design.inverters)
    assert by_night["comm"]["pcu"]["num"] == 0


@pytest.mark.parametrize("name", ["3.7", "3.9"])
def test_html_page_has_three_significant_digits(name: str) -> None:
    page = respond(make_gateway(name), "/production", NOW).body.decode()
    cells = dict(re.findall(r"<td>([A-Z][\w ]+)</td>\s*<td>(.{5} [kM]?Wh?)</td>", page))
    assert list(cells) == ["Currently", "Today", "Past Week", "Since Installation"]
    v1 = document(make_gateway("3.9"), "/api/v1/production", NOW)
    keys = {"Currently": "wattsNow", "Today": "wattHoursToday", "Past Week": "wattHoursSevenDays"}
    for label, key in {**keys, "Since Installation": "wattHoursLifetime"}.items():
        number, unit = cells[label].split()
        scaled = float(number) * {"W": 1, "k": 1e3, "M": 1e6}[unit[0]]
        assert scaled == pytest.approx(v1[key], rel=0.006)
        assert 1 <= len(number.replace(".", "")) <= 3


@pytest.mark.parametrize(
    ("watt_hours", "text"),
    [
        (0, "    0 Wh"),
        (999.4, "  999 Wh"),
        (999.6, " 1.00 kWh"),
        (6634, " 6.63 kWh"),
        (9994, " 9.99 kWh"),
        (9996, " 10.0 kWh"),
        (53_640, " 53.6 kWh"),
        (405_200, "  405 kWh"),
        (999_700, " 1.00 MWh"),
        (132_900_000, "  133 MWh"),
    ],
)
def test_in_three_digits_pads_and_scales(watt_hours: float, text: str) -> None:
    assert in_three_digits(watt_hours, "Wh") == text
