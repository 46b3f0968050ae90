"""Batteries by kind and together: exposed only with their hardware, and the direction of their power."""

from typing import Any

import pytest
from support.batteries import NO_AC, SECCTRL, iq_power, iq_system, iq_unit
from support.documents import NOW, of, one, read

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.batteries import Battery, Storage, StorageEnergy, StoragePower
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    ENSEMBLE_SECCTRL,
    METER_READINGS,
    METERS,
    PRODUCTION_JSON,
    Json,
)


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


def test_batteries_of_a_gateway_without_batteries_are_absent() -> None:
    """Such a gateway reports zeros."""
    zeros: Json = dict.fromkeys(dict(SECCTRL), 0)  # type: ignore[arg-type]
    available: dict[str, Json] = {ENSEMBLE_INVENTORY: [], ENSEMBLE_SECCTRL: zeros, PRODUCTION_JSON: NO_AC}
    assert read(batteries.COLLECTOR, available).readings == ()


def test_batteries_of_a_controller_without_batteries_are_absent() -> None:
    """8.2.4345_with_device_data lists ENCHARGE without devices."""
    assert read(batteries.COLLECTOR, iq_system()).readings == ()


def test_batteries_of_only_the_iq_kind_are_their_aggregate() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit()))
    assert one(Storage, result) == Storage(charge=0.54, available=1890 * 3600, capacity=3500 * 3600)
    battery = one(Battery, result)
    assert (battery.kind, battery.charge, battery.health, battery.units) == ("iq", 0.54, 0.98, 1)
    assert (battery.reserve, battery.reserve_energy) == (0.2, 700 * 3600)
    assert (battery.available, battery.capacity, battery.power) == (1890 * 3600, 3500 * 3600, -1324)


def test_batteries_of_only_the_ac_kind_are_the_site_entry() -> None:
    result = read(batteries.COLLECTOR, {PRODUCTION_JSON: AC, ENSEMBLE_SECCTRL: SECCTRL, ENSEMBLE_INVENTORY: []})
    battery = one(Battery, result)
    assert (battery.kind, battery.charge, battery.available, battery.capacity) == ("ac", 0.25, 930 * 3600, None)
    assert (battery.power, battery.units, battery.state) == (260, 3, "discharging")
    assert battery.last_reading == NOW - 60
    assert one(Storage, result) == Storage(charge=0.25, available=930 * 3600, capacity=None)


@pytest.mark.parametrize(("age", "fresh"), [(90 * 60, True), (90 * 60 + 1, False), (148_963, False)])
def test_ac_batteries_with_an_old_reading_time_have_no_power(age: int, *, fresh: bool) -> None:
    """8.2.4382_ACB repeats for 41 hours that they discharge with 260 W; only their charge and energy are usable."""
    content = ac(readingTime=int(NOW) - age)
    result = read(batteries.COLLECTOR, {PRODUCTION_JSON: content, ENSEMBLE_INVENTORY: [], METERS: []})
    battery = one(Battery, result)
    assert (battery.power, battery.state) == ((260, "discharging") if fresh else (None, None))
    assert (battery.last_reading, battery.charge, battery.available, battery.units) == (NOW - age, 0.25, 930 * 3600, 3)
    assert one(StoragePower, result).power == (260 if fresh else None)


def test_ac_batteries_without_a_reading_time_have_no_power() -> None:
    battery = one(Battery, read(batteries.COLLECTOR, {PRODUCTION_JSON: ac(readingTime=0), ENSEMBLE_INVENTORY: []}))
    assert (battery.power, battery.state, battery.last_reading) == (None, None, None)


def test_storage_of_both_kinds_is_the_aggregate_of_the_gateway() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit(), **{PRODUCTION_JSON: AC}))
    assert one(Storage, result) == Storage(charge=0.39, available=(1890 + 930) * 3600, capacity=7220 * 3600)
    assert [battery.kind for battery in of(Battery, result)] == ["iq", "ac"]
    assert one(StoragePower, result) == StoragePower(source="units", power=-1324 + 260)


def test_iq_power_sum_is_absent_while_a_unit_has_no_power() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit("1"), iq_unit("2")))
    assert one(Battery, result).power is None
    assert one(StoragePower, result).power is None
    both = read(
        batteries.COLLECTOR,
        iq_system(iq_unit("1"), iq_unit("2"), **{ENSEMBLE_POWER: {"devices:": [iq_power("1"), iq_power("2", 24_000)]}}),
    )
    assert one(Battery, both).power == -1300


CT: dict[str, Any] = {
    METERS: [{"eid": 3, "measurementType": "storage", "state": "enabled", "phaseCount": 2}],
    METER_READINGS: [{"eid": 3, "activePower": -7083.656, "actEnergyDlvd": 4000.0, "actEnergyRcvd": 5000.0}],
}


def test_storage_ct_provides_power_and_energy_instead_of_units() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit(), **CT))
    assert one(StoragePower, result) == StoragePower(source="ct", power=-7083.656)
    assert one(StorageEnergy, result) == StorageEnergy(discharged=4000 * 3600, charged=5000 * 3600)


def test_storage_ct_without_a_reading_is_not_replaced_by_units() -> None:
    result = read(batteries.COLLECTOR, iq_system(iq_unit(), **{METERS: CT[METERS]}))
    assert of(StoragePower, result) == []


def test_battery_reserve_configured_and_in_force_are_both_exposed() -> None:
    result = read(
        batteries.COLLECTOR,
        iq_system(iq_unit(), **{ENSEMBLE_SECCTRL: {"configured_backup_soc": 20, "adjusted_backup_soc": 30}}),
    )
    assert (one(Battery, result).configured_reserve, one(Battery, result).reserve) == (0.2, 0.3)


BATTERIES: list[Json] = [{"serial_num": "122000000001"}, {"serial_num": "122000000002"}]

POWERS: list[Json] = [
    {"serial_num": "122000000001", "real_power_mw": 1_000_000},
    {"serial_num": "122000000002", "real_power_mw": 500_000},
]


def totals(listed: list[Json]) -> tuple[Battery, float | None]:
    """The aggregate of these units, and the power of the storage."""
    result = read(
        batteries.COLLECTOR,
        {
            ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": listed}],
            ENSEMBLE_POWER: {"devices:": POWERS},
            METERS: [],
            PRODUCTION_JSON: {},
        },
    )
    return one(Battery, result), next((storage.power for storage in of(StoragePower, result)), None)


def test_iq_power_sum_and_count_cover_all_units() -> None:
    aggregate, storage = totals(BATTERIES)
    assert (aggregate.power, aggregate.units, storage) == (1500, 2, 1500)


@pytest.mark.parametrize("invalid", [None, {}, {"serial_num": "a b"}, {"serial_num": None}, "122000000002"])
def test_iq_power_sum_is_absent_if_a_unit_is_invalid(invalid: Json) -> None:
    aggregate, storage = totals([BATTERIES[0], invalid])
    assert (aggregate.power, aggregate.units, storage) == (None, None, None)


def test_iq_power_sum_counts_a_duplicate_unit_once() -> None:
    aggregate, storage = totals([*BATTERIES, BATTERIES[0]])
    assert (aggregate.power, aggregate.units, storage) == (1500, 2, 1500)
