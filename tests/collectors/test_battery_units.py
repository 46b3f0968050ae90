"""IQ battery units: their values, and the document of each value."""

from typing import Any

import pytest
from support.batteries import iq_power, iq_system, iq_unit
from support.documents import of, one, read

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.battery_units import BatteryManagement, BatteryUnit, BatteryUnitInfo, CommunicationLevel
from envoy_exporter.collectors.collector import Result
from envoy_exporter.documents import (
    ENSEMBLE_POWER,
    ENSEMBLE_STATUS,
    Json,
)


def test_battery_management_firmware_is_exposed_if_reported() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit(bmu_fw_version="2.1.27")))
    assert one(BatteryManagement, result) == BatteryManagement(serial="1", firmware="2.1.27")
    assert of(BatteryManagement, read(batteries.COLLECTOR, iq_system(iq_unit(bmu_fw_version="")))) == []


@pytest.mark.parametrize("key", ["devices:", "devices"])
def test_iq_battery_power_is_read_under_either_key(key: str) -> None:
    """The gateway's key has a colon at its end, which a firmware may correct."""
    unit = one(BatteryUnit, read(batteries.COLLECTOR, iq_system(iq_unit(), **{ENSEMBLE_POWER: {key: [iq_power()]}})))
    assert unit.power == -1324


def test_iq_battery_charge_is_that_of_ensemble_power() -> None:
    """8.2.4382_ACB: the inventory reports 10 % while the charge is 54 %."""
    unit = one(BatteryUnit, read(batteries.COLLECTOR, iq_system(iq_unit())))
    assert (unit.charge, unit.power, unit.apparent_power) == (0.54, -1324, -1324)
    assert (unit.temperature, unit.cell_temperature, unit.capacity) == (11, 12, 3500 * 3600)
    assert (unit.communicating, unit.operating, unit.sleep_enabled, unit.dc_switch_on) == (True, None, False, True)


def test_iq_battery_charge_without_ensemble_power_is_absent() -> None:
    available = iq_system(iq_unit())
    del available[ENSEMBLE_POWER]
    result = read(batteries.COLLECTOR, available)
    assert one(BatteryUnit, result).charge is None
    assert one(BatteryUnit, result).temperature == 11


def test_iq_battery_info_and_communication_levels_are_exposed() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit()))
    assert one(BatteryUnitInfo, result) == BatteryUnitInfo(
        serial="1", kind="iq", part_number="830-01760-r42", firmware="2.6.7854_rel/22.33", phase="ph-a"
    )
    assert {level.band: level.level for level in of(CommunicationLevel, result)} == {"sub_ghz": 3, "2_4_ghz": 4}


def test_iq_battery_rated_power_is_that_of_the_status() -> None:
    status: Json = {"inventory": {"serial_nums": {"1": {"device_type": 13, "encharge_rated_power": 1280}}}}
    assert (
        one(BatteryUnit, read(batteries.COLLECTOR, iq_system(iq_unit(), **{ENSEMBLE_STATUS: status}))).rated_power
        == 1280
    )


def test_iq_battery_charge_above_100_percent_is_rejected() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit(), **{ENSEMBLE_POWER: {"devices:": [iq_power(soc=254)]}}))
    assert one(BatteryUnit, result).charge is None
    assert (ENSEMBLE_POWER, "range", "soc") in result.rejections


def test_iq_battery_codes_are_exposed_unchanged() -> None:
    unit = one(BatteryUnit, read(batteries.COLLECTOR, iq_system(iq_unit(led_status=17, admin_state=6))))
    assert (unit.led_status, unit.admin_state) == (17, 6)
    assert (unit.state, unit.producing, unit.sleep_commanded, unit.health) == (None, None, None, None)


def with_status(**fields: Json) -> Result[Any]:
    """A battery whose inventory reports grid-tied, as in every capture, and these fields of the status."""
    status: Json = {"inventory": {"serial_nums": {"1": {"device_type": 13, **fields}}}}
    return read(
        batteries.COLLECTOR, iq_system(iq_unit(reported_enc_grid_state="grid-tied"), **{ENSEMBLE_STATUS: status})
    )


def test_iq_battery_grid_mode_and_state_are_those_of_the_status() -> None:
    """8.2.127_with_generator_running reports both, 7.6.185 only the mode."""
    running = with_status(reported_grid_mode="multimode-generator", reported_enc_grid_state="grid-forming")
    unit = one(BatteryUnit, running)
    assert (unit.grid_mode, unit.grid_state) == ("multimode-generator", "grid-forming")
    mode = one(BatteryUnit, with_status(reported_grid_mode="grid-tied"))
    assert (mode.grid_mode, mode.grid_state) == ("grid-tied", None)
    state = one(BatteryUnit, with_status(reported_enc_grid_state="grid-tied"))
    assert (state.grid_mode, state.grid_state) == (None, "grid-tied")


def test_iq_battery_without_a_status_document_has_no_grid_mode() -> None:
    unit = one(BatteryUnit, read(batteries.COLLECTOR, iq_system(iq_unit(reported_enc_grid_state="grid-tied"))))
    assert (unit.grid_mode, unit.grid_state) == (None, None)
