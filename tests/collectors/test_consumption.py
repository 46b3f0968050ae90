"""The load that the gateway estimates: what its CTs can and cannot know of it."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.documents import of, one, read, rejected_by
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import production
from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.consumption import Consumption, ConsumptionPhase, NetConsumption, NetConsumptionPhase
from envoy_exporter.collectors.site_meters import MeterActivity
from envoy_exporter.documents import (
    DEVICE_DATA,
    INVENTORY,
    INVERTERS_V1,
    METERS,
    PRODUCTION_JSON,
    Json,
)

NET_WATTS = 309.0


def meters(**states: str) -> Json:
    """`/ivp/meters` with a CT of each type that is named; underscores stand for dashes."""
    return [
        {"eid": 704643328 + 256 * n, "state": state, "measurementType": kind.replace("_", "-"), "phaseCount": 1}
        for n, (kind, state) in enumerate(states.items())
    ]


def consumption(kind: str, watts: float = NET_WATTS, lifetime: float = 4_200_123.456) -> dict[str, Json]:
    line: Json = {"wNow": watts, "whLifetime": lifetime, "rmsVoltage": 230.0, "rmsCurrent": 1.3}
    entry: dict[str, Json] = {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": watts}
    return {**entry, "whLifetime": lifetime, "lines": [line]}


def site(inverters: int = 7, *, total_lifetime: float = 4_200_123.456) -> Json:
    """546 W come from the inverters and 309 W from the grid: the load is 855 W, and the gateway reports 309 W."""
    return {
        "production": [
            {"type": "inverters", "activeCount": inverters, "wNow": 546 if inverters else 0, "whLifetime": 900_000},
            {"type": "eim", "measurementType": "production", "activeCount": 0, "wNow": 0.0, "whLifetime": 0.0},
        ],
        "consumption": [consumption("total-consumption", lifetime=total_lifetime), consumption("net-consumption")],
    }


ONLY_NET = meters(production="disabled", net_consumption="enabled")
ONLY_TOTAL = meters(production="disabled", total_consumption="enabled")


def exposed(result: Result[Any]) -> tuple[list[str], list[str]]:
    """Which of the two entries are exposed as a whole, and which by phase."""
    whole = {Consumption: "load", NetConsumption: "balance"}
    phases = {ConsumptionPhase: "load", NetConsumptionPhase: "balance"}
    return (
        [whole[type(reading)] for reading in result.readings if type(reading) in whole],
        [phases[type(reading)] for reading in result.readings if type(reading) in phases],
    )


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (ONLY_NET, ["balance"]),
        (ONLY_TOTAL, ["load"]),
        (meters(production="enabled", net_consumption="enabled"), ["balance"]),
        (meters(net_consumption="enabled", total_consumption="enabled"), ["balance"]),
    ],
)
def test_consumption_that_equals_the_grid_is_judged_by_the_cts(listed: Json, expected: list[str]) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(), METERS: listed})
    assert exposed(result) == (expected, expected)
    assert rejected_by(result) == ["total_equals_net"]


@pytest.mark.parametrize("lifetime", [4_200_123.456, 4_199_000.0])
def test_consumption_with_a_sole_net_ct_is_rejected_at_any_hour(lifetime: float) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(total_lifetime=lifetime), METERS: ONLY_NET})
    assert exposed(result) == (["balance"], ["balance"])
    assert one(NetConsumption, result).power == NET_WATTS


def test_consumption_with_a_sole_net_ct_and_no_inverter_is_the_load() -> None:
    """Without an inverter, all that the house uses comes from the grid."""
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(inverters=0), METERS: ONLY_NET})
    assert one(Consumption, result).power == NET_WATTS
    assert rejected_by(result) == []


V1: Json = [{"serialNumber": "122000000001", "devType": 1}]
BATTERY: Json = [{"serialNumber": "122000000001", "devType": 11}]
PCU: dict[str, Json] = {"serial_num": "122000000001", "dev_type": 1, "admin_state": 1}


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({INVERTERS_V1: V1}, ["balance"]),
        ({INVERTERS_V1: BATTERY}, ["load", "balance"]),
        ({INVENTORY: [{"type": "PCU", "devices": [PCU]}]}, ["balance"]),
        ({INVENTORY: [{"type": "PCU", "devices": [{**PCU, "admin_state": 3}]}]}, ["load", "balance"]),
        ({DEVICE_DATA: {"1": {"devName": "pcu", "sn": "122000000001", "active": True}}}, ["balance"]),
        ({DEVICE_DATA: {"1": {"devName": "acb", "sn": "122000000001", "active": True}}}, ["load", "balance"]),
    ],
)
def test_consumption_with_a_sole_net_ct_counts_inverters_of_any_list(
    lists: Mapping[str, Json], expected: list[str]
) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site(inverters=0), METERS: ONLY_NET, **lists})
    assert exposed(result)[0] == expected


def test_consumption_stays_rejected_while_lists_do_not_answer() -> None:
    gateway = PollSequence(production.COLLECTOR)
    assert exposed(gateway.poll({PRODUCTION_JSON: site(), METERS: ONLY_NET}))[0] == ["balance"]
    for _ in range(20):
        differing = site(inverters=0, total_lifetime=4_199_000.0)
        assert exposed(gateway.poll({PRODUCTION_JSON: differing}))[0] == ["balance"]


def test_consumption_stays_rejected_while_the_list_of_meters_is_empty() -> None:
    """A gateway that has just started lists no meters."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll({PRODUCTION_JSON: site(), METERS: ONLY_NET})
    empty: tuple[Json, ...] = ([], [None], {})
    for content in empty:
        result = gateway.poll({PRODUCTION_JSON: site(total_lifetime=4_199_000.0), METERS: content})
        assert exposed(result)[0] == ["balance"]


BOTH = meters(production="enabled", net_consumption="enabled")
REPEATED: Json = [consumption("total-consumption"), consumption("net-consumption")]
NO_INVERTER: Json = {"type": "inverters", "activeCount": 0, "wNow": 0, "whLifetime": 0}


@pytest.mark.parametrize(
    ("listed", "registers", "expected"),
    [
        (ONLY_NET, [NO_INVERTER], ["load", "balance"]),
        (ONLY_NET, [], ["balance"]),
        (ONLY_NET, [{"type": []}], ["balance"]),
        (BOTH, [NO_INVERTER], ["balance"]),
        (BOTH, [], ["balance"]),
        ([], [NO_INVERTER], ["balance"]),
        (None, [NO_INVERTER], ["balance"]),
    ],
)
def test_consumption_without_a_production_entry_is_the_load_if_no_ct_is_listed(
    listed: Json, registers: Json, expected: list[str]
) -> None:
    """A gateway that starts sends an empty production list, whatever its CTs."""
    content: Json = {"production": registers, "consumption": REPEATED}
    available: dict[str, Json] = (
        {PRODUCTION_JSON: content} if listed is None else {PRODUCTION_JSON: content, METERS: listed}
    )
    assert exposed(read(production.COLLECTOR, available))[0] == expected


def test_consumption_survives_odd_types_of_the_production_list() -> None:
    content: Json = {"production": [{"type": []}, {"type": {}}, {}], "consumption": []}
    assert exposed(read(production.COLLECTOR, {PRODUCTION_JSON: content})) == ([], [])


def test_consumption_of_a_new_production_ct_survives_a_poll_without_its_entry() -> None:
    """The production CT has counted nothing yet, so the load is what comes from the grid."""
    inverters: Json = {"type": "inverters", "activeCount": 7, "wNow": 0, "whLifetime": 0}
    eim: dict[str, Json] = {"type": "eim", "activeCount": 1, "wNow": 0.0, "whLifetime": 0.0}
    gateway = PollSequence(production.COLLECTOR)
    for registers in ([inverters, eim], [inverters], [], [inverters, eim]):
        result = gateway.poll({PRODUCTION_JSON: {"production": list(registers), "consumption": REPEATED}, METERS: BOTH})
        assert exposed(result)[0] == ["load", "balance"]
    counted: Json = {**eim, "whLifetime": 5.0}
    for registers in ([inverters, counted], [inverters]):
        result = gateway.poll({PRODUCTION_JSON: {"production": list(registers), "consumption": REPEATED}, METERS: BOTH})
        assert exposed(result)[0] == ["balance"]


def test_consumption_is_exposed_again_once_a_production_ct_counts() -> None:
    """The list of meters is slow; an active production CT proves itself."""
    gateway = PollSequence(production.COLLECTOR)
    assert exposed(gateway.poll({PRODUCTION_JSON: site(), METERS: ONLY_NET}))[0] == ["balance"]
    eim: Json = {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 546.0, "whLifetime": 5e6}
    added: Json = {
        "production": [eim],
        "consumption": [consumption("total-consumption", lifetime=9e6), consumption("net-consumption")],
    }
    assert exposed(gateway.poll({PRODUCTION_JSON: added, METERS: ONLY_NET}))[0] == ["load", "balance"]
    listed = [exposed(gateway.poll({PRODUCTION_JSON: added, METERS: []}))[0] for _ in range(12)]
    assert listed == [["load", "balance"]] * 12


def test_consumption_is_rejected_until_the_meters_have_been_gone_for_ten_minutes() -> None:
    gateway = PollSequence(production.COLLECTOR)
    differing = site(total_lifetime=4_199_000.0)
    gateway.poll({PRODUCTION_JSON: differing, METERS: ONLY_NET})
    empty = [exposed(gateway.poll({PRODUCTION_JSON: differing, METERS: []}))[0] for _ in range(12)]
    assert empty == [["balance"]] * 10 + [["load", "balance"]] * 2


def test_consumption_of_another_gateway_is_judged_afresh() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll({PRODUCTION_JSON: site(), METERS: ONLY_NET})
    other: Json = {"time": "1781000000", "device": {"sn": "122099999999", "software": "D8.3.5169", "imeter": "true"}}
    result = gateway.poll({PRODUCTION_JSON: site(inverters=0), METERS: ONLY_NET}, info=other)
    assert exposed(result)[0] == ["load", "balance"]


def test_consumption_of_a_new_production_ct_is_the_grid_s() -> None:
    """The production CT is active and has counted nothing yet."""
    content: Json = {
        "production": [
            {"type": "inverters", "activeCount": 7, "wNow": 0, "whLifetime": 0},
            {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 0.0, "whLifetime": 0.0},
        ],
        "consumption": [consumption("total-consumption"), consumption("net-consumption")],
    }
    both = meters(production="enabled", net_consumption="enabled")
    assert exposed(read(production.COLLECTOR, {PRODUCTION_JSON: content, METERS: both}))[0] == ["load", "balance"]


UNNAMED: list[dict[str, Json]] = [
    {"type": "eim", "activeCount": 1, "wNow": 855.0, "whLifetime": 9_000_000.0},
    {"type": "eim", "activeCount": 1, "wNow": NET_WATTS, "whLifetime": 4_200_000.0},
]


def test_consumption_without_measurement_types_is_total_then_net() -> None:
    """4.2.33 names neither of its two entries."""
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [], "consumption": list(UNNAMED)}, METERS: []})
    assert (one(Consumption, result).power, one(NetConsumption, result).power) == (855, NET_WATTS)
    assert [activity.meter for activity in of(MeterActivity, result)] == ["total-consumption", "net-consumption"]


@pytest.mark.parametrize(
    "entries",
    [
        UNNAMED[:1],
        [*UNNAMED, UNNAMED[0]],
        [*UNNAMED, None],
        [UNNAMED[0], {**UNNAMED[1], "measurementType": "rgm"}],
        [UNNAMED[0], {**UNNAMED[1], "measurementType": None}],
    ],
)
def test_consumption_with_other_unnamed_entries_is_not_guessed(entries: list[Json]) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [], "consumption": entries}, METERS: []})
    assert exposed(result) == ([], [])


def test_consumption_exposes_reactive_and_apparent_power_and_current() -> None:
    """8.2.127_with_3cts_and_battery_split has negative currents and apparent powers."""
    extra: dict[str, Json] = {"reactPwr": -12.5, "apprntPwr": -870.0, "rmsCurrent": -3.7}
    total = consumption("total-consumption", watts=855.0, lifetime=9e6)
    line: Json = {**total["lines"][0], **extra}  # type: ignore[index, dict-item]
    entries: Json = [{**total, **extra, "lines": [line]}, consumption("net-consumption")]
    eim: Json = {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 546.0, "whLifetime": 5e6}
    both = meters(production="enabled", net_consumption="enabled")
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [eim], "consumption": entries}, METERS: both})
    load, phase = one(Consumption, result), one(ConsumptionPhase, result)
    assert (load.reactive_power, load.apparent_power, load.current) == (-12.5, -870.0, -3.7)
    assert (phase.reactive_power, phase.apparent_power, phase.current) == (-12.5, -870.0, -3.7)
