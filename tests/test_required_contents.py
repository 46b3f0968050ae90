"""Documents that parse and contain nothing: counted at once, and a failure of their collector once that lasts."""

import logging
from collections.abc import Mapping

import pytest
from support.collector_harness import CollectorHarness
from support.documents import documents, information
from support.inverters import data, device, listed

from envoy_exporter.collectors import COLLECTORS, required
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    INFO,
    INVENTORY,
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
def test_required_site_document_has_an_entry_if_no_source_is_chosen(
    info: Json, site: Json, v1: Json, complete: bool
) -> None:
    available = {INFO: info, PRODUCTION_JSON: site, **({PRODUCTION_V1: v1} if v1 is not None else {})}
    assert missing("production", available) == ([] if complete else [(PRODUCTION_JSON, "production")])


def test_required_v1_production_has_a_number_if_the_site_has_an_entry() -> None:
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


LISTED: Json = [
    {"eid": 1, "measurementType": "production", "state": "enabled"},
    {"eid": 2, "measurementType": "net-consumption", "state": "disabled"},
    {"eid": 3, "measurementType": "storage", "state": "enabled"},
]


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
    available: dict[str, Json] = {METERS: LISTED, METER_READINGS: [{"eid": eid} for eid in eids]}
    assert missing("meters", available) == ([(METER_READINGS, meters)] if meters else [])
    assert missing("batteries", available) == ([(METER_READINGS, storage)] if storage else [])


COUNTED: dict[str, Json] = {PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 3}]}}
STOCK: dict[str, Json] = {INVENTORY: [{"type": "PCU", "devices": [{"serial_num": "1", "admin_state": 1}]}]}
REMOVED: dict[str, Json] = {INVENTORY: [{"type": "PCU", "devices": [{"serial_num": "1", "admin_state": 3}]}]}
NONE_COUNTED: dict[str, Json] = {PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 0}]}}


@pytest.mark.parametrize(
    ("available", "chosen", "endpoint"),
    [
        ({**COUNTED, INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**STOCK, INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**COUNTED, INVERTERS_V1: [listed("1", devType=11)]}, INVERTERS_V1, INVERTERS_V1),
        ({**COUNTED, DEVICE_DATA: {"deviceCount": 0}}, INVERTERS_V1, DEVICE_DATA),
        ({**COUNTED, INVERTERS_V1: [listed("1")]}, INVERTERS_V1, None),
        ({**COUNTED, DEVICE_DATA: data(device("1"))}, DEVICE_DATA, None),
        ({**COUNTED, DEVICE_DATA: {}, INVERTERS_V1: [listed("1")]}, INVERTERS_V1, None),
        ({**COUNTED, DEVICE_DATA: data(device("1")), INVERTERS_V1: []}, INVERTERS_V1, INVERTERS_V1),
        ({**NONE_COUNTED, INVERTERS_V1: []}, INVERTERS_V1, None),
        ({**REMOVED, INVERTERS_V1: []}, INVERTERS_V1, None),
        (COUNTED, INVERTERS_V1, None),
        (COUNTED, None, None),
    ],
)
def test_required_inverter_list_has_an_inverter_if_others_know_one(
    available: Mapping[str, Json], chosen: str | None, endpoint: str | None
) -> None:
    assert missing("inverters", available, chosen) == ([(endpoint, "inverters")] if endpoint else [])


UNITS: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": serial} for serial in ("1", "2", "3", "4", "5")]}]


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
    found = missing("batteries", {ENSEMBLE_INVENTORY: UNITS, ENSEMBLE_POWER: power})
    assert found == ([(ENSEMBLE_POWER, names)] if names else [])


def test_required_contents_are_of_known_collectors() -> None:
    collectors = {collector.name: collector for collector in COLLECTORS}
    for requirement in required.REQUIREMENTS:
        assert "missing" in collectors[requirement.collector].rules


EMPTY: dict[str, Json] = {
    INFO: information("D8.3.5433", imeter="false"),
    PRODUCTION_JSON: {},
    PRODUCTION_V1: {},
    METERS: [],
}
SOUND: dict[str, Json] = {
    **EMPTY,
    PRODUCTION_JSON: {"production": [{"type": "inverters", "activeCount": 1, "wNow": 5, "whLifetime": 9}]},
    PRODUCTION_V1: {"wattHoursToday": 1, "wattHoursSevenDays": 2, "wattHoursLifetime": 3, "wattsNow": 4},
}


def success(shown: CollectorHarness, collector: str = "production") -> float:
    return shown.exposition().value("enphase_scrape_collector_success", collector=collector)


def test_collector_with_an_empty_document_counts_it_then_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A gateway that has just started sends empty documents for some minutes."""
    caplog.set_level(logging.INFO)
    shown = CollectorHarness()
    results = []
    for poll in range(1, 13):
        shown.set_documents(EMPTY)
        results.append(success(shown))
        assert shown.count("production", "missing") == poll
        assert shown.exposition().value("enphase_up") == 1
        shown.clock.advance(60)
    assert results == [1.0] * 10 + [0.0] * 2
    lines = [record for record in caplog.records if PRODUCTION_JSON in record.getMessage()]
    assert [line.levelname for line in lines] == ["WARNING"]
    assert any(rejection.rule == "missing" for rejection in shown.collector.rejections)

    shown.set_documents(SOUND)
    assert success(shown) == 1
    lines = [record for record in caplog.records if PRODUCTION_JSON in record.getMessage()]
    assert [line.levelname for line in lines] == ["WARNING", "INFO"]


def test_collector_with_a_document_complete_now_and_then_succeeds() -> None:
    shown = CollectorHarness()
    for minute in range(30):
        shown.set_documents(SOUND if minute % 8 == 7 else EMPTY)
        assert success(shown) == 1
        shown.clock.advance(60)


EMPTY_LIST: dict[str, Json] = {**SOUND, INVERTERS_V1: []}


def incomplete_inverters() -> CollectorHarness:
    """A collector whose list of inverters has been empty for ten minutes."""
    shown = CollectorHarness()
    for _ in range(12):
        shown.set_documents(EMPTY_LIST)
        shown.clock.advance(60)
        shown.exposition()
    assert success(shown, "inverters") == 0
    return shown


def test_collector_with_an_incomplete_document_stays_failed_while_it_fails() -> None:
    """A request that fails says nothing of the contents."""
    shown = incomplete_inverters()
    shown.remove_document(INVERTERS_V1)
    shown.failing = frozenset({INVERTERS_V1})
    assert success(shown, "inverters") == 0


@pytest.mark.parametrize("absent", [True, False], ids=["not available", "not read any more"])
def test_collector_with_an_incomplete_document_that_is_gone_succeeds(
    absent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway was restarted, and device_data has the inverters now."""
    caplog.set_level(logging.INFO)
    shown = incomplete_inverters()
    shown.remove_document(INVERTERS_V1)
    shown.absent = frozenset({INVERTERS_V1}) if absent else frozenset()
    assert success(shown, "inverters") == 1
    assert [record.levelname for record in caplog.records if INVERTERS_V1 in record.getMessage()] == ["WARNING"]


def test_collector_with_an_empty_document_after_an_outage_counts_anew() -> None:
    shown = CollectorHarness()
    shown.set_documents(EMPTY_LIST)
    shown.exposition()
    shown.remove_document(INVERTERS_V1)
    shown.clock.advance(3600)
    shown.exposition()
    shown.set_documents(EMPTY_LIST)
    assert success(shown, "inverters") == 1


@pytest.mark.parametrize(("minutes", "expected"), [(5, 0.0), (11, 1.0)])
@pytest.mark.parametrize("failing", [True, False], ids=["the endpoint fails", "the gateway does not answer"])
def test_collector_with_an_empty_document_after_an_outage_waits_anew_if_that_was_long(
    minutes: int, expected: float, *, failing: bool
) -> None:
    shown = CollectorHarness()
    for _ in range(10):
        shown.set_documents(EMPTY_LIST)
        assert success(shown, "inverters") == 1
        shown.clock.advance(60)
    shown.remove_document(INVERTERS_V1)
    shown.failing = frozenset({INVERTERS_V1}) if failing else frozenset()
    for _ in range(minutes):
        assert success(shown, "inverters") == 1
        shown.clock.advance(60)
    shown.failing = frozenset()
    shown.set_documents(EMPTY_LIST)
    assert success(shown, "inverters") == expected


def levels(caplog: pytest.LogCaptureFixture, endpoint: str) -> list[str]:
    return [record.levelname for record in caplog.records if endpoint in record.getMessage()]


@pytest.mark.parametrize("failing", [True, False], ids=["the endpoint fails", "the gateway does not answer"])
def test_collector_logs_a_complete_document_after_an_outage(caplog: pytest.LogCaptureFixture, *, failing: bool) -> None:
    caplog.set_level(logging.INFO)
    shown = incomplete_inverters()
    shown.remove_document(INVERTERS_V1)
    shown.failing = frozenset({INVERTERS_V1}) if failing else frozenset()
    for _ in range(20):
        shown.clock.advance(60)
        shown.exposition()
    shown.failing = frozenset()
    shown.set_documents(EMPTY_LIST)
    assert success(shown, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING"]
    shown.clock.advance(60)
    shown.set_documents({INVERTERS_V1: [listed("1")]})
    assert success(shown, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "INFO"]


@pytest.mark.parametrize("meters", [None, []])
def test_collector_of_incomplete_readings_stays_failed_while_the_meters_are_not_known(
    meters: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shown = CollectorHarness()
    for _ in range(12):
        shown.set_documents({**SOUND, METERS: LISTED, METER_READINGS: [{"eid": 1}]})
        shown.exposition()
        shown.clock.advance(60)
    assert [success(shown, name) for name in ("meters", "batteries")] == [0, 0]
    shown.remove_document(METERS)
    for _ in range(3):
        shown.clock.advance(60)
        shown.set_documents({METER_READINGS: [{"eid": 1}], **({} if meters is None else {METERS: meters})})
        assert [success(shown, name) for name in ("meters", "batteries")] == [0, 0]
    assert levels(caplog, METER_READINGS) == ["WARNING"]
    shown.set_documents({METERS: LISTED, METER_READINGS: [{"eid": 1}, {"eid": 3}]})
    assert [success(shown, name) for name in ("meters", "batteries")] == [1, 1]
    assert levels(caplog, METER_READINGS) == ["WARNING", "INFO"]


@pytest.mark.parametrize(
    ("counted", "stock", "failing"),
    [(NONE_COUNTED, STOCK, INVENTORY), (COUNTED, REMOVED, PRODUCTION_JSON)],
    ids=["the inventory", "the site"],
)
def test_collector_of_incomplete_inverters_stays_failed_while_what_lists_them_fails(
    counted: Mapping[str, Json],
    stock: Mapping[str, Json],
    failing: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    shown = CollectorHarness()
    lists: dict[str, Json] = {**EMPTY, **counted, **stock, INVERTERS_V1: []}
    for _ in range(12):
        shown.set_documents(lists)
        shown.exposition()
        shown.clock.advance(60)
    shown.remove_document(failing)
    for fails in (True, False):
        shown.failing = frozenset({failing}) if fails else frozenset()
        shown.set_documents({name: content for name, content in lists.items() if name != failing})
        assert success(shown, "inverters") == 0
        shown.clock.advance(60)
    assert levels(caplog, INVERTERS_V1) == ["WARNING"]
    shown.set_documents({**lists, **NONE_COUNTED, **REMOVED})
    assert success(shown, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "INFO"]


def test_collector_of_incomplete_battery_power_stays_failed_while_the_inventory_fails() -> None:
    shown = CollectorHarness()
    for _ in range(12):
        shown.set_documents({**SOUND, ENSEMBLE_INVENTORY: UNITS, ENSEMBLE_POWER: {}})
        shown.exposition()
        shown.clock.advance(60)
    assert success(shown, "batteries") == 0
    shown.remove_document(ENSEMBLE_INVENTORY)
    shown.set_documents({ENSEMBLE_POWER: {}})
    assert success(shown, "batteries") == 0
    shown.set_documents({ENSEMBLE_INVENTORY: [], ENSEMBLE_POWER: {}})
    assert success(shown, "batteries") == 1


def test_collector_log_of_a_rejected_value_names_the_gateway_first(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = CollectorHarness()
    shown.set_documents({**SOUND, PRODUCTION_V1: {"wattHoursLifetime": 3, "wattsNow": "much"}})
    shown.exposition()
    name = shown.collector.gateway.settings.name
    lines = [record.getMessage() for record in caplog.records if "wattsNow" in record.getMessage()]
    assert lines == [f"gateway {name}: production: rejected by the rule type: wattsNow of {PRODUCTION_V1}"]


def test_collector_log_names_everything_that_a_document_lacks(caplog: pytest.LogCaptureFixture) -> None:
    shown = CollectorHarness()
    for _ in range(12):
        shown.set_documents({**SOUND, METERS: LISTED, METER_READINGS: []})
        shown.exposition()
        shown.clock.advance(60)
    (line,) = [record.getMessage() for record in caplog.records if METER_READINGS in record.getMessage()]
    assert "production, storage" in line
