"""Registers that stand while power flows, CTs that flap, dates beyond every clock."""

from collections.abc import Mapping

import pytest
from support.document_contents import channel, ct, device, eim, site, v1
from support.documents import NOW, information, of, one
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, inverters, meters, production
from envoy_exporter.collectors.battery_units import BatteryUnit
from envoy_exporter.collectors.consumption import Consumption, NetConsumption
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.meters import MeterReading
from envoy_exporter.collectors.production import (
    Production,
    Reporting,
)
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    INFO,
    PRODUCTION,
    Json,
)

# --- registers that stand


@pytest.mark.parametrize(("watts", "rejected"), [(60, True), (40, False), (-400, False)])
def test_a_register_that_stands_for_half_an_hour_of_power_is_rejected(watts: float, *, rejected: bool) -> None:
    """8.3.5433: /api/v1/production stood for a week."""
    gateway = PollSequence(production.COLLECTOR)
    told = []
    for n in range(40):
        found = gateway.poll(v1(9_573_830, watts + n % 2, 100, 700))
        told.append(one(Production, found).lifetime is not None)
    assert told == ([True] * 30 + [False] * 10 if rejected else [True] * 40)
    assert one(Production, found).power == watts + 1
    assert one(Production, found).last_week == 700 * 3600
    frozen = [("frozen", "wattHoursLifetime"), ("frozen", "wattHoursToday")]
    assert rejected_rules(found) == (frozen if rejected else [])
    assert one(Production, gateway.poll(v1(9_573_831, 60))).lifetime == 9_573_831 * 3600


def test_power_that_stands_with_the_register_is_rejected_with_it() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(32):
        found = gateway.poll(site(eim(1000.0, 4556.1)))
    assert (one(Production, found).power, one(Production, found).energy) == (None, None)
    assert rejected_rules(found) == [("frozen", "wNow"), ("frozen", "whLifetime")]


def test_v1_that_moves_every_quarter_of_an_hour_is_not_frozen() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for n in range(200):
        assert rejected_rules(gateway.poll(v1(1000 + n // 15 * 100, 400))) == []


def test_a_night_and_an_outage_do_not_make_a_register_stand() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for watts, minutes in ((300.0, 20), (-4.0, 600), (300.0, 20)):
        for _ in range(minutes):
            assert rejected_rules(gateway.poll(site(eim(1000.0, watts)))) == []
    assert rejected_rules(gateway.poll(site(eim(1000.0, 300.0)), after=3600)) == []


def test_a_clock_that_is_put_back_starts_the_half_hour_anew() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(20):
        gateway.poll(site(eim(1000.0, 300.0)))
    gateway.poll(site(eim(1000.0, 300.0)), after=-86_400)
    told = [one(Production, gateway.poll(site(eim(1000.0, 300.0)))).energy is not None for _ in range(31)]
    assert told == [True] * 29 + [False] * 2


def page(power: str, lifetime: str) -> Json:
    table = (("Currently", power), ("Today", "53.6 kWh"), ("Past Week", "405 kWh"), ("Since Installation", lifetime))
    return "".join(f"<tr><td>{row}</td>    <td> {value}</td></tr>" for row, value in table)


@pytest.mark.parametrize(("lifetime", "frozen"), [("133 MWh", False), ("13.3 kWh", True), ("133 Wh", True)])
def test_a_page_with_three_digits_moves_in_their_steps(lifetime: str, *, frozen: bool) -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(32):
        said: dict[str, Json] = {INFO: information("D3.7.0"), PRODUCTION: page("6.63 kW", lifetime)}
        found = gateway.poll(said)
    assert (one(Production, found).lifetime is None) is frozen


@pytest.mark.parametrize(("watts", "stands"), [(500.0, "actEnergyDlvd"), (-500.0, "actEnergyRcvd")])
def test_of_a_meter_s_two_registers_only_the_one_is_judged_in_whose_direction_power_flows(
    watts: float, stands: str
) -> None:
    gateway = PollSequence(meters.COLLECTOR, step=60)
    for n in range(32):
        found = gateway.poll(ct([{"eid": 3, **channel(100.0, watts + n, 240.0)}]))
    assert rejected_rules(found) == [("frozen", stands)]
    reading = one(MeterReading, found)
    assert (reading.delivered is None, reading.received is None) == (watts > 0, watts < 0)


def test_an_inverter_that_repeats_a_report_is_old_and_not_frozen() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(30):
        assert rejected_rules(gateway.poll(device(9e9))) == []


def test_an_inverter_whose_reports_go_on_while_its_register_stands_is_frozen() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=900)
    for n in range(3):
        found = gateway.poll(device(9e9, endDate=int(gateway.now), watts=100.0 + n))
        assert (one(Inverter, found).energy, rejected_rules(found)) == ((9e9), []) if n < 2 else True
    assert (one(Inverter, found).energy, one(Inverter, found).power) == (None, 102.0)
    assert rejected_rules(found) == [("frozen", "lifetime.joulesProduced")]


def test_an_inverter_whose_power_stands_too_says_neither() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=900)
    for _ in range(3):
        found = gateway.poll(device(9e9, endDate=int(gateway.now)))
    assert (one(Inverter, found).energy, one(Inverter, found).power) == (None, None)
    assert one(Inverter, found).ac_voltage == 240
    assert rejected_rules(found) == [("frozen", "lifetime.joulesProduced"), ("frozen", "power")]


# --- activeCount that flaps, and the load that is the balance


def consumption(active: int, total: float | None = 3000.0, net: float = -300.0) -> dict[str, Json]:
    common: dict[str, Json] = {"type": "eim", "activeCount": active, "wNow": 40.0}
    load: Json = {**common, "measurementType": "total-consumption", "whLifetime": total}
    balance: Json = {**common, "measurementType": "net-consumption", "whLifetime": net}
    return {"consumption": [load, balance]}


INVERTERS: Json = {"type": "inverters", "activeCount": 22, "wNow": 20, "whLifetime": 183_353}


def test_cts_that_flap_for_a_poll_are_absent_in_it_and_nothing_takes_their_place() -> None:
    """pyenphase#471 and #480: 8.3 around 23:05."""
    gateway = PollSequence(production.COLLECTOR)
    seen = []
    for n in range(10):
        active = 0 if n in {3, 7} else 1
        entry = eim(19_230_000.0 + n, activeCount=active, wNow=10.0 if active else 99_999.0)
        found = gateway.poll({**v1(5_000, 7), **site(INVERTERS, entry, **consumption(active))})
        there = [len(of(kind, found)) for kind in (Production, Consumption, NetConsumption)]
        assert there == [active] * 3
        assert one(Reporting, found).inverters == 22
        assert rejected_rules(found) == []
        seen += [(each.source, each.power) for each in of(Production, found)]
    assert seen == [("eim", 10.0)] * 8


def test_the_load_is_the_balance_where_no_production_ct_is_on() -> None:
    """An old lifetime stays in the entry of a CT that was taken off (7.3.466_metered_disabled_cts)."""
    gateway = PollSequence(production.COLLECTOR)
    off = eim(3_183_793.303, activeCount=0)
    found = gateway.poll(site(off, **consumption(1, 700.0, 700.0)))
    assert (one(Consumption, found).lifetime, rejected_rules(found)) == (700.0 * 3600, [])


def test_the_load_is_the_balance_by_night_and_is_rejected_all_the_same() -> None:
    gateway = PollSequence(production.COLLECTOR)
    found = gateway.poll(site(eim(watts=0.0), **consumption(1, 700.0, 700.0)))
    assert (of(Consumption, found), rejected_rules(found)) == ([], [("total_equals_net", "total-consumption")])


@pytest.mark.parametrize(
    "unproven",
    [
        site(eim(activeCount=0), **consumption(1, 700.0, 700.0)),
        site(eim(0.0), **consumption(1, 700.0, 700.0)),
        site(eim(), consumption=[{**eim(700.0), "measurementType": "total-consumption"}]),
        site(eim(), **consumption(1, None, 700.0)),
    ],
    ids=["the production CT is off", "it has counted nothing", "no net", "no lifetime"],
)
def test_a_load_that_was_the_balance_is_rejected_while_the_proof_is_left_out(unproven: Mapping[str, Json]) -> None:
    """8.3.5433 repeats the grid, and the activeCount of 8.3 flaps (pyenphase#471)."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(), **consumption(1, 700.0, 700.0)))
    found = gateway.poll(unproven)
    assert of(Consumption, found) == []
    assert rejected_rules(found, "total_equals_net") == [("total_equals_net", "total-consumption")]
    later = [of(Consumption, gateway.poll(unproven)) for _ in range(12)]
    assert [bool(each) for each in later] == [False] * 8 + [True] * 4, "ten minutes of it are no flap"


def test_a_load_is_believed_again_once_it_differs_from_the_grid_s() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(), **consumption(1, 700.0, 700.0)))
    assert of(Consumption, gateway.poll(site(eim(), **consumption(1, 900.0, 700.0))))


# --- clocks

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "told", "rejected"),
    [
        (int(NOW), True, False),
        (int(NOW) + DAY - 3600, True, False),
        (int(NOW) + 2 * DAY, False, True),
        (0, False, False),
        (-5, False, True),
        (86_400, False, True),
    ],
)
def test_when_a_thing_was_read_can_be_no_day_ahead(seconds: int, *, told: bool, rejected: bool) -> None:
    found = PollSequence(production.COLLECTOR).poll(site(eim(readingTime=seconds)))
    assert one(Production, found).last_reading == (seconds if told else None)
    assert rejected_rules(found) == ([("clock", "readingTime")] if rejected else [])
    unit: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123", "last_rpt_date": seconds}]}]
    of_battery = PollSequence(batteries.COLLECTOR).poll({ENSEMBLE_INVENTORY: unit})
    assert one(BatteryUnit, of_battery).last_report == (seconds if told else None)
    assert rejected_rules(of_battery) == ([("clock", "last_rpt_date")] if rejected else [])
    of_meter = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": seconds}]))
    assert one(MeterReading, of_meter).last_reading == (seconds if told else None)
    assert rejected_rules(of_meter) == ([("clock", "timestamp")] if rejected else [])


def test_a_report_from_far_ahead_is_fresh_but_its_date_is_rejected() -> None:
    found = PollSequence(inverters.COLLECTOR).poll(device(9e9, endDate=int(NOW) + 30 * DAY))
    assert (one(Inverter, found).reporting, one(Inverter, found).power) == (True, 100.0)
    assert (one(Inverter, found).last_report, rejected_rules(found)) == (None, [("clock", "endDate")])


@pytest.mark.parametrize("its_clock", ["12", "0", "text"])
def test_without_a_usable_clock_of_the_gateway_nothing_is_ahead(its_clock: str) -> None:
    ahead = int(NOW) + 30 * DAY
    found = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": ahead}]), info=information(time=its_clock))
    assert (one(MeterReading, found).last_reading, rejected_rules(found)) == (ahead, [])


def test_a_gateway_whose_clock_fell_back_by_a_year_has_true_dates() -> None:
    """8.2.127_with_3cts_and_battery_split was recorded with such an /info."""
    behind = information(time=str(int(NOW) - 365 * DAY))
    found = PollSequence(meters.COLLECTOR).poll(ct([{"eid": 3, "timestamp": int(NOW)}]), info=behind)
    assert (one(MeterReading, found).last_reading, rejected_rules(found)) == (NOW, [])
