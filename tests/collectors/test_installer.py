"""What installers are told: a table of inverters, books that repeat themselves, switches."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import installer
from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.installer import GridProfile, PdmEnergy, PlcDevices, PlcInverter, Switches
from envoy_exporter.documents import (
    DYNAMIC_EXPORT_LIMIT,
    GRID_PROFILE,
    PDM_ENERGY,
    PLC_STATUS,
    PRODUCTION_SWITCH,
    Json,
)

FIELDS: list[Json] = [
    *("serialNumber", "devType", "communicating", "recent", "producing", "reportDate", "temperature"),
    *("dcVoltageINmV", "dcCurrentINmA", "acVoltageINmV", "acPowerINmW"),
]
LIVELY: list[Json] = ["482243110017", 1, True, True, True, int(NOW) - 300, 31, 34_646, 6834, 240_977, 228_473]
QUIET: list[Json] = ["482243110054", 1, False, False, False, int(NOW) - 50_000, 9, 1000, 1, 230_000, 9]


def table(*rows: Json) -> dict[str, Json]:
    return {PLC_STATUS: {"pcu": {"fields": FIELDS, "values": list(rows)}}}


def test_it_is_off_unless_somebody_wants_it() -> None:
    assert installer.COLLECTOR.enabled_by_default is False


def test_columns_are_named_once_for_all_inverters() -> None:
    told = of(PlcInverter, read(installer.COLLECTOR, table(LIVELY, QUIET)))
    assert told[0] == PlcInverter(
        serial="482243110017",
        communicating=True,
        producing=True,
        power=228.473,
        ac_voltage=240.977,
        dc_voltage=34.646,
        dc_current=6.834,
        temperature=31,
        last_report=NOW - 300,
    )


def test_an_old_report_says_nothing_of_now() -> None:
    told = one(PlcInverter, read(installer.COLLECTOR, table(QUIET)))
    assert told == PlcInverter(serial="482243110054", communicating=False, producing=False, last_report=NOW - 50_000)


@pytest.mark.parametrize("row", [LIVELY[:-1], [*LIVELY, 1], None, {}, "text"])
def test_a_row_that_does_not_fit_its_columns_is_nobody_s(row: Json) -> None:
    told = read(installer.COLLECTOR, table(row, LIVELY))
    assert [each.serial for each in of(PlcInverter, told)] == ["482243110017"]
    assert [(each.rule, each.key) for each in told.rejections] == [("type", "values")]


def test_an_inverter_twice_is_there_once() -> None:
    told = read(installer.COLLECTOR, table(LIVELY, LIVELY))
    assert len(of(PlcInverter, told)) == 1
    assert [each.rule for each in told.rejections] == ["duplicate"]


RELAY: list[Json] = ["482243110099", 12, True, True, False, int(NOW) - 300, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("number", "listed"), [(1, True), (11, False), (12, False), (19, False), (2, False), (None, True), ("1", False)]
)
def test_installer_table_exposes_microinverters_alone(number: Json, listed: bool) -> None:
    """An IQ Relay in the table is not an inverter of 0 W, 0 V and 0 degrees."""
    result = read(installer.COLLECTOR, table(LIVELY, [RELAY[0], number, *RELAY[2:]]))
    assert [inverter.serial for inverter in of(PlcInverter, result)] == ["482243110017", *["482243110099"] * listed]


def test_installer_table_without_a_device_type_lists_microinverters() -> None:
    columns: list[Json] = [name for name in FIELDS if name != "devType"]
    rows: list[Json] = [[LIVELY[0], *LIVELY[2:]]]
    result = read(installer.COLLECTOR, {PLC_STATUS: {"pcu": {"fields": columns, "values": rows}}})
    assert one(PlcInverter, result).serial == "482243110017"


def test_kinds_of_devices_that_there_are_none_of_are_left_out() -> None:
    counted: dict[str, Json] = {
        "expected": 3,
        "discovered": 3,
        "ctrlsTotal": 3,
        "ctrlsGone": 1,
        "ctrlsCommunicating": 2,
        "chansTotal": 3,
        "chansRecent": 2,
        "chansProducing": 0,
    }
    content: Json = {"counters": {"pcu": counted, "acb": dict.fromkeys(counted, 0)}}
    told = of(PlcDevices, read(installer.COLLECTOR, {PLC_STATUS: content}))
    assert {(each.device, each.state): each.devices for each in told} == {
        ("pcu", "expected"): 3,
        ("pcu", "discovered"): 3,
        ("pcu", "controllers"): 3,
        ("pcu", "controllers_gone"): 1,
        ("pcu", "controllers_communicating"): 2,
        ("pcu", "channels"): 3,
        ("pcu", "channels_recent"): 2,
        ("pcu", "channels_producing"): 0,
    }


def register(today: int, week: int, lifetime: int, watts: int) -> Json:
    names = ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime", "wattsNow")
    return dict(zip(names, (today, week, lifetime, watts), strict=True))


def test_books_that_cannot_be_are_rejected_and_meters_that_are_not_are_left_out() -> None:
    told = read(
        installer.COLLECTOR,
        {
            PDM_ENERGY: {
                "production": {
                    "pcu": register(2815, 30_268, 1_708_880, 0),
                    "rgm": register(0, 0, 0, 0),
                    "eim": register(1_692_970, 30_059, 1_692_970, -4),
                },
                "consumption": {"eim": register(53_212, 0, 20_841_801, 6018)},
            }
        },
    )
    hour = 3600
    assert of(PdmEnergy, told) == [
        PdmEnergy(source="pcu", power=0, lifetime=1_708_880 * hour, today=2815 * hour, last_week=30_268 * hour),
        PdmEnergy(source="eim", power=-4, lifetime=1_692_970 * hour, last_week=30_059 * hour),
        PdmEnergy(source="consumption_eim", power=6018, lifetime=20_841_801 * hour, today=53_212 * hour),
    ]
    assert [each.rule for each in told.rejections] == ["day_equals_lifetime", "week_below_day"]


def test_books_that_are_zero_for_a_poll_are_none() -> None:
    gateway = PollSequence(installer.COLLECTOR, step=300)

    def poll(*said: int) -> Result[Any]:
        return gateway.poll({PDM_ENERGY: {"production": {"pcu": register(*said)}}})

    assert one(PdmEnergy, poll(2815, 30_268, 1_708_880, 7)).lifetime == 1_708_880 * 3600
    starts = poll(0, 0, 0, 0)
    assert of(PdmEnergy, starts) == []
    assert rejected_rules(starts) == [("zero_after_value", "wattHoursLifetime")]
    assert one(PdmEnergy, poll(2816, 30_268, 1_708_881, 7)).today == 2816 * 3600
    half = one(PdmEnergy, poll(2816, 30_268, 0, 7))
    assert (half.power, half.lifetime, half.today) == (7, None, 2816 * 3600)


def test_a_dynamic_limit_that_is_off_is_no_limit_of_zero_watts() -> None:
    for enabled, limit in ((True, 5000.0), (False, None)):
        settings: Json = {"enable": enabled, "limit_value_W": 5000.0, "slew_rate": 2.0}
        told = one(Switches, read(installer.COLLECTOR, {DYNAMIC_EXPORT_LIMIT: {"dynamic_pel_settings": settings}}))
        assert told == Switches(dynamic_limit_enabled=enabled, dynamic_limit=limit)


def test_production_may_be_switched_off_by_hand() -> None:
    assert one(Switches, read(installer.COLLECTOR, {PRODUCTION_SWITCH: {"powerForcedOff": True}})).forced_off is True


@pytest.mark.parametrize(("told", "name"), [("en_50549_1", "en_50549_1"), (4711, "4711"), (None, None)])
def test_the_grid_s_rules_have_a_name(told: Json, name: str | None) -> None:
    content: Json = {"selected_profile": "EN 50549-1:2019", "selected_profile_id": told}
    assert one(GridProfile, read(installer.COLLECTOR, {GRID_PROFILE: content})) == GridProfile(
        profile="EN 50549-1:2019", id=name
    )


def test_an_owner_s_gateway_says_nothing() -> None:
    assert read(installer.COLLECTOR, {}).readings == (Switches(),)
