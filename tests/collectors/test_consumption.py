"""The entries of total and net consumption: which are exposed, and their values."""

import pytest
from support.consumption import NET_WATTS, consumption_entry, exposed, meter_list, site_with_consumption
from support.documents import of, one, read

from envoy_exporter.collectors import production
from envoy_exporter.collectors.consumption import Consumption, ConsumptionPhase, NetConsumption
from envoy_exporter.collectors.site_meters import MeterActivity
from envoy_exporter.documents import (
    METERS,
    PRODUCTION_JSON,
    Json,
)


def test_consumption_with_invalid_types_of_production_is_absent() -> None:
    content: Json = {"production": [{"type": []}, {"type": {}}, {}], "consumption": []}
    assert exposed(read(production.COLLECTOR, {PRODUCTION_JSON: content})) == ([], [])


WITHOUT_TYPES: list[dict[str, Json]] = [
    {"type": "eim", "activeCount": 1, "wNow": 855.0, "whLifetime": 9_000_000.0},
    {"type": "eim", "activeCount": 1, "wNow": NET_WATTS, "whLifetime": 4_200_000.0},
]


def test_consumption_without_measurement_types_is_total_then_net() -> None:
    """Firmware 4.2.33 reports no type for its two entries."""
    result = read(
        production.COLLECTOR, {PRODUCTION_JSON: {"production": [], "consumption": list(WITHOUT_TYPES)}, METERS: []}
    )
    assert (one(Consumption, result).power, one(NetConsumption, result).power) == (855, NET_WATTS)
    assert [activity.meter for activity in of(MeterActivity, result)] == ["total-consumption", "net-consumption"]


@pytest.mark.parametrize(
    "entries",
    [
        WITHOUT_TYPES[:1],
        [*WITHOUT_TYPES, WITHOUT_TYPES[0]],
        [*WITHOUT_TYPES, None],
        [WITHOUT_TYPES[0], {**WITHOUT_TYPES[1], "measurementType": "rgm"}],
        [WITHOUT_TYPES[0], {**WITHOUT_TYPES[1], "measurementType": None}],
    ],
)
def test_consumption_with_other_entries_without_types_is_absent(entries: list[Json]) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [], "consumption": entries}, METERS: []})
    assert exposed(result) == ([], [])


def test_consumption_exposes_reactive_and_apparent_power_and_current() -> None:
    """8.2.127_with_3cts_and_battery_split has negative currents and apparent powers."""
    extra: dict[str, Json] = {"reactPwr": -12.5, "apprntPwr": -870.0, "rmsCurrent": -3.7}
    total = consumption_entry("total-consumption", watts=855.0, lifetime=9e6)
    line: Json = {**total["lines"][0], **extra}  # type: ignore[index, dict-item]
    entries: Json = [{**total, **extra, "lines": [line]}, consumption_entry("net-consumption")]
    eim: Json = {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 546.0, "whLifetime": 5e6}
    both = meter_list(production="enabled", net_consumption="enabled")
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [eim], "consumption": entries}, METERS: both})
    site, phase = one(Consumption, result), one(ConsumptionPhase, result)
    assert (site.reactive_power, site.apparent_power, site.current) == (-12.5, -870.0, -3.7)
    assert (phase.reactive_power, phase.apparent_power, phase.current) == (-12.5, -870.0, -3.7)


def test_consumption_entries_are_found_by_type_and_not_by_place() -> None:
    result = read(production.COLLECTOR, site_with_consumption(5_000.0, -300.0))
    assert (one(Consumption, result).power, one(Consumption, result).lifetime) == (428.4, 18_000_000.0)
    assert (one(NetConsumption, result).power, one(NetConsumption, result).balance) == (-11.5, -1_080_000.0)


def test_consumption_without_an_active_ct_is_absent() -> None:
    result = read(production.COLLECTOR, site_with_consumption(5_000.0, -300.0, active=0))
    assert (of(Consumption, result), of(NetConsumption, result)) == ([], [])
