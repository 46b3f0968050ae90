"""Powers beyond any device, numbers printed without their sign, dates that lie ahead."""

import pytest
from support.documents import NOW, one, read
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, installer, inverters, limits, meters, network, tariff
from envoy_exporter.collectors.battery_units import BatteryUnit
from envoy_exporter.collectors.installer import PlcInverter
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.network import Cloud
from envoy_exporter.collectors.tariff import StorageSettings
from envoy_exporter.documents import (
    DEVICE_DATA,
    EXPORT_LIMIT,
    HOME,
    INVENTORY,
    METER_READINGS,
    METERS,
    PLC_STATUS,
    TARIFF,
    Json,
)

AHEAD = int(NOW) + 10 * 86400


def device(kind: str, **report: Json) -> Json:
    reading: Json = {"endDate": int(NOW) - 60, "duration": 900, **report}
    return {"1": {"devName": kind, "sn": "1", "active": True, "channels": [{"lastReading": reading}]}}


@pytest.mark.parametrize(
    ("joules", "duration", "watts"),
    [
        (230_400, 900, 256.0),
        (4_294_963_696, 900, -4.0),  # -3600 without its sign
        (1_000_000_001, 900, None),
        (230_400, 1, None),
        (230_400, 1e-308, None),
        (230_400, 0, None),
    ],
)
def test_an_inverter_s_power_is_one_that_it_can_have(joules: int, duration: float, watts: float | None) -> None:
    found = one(
        Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: device("pcu", joulesProduced=joules, duration=duration)})
    )
    assert found.power == watts


@pytest.mark.parametrize(
    ("produced", "used", "duration", "watts"),
    [(0, 234_000, 900, -260.0), (0, 4_294_966_396, 900, 1.0), (900_000_000, 0, 1e-300, None)],
)
def test_so_is_an_ac_battery_s(produced: int, used: int, duration: float, watts: float | None) -> None:
    told: dict[str, Json] = {
        DEVICE_DATA: device("acb", joulesProduced=produced, joulesUsed=used, duration=duration),
        INVENTORY: [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 2, "percentFull": 5}]}],
    }
    assert one(BatteryUnit, read(batteries.COLLECTOR, told)).power == watts


def test_an_ac_battery_s_registers_do_not_fall_to_zero_for_a_poll() -> None:
    gateway = PollSequence(batteries.COLLECTOR)

    def poll(joules: int) -> list[tuple[str, str]]:
        lifetime: Json = {"joulesProduced": joules, "joulesUsed": joules}
        data: Json = {"1": {"devName": "acb", "sn": "1", "active": True, "channels": [{"lifetime": lifetime}]}}
        listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 2, "percentFull": 5}]}]
        return rejected_rules(gateway.poll({DEVICE_DATA: data, INVENTORY: listed}))

    assert [poll(210_000_000), poll(210_000_000)] == [[], []]
    assert poll(0) == [("zero_after_value", "joulesProduced"), ("zero_after_value", "joulesUsed")]
    assert poll(210_000_001) == []


def test_and_one_of_the_power_line_s() -> None:
    table: Json = {"fields": ["serialNumber", "reportDate", "acPowerINmW"], "values": [["1", int(NOW), 4_294_963_296]]}
    assert one(PlcInverter, read(installer.COLLECTOR, {PLC_STATUS: {"pcu": table}})).power == -4


def test_a_share_beyond_all_is_none() -> None:
    found = read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "percent": True, "PEL_Limit": 150}})
    assert [rejection.rule for rejection in found.rejections] == ["range"]


def test_a_date_that_lies_ahead_is_none_wherever_it_stands() -> None:
    settings = read(tariff.COLLECTOR, {TARIFF: {"tariff": {"storage_settings": {"date": str(AHEAD)}}}})
    cloud = read(network.COLLECTOR, {HOME: {"network": {"last_enlighten_report_time": AHEAD}}})
    assert (one(StorageSettings, settings).last_change, one(Cloud, cloud).last_report) == (None, None)
    assert {rejection.rule for rejection in (*settings.rejections, *cloud.rejections)} == {"clock"}


@pytest.mark.parametrize(("kind", "frozen"), [("production", True), ("evse", False), ("load", False)])
def test_of_a_meter_whose_sign_nobody_knows_no_register_is_called_frozen(kind: str, *, frozen: bool) -> None:
    gateway = PollSequence(meters.COLLECTOR)
    listed: Json = [{"eid": 1, "measurementType": kind, "state": "enabled", "phaseCount": 1}]
    found = []
    for counted in range(40):
        reading: Json = {"eid": 1, "activePower": 7000.0, "actEnergyDlvd": 5.0, "actEnergyRcvd": 100.0 * counted}
        found += rejected_rules(gateway.poll({METERS: listed, METER_READINGS: [reading]}), "frozen")
    assert bool(found) is frozen
