"""Settings are consistent with the system that lives by them, and live data are the system itself."""

import json
import struct
from typing import Any

import pytest
from simulator.bench import NOON_IN_JUNE, a_gateway, ask, document

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.system_model import SystemModel

NOW = NOON_IN_JUNE + 1234.5
TOKENED = ("7.3", "7.6", "8.2", "8.3", "8.3-collar")
LETTERS = "abc"


def system_of(gateway: Simulator) -> SystemModel:
    assert gateway.system is not None
    return gateway.system


def installed(gateway: Simulator, path: str, now: float = NOW) -> Any:
    """What an installer's token opens."""
    token = gateway.make_token(enphaseUser="installer", exp=int(now) + 3600)
    response = ask(gateway, path, now, authorization=f"Bearer {token}")
    assert response.status == 200, path
    return json.loads(response.body)


@pytest.mark.parametrize("name", TOKENED)
def test_the_batteries_keep_the_reserve_that_they_are_told(name: str) -> None:
    gateway = a_gateway(name)
    told = document(gateway, "/admin/lib/tariff", NOW)["tariff"]["storage_settings"]
    batteries = PROFILES[name].design.batteries
    assert told["reserved_soc"] == (batteries[0].reserve if batteries else 0)
    assert told["mode"] == "self-consumption"
    assert int(told["date"]) < NOW
    assert ("opt_schedules" in told) == (name[:3] == "8.3")


@pytest.mark.parametrize("name", ["4.10", "5.0"])
def test_firmware_below_7_has_prices_but_nothing_on_batteries(name: str) -> None:
    assert "storage_settings" not in document(a_gateway(name), "/admin/lib/tariff", NOW)["tariff"]


@pytest.mark.parametrize("name", ["4.10", *TOKENED])
def test_from_8_on_prices_have_the_noise_of_single_precision(name: str) -> None:
    rate = document(a_gateway(name), "/admin/lib/tariff", NOW)["tariff"]["single_rate"]["rate"]
    assert rate > 0
    held = struct.unpack("f", struct.pack("f", rate))[0]
    assert (held == rate) == (name[0] == "8")


def test_each_kind_of_tariff_is_somewhere() -> None:
    told = {name: document(a_gateway(name), "/admin/lib/tariff", NOW)["tariff"] for name in ("4.10", "5.0", *TOKENED)}
    assert {name for name, each in told.items() if each["single_rate"]["rate"] and not each["seasons"]} == {"7.3"}
    assert {name for name, each in told.items() if any(s["days"] for s in each["seasons"])} == {
        "7.6",
        "8.2",
        "8.3-collar",
    }
    assert {name for name, each in told.items() if any(s["tiers"] for s in each["seasons"])} == {"4.10", "8.3"}


def test_nobody_exports_more_than_the_limit() -> None:
    watts = {name: document(a_gateway(name), "/ivp/ss/pel_settings", NOW) for name in TOKENED}
    assert {name for name, told in watts.items() if told["PEL"]} == {"7.6", "8.2"}
    gateway = a_gateway("8.2")
    most = sum(each.limit_watts for each in PROFILES["8.2"].design.inverters)
    assert watts["8.2"]["percent"] is False
    assert -system_of(gateway).at(NOW).net.watts <= most < watts["8.2"]["PEL_Limit"]
    assert installed(gateway, "/ivp/ss/dpel")["dynamic_pel_settings"]["limit_value_W"] == watts["8.2"]["PEL_Limit"]


def test_streamed_live_data_are_the_system() -> None:
    gateway = a_gateway("8.2")
    told, truth = document(gateway, "/ivp/livedata/status", NOW), system_of(gateway).at(NOW)
    meters = told["meters"]
    assert told["connection"]["sc_stream"] == "enabled"
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
def test_live_data_that_nobody_streams_stand_still(name: str) -> None:
    gateway = a_gateway(name)
    told, later = (document(gateway, "/ivp/livedata/status", NOW + seconds) for seconds in (0, 300))
    assert told["connection"]["sc_stream"] == "disabled"
    assert told["meters"] == later["meters"]
    assert NOW - told["meters"]["last_update"] > 60
    assert "sc_stream" in told["info"]


@pytest.mark.parametrize("name", TOKENED)
def test_the_power_line_hears_the_inverters_by_day_only(name: str) -> None:
    gateway = a_gateway(name)
    count = len(PROFILES[name].design.inverters)
    by_day, by_night = (
        installed(gateway, "/ivp/peb/devstatus", NOW + 3600 * hours) for hours in (0, {"7": 7, "8": 12}[name[0]])
    )
    assert by_day["counters"]["pcu"]["expected"] == by_night["counters"]["pcu"]["expected"] == count
    assert by_day["counters"]["pcu"]["ctrlsGone"] == 0
    assert by_night["counters"]["pcu"]["ctrlsGone"] == count
    listed = {each["serialNumber"]: each for each in document(gateway, "/api/v1/production/inverters", NOW)}
    for row in by_day["pcu"]["values"]:
        told = dict(zip(by_day["pcu"]["fields"], row, strict=True))
        report = listed[told["serialNumber"]]
        assert told["reportDate"] == report["lastReportDate"]
        assert told["acPowerINmW"] / 1000 == pytest.approx(report["lastReportWatts"], abs=0.6)


@pytest.mark.parametrize("name", TOKENED)
def test_the_books_are_those_of_the_last_quarter_of_an_hour(name: str) -> None:
    gateway = a_gateway(name)
    told, v1 = installed(gateway, "/ivp/pdm/energy"), document(gateway, "/api/v1/production", NOW)
    assert told["production"]["eim"] == v1
    state = system_of(gateway).at(NOW // 900 * 900)
    used = state.production.delivered.watt_hours + state.net.balance.watt_hours
    assert told["consumption"]["eim"]["wattHoursLifetime"] == int(used)
    assert set(told["production"]["rgm"].values()) == {0}


@pytest.mark.parametrize("name", ["4.10", "5.0"])
def test_older_firmware_says_how_full_its_database_is(name: str) -> None:
    told = document(a_gateway(name), "/home.json", NOW)
    assert told["db_percent_full"] == " 1.63"
    assert "wireless_connection" not in told
    assert "encharge" not in told["comm"]
