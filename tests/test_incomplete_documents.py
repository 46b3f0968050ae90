"""Documents that parse but lack required content: counted at once, and after ten minutes their collector fails."""

import logging
from collections.abc import Mapping

import pytest
from support.collector_harness import CollectorHarness
from support.documents import information
from support.inverters import data, device, listed
from support.partial_documents import (
    ACTIVE_INVERTERS,
    BATTERY_UNITS,
    LISTED_INVERTER,
    METER_LIST,
    NO_ACTIVE_INVERTERS,
    REMOVED_INVERTER,
)

from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    METER_READINGS,
    METERS,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Json,
)

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
        harness.set_documents({**SOUND, METERS: METER_LIST, METER_READINGS: [{"eid": 1}]})
        harness.exposition()
        harness.clock.advance(60)
    assert [success(harness, name) for name in ("meters", "batteries")] == [0, 0]
    harness.remove_document(METERS)
    for _ in range(3):
        harness.clock.advance(60)
        harness.set_documents({METER_READINGS: [{"eid": 1}], **({} if meters is None else {METERS: meters})})
        assert [success(harness, name) for name in ("meters", "batteries")] == [0, 0]
    assert levels(caplog, METER_READINGS) == ["WARNING"]
    harness.set_documents({METERS: METER_LIST, METER_READINGS: [{"eid": 1}, {"eid": 3}]})
    assert [success(harness, name) for name in ("meters", "batteries")] == [1, 1]
    assert levels(caplog, METER_READINGS) == ["WARNING", "INFO"]


@pytest.mark.parametrize(
    ("counted", "stock", "failing"),
    [(NO_ACTIVE_INVERTERS, LISTED_INVERTER, INVENTORY), (ACTIVE_INVERTERS, REMOVED_INVERTER, PRODUCTION_JSON)],
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
    harness.set_documents({**lists, **NO_ACTIVE_INVERTERS, **REMOVED_INVERTER})
    assert success(harness, "inverters") == 1
    assert levels(caplog, INVERTERS_V1) == ["WARNING", "INFO"]


def test_collector_with_unknown_batteries_and_empty_power_fails() -> None:
    harness = CollectorHarness()
    for _ in range(12):
        harness.set_documents({**SOUND, ENSEMBLE_INVENTORY: BATTERY_UNITS, ENSEMBLE_POWER: {}})
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
        harness.set_documents({**SOUND, METERS: METER_LIST, METER_READINGS: []})
        harness.exposition()
        harness.clock.advance(60)
    (missing,) = [record.__dict__["missing"] for record in caplog.records if hasattr(record, "missing")]
    assert "production, storage" in missing
