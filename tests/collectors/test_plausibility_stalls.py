"""Registers that do not change while power flows: frozen, and rejected."""

import pytest
from support.document_contents import channel, ct, device, eim, site, v1
from support.documents import information, one
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import inverters, meters, production
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.meters import MeterReading
from envoy_exporter.collectors.production import Production
from envoy_exporter.documents import (
    INFO,
    METER_READINGS,
    METERS,
    PRODUCTION,
    Json,
)


@pytest.mark.parametrize(("watts", "rejected"), [(60, True), (40, False), (-400, False)])
def test_register_frozen_for_half_an_hour_of_power_is_rejected(watts: float, *, rejected: bool) -> None:
    """8.3.5433: /api/v1/production did not change for a week."""
    gateway = PollSequence(production.COLLECTOR)
    accepted = []
    for n in range(40):
        result = gateway.poll(v1(9_573_830, watts + n % 2, 100, 700))
        accepted.append(one(Production, result).lifetime is not None)
    assert accepted == ([True] * 30 + [False] * 10 if rejected else [True] * 40)
    assert one(Production, result).power == watts + 1
    assert one(Production, result).last_week == 700 * 3600
    frozen = [("frozen", "wattHoursLifetime"), ("frozen", "wattHoursToday")]
    assert rejected_rules(result) == (frozen if rejected else [])
    assert one(Production, gateway.poll(v1(9_573_831, 60))).lifetime == 9_573_831 * 3600


def test_power_that_is_frozen_with_its_register_is_rejected() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(32):
        result = gateway.poll(site(eim(1000.0, 4556.1)))
    assert (one(Production, result).power, one(Production, result).energy) == (None, None)
    assert rejected_rules(result) == [("frozen", "wNow"), ("frozen", "whLifetime")]


def test_register_that_changes_every_15_minutes_is_not_frozen() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for n in range(200):
        assert rejected_rules(gateway.poll(v1(1000 + n // 15 * 100, 400))) == []


def test_register_through_a_night_and_an_outage_is_not_frozen() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for watts, minutes in ((300.0, 20), (-4.0, 600), (300.0, 20)):
        for _ in range(minutes):
            assert rejected_rules(gateway.poll(site(eim(1000.0, watts)))) == []
    assert rejected_rules(gateway.poll(site(eim(1000.0, 300.0)), after=3600)) == []


def test_register_with_a_clock_set_back_waits_half_an_hour_again() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(20):
        gateway.poll(site(eim(1000.0, 300.0)))
    gateway.poll(site(eim(1000.0, 300.0)), after=-86_400)
    accepted = [one(Production, gateway.poll(site(eim(1000.0, 300.0)))).energy is not None for _ in range(31)]
    assert accepted == [True] * 29 + [False] * 2


def page(power: str, lifetime: str) -> Json:
    table = (("Currently", power), ("Today", "53.6 kWh"), ("Past Week", "405 kWh"), ("Since Installation", lifetime))
    return "".join(f"<tr><td>{row}</td>    <td> {value}</td></tr>" for row, value in table)


@pytest.mark.parametrize(("lifetime", "frozen"), [("133 MWh", False), ("13.3 kWh", True), ("133 Wh", True)])
def test_register_of_a_page_is_frozen_by_the_step_of_its_digits(lifetime: str, *, frozen: bool) -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(32):
        available: dict[str, Json] = {INFO: information("D3.7.0"), PRODUCTION: page("6.63 kW", lifetime)}
        result = gateway.poll(available)
    assert (one(Production, result).lifetime is None) is frozen


@pytest.mark.parametrize(("watts", "frozen"), [(500.0, "actEnergyDlvd"), (-500.0, "actEnergyRcvd")])
def test_meter_register_is_frozen_by_power_in_its_direction(watts: float, frozen: str) -> None:
    gateway = PollSequence(meters.COLLECTOR, step=60)
    for n in range(32):
        result = gateway.poll(ct([{"eid": 3, **channel(100.0, watts + n, 240.0)}]))
    assert rejected_rules(result) == [("frozen", frozen)]
    reading = one(MeterReading, result)
    assert (reading.delivered is None, reading.received is None) == (watts > 0, watts < 0)


def test_inverter_that_repeats_a_report_is_not_frozen() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(30):
        assert rejected_rules(gateway.poll(device(9e9))) == []


def test_inverter_register_frozen_through_three_reports_is_rejected() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=900)
    for watts in (100.0, 101.0):
        result = gateway.poll(device(9e9, endDate=int(gateway.now), watts=watts))
        assert (one(Inverter, result).energy, rejected_rules(result)) == (9e9, [])
    result = gateway.poll(device(9e9, endDate=int(gateway.now), watts=102.0))
    assert (one(Inverter, result).energy, one(Inverter, result).power) == (None, 102.0)
    assert rejected_rules(result) == [("frozen", "lifetime.joulesProduced")]


def test_inverter_power_frozen_with_its_register_is_rejected() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=900)
    for _ in range(3):
        result = gateway.poll(device(9e9, endDate=int(gateway.now)))
    assert (one(Inverter, result).energy, one(Inverter, result).power) == (None, None)
    assert one(Inverter, result).ac_voltage == 240
    assert rejected_rules(result) == [("frozen", "lifetime.joulesProduced"), ("frozen", "power")]


@pytest.mark.parametrize(("kind", "frozen"), [("production", True), ("evse", False), ("load", False)])
def test_meter_register_is_frozen_only_if_its_sign_is_known(kind: str, *, frozen: bool) -> None:
    gateway = PollSequence(meters.COLLECTOR)
    listed: Json = [{"eid": 1, "measurementType": kind, "state": "enabled", "phaseCount": 1}]
    rejections = []
    for counted in range(40):
        reading: Json = {"eid": 1, "activePower": 7000.0, "actEnergyDlvd": 5.0, "actEnergyRcvd": 100.0 * counted}
        rejections += rejected_rules(gateway.poll({METERS: listed, METER_READINGS: [reading]}), "frozen")
    assert bool(rejections) is frozen
