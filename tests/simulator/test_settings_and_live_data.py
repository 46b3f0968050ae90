"""Settings are consistent with the system, and live data are the values of the system."""

import json
import struct
from typing import Any

import pytest
from simulator.helpers import NOON_IN_JUNE, document, make_gateway, respond

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.system_model import SystemModel

NOW = NOON_IN_JUNE + 1234.5
WITH_TOKEN = ("7.3", "7.6", "8.2", "8.3", "8.3-collar")
LETTERS = "abc"


def system_of(gateway: Simulator) -> SystemModel:
    assert gateway.system is not None
    return gateway.system


def installer_document(gateway: Simulator, path: str, now: float = NOW) -> Any:
    """The document of a path, requested with an installer's token."""
    token = gateway.make_token(enphaseUser="installer", exp=int(now) + 3600)
    response = respond(gateway, path, now, authorization=f"Bearer {token}")
    assert response.status == 200, path
    return json.loads(response.body)


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_tariff_reserve_is_that_of_the_batteries(name: str) -> None:
    gateway = make_gateway(name)
    settings = document(gateway, "/admin/lib/tariff", NOW)["tariff"]["storage_settings"]
    batteries = PROFILES[name].design.batteries
    assert settings["reserved_soc"] == (batteries[0].reserve if batteries else 0)
    assert settings["mode"] == "self-consumption"
    assert int(settings["date"]) < NOW
    assert ("opt_schedules" in settings) == (name[:3] == "8.3")


@pytest.mark.parametrize("name", ["4.10", "5.0"])
def test_tariff_before_7_has_no_battery_settings(name: str) -> None:
    assert "storage_settings" not in document(make_gateway(name), "/admin/lib/tariff", NOW)["tariff"]


@pytest.mark.parametrize("name", ["4.10", *WITH_TOKEN])
def test_tariff_prices_from_8_on_are_single_precision(name: str) -> None:
    rate = document(make_gateway(name), "/admin/lib/tariff", NOW)["tariff"]["single_rate"]["rate"]
    assert rate > 0
    held = struct.unpack("f", struct.pack("f", rate))[0]
    assert (held == rate) == (name[0] == "8")


def test_tariff_kinds_are_all_simulated() -> None:
    tariffs = {
        name: document(make_gateway(name), "/admin/lib/tariff", NOW)["tariff"] for name in ("4.10", "5.0", *WITH_TOKEN)
    }
    assert {name for name, tariff in tariffs.items() if tariff["single_rate"]["rate"] and not tariff["seasons"]} == {
        "7.3"
    }
    assert {name for name, tariff in tariffs.items() if any(s["days"] for s in tariff["seasons"])} == {
        "7.6",
        "8.2",
        "8.3-collar",
    }
    assert {name for name, tariff in tariffs.items() if any(s["tiers"] for s in tariff["seasons"])} == {"4.10", "8.3"}


def test_export_stays_below_the_limit() -> None:
    limits = {name: document(make_gateway(name), "/ivp/ss/pel_settings", NOW) for name in WITH_TOKEN}
    assert {name for name, limit in limits.items() if limit["PEL"]} == {"7.6", "8.2"}
    gateway = make_gateway("8.2")
    most = sum(inverter.limit_watts for inverter in PROFILES["8.2"].design.inverters)
    assert limits["8.2"]["percent"] is False
    assert -system_of(gateway).at(NOW).net.watts <= most < limits["8.2"]["PEL_Limit"]
    assert (
        installer_document(gateway, "/ivp/ss/dpel")["dynamic_pel_settings"]["limit_value_W"]
        == limits["8.2"]["PEL_Limit"]
    )


def test_live_data_streamed_match_the_system() -> None:
    gateway = make_gateway("8.2")
    live, truth = document(gateway, "/ivp/livedata/status", NOW), system_of(gateway).at(NOW)
    meters = live["meters"]
    assert live["connection"]["sc_stream"] == "enabled"
    assert meters["last_update"] == int(NOW)
    powers = {name: meters[name]["agg_p_mw"] for name in ("pv", "storage", "grid", "load", "generator")}
    assert powers["pv"] == round(1000 * truth.production.watts)
    assert powers["load"] == truth.load.rate
    assert powers["load"] == powers["pv"] + powers["storage"] + powers["grid"]
    assert powers["generator"] == 0
    for source, power in powers.items():
        assert sum(meters[source][f"agg_p_ph_{letter}_mw"] for letter in LETTERS) == power
        assert abs(meters[source]["agg_s_mva"]) >= abs(power) - 2
        assert meters[source]["agg_p_ph_c_mw"] == 0
    control = document(gateway, "/ivp/ensemble/secctrl", NOW)
    assert (meters["soc"], meters["enc_agg_energy"]) == (control["agg_soc"], control["ENC_agg_avail_energy"])


@pytest.mark.parametrize("name", ["7.3", "7.6", "8.3", "8.3-collar"])
def test_live_data_without_stream_do_not_change(name: str) -> None:
    gateway = make_gateway(name)
    live, later = (document(gateway, "/ivp/livedata/status", NOW + seconds) for seconds in (0, 300))
    assert live["connection"]["sc_stream"] == "disabled"
    assert live["meters"] == later["meters"]
    assert NOW - live["meters"]["last_update"] > 60
    assert "sc_stream" in live["info"]


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_device_status_inverters_communicate_by_day_only(name: str) -> None:
    gateway = make_gateway(name)
    count = len(PROFILES[name].design.inverters)
    by_day, by_night = (
        installer_document(gateway, "/ivp/peb/devstatus", NOW + 3600 * hours)
        for hours in (0, {"7": 7, "8": 12}[name[0]])
    )
    assert by_day["counters"]["pcu"]["expected"] == by_night["counters"]["pcu"]["expected"] == count
    assert by_day["counters"]["pcu"]["ctrlsGone"] == 0
    assert by_night["counters"]["pcu"]["ctrlsGone"] == count
    listed = {inverter["serialNumber"]: inverter for inverter in document(gateway, "/api/v1/production/inverters", NOW)}
    for row in by_day["pcu"]["values"]:
        status = dict(zip(by_day["pcu"]["fields"], row, strict=True))
        report = listed[status["serialNumber"]]
        assert status["reportDate"] == report["lastReportDate"]
        assert status["acPowerINmW"] / 1000 == pytest.approx(report["lastReportWatts"], abs=0.6)


@pytest.mark.parametrize("name", WITH_TOKEN)
def test_energy_registers_are_of_the_last_quarter_of_an_hour(name: str) -> None:
    gateway = make_gateway(name)
    energy, v1 = installer_document(gateway, "/ivp/pdm/energy"), document(gateway, "/api/v1/production", NOW)
    assert energy["production"]["eim"] == v1
    state = system_of(gateway).at(NOW // 900 * 900)
    used = state.production.delivered.watt_hours + state.net.balance.watt_hours
    assert energy["consumption"]["eim"]["wattHoursLifetime"] == int(used)
    assert set(energy["production"]["rgm"].values()) == {0}


@pytest.mark.parametrize("name", ["4.10", "5.0"])
def test_home_of_old_firmware_has_the_database_size(name: str) -> None:
    home = document(make_gateway(name), "/home.json", NOW)
    assert home["db_percent_full"] == " 1.63"
    assert "wireless_connection" not in home
    assert "encharge" not in home["comm"]
