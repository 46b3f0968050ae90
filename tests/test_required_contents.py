"""Documents that parse but lack required content: counted at once, and after ten minutes their collector fails."""

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
def test_required_inverter_list_is_not_empty_if_others_list_one(
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


def success(harness: CollectorHarness, collector: str = "production") -> float:
    return harness.exposition().value("enphase_scrape_collector_success", collector=collector)


def test_collector_with_an_empty_document_counts_it_then_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A gateway that has just started sends empty documents for some minutes."""
    caplog.set_level(logging.INFO)
    harness = CollectorHarness()
    results = []
    for poll in range(1, 13):
        harness.set_documents(EMPTY)
        results.append(success(harness))
        assert harness.count("production", "missing") == poll
        assert harness.exposition().value("enphase_up") == 1
        harness.clock.advance(60)
    assert results == [1.0] * 10 + [0.0] * 2
    assert levels(caplog, PRODUCTION_JSON) == ["WARNING"]
    assert any(rejection.rule == "missing" for rejection in harness.collector.rejections)

    harness.set_documents(SOUND)
    assert success(harness) == 1
    assert levels(caplog, PRODUCTION_JSON) == ["WARNING", "INFO"]


def test_collector_with_a_document_complete_now_and_then_succeeds() -> None:
    harness = CollectorHarness()
    for minute in range(30):
        harness.set_documents(SOUND if minute % 8 == 7 else EMPTY)
        assert success(harness) == 1
        harness.clock.advance(60)


EMPTY_LIST: dict[str, Json] = {**SOUND, INVERTERS_V1: []}


def incomplete_inverters() -> CollectorHarness:
    """A collector whose list of inverters has been empty for ten minutes."""
    harness = CollectorHarness()
    for _ in range(12):
        harness.set_documents(EMPTY_LIST)
        harness.clock.advance(60)
        harness.exposition()
    assert success(harness, "inverters") == 0
    return harness


def test_collector_with_an_incomplete_then_failing_document_fails() -> None:
    """A failed request does not show whether the document is complete."""
    harness = incomplete_inverters()
    harness.remove_document(INVERTERS_V1)
    harness.failing = frozenset({INVERTERS_V1})
    assert success(harness, "inverters") == 0


@pytest.mark.parametrize("absent", [True, False], ids=["not available", "no longer polled"])
def test_collector_with_an_incomplete_document_no_longer_polled_succeeds(
    absent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway was restarted, and device_data has the inverters now."""
    caplog.set_level(logging.INFO)
    harness = incomplete_inverters()
    harness.remove_document(INVERTERS_V1)
    harness.absent = frozenset({INVERTERS_V1}) if absent else frozenset()
    assert success(harness, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING"]


def test_collector_with_an_empty_document_after_an_outage_succeeds() -> None:
    harness = CollectorHarness()
    harness.set_documents(EMPTY_LIST)
    harness.exposition()
    harness.remove_document(INVERTERS_V1)
    harness.clock.advance(3600)
    harness.exposition()
    harness.set_documents(EMPTY_LIST)
    assert success(harness, "inverters") == 1


@pytest.mark.parametrize(("minutes", "expected"), [(5, 0.0), (11, 1.0)])
@pytest.mark.parametrize("failing", [True, False], ids=["endpoint fails", "gateway does not respond"])
def test_collector_with_an_empty_document_fails_after_a_short_outage(
    minutes: int, expected: float, *, failing: bool
) -> None:
    harness = CollectorHarness()
    for _ in range(10):
        harness.set_documents(EMPTY_LIST)
        assert success(harness, "inverters") == 1
        harness.clock.advance(60)
    harness.remove_document(INVERTERS_V1)
    harness.failing = frozenset({INVERTERS_V1}) if failing else frozenset()
    for _ in range(minutes):
        assert success(harness, "inverters") == 1
        harness.clock.advance(60)
    harness.failing = frozenset()
    harness.set_documents(EMPTY_LIST)
    assert success(harness, "inverters") == expected


def levels(caplog: pytest.LogCaptureFixture, endpoint: str) -> list[str]:
    """The levels of the log lines about an endpoint."""
    return [record.levelname for record in caplog.records if getattr(record, "endpoint", None) == endpoint]


@pytest.mark.parametrize("failing", [True, False], ids=["endpoint fails", "gateway does not respond"])
def test_collector_logs_a_complete_document_after_an_outage(caplog: pytest.LogCaptureFixture, *, failing: bool) -> None:
    caplog.set_level(logging.INFO)
    harness = incomplete_inverters()
    harness.remove_document(INVERTERS_V1)
    harness.failing = frozenset({INVERTERS_V1}) if failing else frozenset()
    harness.reachable = failing
    for _ in range(20):
        harness.clock.advance(60)
        harness.exposition()
    harness.failing = frozenset()
    harness.reachable = True
    harness.set_documents(EMPTY_LIST)
    assert success(harness, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING"]
    harness.clock.advance(60)
    harness.set_documents({INVERTERS_V1: [listed("1")]})
    assert success(harness, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "INFO"]


def test_collector_logs_an_incomplete_document_again_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    """device_data had all inverters for a while, so the short list was not polled."""
    caplog.set_level(logging.INFO)
    harness = incomplete_inverters()
    harness.remove_document(INVERTERS_V1)
    harness.set_documents({DEVICE_DATA: data(device("1"))})
    assert success(harness, "inverters") == 1
    harness.remove_document(DEVICE_DATA)
    harness.absent = frozenset({DEVICE_DATA})
    harness.clock.advance(3600)
    for _ in range(12):
        harness.set_documents(EMPTY_LIST)
        harness.exposition()
        harness.clock.advance(60)
    assert success(harness, "inverters") == 0
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "WARNING"]


@pytest.mark.parametrize("meters", [None, []])
def test_collector_with_unknown_meters_and_incomplete_readings_fails(
    meters: Json, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    harness = CollectorHarness()
    for _ in range(12):
        harness.set_documents({**SOUND, METERS: LISTED, METER_READINGS: [{"eid": 1}]})
        harness.exposition()
        harness.clock.advance(60)
    assert [success(harness, name) for name in ("meters", "batteries")] == [0, 0]
    harness.remove_document(METERS)
    for _ in range(3):
        harness.clock.advance(60)
        harness.set_documents({METER_READINGS: [{"eid": 1}], **({} if meters is None else {METERS: meters})})
        assert [success(harness, name) for name in ("meters", "batteries")] == [0, 0]
    assert levels(caplog, METER_READINGS) == ["WARNING"]
    harness.set_documents({METERS: LISTED, METER_READINGS: [{"eid": 1}, {"eid": 3}]})
    assert [success(harness, name) for name in ("meters", "batteries")] == [1, 1]
    assert levels(caplog, METER_READINGS) == ["WARNING", "INFO"]


@pytest.mark.parametrize(
    ("counted", "stock", "failing"),
    [(NONE_COUNTED, STOCK, INVENTORY), (COUNTED, REMOVED, PRODUCTION_JSON)],
    ids=["inventory", "site"],
)
def test_collector_with_unknown_inverters_and_an_empty_list_fails(
    counted: Mapping[str, Json],
    stock: Mapping[str, Json],
    failing: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    harness = CollectorHarness()
    lists: dict[str, Json] = {**EMPTY, **counted, **stock, INVERTERS_V1: []}
    for _ in range(12):
        harness.set_documents(lists)
        harness.exposition()
        harness.clock.advance(60)
    harness.remove_document(failing)
    for fails in (True, False):
        harness.failing = frozenset({failing}) if fails else frozenset()
        harness.set_documents({name: content for name, content in lists.items() if name != failing})
        assert success(harness, "inverters") == 0
        harness.clock.advance(60)
    assert levels(caplog, INVERTERS_V1) == ["WARNING"]
    harness.set_documents({**lists, **NONE_COUNTED, **REMOVED})
    assert success(harness, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "INFO"]


def test_collector_with_unknown_batteries_and_empty_power_fails() -> None:
    harness = CollectorHarness()
    for _ in range(12):
        harness.set_documents({**SOUND, ENSEMBLE_INVENTORY: UNITS, ENSEMBLE_POWER: {}})
        harness.exposition()
        harness.clock.advance(60)
    assert success(harness, "batteries") == 0
    harness.remove_document(ENSEMBLE_INVENTORY)
    harness.set_documents({ENSEMBLE_POWER: {}})
    assert success(harness, "batteries") == 0
    harness.set_documents({ENSEMBLE_INVENTORY: [], ENSEMBLE_POWER: {}})
    assert success(harness, "batteries") == 1


def test_collector_log_of_a_rejected_value_has_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    harness = CollectorHarness()
    harness.set_documents({**SOUND, PRODUCTION_V1: {"wattHoursLifetime": 3, "wattsNow": "much"}})
    harness.exposition()
    (record,) = [record for record in caplog.records if getattr(record, "field", None) == "wattsNow"]
    fields = {name: getattr(record, name) for name in ("gateway", "endpoint", "collector", "rule")}
    name = harness.collector.gateway.settings.name
    assert fields == {"gateway": name, "endpoint": PRODUCTION_V1, "collector": "production", "rule": "type"}


def test_collector_log_of_an_incomplete_document_names_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    harness = CollectorHarness()
    for _ in range(12):
        harness.set_documents({**SOUND, METERS: LISTED, METER_READINGS: []})
        harness.exposition()
        harness.clock.advance(60)
    (missing,) = [record.__dict__["missing"] for record in caplog.records if hasattr(record, "missing")]
    assert "production, storage" in missing
