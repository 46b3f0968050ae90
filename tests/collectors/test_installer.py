"""What only installers can read: the table of inverters, PDM energies, the grid profile and switches."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import (
    installer,
)
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

RECENT: list[Json] = ["482243110017", 1, True, True, True, int(NOW) - 300, 31, 34_646, 6834, 240_977, 228_473]

OLD: list[Json] = ["482243110054", 1, False, False, False, int(NOW) - 50_000, 9, 1000, 1, 230_000, 9]


def table(*rows: Json) -> dict[str, Json]:
    return {PLC_STATUS: {"pcu": {"fields": FIELDS, "values": list(rows)}}}


def test_installer_collector_is_disabled_by_default() -> None:
    assert installer.COLLECTOR.enabled_by_default is False


def test_installer_table_is_read_by_its_column_names() -> None:
    inverters = of(PlcInverter, read(installer.COLLECTOR, table(RECENT, OLD)))
    assert inverters[0] == PlcInverter(
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


def test_installer_table_old_report_has_no_current_values() -> None:
    inverter = one(PlcInverter, read(installer.COLLECTOR, table(OLD)))
    assert inverter == PlcInverter(
        serial="482243110054", communicating=False, producing=False, last_report=NOW - 50_000
    )


@pytest.mark.parametrize("row", [RECENT[:-1], [*RECENT, 1], None, {}, "text"])
def test_installer_table_row_of_another_length_is_rejected(row: Json) -> None:
    result = read(installer.COLLECTOR, table(row, RECENT))
    assert [inverter.serial for inverter in of(PlcInverter, result)] == ["482243110017"]
    assert [(rejection.rule, rejection.key) for rejection in result.rejections] == [("type", "values")]


def test_installer_table_duplicate_inverter_is_rejected() -> None:
    result = read(installer.COLLECTOR, table(RECENT, RECENT))
    assert len(of(PlcInverter, result)) == 1
    assert [rejection.rule for rejection in result.rejections] == ["duplicate"]


RELAY: list[Json] = ["482243110099", 12, True, True, False, int(NOW) - 300, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("number", "listed"), [(1, True), (11, False), (12, False), (19, False), (2, False), (None, True), ("1", False)]
)
def test_installer_table_exposes_only_microinverters(number: Json, listed: bool) -> None:
    """An IQ Relay in the table is not an inverter of 0 W, 0 V and 0 degrees."""
    result = read(installer.COLLECTOR, table(RECENT, [RELAY[0], number, *RELAY[2:]]))
    assert [inverter.serial for inverter in of(PlcInverter, result)] == ["482243110017", *["482243110099"] * listed]


def test_installer_table_without_a_device_type_lists_microinverters() -> None:
    columns: list[Json] = [name for name in FIELDS if name != "devType"]
    rows: list[Json] = [[RECENT[0], *RECENT[2:]]]
    result = read(installer.COLLECTOR, {PLC_STATUS: {"pcu": {"fields": columns, "values": rows}}})
    assert one(PlcInverter, result).serial == "482243110017"


def test_plc_devices_of_a_kind_without_devices_are_omitted() -> None:
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
    counts = of(PlcDevices, read(installer.COLLECTOR, {PLC_STATUS: content}))
    assert {(count.device, count.state): count.devices for count in counts} == {
        ("pcu", "expected"): 3,
        ("pcu", "discovered"): 3,
        ("pcu", "controllers"): 3,
        ("pcu", "controllers_gone"): 1,
        ("pcu", "controllers_communicating"): 2,
        ("pcu", "channels"): 3,
        ("pcu", "channels_recent"): 2,
        ("pcu", "channels_producing"): 0,
    }


def pdm_register(today: int, week: int, lifetime: int, watts: int) -> Json:
    names = ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime", "wattsNow")
    return dict(zip(names, (today, week, lifetime, watts), strict=True))


def test_pdm_energy_implausible_values_and_zero_meters_are_omitted() -> None:
    result = read(
        installer.COLLECTOR,
        {
            PDM_ENERGY: {
                "production": {
                    "pcu": pdm_register(2815, 30_268, 1_708_880, 0),
                    "rgm": pdm_register(0, 0, 0, 0),
                    "eim": pdm_register(1_692_970, 30_059, 1_692_970, -4),
                },
                "consumption": {"eim": pdm_register(53_212, 0, 20_841_801, 6018)},
            }
        },
    )
    hour = 3600
    assert of(PdmEnergy, result) == [
        PdmEnergy(source="pcu", power=0, lifetime=1_708_880 * hour, today=2815 * hour, last_week=30_268 * hour),
        PdmEnergy(source="eim", power=-4, lifetime=1_692_970 * hour, last_week=30_059 * hour),
        PdmEnergy(source="consumption_eim", power=6018, lifetime=20_841_801 * hour, today=53_212 * hour),
    ]
    assert [rejection.rule for rejection in result.rejections] == ["day_equals_lifetime", "week_below_day"]


def test_pdm_energy_at_zero_for_a_poll_is_rejected() -> None:
    gateway = PollSequence(installer.COLLECTOR, step=300)

    def poll(*energies: int) -> Result[Any]:
        return gateway.poll({PDM_ENERGY: {"production": {"pcu": pdm_register(*energies)}}})

    assert one(PdmEnergy, poll(2815, 30_268, 1_708_880, 7)).lifetime == 1_708_880 * 3600
    zeros = poll(0, 0, 0, 0)
    assert of(PdmEnergy, zeros) == []
    assert rejected_rules(zeros) == [("zero_after_value", "wattHoursLifetime")]
    assert one(PdmEnergy, poll(2816, 30_268, 1_708_881, 7)).today == 2816 * 3600
    without_lifetime = one(PdmEnergy, poll(2816, 30_268, 0, 7))
    assert (without_lifetime.power, without_lifetime.lifetime, without_lifetime.today) == (7, None, 2816 * 3600)


def test_dynamic_limit_that_is_disabled_has_no_value() -> None:
    for enabled, limit in ((True, 5000.0), (False, None)):
        settings: Json = {"enable": enabled, "limit_value_W": 5000.0, "slew_rate": 2.0}
        switches = one(Switches, read(installer.COLLECTOR, {DYNAMIC_EXPORT_LIMIT: {"dynamic_pel_settings": settings}}))
        assert switches == Switches(dynamic_limit_enabled=enabled, dynamic_limit=limit)


def test_production_switch_that_is_forced_off_is_exposed() -> None:
    assert one(Switches, read(installer.COLLECTOR, {PRODUCTION_SWITCH: {"powerForcedOff": True}})).forced_off is True


@pytest.mark.parametrize(("profile_id", "name"), [("en_50549_1", "en_50549_1"), (4711, "4711"), (None, None)])
def test_grid_profile_id_is_exposed_as_text(profile_id: Json, name: str | None) -> None:
    content: Json = {"selected_profile": "EN 50549-1:2019", "selected_profile_id": profile_id}
    assert one(GridProfile, read(installer.COLLECTOR, {GRID_PROFILE: content})) == GridProfile(
        profile="EN 50549-1:2019", id=name
    )


def test_installer_collector_without_documents_has_no_values() -> None:
    assert read(installer.COLLECTOR, {}).readings == (Switches(),)


@pytest.mark.parametrize("value", [True, 10**400])
def test_pdm_energy_of_zeros_and_invalid_values_is_omitted(value: Json) -> None:
    empty: dict[str, Json] = {"wattsNow": 0, "wattHoursToday": 0, "wattHoursLifetime": value}
    assert of(PdmEnergy, read(installer.COLLECTOR, {PDM_ENERGY: {"production": {"rgm": empty}}})) == []


def test_installer_table_power_printed_unsigned_is_negative() -> None:
    table: Json = {"fields": ["serialNumber", "reportDate", "acPowerINmW"], "values": [["1", int(NOW), 4_294_963_296]]}
    assert one(PlcInverter, read(installer.COLLECTOR, {PLC_STATUS: {"pcu": table}})).power == -4
