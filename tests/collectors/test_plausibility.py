"""Registers at zero and phases that vanish: rejected, and believed once it has lasted."""

from collections.abc import Mapping

from support.document_contents import BOTH, CT, GONE, HALF, channel, ct, device, eim, line, listed, readings, site, v1
from support.documents import information, of, one
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, inverters, meters, production
from envoy_exporter.collectors.batteries import StorageEnergy, StoragePower
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.meters import Grid, MeterPhase, MeterReading
from envoy_exporter.collectors.production import (
    Production,
    ProductionPhase,
    Reporting,
)
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    METER_READINGS,
    METERS,
    Json,
)

# --- zero after a value


def test_zeros_of_a_gateway_that_starts_are_no_measurements() -> None:
    """home-assistant/core#120091: firmware 3 answers zeros for two or three minutes."""
    gateway = PollSequence(production.COLLECTOR)
    assert one(Production, gateway.poll(v1(50_000, 2000, 800, 9000))).lifetime == 50_000 * 3600
    for _ in range(3):
        zeros = gateway.poll(v1(0))
        found = one(Production, zeros)
        assert (found.power, found.lifetime, found.today, found.last_week) == (None, None, None, None)
        assert rejected_rules(zeros) == [("zero_after_value", "wattHoursLifetime")]
    back = one(Production, gateway.poll(v1(50_001, 2000, 801, 9000)))
    assert (back.power, back.lifetime) == (2000, 50_001 * 3600)


def test_a_zero_that_lasts_ten_minutes_is_a_reset() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    energies = [one(Production, gateway.poll(site(eim(0.0, 0.0)))).energy for _ in range(11)]
    assert energies == [None] * 10 + [0.0]
    after = gateway.poll(site(eim(0.2, 20.0)))
    assert (one(Production, after).energy, rejected_rules(after)) == (0.2 * 3600, [])


def test_a_value_in_between_starts_the_ten_minutes_anew() -> None:
    gateway = PollSequence(production.COLLECTOR, step=300)
    said = [1000.0, 0.0, 1001.0, 0.0, 0.0]
    assert [one(Production, gateway.poll(site(eim(each)))).energy is None for each in said] == [
        *(False, True, False, True, True)
    ]


def test_a_clock_that_is_put_back_does_not_make_the_ten_minutes_a_day() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    gateway.poll(site(eim(0.0)))
    gateway.poll(site(eim(0.0)), after=-86_400)
    assert [one(Production, gateway.poll(site(eim(0.0)))).energy for _ in range(10)] == [None] * 9 + [0.0]


def test_zeros_after_an_outage_are_judged_by_what_was_before_it() -> None:
    """A gateway that starts does not answer first, and then says zeros."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    for _ in range(60):
        gateway.poll({METERS: CT})
    assert rejected_rules(gateway.poll(site(eim(0.0)))) == [("zero_after_value", "whLifetime")]


def test_the_first_poll_of_a_new_system_is_believed() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(3):
        new = gateway.poll(site(eim(0.0, 0.0)))
        assert (one(Production, new).energy, one(Production, new).power, rejected_rules(new)) == (0.0, 0.0, [])


def test_another_gateway_s_zero_is_its_own() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    other = information()
    other["device"]["sn"] = "122099999999"  # type: ignore[index,call-overload]
    found = gateway.poll(site(eim(0.0)), info=other)
    assert (one(Production, found).energy, rejected_rules(found)) == (0.0, [])

    gateway = PollSequence(inverters.COLLECTOR)
    gateway.poll(device(9e9))
    found = gateway.poll(device(0), info=other)
    assert (one(Inverter, found).energy, rejected_rules(found)) == (0.0, [])


def test_a_gateway_that_does_not_say_who_it_is_for_a_poll_is_the_same_one() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    for nobody in (information(device={}), None):
        assert rejected_rules(gateway.poll(site(eim(0.0)), info=nobody)) == [("zero_after_value", "whLifetime")]


def test_an_update_of_the_firmware_ends_with_a_start_and_its_zeros_are_rejected() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    zeros = gateway.poll(site(eim(0.0)), info=information("D8.3.6000"))
    assert rejected_rules(zeros) == [("zero_after_value", "whLifetime")]


def test_a_list_of_meters_that_fails_with_the_registers_makes_no_zero_true() -> None:
    """A gateway that starts may know none of its meters yet."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    assert rejected_rules(gateway.poll({**site(eim(0.0)), METERS: []})) == [("zero_after_value", "whLifetime")]


def test_two_zeros_with_a_pause_between_them_are_two_starts_and_no_reset() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    gateway.poll(site(eim(0.0)))
    assert rejected_rules(gateway.poll(site(eim(0.0)), after=660)) == [("zero_after_value", "whLifetime")]
    assert rejected_rules(gateway.poll(site(eim(1000.1)))) == []


def test_no_power_at_night_is_believed() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(60):
        night = gateway.poll(site(eim(1000.0, 0.0, whToday=0, whLastSevenDays=0)))
        found = one(Production, night)
        assert (found.power, found.energy, found.today, rejected_rules(night)) == (0.0, 3_600_000.0, 0.0, [])


def test_midnight_is_no_fault_be_it_in_the_night_when_clocks_change() -> None:
    """Today begins anew, once or an hour late; the lifetime goes on."""
    gateway = PollSequence(production.COLLECTOR, step=1800)
    for today in (900.0, 900.0, 0.0, 0.0, 900.0, 0.0, 0.0):
        found = gateway.poll(site(eim(5000.0, -3.0, whToday=today, whLastSevenDays=4000.0)))
        assert (one(Production, found).today, rejected_rules(found)) == (today * 3600, [])


def test_each_phase_has_its_own_past() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(2):
        found = gateway.poll(site(eim(lines=[line(500.0), line(0.0)])))
        assert ([each.energy for each in of(ProductionPhase, found)], rejected_rules(found)) == ([1_800_000.0, 0.0], [])
    half = gateway.poll(site(eim(lines=[line(0.0), line(0.0)])))
    assert [each.energy for each in of(ProductionPhase, half)] == [None, 0.0]


def test_power_beside_a_zero_register_is_believed_as_it_is_not_zero() -> None:
    """7.3.466_metered_disabled_cts: 689 W and no energy."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(v1(1000, 500))
    assert one(Production, gateway.poll(v1(0, 689))).power == 689


def test_the_sum_of_the_inverters_and_their_count_are_of_one_object() -> None:
    gateway = PollSequence(production.COLLECTOR)
    entry: dict[str, Json] = {"type": "inverters", "activeCount": 3, "wNow": 9, "whLifetime": 77}
    gateway.poll(site(entry))
    zeros = gateway.poll(site({**entry, "activeCount": 0, "wNow": 0, "whLifetime": 0}))
    assert one(Reporting, zeros).inverters is None
    assert rejected_rules(zeros) == [("zero_after_value", "whLifetime")]


def test_all_of_a_meter_at_zero_is_no_measurement_of_its_voltage_either() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    blank = [{"eid": 3, **channel(0, 0, 0), "channels": [GONE, GONE, GONE]}]
    zeros = gateway.poll(ct(blank))  # type: ignore[arg-type]
    found = one(MeterReading, zeros)
    assert (found.power, found.delivered, found.voltage, found.frequency) == (None, None, None, 60.0)
    assert {each.voltage for each in of(MeterPhase, zeros)} == {None}
    assert rejected_rules(zeros) == [("zero_after_value", "actEnergyDlvd"), ("zero_after_value", "actEnergyRcvd")] * 3


def test_one_register_at_zero_leaves_its_neighbours_what_they_are() -> None:
    gateway = PollSequence(meters.COLLECTOR)
    gateway.poll(ct(readings()))
    found = gateway.poll(ct([{"eid": 3, **channel(100, 0.0, 240.0, actEnergyRcvd=0)}]))
    assert (one(MeterReading, found).received, one(MeterReading, found).power) == (None, 0.0)


def test_an_inverter_s_register_at_zero_is_rejected_with_the_zeros_beside_it() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(device(9e9))
    zeros = gateway.poll(device(0, watts=0.0))
    found = one(Inverter, zeros)
    assert (found.energy, found.today, found.power, found.yesterday) == (None, None, None, 9 * 3600)
    assert found.ac_voltage == 240
    assert rejected_rules(zeros) == [("zero_after_value", "lifetime.joulesProduced")]
    for _ in range(4):
        gateway.poll(device(0))
    assert one(Inverter, gateway.poll(device(0))).energy == 0


def test_an_inverter_whose_register_wraps_is_believed() -> None:
    """home-assistant/core#140602: at 2^32 J. A decrease is Prometheus's matter."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(device(4_294_960_000))
    found = gateway.poll(device(4_000))
    assert (one(Inverter, found).energy, rejected_rules(found)) == (4_000, [])


def test_an_inverter_in_standby_is_no_fault() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(40):
        found = gateway.poll(device(9e9, endDate=int(gateway.now), watts=0.0))
        assert (one(Inverter, found).power, rejected_rules(found)) == (0.0, [])


# --- a phase that is lost

UNIT: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "123"}]}]


def test_a_meter_that_lost_half_of_itself_says_nothing_for_one_poll() -> None:
    """8.3.6086 (pyenphase#478): nine fields of one phase are zero, and the aggregate is half."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    half = gateway.poll(ct(HALF))
    assert (of(MeterReading, half), of(MeterPhase, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "channels")]
    whole = gateway.poll(ct(BOTH))
    assert (one(MeterReading, whole).power, len(of(MeterPhase, whole)), rejected_rules(whole)) == (60.0, 2, [])


def test_the_batteries_power_is_not_half_of_it_either() -> None:
    gateway = PollSequence(batteries.COLLECTOR, step=10)
    gateway.poll({ENSEMBLE_INVENTORY: UNIT, **ct(BOTH)})
    half = gateway.poll({ENSEMBLE_INVENTORY: UNIT, **ct(HALF)})
    assert (of(StoragePower, half), of(StorageEnergy, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "channels")]


def test_the_grid_is_not_half_of_it_either() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    assert len(of(Grid, gateway.poll(ct(BOTH, kind="net-consumption")))) == 1
    assert of(Grid, gateway.poll(ct(HALF, kind="net-consumption"))) == []


def test_a_phase_that_never_lived_is_no_loss() -> None:
    """8.3.1598_collar's backfeed CT has one leg."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    for _ in range(3):
        found = gateway.poll(ct(HALF))
        assert (one(MeterReading, found).power, len(of(MeterPhase, found)), rejected_rules(found)) == (30.0, 2, [])


def test_what_a_wire_picks_up_is_no_life() -> None:
    """7.3.466_with_cts_3phase shows 6 and 11 V where nothing is wired."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(0, 0, 11.4)), phases=2))
    assert rejected_rules(gateway.poll(ct(HALF))) == []


def test_a_phase_that_stays_away_for_ten_minutes_is_gone_and_the_rest_is_told() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    told = [bool(of(MeterReading, gateway.poll(ct(HALF)))) for _ in range(62)]
    assert told == [False] * 60 + [True] * 2
    accepted = gateway.poll(ct(HALF))
    assert [each.delivered for each in of(MeterPhase, accepted)] == [360_000.0, 0.0]
    assert rejected_rules(accepted) == []


def test_a_power_cut_of_the_whole_meter_is_no_lost_phase() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    dark = readings(channel(100.0, 0, 0), channel(100.0, 0, 0))
    assert rejected_rules(gateway.poll(ct(dark))) == []


def test_a_real_outage_of_one_phase_keeps_its_registers_and_is_believed() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    found = gateway.poll(ct(readings(channel(100.0), channel(100.0, 0.0, 0.0))))
    assert ([each.voltage for each in of(MeterPhase, found)], rejected_rules(found)) == ([120.0, 0.0], [])


def test_the_third_channel_of_a_meter_with_two_phases_is_no_phase_of_it() -> None:
    """8.2.127_with_3cts: it is another meter's."""
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(100.0), channel(100.0))))
    assert rejected_rules(gateway.poll(ct(BOTH))) == []


def test_a_meter_that_is_set_up_with_fewer_phases_has_lost_none() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(readings(channel(100.0), channel(100.0), channel(100.0)), phases=3))
    assert rejected_rules(gateway.poll(ct(readings(channel(100.0), channel(100.0), GONE), phases=2))) == []


def test_the_site_s_entry_of_a_ct_that_lost_a_phase_is_rejected_too() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(lines=[line(500.0), line(500.0)])))
    half = gateway.poll(site(eim(500.0, lines=[line(500.0), line(0.0, 0.0, 0.0)])))
    assert (of(Production, half), of(ProductionPhase, half)) == ([], [])
    assert rejected_rules(half) == [("phase_lost", "lines")]


# --- what is remembered


def test_an_empty_past_says_nothing() -> None:
    for module in (production, meters, inverters, batteries):
        assert rejected_rules(PollSequence(module.COLLECTOR).poll({})) == []


def test_what_is_gone_from_its_document_is_forgotten_and_what_did_not_come_is_not() -> None:
    gateway = PollSequence(meters.COLLECTOR)
    two: Mapping[str, Json] = {METERS: [listed(), listed("load", eid=4)], METER_READINGS: [*BOTH, {"eid": 4, **GONE}]}  # type: ignore[misc]
    gateway.poll(two)
    for _ in range(60):
        gateway.poll({METERS: two[METERS]})
    assert eids(gateway) == {3, 4}
    for _ in range(12):
        gateway.poll({**two, METER_READINGS: BOTH})
    assert eids(gateway) == {3}


def eids(gateway: PollSequence) -> set[object]:
    return {key[1] for key in gateway.memory.devices}  # type: ignore[attr-defined]
