"""The register that is the site's production: chosen once, and kept."""

from typing import Any

import pytest
from support.documents import information, of, read
from support.poll_sequence import PollSequence
from support.production import CT, INVERTERS, STANDARD, V1, eim, site

from envoy_exporter.collectors import production
from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.production import Production, ProductionMemory
from envoy_exporter.documents import INFO, METERS, PRODUCTION_JSON, PRODUCTION_V1, Json

V1_OF_ZEROS: Json = {"wattHoursToday": 0, "wattHoursSevenDays": 0, "wattHoursLifetime": 0, "wattsNow": 689}

NO_CT: Json = [{"eid": 1, "measurementType": "production", "state": "disabled", "phaseCount": 1}]


def source(result: Result[Any]) -> str | None:
    productions = of(Production, result)
    return productions[0].source if productions else None


@pytest.mark.parametrize(
    ("expected", "available"),
    [
        ("eim", {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT}),
        ("inverters", {PRODUCTION_JSON: site(INVERTERS, eim(active=0)), METERS: NO_CT, PRODUCTION_V1: V1}),
        ("inverters", {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1_OF_ZEROS}),
        ("v1", {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: [], PRODUCTION_V1: V1}),
        (None, {INFO: STANDARD, PRODUCTION_JSON: site({**INVERTERS, "whLifetime": 0}), PRODUCTION_V1: V1_OF_ZEROS}),  # type: ignore[dict-item]
        (None, {PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1}),
        (None, {INFO: STANDARD, PRODUCTION_V1: V1}),
    ],
    ids=[
        "an active production CT is used",
        "a metered gateway without a production CT uses its inverters",
        "a v1 of zeros is not used",
        "a standard gateway uses v1",
        "zeros may come from a gateway that has just started",
        "not chosen before the list of meters is available",
        "not chosen before the site is available",
    ],
)
def test_source_is_chosen_by_the_documents(expected: str | None, available: dict[str, Json]) -> None:
    assert source(read(production.COLLECTOR, available)) == expected


def test_source_without_production_json_is_v1() -> None:
    available = {INFO: information("R3.9.36"), PRODUCTION_V1: V1}
    assert source(read(production.COLLECTOR, available, absent=(PRODUCTION_JSON, METERS))) == "v1"


def test_source_missing_for_a_poll_is_not_replaced() -> None:
    """pyenphase#471: activeCount was 0 for one poll, and the fallback added 1,691 kWh in an hour."""
    first = read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT, PRODUCTION_V1: V1})
    second = read(
        production.COLLECTOR,
        {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: CT, PRODUCTION_V1: V1},
        memory=first.memory,
    )
    third = read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT}, memory=second.memory)
    assert [source(result) for result in (first, second, third)] == ["eim", None, "eim"]


def test_source_is_the_ct_once_it_becomes_active() -> None:
    inactive: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), PRODUCTION_V1: V1}
    first = read(production.COLLECTOR, inactive, absent=(METERS,))
    active = read(
        production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim())}, absent=(METERS,), memory=first.memory
    )
    third = read(production.COLLECTOR, inactive, absent=(METERS,), memory=active.memory)
    assert [source(result) for result in (first, active, third)] == ["v1", "eim", None]


def test_source_is_chosen_again_after_new_meters_or_firmware() -> None:
    available: dict[str, Json] = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: [], PRODUCTION_V1: V1}
    memory = read(production.COLLECTOR, available).memory
    metered = {**available, INFO: information(), METERS: NO_CT}
    assert source(read(production.COLLECTOR, metered, memory=memory)) == "inverters"


def test_source_is_kept_if_the_list_of_meters_fails_once() -> None:
    available: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: NO_CT, PRODUCTION_V1: V1}
    memory = read(production.COLLECTOR, available).memory
    assert (
        source(read(production.COLLECTOR, {PRODUCTION_JSON: available[PRODUCTION_JSON]}, memory=memory)) == "inverters"
    )


@pytest.mark.parametrize("content", [{"production": None}, {}])
def test_source_without_a_production_list_needs_an_unmetered_gateway(content: Json) -> None:
    """Without metering hardware there is no CT that the missing list could contain."""
    available: dict[str, Json] = {PRODUCTION_JSON: content, METERS: [], PRODUCTION_V1: V1}
    assert source(read(production.COLLECTOR, {INFO: information(), **available})) is None
    assert source(read(production.COLLECTOR, {INFO: STANDARD, **available})) == "v1"
    assert source(read(production.COLLECTOR, {INFO: STANDARD, **available, PRODUCTION_V1: V1_OF_ZEROS})) is None


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"wattHoursLifetime": "much"},
        {"code": 503},
        {"wattsNow": 0},
        {"wattHoursToday": None, "wattHoursSevenDays": None, "wattHoursLifetime": None, "wattsNow": 0},
        {"wattHoursLifetime": "much", "wattsNow": 3},
        {"wattHoursToday": 0, "wattHoursLifetime": 0, "wattsNow": 3},
    ],
)
def test_source_is_not_chosen_by_an_empty_v1_document(empty: Json) -> None:
    """A gateway that has just started returns an empty object, and v1 stays all zero on this gateway."""
    available: dict[str, Json] = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: []}
    first = read(production.COLLECTOR, {**available, PRODUCTION_V1: empty})
    assert source(first) is None
    assert (
        source(read(production.COLLECTOR, {**available, PRODUCTION_V1: V1_OF_ZEROS}, memory=first.memory))
        == "inverters"
    )


def test_source_is_kept_while_the_list_of_meters_is_empty() -> None:
    available: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT}
    memory = read(production.COLLECTOR, available).memory
    starting: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: [], PRODUCTION_V1: V1}
    result = read(production.COLLECTOR, starting, memory=memory)
    assert isinstance(result.memory, ProductionMemory)
    assert result.memory.choice.source == "eim"
    assert of(Production, result) == []


ALL: Json = [
    {"eid": 1, "measurementType": "production", "state": "enabled", "phaseCount": 2},
    {"eid": 2, "measurementType": "net-consumption", "state": "enabled", "phaseCount": 2},
]

ONLY_NET: Json = [{"eid": 2, "measurementType": "net-consumption", "state": "enabled", "phaseCount": 2}]


def test_source_is_kept_while_the_list_of_meters_lacks_one() -> None:
    gateway = PollSequence(production.COLLECTOR)
    polls = [(ALL, 1), (ONLY_NET, 1), (ONLY_NET, 0), (ALL, 0), (ALL, 0), (ALL, 1)]
    sources = [
        source(gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim(active)), METERS: listed, PRODUCTION_V1: V1}))
        for listed, active in polls
    ]
    assert sources == ["eim", "eim", None, None, None, "eim"]


@pytest.mark.parametrize("listed", [[], ONLY_NET])
def test_source_is_chosen_again_ten_minutes_after_meters_changed(listed: Json) -> None:
    gateway = PollSequence(production.COLLECTOR, step=300)
    gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: ALL, PRODUCTION_V1: V1})
    changed: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: listed, PRODUCTION_V1: V1}
    assert [source(gateway.poll(changed)) for _ in range(4)] == [None, None, "inverters", "inverters"]


def test_source_is_not_chosen_by_a_list_that_lacks_a_meter_for_a_poll() -> None:
    gateway = PollSequence(production.COLLECTOR)
    inactive: Json = site(INVERTERS, eim(0))
    assert source(gateway.poll({PRODUCTION_JSON: inactive, METERS: ALL})) is None
    assert source(gateway.poll({PRODUCTION_JSON: inactive, METERS: ONLY_NET})) is None
    assert source(gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: ALL})) == "eim"


def test_source_is_chosen_again_with_the_first_list_of_meters() -> None:
    """v1 was chosen before the list of meters was available."""
    first = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1}
    gateway = PollSequence(production.COLLECTOR)
    assert source(gateway.poll(first, info=STANDARD)) == "v1"
    second = {PRODUCTION_JSON: site({**INVERTERS}), PRODUCTION_V1: V1, METERS: []}  # type: ignore[dict-item]
    assert source(gateway.poll(second, info=information())) == "inverters"


@pytest.mark.parametrize(
    ("v1", "expected"),
    [
        ({"wattsNow": 500}, "v1"),
        ({"wattsNow": 500, "wattHoursToday": 0, "wattHoursLifetime": 0}, "v1"),
        ({"wattsNow": 0}, None),
        ({"code": 503}, None),
    ],
)
def test_source_is_v1_by_its_power_without_an_inverters_entry(v1: Json, expected: str | None) -> None:
    available: dict[str, Json] = {INFO: information(imeter="false"), PRODUCTION_V1: v1}
    result = read(production.COLLECTOR, available, absent=(PRODUCTION_JSON,))
    assert result.memory.choice.source == expected


def test_source_is_kept_through_two_meter_lists_and_an_outage() -> None:
    """Two unexpected lists, one before the outage and one after it, do not last ten minutes."""
    gateway = PollSequence(production.COLLECTOR)
    inactive: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0))}
    gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT})
    gateway.poll({**inactive, METERS: []})
    gateway.poll({**inactive, METERS: []}, after=7200)
    assert gateway.poll({**inactive, METERS: CT}).memory.choice.source == "eim"
