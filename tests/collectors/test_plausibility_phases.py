"""Phases that are lost: the meter is rejected, and accepted after ten minutes."""

from support.document_contents import BOTH, GONE, HALF, channel, ct, eim, line, readings, site
from support.documents import of, one
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, meters, production
from envoy_exporter.collectors.batteries import StorageEnergy, StoragePower
from envoy_exporter.collectors.meters import Grid, MeterPhase, MeterReading
from envoy_exporter.collectors.production import Production, ProductionPhase
from envoy_exporter.documents import ENSEMBLE_INVENTORY, Json

BATTERIES: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]


def test_lost_phase_rejects_the_meter_for_a_poll() -> None:
    """8.3.6086 (pyenphase#478): nine fields of one phase are zero, and the aggregate is half of its value."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    half = gateway.poll(ct(HALF))
    assert (of(MeterReading, half), of(MeterPhase, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "channels")]
    both = gateway.poll(ct(BOTH))
    assert (one(MeterReading, both).power, len(of(MeterPhase, both)), rejected_rules(both)) == (60.0, 2, [])


def test_lost_phase_of_the_storage_ct_rejects_battery_power() -> None:
    gateway = PollSequence(batteries.COLLECTOR, step=10)
    gateway.poll({ENSEMBLE_INVENTORY: BATTERIES, **ct(BOTH)})
    half = gateway.poll({ENSEMBLE_INVENTORY: BATTERIES, **ct(HALF)})
    assert (of(StoragePower, half), of(StorageEnergy, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "channels")]


def test_lost_phase_of_the_net_ct_rejects_the_grid() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    assert len(of(Grid, gateway.poll(ct(BOTH, kind="net-consumption")))) == 1
    assert of(Grid, gateway.poll(ct(HALF, kind="net-consumption"))) == []


def test_phase_that_was_never_live_is_not_lost() -> None:
    """The backfeed CT of 8.3.1598_collar has one phase."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    for _ in range(3):
        result = gateway.poll(ct(HALF))
        assert (one(MeterReading, result).power, len(of(MeterPhase, result)), rejected_rules(result)) == (30.0, 2, [])


def test_phase_with_only_an_induced_voltage_was_not_live() -> None:
    """7.3.466_with_cts_3phase reports 6 and 11 V where nothing is wired."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(0, 0, 11.4)), phases=2))
    assert rejected_rules(gateway.poll(ct(HALF))) == []


def test_lost_phase_for_ten_minutes_is_accepted() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    exposed = [bool(of(MeterReading, gateway.poll(ct(HALF)))) for _ in range(62)]
    assert exposed == [False] * 60 + [True] * 2
    accepted = gateway.poll(ct(HALF))
    assert [phase.delivered for phase in of(MeterPhase, accepted)] == [360_000.0, 0.0]
    assert rejected_rules(accepted) == []


def test_power_cut_of_the_whole_meter_is_not_a_lost_phase() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    without_voltage = readings(channel(100.0, 0, 0), channel(100.0, 0, 0))
    assert rejected_rules(gateway.poll(ct(without_voltage))) == []


def test_outage_of_a_phase_that_keeps_its_registers_is_accepted() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    result = gateway.poll(ct(readings(channel(100.0), channel(100.0, 0.0, 0.0))))
    assert ([phase.voltage for phase in of(MeterPhase, result)], rejected_rules(result)) == ([120.0, 0.0], [])


def test_third_channel_of_a_split_phase_meter_is_not_a_phase() -> None:
    """8.2.127_with_3cts: it belongs to another meter."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(100.0), channel(100.0))))
    assert rejected_rules(gateway.poll(ct(BOTH))) == []


def test_meter_reconfigured_with_fewer_phases_has_lost_none() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(100.0), channel(100.0)), phases=3))
    assert rejected_rules(gateway.poll(ct(readings(channel(100.0), channel(100.0), GONE), phases=2))) == []


def test_lost_phase_of_a_site_entry_rejects_production() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(lines=[line(500.0), line(500.0)])))
    half = gateway.poll(site(eim(500.0, lines=[line(500.0), line(0.0, 0.0, 0.0)])))
    assert (of(Production, half), of(ProductionPhase, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "lines")]
