"""Batteries: there only with their hardware, together, by kind and each, and which way power flows."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.batteries import Battery, Storage, StorageEnergy, StoragePower
from envoy_exporter.collectors.battery_units import BatteryManagement, BatteryUnit, BatteryUnitInfo, CommunicationLevel
from envoy_exporter.collectors.collector import Result
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    ENSEMBLE_SECCTRL,
    ENSEMBLE_STATUS,
    METER_READINGS,
    METERS,
    PRODUCTION_JSON,
    Json,
)


def unit(serial: str = "1", **more: Json) -> Json:
    return {
        "serial_num": serial,
        "part_num": "830-01760-r42",
        "img_pnum_running": "2.6.7854_rel/22.33",
        "phase": "ph-a",
        "percentFull": 10,
        "temperature": 11,
        "maxCellTemp": 12,
        "encharge_capacity": 3500,
        "last_rpt_date": 1_780_999_000,
        "communicating": True,
        "sleep_enabled": False,
        "dc_switch_off": False,
        "comm_level_sub_ghz": 3,
        "comm_level_2_4_ghz": 4,
        **more,
    }


def power(serial: str = "1", milliwatts: int = -1_324_000, soc: int = 54) -> Json:
    return {"serial_num": serial, "real_power_mw": milliwatts, "apparent_power_mva": milliwatts, "soc": soc}


SECCTRL: Json = {
    "agg_soc": 39,
    "Max_energy": 7220,
    "ENC_agg_soc": 54,
    "ENC_agg_soh": 98,
    "ENC_agg_avail_energy": 1890,
    "ENC_agg_backup_energy": 700,
    "Enc_max_available_capacity": 3500,
    "adjusted_backup_soc": 20,
    "configured_backup_soc": 30,
    "ACB_agg_soc": 25,
    "ACB_agg_energy": 930,
}


def ac(**more: Json) -> Json:
    """The site's entry of AC batteries."""
    entry: dict[str, Json] = {
        "type": "acb",
        "activeCount": 3,
        "readingTime": int(NOW) - 60,
        "wNow": 260,
        "whNow": 930,
        "state": "discharging",
        "percentFull": 25,
        **more,
    }
    return {"storage": [entry]}


AC = ac()
NO_AC: Json = {"storage": [{"type": "acb", "activeCount": 0, "wNow": 0, "whNow": 0, "state": "idle"}]}


def iq(*units: Json, **available: Any) -> dict[str, Json]:
    return {
        ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": list(units)}],
        ENSEMBLE_SECCTRL: SECCTRL,
        ENSEMBLE_POWER: {"devices:": [power()]},
        PRODUCTION_JSON: NO_AC,
        METERS: [],
        **available,
    }


def test_gateways_without_batteries_send_zeros_that_mean_nothing() -> None:
    zeros: Json = dict.fromkeys(dict(SECCTRL), 0)  # type: ignore[arg-type]
    told: dict[str, Json] = {ENSEMBLE_INVENTORY: [], ENSEMBLE_SECCTRL: zeros, PRODUCTION_JSON: NO_AC}
    assert read(batteries.COLLECTOR, told).readings == ()


def test_a_controller_alone_is_no_battery() -> None:
    """8.2.4345_with_device_data lists ENCHARGE without devices."""
    assert read(batteries.COLLECTOR, iq()).readings == ()


def test_an_iq_battery_by_itself() -> None:
    found = read(batteries.COLLECTOR, iq(unit()))
    assert one(Storage, found) == Storage(charge=0.54, available=1890 * 3600, capacity=3500 * 3600)
    battery = one(Battery, found)
    assert (battery.kind, battery.charge, battery.health, battery.units) == ("iq", 0.54, 0.98, 1)
    assert (battery.reserve, battery.reserve_energy) == (0.2, 700 * 3600)
    assert (battery.available, battery.capacity, battery.power) == (1890 * 3600, 3500 * 3600, -1324)


def test_ac_batteries_by_themselves() -> None:
    found = read(batteries.COLLECTOR, {PRODUCTION_JSON: AC, ENSEMBLE_SECCTRL: SECCTRL, ENSEMBLE_INVENTORY: []})
    battery = one(Battery, found)
    assert (battery.kind, battery.charge, battery.available, battery.capacity) == ("ac", 0.25, 930 * 3600, None)
    assert (battery.power, battery.units, battery.state) == (260, 3, "discharging")
    assert battery.last_reading == NOW - 60
    assert one(Storage, found) == Storage(charge=0.25, available=930 * 3600, capacity=None)


@pytest.mark.parametrize(("age", "fresh"), [(90 * 60, True), (90 * 60 + 1, False), (148_963, False)])
def test_what_ac_batteries_did_long_ago_is_not_what_they_do(age: int, *, fresh: bool) -> None:
    """8.2.4382_ACB repeats for 41 hours that they discharge with 260 W; how full they are is all there is to know."""
    told = ac(readingTime=int(NOW) - age)
    found = read(batteries.COLLECTOR, {PRODUCTION_JSON: told, ENSEMBLE_INVENTORY: [], METERS: []})
    battery = one(Battery, found)
    assert (battery.power, battery.state) == ((260, "discharging") if fresh else (None, None))
    assert (battery.last_reading, battery.charge, battery.available, battery.units) == (NOW - age, 0.25, 930 * 3600, 3)
    assert one(StoragePower, found).power == (260 if fresh else None)


def test_ac_batteries_that_were_never_read_do_nothing_that_is_known() -> None:
    battery = one(Battery, read(batteries.COLLECTOR, {PRODUCTION_JSON: ac(readingTime=0), ENSEMBLE_INVENTORY: []}))
    assert (battery.power, battery.state, battery.last_reading) == (None, None, None)


def test_a_battery_s_management_has_a_firmware_of_its_own() -> None:
    found = read(batteries.COLLECTOR, iq(unit(bmu_fw_version="2.1.27")))
    assert one(BatteryManagement, found) == BatteryManagement(serial="1", firmware="2.1.27")
    assert of(BatteryManagement, read(batteries.COLLECTOR, iq(unit(bmu_fw_version="")))) == []


def test_both_kinds_together_are_the_gateway_s_own_aggregate() -> None:
    found = read(batteries.COLLECTOR, iq(unit(), **{PRODUCTION_JSON: AC}))
    assert one(Storage, found) == Storage(charge=0.39, available=(1890 + 930) * 3600, capacity=7220 * 3600)
    assert [each.kind for each in of(Battery, found)] == ["iq", "ac"]
    assert one(StoragePower, found) == StoragePower(source="units", power=-1324 + 260)


@pytest.mark.parametrize("key", ["devices:", "devices"])
def test_the_gateway_s_own_typo_and_its_correction(key: str) -> None:
    found = one(BatteryUnit, read(batteries.COLLECTOR, iq(unit(), **{ENSEMBLE_POWER: {key: [power()]}})))
    assert found.power == -1324


def test_a_unit_s_charge_is_the_fresh_one() -> None:
    """8.2.4382_ACB: 10 % in the inventory and 54 % in truth."""
    found = one(BatteryUnit, read(batteries.COLLECTOR, iq(unit())))
    assert (found.charge, found.power, found.apparent_power) == (0.54, -1324, -1324)
    assert (found.temperature, found.cell_temperature, found.capacity) == (11, 12, 3500 * 3600)
    assert (found.communicating, found.operating, found.sleep_enabled, found.dc_switch_on) == (True, None, False, True)


def test_without_the_fresh_charge_there_is_none() -> None:
    told = iq(unit())
    del told[ENSEMBLE_POWER]
    found = read(batteries.COLLECTOR, told)
    assert one(BatteryUnit, found).charge is None
    assert one(BatteryUnit, found).temperature == 11


def test_the_sum_of_units_lacks_no_unit() -> None:
    found = read(batteries.COLLECTOR, iq(unit("1"), unit("2")))
    assert one(Battery, found).power is None
    assert one(StoragePower, found).power is None
    both = read(
        batteries.COLLECTOR,
        iq(unit("1"), unit("2"), **{ENSEMBLE_POWER: {"devices:": [power("1"), power("2", 24_000)]}}),
    )
    assert one(Battery, both).power == -1300


CT: dict[str, Any] = {
    METERS: [{"eid": 3, "measurementType": "storage", "state": "enabled", "phaseCount": 2}],
    METER_READINGS: [{"eid": 3, "activePower": -7083.656, "actEnergyDlvd": 4000.0, "actEnergyRcvd": 5000.0}],
}


def test_the_storage_ct_has_the_last_word_on_power_and_the_only_one_on_energy() -> None:
    found = read(batteries.COLLECTOR, iq(unit(), **CT))
    assert one(StoragePower, found) == StoragePower(source="ct", power=-7083.656)
    assert one(StorageEnergy, found) == StorageEnergy(discharged=4000 * 3600, charged=5000 * 3600)


def test_a_storage_ct_that_is_not_read_is_not_replaced_by_the_units() -> None:
    found = read(batteries.COLLECTOR, iq(unit(), **{METERS: CT[METERS]}))
    assert of(StoragePower, found) == []


def test_a_unit_says_what_it_is_and_how_well_it_is_heard() -> None:
    found = read(batteries.COLLECTOR, iq(unit()))
    assert one(BatteryUnitInfo, found) == BatteryUnitInfo(
        serial="1", kind="iq", part_number="830-01760-r42", firmware="2.6.7854_rel/22.33", phase="ph-a"
    )
    assert {each.band: each.level for each in of(CommunicationLevel, found)} == {"sub_ghz": 3, "2_4_ghz": 4}


def test_rated_power_is_in_the_status() -> None:
    status: Json = {"inventory": {"serial_nums": {"1": {"device_type": 13, "encharge_rated_power": 1280}}}}
    assert one(BatteryUnit, read(batteries.COLLECTOR, iq(unit(), **{ENSEMBLE_STATUS: status}))).rated_power == 1280


def test_a_charge_beyond_full_is_rejected() -> None:
    found = read(batteries.COLLECTOR, iq(unit(), **{ENSEMBLE_POWER: {"devices:": [power(soc=254)]}}))
    assert one(BatteryUnit, found).charge is None
    assert (ENSEMBLE_POWER, "range", "soc") in found.rejections


def test_battery_unit_codes_are_exposed_as_they_are() -> None:
    found = one(BatteryUnit, read(batteries.COLLECTOR, iq(unit(led_status=17, admin_state=6))))
    assert (found.led_status, found.admin_state) == (17, 6)
    assert (found.state, found.producing, found.sleep_commanded, found.health) == (None, None, None, None)


def with_status(**fields: Json) -> Result[Any]:
    """A battery whose inventory reports grid-tied, as every captured one does, beside these fields of the status."""
    status: Json = {"inventory": {"serial_nums": {"1": {"device_type": 13, **fields}}}}
    return read(batteries.COLLECTOR, iq(unit(reported_enc_grid_state="grid-tied"), **{ENSEMBLE_STATUS: status}))


def test_battery_unit_grid_mode_and_state_are_those_of_the_status() -> None:
    """8.2.127_with_generator_running reports both, 7.6.185 the mode alone."""
    running = with_status(reported_grid_mode="multimode-generator", reported_enc_grid_state="grid-forming")
    found = one(BatteryUnit, running)
    assert (found.grid_mode, found.grid_state) == ("multimode-generator", "grid-forming")
    mode = one(BatteryUnit, with_status(reported_grid_mode="grid-tied"))
    assert (mode.grid_mode, mode.grid_state) == ("grid-tied", None)
    state = one(BatteryUnit, with_status(reported_enc_grid_state="grid-tied"))
    assert (state.grid_mode, state.grid_state) == (None, "grid-tied")


def test_battery_unit_without_a_status_document_has_no_grid_mode() -> None:
    found = one(BatteryUnit, read(batteries.COLLECTOR, iq(unit(reported_enc_grid_state="grid-tied"))))
    assert (found.grid_mode, found.grid_state) == (None, None)


def test_battery_reserve_as_configured_differs_from_the_one_in_force() -> None:
    found = read(
        batteries.COLLECTOR, iq(unit(), **{ENSEMBLE_SECCTRL: {"configured_backup_soc": 20, "adjusted_backup_soc": 30}})
    )
    assert (one(Battery, found).configured_reserve, one(Battery, found).reserve) == (0.2, 0.3)
