"""What tests/fuzz found: a value that cannot be meant is as if it were missing, and what is missing is not made up."""

import pytest
from support.documents import NOW, documents, of, one, read

from envoy_exporter.collectors import batteries, installer, inverters, limits, livedata, meters, production, tariff
from envoy_exporter.collectors.batteries import Battery, StoragePower
from envoy_exporter.collectors.consumption import Consumption
from envoy_exporter.collectors.installer import PdmEnergy
from envoy_exporter.collectors.inventory import InverterState
from envoy_exporter.collectors.limits import ExportLimit
from envoy_exporter.collectors.livedata import LivePhasePower
from envoy_exporter.collectors.meters import MeterInfo, MeterStatus
from envoy_exporter.collectors.tariff import Price
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    EXPORT_LIMIT,
    INVENTORY,
    LIVE_DATA,
    METERS,
    PDM_ENERGY,
    PRODUCTION_JSON,
    TARIFF,
    Json,
)
from envoy_exporter.entries import ac_batteries, is_active, lists_storage
from envoy_exporter.system import has_ac_battery, has_ensemble_device

METER: dict[str, Json] = {
    "eid": 704643328,
    "state": "enabled",
    "measurementType": "production",
    "phaseMode": "three",
    "phaseCount": 3,
    "statusFlags": ["production-imbalance"],
}
NO_COUNT = [True, "1", None, [1], 1e308, 10**400, 0, -1]


def meter(**changes: Json) -> dict[str, Json]:
    return {METERS: [{**METER, **changes}]}


@pytest.mark.parametrize("count", NO_COUNT)
def test_a_count_of_active_devices_that_is_none_switches_nothing_on(count: Json) -> None:
    assert not is_active({"activeCount": count})


def test_a_meter_whose_number_has_hundreds_of_digits_has_no_number() -> None:
    told = read(meters.COLLECTOR, meter(eid=10**400))
    assert (told.readings, [(each.rule, each.key) for each in told.rejections]) == ((), [("type", "eid")])


@pytest.mark.parametrize("state", [None, 7, True, ["enabled"]])
def test_a_meter_that_does_not_say_whether_it_is_enabled_is_not_told_to_be_disabled(state: Json) -> None:
    assert one(MeterStatus, read(meters.COLLECTOR, meter(state=state))).enabled is None
    assert one(MeterStatus, read(meters.COLLECTOR, meter(state="disabled"))).enabled is False


@pytest.mark.parametrize("count", [None, "3", 0, 4, 2.5, True])
def test_a_meter_that_does_not_say_how_many_phases_it_has_is_not_told_to_have_one(count: Json) -> None:
    assert one(MeterInfo, read(meters.COLLECTOR, meter(phaseCount=count))).phases is None
    assert one(MeterInfo, read(meters.COLLECTOR, meter())).phases == 3


def test_of_a_list_of_flags_with_something_else_in_it_nobody_knows_which_are_raised() -> None:
    status = one(MeterStatus, read(meters.COLLECTOR, meter(statusFlags=["production-imbalance", None])))
    assert (status.flags, status.flags_active) == (None, None)


def test_an_inverter_whose_status_cannot_be_read_is_not_told_to_be_in_trouble() -> None:
    inverter: Json = {"serial_num": "122000000001", "device_status": [None]}
    told = read(inverters.COLLECTOR, {INVENTORY: [{"type": "PCU", "devices": [inverter]}]})
    assert one(InverterState, told).status is None


BATTERIES: list[Json] = [{"serial_num": "122000000001"}, {"serial_num": "122000000002"}]
POWERS: list[Json] = [
    {"serial_num": "122000000001", "real_power_mw": 1_000_000},
    {"serial_num": "122000000002", "real_power_mw": 500_000},
]


def battery(listed: list[Json]) -> tuple[Battery, float | None]:
    told = read(
        batteries.COLLECTOR,
        {
            ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": listed}],
            ENSEMBLE_POWER: {"devices:": POWERS},
            METERS: [],
            PRODUCTION_JSON: {},
        },
    )
    return one(Battery, told), next((each.power for each in of(StoragePower, told)), None)


def test_batteries_are_added_up_and_counted() -> None:
    together, storage = battery(BATTERIES)
    assert (together.power, together.units, storage) == (1500, 2, 1500)


@pytest.mark.parametrize("bad", [None, {}, {"serial_num": "a b"}, {"serial_num": None}, "122000000002"])
def test_a_battery_that_cannot_be_read_makes_no_smaller_sum(bad: Json) -> None:
    together, storage = battery([BATTERIES[0], bad])
    assert (together.power, together.units, storage) == (None, None, None)


def test_a_battery_that_is_listed_twice_counts_once() -> None:
    together, storage = battery([*BATTERIES, BATTERIES[0]])
    assert (together.power, together.units, storage) == (1500, 2, 1500)


@pytest.mark.parametrize("full", [None, "50", True, [], 10**400])
def test_an_ac_battery_that_does_not_say_how_full_it_is_is_none(full: Json) -> None:
    entry: Json = {"storage": [{"type": "acb", "activeCount": 1, "percentFull": full}]}
    assert ac_batteries(entry) is None
    listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 6, "percentFull": full}]}]
    assert not has_ac_battery(documents({INVENTORY: listed, DEVICE_DATA: {}}))


def test_true_is_not_one_phase() -> None:
    live: Json = {
        "connection": {"sc_stream": "enabled"},
        "meters": {"last_update": int(NOW), "phase_count": True, "pv": {"agg_p_mw": 1000}},
    }
    told = read(livedata.COLLECTOR, {LIVE_DATA: live})
    assert {each.phase for each in of(LivePhasePower, told)} == {"L1", "L2", "L3"}


@pytest.mark.parametrize("value", [True, 10**400])
def test_a_book_with_zeros_and_nonsense_is_a_book_of_zeros(value: Json) -> None:
    empty: dict[str, Json] = {"wattsNow": 0, "wattHoursToday": 0, "wattHoursLifetime": value}
    assert of(PdmEnergy, read(installer.COLLECTOR, {PDM_ENERGY: {"production": {"rgm": empty}}})) == []


def test_a_limit_of_which_half_is_told_is_of_no_kind() -> None:
    told = read(limits.COLLECTOR, {EXPORT_LIMIT: {"PEL": True, "Hard_PEL": False}})
    assert one(ExportLimit, told).type is None


@pytest.mark.parametrize("devices", [{"a": 1}, "text", 7, True, [], None])
def test_devices_that_are_no_list_are_no_hardware(devices: Json) -> None:
    assert not has_ensemble_device(documents({ENSEMBLE_INVENTORY: [{"type": "ENPOWER", "devices": devices}]}))


def test_lists_in_lists_of_prices_are_a_thousand_samples_at_most() -> None:
    periods: Json = [{"id": f"p{n}", "rate": 0.5, "start": 0} for n in range(40)]
    days: Json = [{"id": f"d{n}", "periods": periods} for n in range(40)]
    told = read(tariff.COLLECTOR, {TARIFF: {"tariff": {"seasons": [{"id": f"s{n}", "days": days} for n in range(40)]}}})
    assert len(told.readings) == 1000
    assert len(of(Price, told)) > 400
    assert [each.rule for each in told.rejections] == ["limit"]


def test_a_production_that_cannot_be_read_does_not_say_that_a_load_like_the_grid_s_is_one() -> None:
    entry: Json = {"type": "eim", "activeCount": 1, "wNow": 4556.1, "whLifetime": "much"}
    consumption: list[Json] = [
        {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": 500.0, "whLifetime": 4_200_123.456}
        for kind in ("total-consumption", "net-consumption")
    ]
    told = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [entry], "consumption": consumption}})
    assert not of(Consumption, told)
    assert "total_equals_net" in [each.rule for each in told.rejections]


@pytest.mark.parametrize(("storage", "known"), [([], True), ([None], False), ("none", False), (None, False)])
def test_a_storage_list_that_cannot_be_read_does_not_say_that_there_are_no_ac_batteries(
    storage: Json,
    known: bool,
) -> None:
    assert lists_storage({"production": [], "storage": storage}) is known
