"""Which contents each document must have, and the names of those that are missing."""

from collections.abc import Mapping

import pytest
from support.documents import documents, information
from support.inverters import data, device, listed
from support.partial_documents import (
    ACTIVE_INVERTERS,
    BATTERY_UNITS,
    LISTED_INVERTER,
    METER_LIST,
    NO_ACTIVE_INVERTERS,
    REMOVED_INVERTER,
)

from envoy_exporter.collectors import COLLECTORS, required
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    INFO,
    INVERTERS_V1,
    METER_READINGS,
    METERS,
    PRODUCTION,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Json,
)

Found = list[tuple[str, str]]


def missing(collector: str, available: Mapping[str, Json], choice: str | None = None, *absent: str) -> Found:
    """The endpoints of incomplete documents, with what they lack."""
    found = required.missing(collector, documents(available, absent), choice)
    assert {rejection.rule for rejection in found} <= {"missing"}
    return [(rejection.endpoint, rejection.key) for rejection in found]


@pytest.mark.parametrize(
    ("device", "names"),
    [
        ({"sn": "122012345678", "software": "D8.3.5169"}, None),
        ({"sn": "122012345678", "software": ""}, "software"),
        ({"software": "D8.3.5169"}, "sn"),
        ({}, "sn, software"),
    ],
)
def test_required_info_has_a_serial_and_a_firmware(device: Json, names: str | None) -> None:
    assert missing("identity", {INFO: {"device": device}}) == ([(INFO, names)] if names else [])


def entries(**fields: Json) -> Json:
    return {"production": [{"type": "eim", **fields}, {"type": "inverters", **fields}]}


@pytest.mark.parametrize("source", ["eim", "inverters"])
@pytest.mark.parametrize(
    ("content", "complete"),
    [
        (entries(wNow=0), True),
        (entries(whLifetime=0.0), True),
        (entries(wNow="much", whLifetime=5), True),
        (entries(wNow="much"), False),
        (entries(wNow=True, whLifetime=None), False),
        (entries(activeCount=1), False),
        ({"production": []}, False),
        ({}, False),
    ],
)
def test_required_production_entry_has_a_number(source: str, content: Json, complete: bool) -> None:
    found = missing("production", {PRODUCTION_JSON: content}, source)
    assert found == ([] if complete else [(PRODUCTION_JSON, f"production {source}")])


@pytest.mark.parametrize(
    ("content", "complete"),
    [({"wattsNow": 0}, True), ({"wattHoursLifetime": 0}, True), ({"wattHoursToday": 5}, False), ({}, False)],
)
def test_required_v1_production_has_a_number(content: Json, complete: bool) -> None:
    found = missing("production", {PRODUCTION_V1: content}, "v1")
    assert found == ([] if complete else [(PRODUCTION_V1, "wattsNow")])


@pytest.mark.parametrize(
    ("page", "complete"),
    [
        ("<td>Currently</td><td> 634 W</td>", True),
        ("<td>Currently</td><td> 1,234 W</td>", True),
        ("<td>Momentan</td><td> 634 W</td>", False),
        ("", False),
    ],
)
def test_required_legacy_page_has_a_number(page: str, complete: bool) -> None:
    """A number that is ambiguous is rejected by another rule."""
    found = missing("production", {INFO: information("R3.2.0"), PRODUCTION: page}, "html")
    assert found == ([] if complete else [(PRODUCTION, "Currently")])


UNMETERED = information(imeter="false")


@pytest.mark.parametrize(
    ("info", "site", "v1", "complete"),
    [
        (UNMETERED, {}, {}, False),
        (UNMETERED, {"production": []}, {}, False),
        (UNMETERED, {}, {"wattsNow": 0}, True),
        (information(), {}, {"wattsNow": 0}, True),
        (information(), {}, {"wattsNow": "5"}, False),
        (information(), {}, {"code": 503}, False),
        (information(), entries(wNow=0), {}, True),
        (information(), {}, None, True),
    ],
)
def test_required_site_document_without_a_source_has_an_entry(info: Json, site: Json, v1: Json, complete: bool) -> None:
    available = {INFO: info, PRODUCTION_JSON: site, **({PRODUCTION_V1: v1} if v1 is not None else {})}
    assert missing("production", available) == ([] if complete else [(PRODUCTION_JSON, "production")])


def test_required_v1_production_beside_a_site_entry_has_a_number() -> None:
    """An empty object chooses no source, whatever the site's document contains."""
    site: Json = {"production": [{"type": "inverters", "activeCount": 3, "wNow": 5, "whLifetime": 9}]}
    assert missing("production", {PRODUCTION_JSON: site, PRODUCTION_V1: {}, METERS: []}) == [
        (PRODUCTION_V1, "wattsNow")
    ]


def test_required_legacy_page_is_not_an_object() -> None:
    found = missing("production", {INFO: information("R3.7.0"), PRODUCTION: {}})
    assert found == [(PRODUCTION, "Currently")]


def test_required_production_without_its_document_is_not_missing() -> None:
    for source in ("eim", "inverters", "v1", "html", None):
        assert missing("production", {}, source, PRODUCTION_V1) == []


@pytest.mark.parametrize(
    ("eids", "meters", "storage"),
    [
        ((1, 3), "", ""),
        ((1, 2), "storage", "storage"),
        ((3,), "production", ""),
        ((), "production, storage", "storage"),
    ],
)
def test_required_meter_readings_have_each_enabled_meter(eids: tuple[int, ...], meters: str, storage: str) -> None:
    available: dict[str, Json] = {METERS: METER_LIST, METER_READINGS: [{"eid": eid} for eid in eids]}
    assert missing("meters", available) == ([(METER_READINGS, meters)] if meters else [])
    assert missing("batteries", available) == ([(METER_READINGS, storage)] if storage else [])


@pytest.mark.parametrize(
    ("available", "chosen", "endpoint"),
    [
        ({**ACTIVE_INVERTERS, INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**LISTED_INVERTER, INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**ACTIVE_INVERTERS, INVERTERS_V1: [listed("1", devType=11)]}, INVERTERS_V1, INVERTERS_V1),
        ({**ACTIVE_INVERTERS, DEVICE_DATA: {"deviceCount": 0}}, INVERTERS_V1, DEVICE_DATA),
        ({**ACTIVE_INVERTERS, INVERTERS_V1: [listed("1")]}, INVERTERS_V1, None),
        ({**ACTIVE_INVERTERS, DEVICE_DATA: data(device("1"))}, DEVICE_DATA, None),
        ({**ACTIVE_INVERTERS, DEVICE_DATA: {}, INVERTERS_V1: [listed("1")]}, INVERTERS_V1, None),
        ({**ACTIVE_INVERTERS, DEVICE_DATA: data(device("1")), INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**NO_ACTIVE_INVERTERS, INVERTERS_V1: []}, INVERTERS_V1, None),
        ({**REMOVED_INVERTER, INVERTERS_V1: []}, INVERTERS_V1, None),
        (ACTIVE_INVERTERS, INVERTERS_V1, None),
        (ACTIVE_INVERTERS, None, None),
    ],
)
def test_required_inverter_list_is_not_empty_if_others_list_one(
    available: Mapping[str, Json], chosen: str | None, endpoint: str | None
) -> None:
    assert missing("inverters", available, chosen) == ([(endpoint, "inverters")] if endpoint else [])


@pytest.mark.parametrize(
    ("power", "names"),
    [
        ({"devices:": [{"serial_num": serial} for serial in "12345"]}, ""),
        ({"devices": [{"serial_num": serial} for serial in "1345"]}, "2"),
        ({"devices:": []}, "1, 2, 3 and 2 more"),
        ({}, "1, 2, 3 and 2 more"),
    ],
)
def test_required_battery_power_has_each_battery(power: Json, names: str) -> None:
    found = missing("batteries", {ENSEMBLE_INVENTORY: BATTERY_UNITS, ENSEMBLE_POWER: power})
    assert found == ([(ENSEMBLE_POWER, names)] if names else [])


def test_required_contents_are_of_known_collectors() -> None:
    collectors = {collector.name: collector for collector in COLLECTORS}
    for requirement in required.REQUIREMENTS:
        assert "missing" in collectors[requirement.collector].rules
