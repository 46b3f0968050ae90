"""Which register is the site's production, and what is not believed of it."""

from typing import Any

import pytest
from support.documents import documents, information, of, one, read
from support.poll_sequence import PollSequence

from envoy_exporter import entries
from envoy_exporter.collectors import production
from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.consumption import Consumption, NetConsumption
from envoy_exporter.collectors.production import (
    Production,
    ProductionMemory,
    ProductionPhase,
    Reporting,
)
from envoy_exporter.collectors.site_meters import MeterActivity
from envoy_exporter.documents import (
    INFO,
    METERS,
    PRODUCTION,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Json,
)


def eim(active: int = 1, **more: Json) -> Json:
    return {
        "type": "eim",
        "measurementType": "production",
        "activeCount": active,
        "wNow": 4556.1,
        "whLifetime": 19_230_313.0,
        "whToday": 18_633.0,
        "whLastSevenDays": 218_714.0,
        "readingTime": 1_780_999_990,
        **more,
    }


INVERTERS: Json = {
    "type": "inverters",
    "activeCount": 22,
    "readingTime": 1_780_999_000,
    "wNow": 4490,
    "whLifetime": 183_353,
}
V1: Json = {"wattHoursToday": 17_645, "wattHoursSevenDays": 217_726, "wattHoursLifetime": 19_229_325, "wattsNow": 5326}
NOTHING: Json = {"wattHoursToday": 0, "wattHoursSevenDays": 0, "wattHoursLifetime": 0, "wattsNow": 689}
CT: Json = [{"eid": 1, "measurementType": "production", "state": "enabled", "phaseCount": 2}]
NO_CT: Json = [{"eid": 1, "measurementType": "production", "state": "disabled", "phaseCount": 1}]
STANDARD = information(imeter="false")


def site(*entries: Json, **more: Json) -> Json:
    return {"production": list(entries), **more}


def source(read: Result[Any]) -> str | None:
    found = of(Production, read)
    return found[0].source if found else None


@pytest.mark.parametrize(
    ("expected", "available"),
    [
        ("eim", {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT}),
        ("inverters", {PRODUCTION_JSON: site(INVERTERS, eim(active=0)), METERS: NO_CT, PRODUCTION_V1: V1}),
        ("inverters", {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: NOTHING}),
        ("v1", {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: [], PRODUCTION_V1: V1}),
        (None, {INFO: STANDARD, PRODUCTION_JSON: site({**INVERTERS, "whLifetime": 0}), PRODUCTION_V1: NOTHING}),  # type: ignore[dict-item]
        (None, {PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1}),
        (None, {INFO: STANDARD, PRODUCTION_V1: V1}),
    ],
    ids=[
        "an active production CT is the truth",
        "a metered gateway without a production CT has its inverters",
        "v1 that says nothing but zeros is none",
        "a standard gateway has v1",
        "all zero may be a gateway that has just started",
        "nobody knows before the meters have answered",
        "nobody knows before the site has answered",
    ],
)
def test_the_source(expected: str | None, available: dict[str, Json]) -> None:
    assert source(read(production.COLLECTOR, available)) == expected


def test_the_source_where_there_is_no_production_json() -> None:
    available = {INFO: information("R3.9.36"), PRODUCTION_V1: V1}
    assert source(read(production.COLLECTOR, available, absent=(PRODUCTION_JSON, METERS))) == "v1"


def test_a_poll_without_the_ct_has_no_sample_and_never_another_s() -> None:
    """pyenphase#471: activeCount was 0 for one poll, and the fallback added 1,691 kWh in an hour."""
    first = read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT, PRODUCTION_V1: V1})
    second = read(
        production.COLLECTOR,
        {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: CT, PRODUCTION_V1: V1},
        memory=first.memory,
    )
    third = read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT}, memory=second.memory)
    assert [source(each) for each in (first, second, third)] == ["eim", None, "eim"]


def test_a_ct_that_was_away_when_the_exporter_started_is_the_source_once_it_shows() -> None:
    away: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), PRODUCTION_V1: V1}
    first = read(production.COLLECTOR, away, absent=(METERS,))
    back = read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS, eim())}, absent=(METERS,), memory=first.memory)
    again = read(production.COLLECTOR, away, absent=(METERS,), memory=back.memory)
    assert [source(each) for each in (first, back, again)] == ["v1", "eim", None]


def test_new_meters_or_new_firmware_open_the_choice_again() -> None:
    available: dict[str, Json] = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: [], PRODUCTION_V1: V1}
    memory = read(production.COLLECTOR, available).memory
    metered = {**available, INFO: information(), METERS: NO_CT}
    assert source(read(production.COLLECTOR, metered, memory=memory)) == "inverters"


def test_a_meter_list_that_fails_once_opens_nothing() -> None:
    available: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: NO_CT, PRODUCTION_V1: V1}
    memory = read(production.COLLECTOR, available).memory
    assert (
        source(read(production.COLLECTOR, {PRODUCTION_JSON: available[PRODUCTION_JSON]}, memory=memory)) == "inverters"
    )


@pytest.mark.parametrize("odd", [{"production": None}, {}])
def test_source_without_a_production_list_needs_an_unmetered_gateway(odd: Json) -> None:
    """Without metering hardware there is no CT whose register the list could name."""
    available: dict[str, Json] = {PRODUCTION_JSON: odd, METERS: [], PRODUCTION_V1: V1}
    assert source(read(production.COLLECTOR, {INFO: information(), **available})) is None
    assert source(read(production.COLLECTOR, {INFO: STANDARD, **available})) == "v1"
    assert source(read(production.COLLECTOR, {INFO: STANDARD, **available, PRODUCTION_V1: NOTHING})) is None


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
    """A gateway that has just started sends an empty object, and v1 stays all zero on this one."""
    available: dict[str, Json] = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), METERS: []}
    first = read(production.COLLECTOR, {**available, PRODUCTION_V1: empty})
    assert source(first) is None
    assert source(read(production.COLLECTOR, {**available, PRODUCTION_V1: NOTHING}, memory=first.memory)) == "inverters"


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
    found = [
        source(gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim(active)), METERS: listed, PRODUCTION_V1: V1}))
        for listed, active in polls
    ]
    assert found == ["eim", "eim", None, None, None, "eim"]


@pytest.mark.parametrize("listed", [[], ONLY_NET])
def test_source_is_chosen_again_once_the_list_of_meters_has_changed_for_ten_minutes(listed: Json) -> None:
    gateway = PollSequence(production.COLLECTOR, step=300)
    gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: ALL, PRODUCTION_V1: V1})
    changed: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0)), METERS: listed, PRODUCTION_V1: V1}
    assert [source(gateway.poll(changed)) for _ in range(4)] == [None, None, "inverters", "inverters"]


def test_source_is_not_chosen_by_a_list_that_lacks_a_meter_for_a_poll() -> None:
    gateway = PollSequence(production.COLLECTOR)
    away: Json = site(INVERTERS, eim(0))
    assert source(gateway.poll({PRODUCTION_JSON: away, METERS: ALL})) is None
    assert source(gateway.poll({PRODUCTION_JSON: away, METERS: ONLY_NET})) is None
    assert source(gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: ALL})) == "eim"


def test_source_is_chosen_again_when_the_first_list_of_meters_comes() -> None:
    """v1 was chosen before the list of meters had answered, as the site sent no document either."""
    first = {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1}
    gateway = PollSequence(production.COLLECTOR)
    assert source(gateway.poll(first, info=STANDARD)) == "v1"
    second = {PRODUCTION_JSON: site({**INVERTERS}), PRODUCTION_V1: V1, METERS: []}  # type: ignore[dict-item]
    assert source(gateway.poll(second, info=information())) == "inverters"


def test_the_ct_counts_up_and_the_others_lifetimes_are_gauges() -> None:
    ct = one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim()), METERS: CT}))
    assert (ct.power, ct.energy, ct.lifetime) == (4556.1, 19_230_313.0 * 3600, None)
    assert (ct.today, ct.last_week, ct.last_reading) == (18_633.0 * 3600, 218_714.0 * 3600, 1_780_999_990)
    v1 = one(
        Production, read(production.COLLECTOR, {INFO: STANDARD, PRODUCTION_JSON: site(INVERTERS), PRODUCTION_V1: V1})
    )
    assert (v1.power, v1.energy, v1.lifetime) == (5326, None, 19_229_325 * 3600.0)


def test_a_few_negative_watts_at_night_are_real() -> None:
    assert (
        one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(wNow=-6.48)), METERS: CT})).power == -6.48
    )


def test_today_that_is_the_lifetime_is_rejected() -> None:
    """8.3.5433: whToday = whLastSevenDays = whLifetime."""
    of_all = read(
        production.COLLECTOR,
        {PRODUCTION_JSON: site(eim(whToday=19_230_313.0, whLastSevenDays=19_230_313.0)), METERS: CT},
    )
    assert (one(Production, of_all).today, one(Production, of_all).last_week) == (None, None)
    assert of_all.rejections == (
        (PRODUCTION_JSON, "day_equals_lifetime", "whToday"),
        (PRODUCTION_JSON, "week_equals_lifetime", "whLastSevenDays"),
    )


@pytest.mark.parametrize("week", [19_230_313.0 - 18_633.0, 19_230_313.0 * 0.999])
def test_a_week_that_is_nearly_the_lifetime_is_rejected(week: float) -> None:
    """8.1.41: 1,456 kWh of 1,510 in a week."""
    rejected = read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(whLastSevenDays=week)), METERS: CT})
    assert one(Production, rejected).last_week is None
    assert one(Production, rejected).today == 18_633.0 * 3600


def test_a_week_below_a_day_is_rejected() -> None:
    rejected = read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(whLastSevenDays=4.6)), METERS: CT})
    assert one(Production, rejected).last_week is None
    assert rejected.rejections == ((PRODUCTION_JSON, "week_below_day", "whLastSevenDays"),)


def test_a_new_system_s_zeros_are_believed() -> None:
    new = eim(whLifetime=0.0, whToday=0.0, whLastSevenDays=0.0)
    found = one(Production, read(production.COLLECTOR, {PRODUCTION_JSON: site(new), METERS: CT}))
    assert (found.energy, found.today, found.last_week) == (0, 0, 0)


LINES: Json = [
    {"wNow": 2300.0, "whLifetime": 1000.0},
    {"wNow": 2256.1, "whLifetime": 2000.0},
    {"wNow": 0.0, "whLifetime": 0.0},
]


def test_lines_beyond_the_ct_s_phases_are_padding() -> None:
    """8.3.1598_collar pads a split-phase gateway's lines to three."""
    found = of(ProductionPhase, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(lines=LINES)), METERS: CT}))
    assert [(each.phase, each.power, each.energy) for each in found] == [
        ("L1", 2300.0, 3_600_000.0),
        ("L2", 2256.1, 7_200_000.0),
    ]


def test_a_line_that_is_no_object_does_not_move_the_next_one_up() -> None:
    lines: Json = [None, {"wNow": 5.0}]
    found = of(ProductionPhase, read(production.COLLECTOR, {PRODUCTION_JSON: site(eim(lines=lines)), METERS: CT}))
    assert [(each.phase, each.power) for each in found] == [("L2", 5.0)]


def consumption(total: float, net: float, active: int = 1) -> dict[str, Json]:
    of_total: Json = {"activeCount": active, "measurementType": "total-consumption", "wNow": 428.4, "whLifetime": total}
    of_net: Json = {"activeCount": active, "measurementType": "net-consumption", "wNow": -11.5, "whLifetime": net}
    return {PRODUCTION_JSON: site(eim(), consumption=[of_net, of_total]), METERS: CT}


def test_load_and_balance_are_found_by_what_they_are_and_not_where_they_stand() -> None:
    found = read(production.COLLECTOR, consumption(5_000.0, -300.0))
    assert (one(Consumption, found).power, one(Consumption, found).lifetime) == (428.4, 18_000_000.0)
    assert (one(NetConsumption, found).power, one(NetConsumption, found).balance) == (-11.5, -1_080_000.0)


def test_a_load_that_is_the_balance_is_rejected_and_nothing_put_in_its_place() -> None:
    """8.3.5433: total-consumption repeats net-consumption."""
    found = read(production.COLLECTOR, consumption(5_649_402.426, 5_649_402.426))
    assert of(Consumption, found) == []
    assert one(NetConsumption, found).power == -11.5
    assert (PRODUCTION_JSON, "total_equals_net", "total-consumption") in found.rejections


def test_without_a_consumption_ct_there_is_no_load_though_numbers_are_sent() -> None:
    found = read(production.COLLECTOR, consumption(5_000.0, -300.0, active=0))
    assert (of(Consumption, found), of(NetConsumption, found)) == ([], [])


def test_how_many_inverters_report_is_the_gateway_s_own_count() -> None:
    assert one(Reporting, read(production.COLLECTOR, {PRODUCTION_JSON: site(INVERTERS)})).inverters == 22


PAGE = """<h1>System Energy Production</h1><table>
<tr><td>Currently</td>    <td> 6.63 kW</td></tr><tr><td>Today</td>     <td> 53.6 kWh</td></tr>
<tr><td>Past Week</td>    <td>  405 kWh</td></tr><tr><td>Since Installation</td>    <td>  133 MWh</td></tr></table>"""


def test_the_page_of_firmware_below_3_9() -> None:
    found = one(Production, read(production.COLLECTOR, {INFO: information("D3.7.0"), PRODUCTION: PAGE}))
    assert found.source == "html"
    assert found.power == pytest.approx(6630)
    assert found.lifetime == pytest.approx(133e6 * 3600)
    assert found.today == pytest.approx(53_600 * 3600)
    assert found.last_week == pytest.approx(405_000 * 3600)


def test_a_page_without_the_table_says_nothing() -> None:
    assert (
        read(production.COLLECTOR, {INFO: information("D3.7.0"), PRODUCTION: "<h1>Envoy is starting</h1>"}).readings
        == ()
    )


def test_where_production_has_the_phases_it_is_the_site() -> None:
    """Firmware between 5 and 7 gave lines on /production alone."""
    seen = documents({PRODUCTION: site(eim(lines=LINES)), PRODUCTION_JSON: site(eim())})
    assert entries.has_phases(entries.site(seen))


@pytest.mark.parametrize(
    ("produced", "believed"),
    [
        ({}, False),
        ({"whLifetime": 0.0}, True),
        ({"activeCount": 0}, True),
        ({"activeCount": "0"}, False),
        ({"type": "pv"}, False),
    ],
)
def test_a_load_that_is_the_grid_s_to_the_last_digit_is_none_unless_the_sun_is_said_to_be_uncounted(
    produced: dict[str, Json],
    believed: bool,
) -> None:
    """8.3.5433_tot_is_net_cons; where nothing was ever produced the load is what the grid delivered."""
    consumption: Json = [
        {"type": "eim", "activeCount": 1, "measurementType": kind, "wNow": 500.0, "whLifetime": 4_200_123.456}
        for kind in ("total-consumption", "net-consumption")
    ]
    entry: Json = {"type": "eim", "activeCount": 1, "wNow": 4556.1, "whLifetime": 19_230_313.0, **produced}
    said = read(production.COLLECTOR, {METERS: CT, PRODUCTION_JSON: site(entry, consumption=consumption)})
    assert bool(of(Consumption, said)) is believed
    assert of(NetConsumption, said)


@pytest.mark.parametrize(("count", "active"), [(1, True), (0, False)])
def test_which_meters_the_gateway_counts_on(count: int, *, active: bool) -> None:
    """0 without CTs (7.3.130_no_consumption), and around 23:05 on 8.3 for a poll (pyenphase#471)."""
    said: Json = {
        "production": [{"type": "inverters", "activeCount": 9}, {"type": "eim", "activeCount": 1, "wNow": 1.0}],
        "consumption": [
            {"type": "eim", "activeCount": count, "measurementType": "net-consumption"},
            {"type": "eim", "activeCount": "1", "measurementType": "total-consumption"},
        ],
    }
    found = read(production.COLLECTOR, {PRODUCTION_JSON: said})
    assert {each.meter: each.active for each in of(MeterActivity, found)} == {
        "production": True,
        "net-consumption": active,
    }
    assert (PRODUCTION_JSON, "type", "activeCount") in found.rejections


@pytest.mark.parametrize(
    ("v1", "expected"),
    [
        ({"wattsNow": 500}, "v1"),
        ({"wattsNow": 500, "wattHoursToday": 0, "wattHoursLifetime": 0}, "v1"),
        ({"wattsNow": 0}, None),
        ({"code": 503}, None),
    ],
)
def test_source_is_v1_by_its_power_if_there_is_no_entry_of_inverters(v1: Json, expected: str | None) -> None:
    available: dict[str, Json] = {INFO: information(imeter="false"), PRODUCTION_V1: v1}
    result = read(production.COLLECTOR, available, absent=(PRODUCTION_JSON,))
    assert result.memory.choice.source == expected


def test_source_is_kept_through_two_lists_of_meters_with_an_outage_between_them() -> None:
    """Two odd lists, one before and one after it, are not ten minutes."""
    gateway = PollSequence(production.COLLECTOR)
    site_: dict[str, Json] = {PRODUCTION_JSON: site(INVERTERS, eim(0))}
    gateway.poll({PRODUCTION_JSON: site(INVERTERS, eim()), METERS: CT})
    gateway.poll({**site_, METERS: []})
    gateway.poll({**site_, METERS: []}, after=7200)
    assert gateway.poll({**site_, METERS: CT}).memory.choice.source == "eim"
