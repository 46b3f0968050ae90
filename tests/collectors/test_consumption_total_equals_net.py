"""Total consumption that equals net consumption: accepted only where the CTs can measure it."""

from collections.abc import Mapping

import pytest
from support.consumption import NET_WATTS, consumption_entry, exposed, meter_list, site_with_consumption, total_and_net
from support.document_contents import eim, site
from support.documents import of, one, read, rejected_by
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import production
from envoy_exporter.collectors.consumption import Consumption, NetConsumption
from envoy_exporter.documents import (
    DEVICE_DATA,
    INVENTORY,
    INVERTERS_V1,
    METERS,
    PRODUCTION_JSON,
    Json,
)


def site_with_equal_consumption(inverters: int = 7, *, total_lifetime: float = 4_200_123.456) -> Json:
    """The inverters produce 546 W and the grid supplies 309 W: 855 W are consumed, and the gateway reports 309 W."""
    return {
        "production": [
            {"type": "inverters", "activeCount": inverters, "wNow": 546 if inverters else 0, "whLifetime": 900_000},
            {"type": "eim", "measurementType": "production", "activeCount": 0, "wNow": 0.0, "whLifetime": 0.0},
        ],
        "consumption": [
            consumption_entry("total-consumption", lifetime=total_lifetime),
            consumption_entry("net-consumption"),
        ],
    }


ONLY_NET = meter_list(production="disabled", net_consumption="enabled")

ONLY_TOTAL = meter_list(production="disabled", total_consumption="enabled")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (ONLY_NET, ["net"]),
        (ONLY_TOTAL, ["total"]),
        (meter_list(production="enabled", net_consumption="enabled"), ["net"]),
        (meter_list(net_consumption="enabled", total_consumption="enabled"), ["net"]),
    ],
)
def test_consumption_equal_to_net_is_decided_by_the_cts(listed: Json, expected: list[str]) -> None:
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site_with_equal_consumption(), METERS: listed})
    assert exposed(result) == (expected, expected)
    assert rejected_by(result) == ["total_equals_net"]


@pytest.mark.parametrize("lifetime", [4_200_123.456, 4_199_000.0])
def test_consumption_with_a_sole_net_ct_is_rejected_at_any_time(lifetime: float) -> None:
    result = read(
        production.COLLECTOR, {PRODUCTION_JSON: site_with_equal_consumption(total_lifetime=lifetime), METERS: ONLY_NET}
    )
    assert exposed(result) == (["net"], ["net"])
    assert one(NetConsumption, result).power == NET_WATTS


def test_consumption_with_a_sole_net_ct_and_no_inverter_is_accepted() -> None:
    """Without an inverter, the grid supplies the whole consumption."""
    result = read(production.COLLECTOR, {PRODUCTION_JSON: site_with_equal_consumption(inverters=0), METERS: ONLY_NET})
    assert one(Consumption, result).power == NET_WATTS
    assert rejected_by(result) == []


V1: Json = [{"serialNumber": "122000000001", "devType": 1}]

BATTERY: Json = [{"serialNumber": "122000000001", "devType": 11}]

PCU: dict[str, Json] = {"serial_num": "122000000001", "dev_type": 1, "admin_state": 1}


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({INVERTERS_V1: V1}, ["net"]),
        ({INVERTERS_V1: BATTERY}, ["total", "net"]),
        ({INVENTORY: [{"type": "PCU", "devices": [PCU]}]}, ["net"]),
        ({INVENTORY: [{"type": "PCU", "devices": [{**PCU, "admin_state": 3}]}]}, ["total", "net"]),
        ({DEVICE_DATA: {"1": {"devName": "pcu", "sn": "122000000001", "active": True}}}, ["net"]),
        ({DEVICE_DATA: {"1": {"devName": "acb", "sn": "122000000001", "active": True}}}, ["total", "net"]),
    ],
)
def test_consumption_with_a_sole_net_ct_counts_inverters_of_any_list(
    lists: Mapping[str, Json], expected: list[str]
) -> None:
    result = read(
        production.COLLECTOR, {PRODUCTION_JSON: site_with_equal_consumption(inverters=0), METERS: ONLY_NET, **lists}
    )
    assert exposed(result)[0] == expected


def test_consumption_stays_rejected_while_other_lists_are_missing() -> None:
    gateway = PollSequence(production.COLLECTOR)
    assert exposed(gateway.poll({PRODUCTION_JSON: site_with_equal_consumption(), METERS: ONLY_NET}))[0] == ["net"]
    for _ in range(20):
        differing = site_with_equal_consumption(inverters=0, total_lifetime=4_199_000.0)
        assert exposed(gateway.poll({PRODUCTION_JSON: differing}))[0] == ["net"]


def test_consumption_stays_rejected_while_the_list_of_meters_is_empty() -> None:
    """A gateway that has just started lists no meters."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll({PRODUCTION_JSON: site_with_equal_consumption(), METERS: ONLY_NET})
    empty: tuple[Json, ...] = ([], [None], {})
    for content in empty:
        result = gateway.poll(
            {PRODUCTION_JSON: site_with_equal_consumption(total_lifetime=4_199_000.0), METERS: content}
        )
        assert exposed(result)[0] == ["net"]


BOTH = meter_list(production="enabled", net_consumption="enabled")

REPEATED: Json = [consumption_entry("total-consumption"), consumption_entry("net-consumption")]

NO_INVERTER: Json = {"type": "inverters", "activeCount": 0, "wNow": 0, "whLifetime": 0}


@pytest.mark.parametrize(
    ("listed", "registers", "expected"),
    [
        (ONLY_NET, [NO_INVERTER], ["total", "net"]),
        (ONLY_NET, [], ["net"]),
        (ONLY_NET, [{"type": []}], ["net"]),
        (BOTH, [NO_INVERTER], ["net"]),
        (BOTH, [], ["net"]),
        ([], [NO_INVERTER], ["net"]),
        (None, [NO_INVERTER], ["net"]),
    ],
)
def test_consumption_without_production_is_accepted_if_no_ct_exists(
    listed: Json, registers: Json, expected: list[str]
) -> None:
    """A gateway that starts returns an empty production list, whatever its CTs."""
    content: Json = {"production": registers, "consumption": REPEATED}
    available: dict[str, Json] = (
        {PRODUCTION_JSON: content} if listed is None else {PRODUCTION_JSON: content, METERS: listed}
    )
    assert exposed(read(production.COLLECTOR, available))[0] == expected


def test_consumption_of_a_new_ct_is_accepted_without_its_entry() -> None:
    """The production CT has counted nothing yet, so the grid supplies the whole consumption."""
    inverters: Json = {"type": "inverters", "activeCount": 7, "wNow": 0, "whLifetime": 0}
    eim: dict[str, Json] = {"type": "eim", "activeCount": 1, "wNow": 0.0, "whLifetime": 0.0}
    gateway = PollSequence(production.COLLECTOR)
    for registers in ([inverters, eim], [inverters], [], [inverters, eim]):
        result = gateway.poll({PRODUCTION_JSON: {"production": list(registers), "consumption": REPEATED}, METERS: BOTH})
        assert exposed(result)[0] == ["total", "net"]
    counted: Json = {**eim, "whLifetime": 5.0}
    for registers in ([inverters, counted], [inverters]):
        result = gateway.poll({PRODUCTION_JSON: {"production": list(registers), "consumption": REPEATED}, METERS: BOTH})
        assert exposed(result)[0] == ["net"]


def test_consumption_is_exposed_again_once_a_production_ct_counts() -> None:
    """The list of meters is slow; an active production CT is sufficient evidence."""
    gateway = PollSequence(production.COLLECTOR)
    assert exposed(gateway.poll({PRODUCTION_JSON: site_with_equal_consumption(), METERS: ONLY_NET}))[0] == ["net"]
    eim: Json = {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 546.0, "whLifetime": 5e6}
    added: Json = {
        "production": [eim],
        "consumption": [consumption_entry("total-consumption", lifetime=9e6), consumption_entry("net-consumption")],
    }
    assert exposed(gateway.poll({PRODUCTION_JSON: added, METERS: ONLY_NET}))[0] == ["total", "net"]
    listed = [exposed(gateway.poll({PRODUCTION_JSON: added, METERS: []}))[0] for _ in range(12)]
    assert listed == [["total", "net"]] * 12


def test_consumption_is_rejected_until_meters_are_gone_ten_minutes() -> None:
    gateway = PollSequence(production.COLLECTOR)
    differing = site_with_equal_consumption(total_lifetime=4_199_000.0)
    gateway.poll({PRODUCTION_JSON: differing, METERS: ONLY_NET})
    empty = [exposed(gateway.poll({PRODUCTION_JSON: differing, METERS: []}))[0] for _ in range(12)]
    assert empty == [["net"]] * 10 + [["total", "net"]] * 2


def test_consumption_of_another_gateway_is_independent() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll({PRODUCTION_JSON: site_with_equal_consumption(), METERS: ONLY_NET})
    other: Json = {"time": "1781000000", "device": {"sn": "122099999999", "software": "D8.3.5169", "imeter": "true"}}
    result = gateway.poll({PRODUCTION_JSON: site_with_equal_consumption(inverters=0), METERS: ONLY_NET}, info=other)
    assert exposed(result)[0] == ["total", "net"]


def test_consumption_of_a_new_production_ct_is_accepted() -> None:
    """The production CT is active and has counted nothing yet."""
    content: Json = {
        "production": [
            {"type": "inverters", "activeCount": 7, "wNow": 0, "whLifetime": 0},
            {"type": "eim", "measurementType": "production", "activeCount": 1, "wNow": 0.0, "whLifetime": 0.0},
        ],
        "consumption": [consumption_entry("total-consumption"), consumption_entry("net-consumption")],
    }
    both = meter_list(production="enabled", net_consumption="enabled")
    assert exposed(read(production.COLLECTOR, {PRODUCTION_JSON: content, METERS: both}))[0] == ["total", "net"]


def test_consumption_equal_to_net_without_an_active_ct_is_accepted() -> None:
    """The entry of a CT that was removed keeps its last lifetime (7.3.466_metered_disabled_cts)."""
    gateway = PollSequence(production.COLLECTOR)
    off = eim(3_183_793.303, activeCount=0)
    result = gateway.poll(site(off, **total_and_net(1, 700.0, 700.0)))
    assert (one(Consumption, result).lifetime, rejected_rules(result)) == (700.0 * 3600, [])


def test_consumption_equal_to_net_at_night_is_rejected() -> None:
    gateway = PollSequence(production.COLLECTOR)
    result = gateway.poll(site(eim(watts=0.0), **total_and_net(1, 700.0, 700.0)))
    assert (of(Consumption, result), rejected_rules(result)) == ([], [("total_equals_net", "total-consumption")])


@pytest.mark.parametrize(
    "available",
    [
        site(eim(activeCount=0), **total_and_net(1, 700.0, 700.0)),
        site(eim(0.0), **total_and_net(1, 700.0, 700.0)),
        site(eim(), consumption=[{**eim(700.0), "measurementType": "total-consumption"}]),
        site(eim(), **total_and_net(1, None, 700.0)),
    ],
    ids=["production CT is inactive", "production is zero", "no net entry", "no lifetime"],
)
def test_consumption_stays_rejected_while_evidence_is_missing(available: Mapping[str, Json]) -> None:
    """Total consumption of 8.3.5433 repeats net consumption, and activeCount of 8.3 flaps (pyenphase#471)."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(), **total_and_net(1, 700.0, 700.0)))
    result = gateway.poll(available)
    assert of(Consumption, result) == []
    assert rejected_rules(result, "total_equals_net") == [("total_equals_net", "total-consumption")]
    later = [of(Consumption, gateway.poll(available)) for _ in range(12)]
    assert [bool(readings) for readings in later] == [False] * 8 + [True] * 4, "accepted after ten minutes"


def test_consumption_is_accepted_again_once_it_differs_from_net() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(), **total_and_net(1, 700.0, 700.0)))
    assert of(Consumption, gateway.poll(site(eim(), **total_and_net(1, 900.0, 700.0))))


def test_consumption_equal_to_net_is_rejected_and_not_replaced() -> None:
    """8.3.5433: total-consumption repeats net-consumption."""
    result = read(production.COLLECTOR, site_with_consumption(5_649_402.426, 5_649_402.426))
    assert of(Consumption, result) == []
    assert one(NetConsumption, result).power == -11.5
    assert (PRODUCTION_JSON, "total_equals_net", "total-consumption") in result.rejections


@pytest.mark.parametrize(
    ("produced", "accepted"),
    [
        ({}, False),
        ({"whLifetime": 0.0}, True),
        ({"activeCount": 0}, True),
        ({"activeCount": "0"}, False),
        ({"type": "pv"}, False),
    ],
)
def test_consumption_equal_to_net_is_accepted_without_production(
    produced: dict[str, Json],
    accepted: bool,
) -> None:
    """8.3.5433_tot_is_net_cons. Without any production, the grid supplied the whole consumption."""
    entries: Json = [
        {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": 500.0, "whLifetime": 4_200_123.456}
        for kind in ("total-consumption", "net-consumption")
    ]
    entry: Json = {"type": "eim", "activeCount": 1, "wNow": 4556.1, "whLifetime": 19_230_313.0, **produced}
    result = read(production.COLLECTOR, site(entry, consumption=entries))
    assert bool(of(Consumption, result)) is accepted
    assert of(NetConsumption, result)


def test_consumption_equal_to_net_is_rejected_if_production_is_invalid() -> None:
    entry: Json = {"type": "eim", "activeCount": 1, "wNow": 4556.1, "whLifetime": "much"}
    entries: list[Json] = [
        {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": 500.0, "whLifetime": 4_200_123.456}
        for kind in ("total-consumption", "net-consumption")
    ]
    result = read(production.COLLECTOR, {PRODUCTION_JSON: {"production": [entry], "consumption": entries}})
    assert not of(Consumption, result)
    assert "total_equals_net" in [rejection.rule for rejection in result.rejections]
