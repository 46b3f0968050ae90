"""Registers that fall to zero: rejected, and accepted as a reset after ten minutes."""

from collections.abc import Mapping

from support.document_contents import BOTH, CT, GONE, channel, ct, device, eim, line, listed, readings, site, v1
from support.documents import information, of, one
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import batteries, inverters, meters, production
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.meters import MeterPhase, MeterReading
from envoy_exporter.collectors.production import Production, ProductionPhase, Reporting
from envoy_exporter.documents import METER_READINGS, METERS, Json


def test_zeros_of_a_gateway_that_starts_are_rejected() -> None:
    """home-assistant/core#120091: firmware 3 returns zeros for two or three minutes."""
    gateway = PollSequence(production.COLLECTOR)
    assert one(Production, gateway.poll(v1(50_000, 2000, 800, 9000))).lifetime == 50_000 * 3600
    for _ in range(3):
        zeros = gateway.poll(v1(0))
        values = one(Production, zeros)
        assert (values.power, values.lifetime, values.today, values.last_week) == (None, None, None, None)
        assert rejected_rules(zeros) == [("zero_after_value", "wattHoursLifetime")]
    back = one(Production, gateway.poll(v1(50_001, 2000, 801, 9000)))
    assert (back.power, back.lifetime) == (2000, 50_001 * 3600)


def test_zero_for_ten_minutes_is_accepted_as_a_reset() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    energies = [one(Production, gateway.poll(site(eim(0.0, 0.0)))).energy for _ in range(11)]
    assert energies == [None] * 10 + [0.0]
    after = gateway.poll(site(eim(0.2, 20.0)))
    assert (one(Production, after).energy, rejected_rules(after)) == (0.2 * 3600, [])


def test_zero_after_another_value_starts_the_ten_minutes_again() -> None:
    gateway = PollSequence(production.COLLECTOR, step=300)
    lifetimes = [1000.0, 0.0, 1001.0, 0.0, 0.0]
    assert [one(Production, gateway.poll(site(eim(lifetime)))).energy is None for lifetime in lifetimes] == [
        *(False, True, False, True, True)
    ]


def test_zero_with_a_clock_set_back_takes_ten_minutes_and_not_a_day() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    gateway.poll(site(eim(0.0)))
    gateway.poll(site(eim(0.0)), after=-86_400)
    assert [one(Production, gateway.poll(site(eim(0.0)))).energy for _ in range(10)] == [None] * 9 + [0.0]


def test_zero_after_an_outage_is_compared_with_the_value_before() -> None:
    """A gateway that starts does not respond at first, and then returns zeros."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    for _ in range(60):
        gateway.poll({METERS: CT})
    assert rejected_rules(gateway.poll(site(eim(0.0)))) == [("zero_after_value", "whLifetime")]


def test_zero_at_the_first_poll_is_accepted() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(3):
        new = gateway.poll(site(eim(0.0, 0.0)))
        assert (one(Production, new).energy, one(Production, new).power, rejected_rules(new)) == (0.0, 0.0, [])


def test_zero_of_another_gateway_is_accepted() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    other = information()
    other["device"]["sn"] = "122099999999"  # type: ignore[index,call-overload]
    result = gateway.poll(site(eim(0.0)), info=other)
    assert (one(Production, result).energy, rejected_rules(result)) == (0.0, [])

    gateway = PollSequence(inverters.COLLECTOR)
    gateway.poll(device(9e9))
    result = gateway.poll(device(0), info=other)
    assert (one(Inverter, result).energy, rejected_rules(result)) == (0.0, [])


def test_zero_while_the_serial_is_missing_is_rejected() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    for info in (information(device={}), None):
        assert rejected_rules(gateway.poll(site(eim(0.0)), info=info)) == [("zero_after_value", "whLifetime")]


def test_zero_after_a_firmware_update_is_rejected() -> None:
    """A firmware update ends with a restart of the gateway."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    zeros = gateway.poll(site(eim(0.0)), info=information("D8.3.6000"))
    assert rejected_rules(zeros) == [("zero_after_value", "whLifetime")]


def test_zero_with_an_empty_list_of_meters_is_rejected() -> None:
    """A gateway that starts may list no meters yet."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    assert rejected_rules(gateway.poll({**site(eim(0.0)), METERS: []})) == [("zero_after_value", "whLifetime")]


def test_zeros_with_a_pause_between_them_are_two_restarts() -> None:
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(site(eim(1000.0)))
    gateway.poll(site(eim(0.0)))
    assert rejected_rules(gateway.poll(site(eim(0.0)), after=660)) == [("zero_after_value", "whLifetime")]
    assert rejected_rules(gateway.poll(site(eim(1000.1)))) == []


def test_zero_power_at_night_is_accepted() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(60):
        night = gateway.poll(site(eim(1000.0, 0.0, whToday=0, whLastSevenDays=0)))
        values = one(Production, night)
        assert (values.power, values.energy, values.today, rejected_rules(night)) == (0.0, 3_600_000.0, 0.0, [])


def test_zero_energy_of_today_at_midnight_is_accepted() -> None:
    """Today's energy restarts, also an hour late when the clocks change; the lifetime continues."""
    gateway = PollSequence(production.COLLECTOR, step=1800)
    for today in (900.0, 900.0, 0.0, 0.0, 900.0, 0.0, 0.0):
        result = gateway.poll(site(eim(5000.0, -3.0, whToday=today, whLastSevenDays=4000.0)))
        assert (one(Production, result).today, rejected_rules(result)) == (today * 3600, [])


def test_zero_of_a_phase_is_compared_with_the_same_phase() -> None:
    gateway = PollSequence(production.COLLECTOR)
    for _ in range(2):
        result = gateway.poll(site(eim(lines=[line(500.0), line(0.0)])))
        assert ([phase.energy for phase in of(ProductionPhase, result)], rejected_rules(result)) == (
            [1_800_000.0, 0.0],
            [],
        )
    half = gateway.poll(site(eim(lines=[line(0.0), line(0.0)])))
    assert [phase.energy for phase in of(ProductionPhase, half)] == [None, 0.0]


def test_power_beside_a_zero_register_is_accepted_if_not_zero() -> None:
    """7.3.466_metered_disabled_cts: 689 W and no energy."""
    gateway = PollSequence(production.COLLECTOR)
    gateway.poll(v1(1000, 500))
    assert one(Production, gateway.poll(v1(0, 689))).power == 689


def test_inverter_count_beside_a_zero_register_is_rejected() -> None:
    gateway = PollSequence(production.COLLECTOR)
    entry: dict[str, Json] = {"type": "inverters", "activeCount": 3, "wNow": 9, "whLifetime": 77}
    gateway.poll(site(entry))
    zeros = gateway.poll(site({**entry, "activeCount": 0, "wNow": 0, "whLifetime": 0}))
    assert one(Reporting, zeros).inverters is None
    assert rejected_rules(zeros) == [("zero_after_value", "whLifetime")]


def test_meter_voltage_of_zero_beside_zero_registers_is_rejected() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=10)
    gateway.poll(ct(BOTH))
    blank = [{"eid": 3, **channel(0, 0, 0), "channels": [GONE, GONE, GONE]}]
    zeros = gateway.poll(ct(blank))  # type: ignore[arg-type]
    reading = one(MeterReading, zeros)
    assert (reading.power, reading.delivered, reading.voltage, reading.frequency) == (None, None, None, 60.0)
    assert {phase.voltage for phase in of(MeterPhase, zeros)} == {None}
    assert rejected_rules(zeros) == [("zero_after_value", "actEnergyDlvd"), ("zero_after_value", "actEnergyRcvd")] * 3


def test_meter_register_at_zero_leaves_the_other_values_accepted() -> None:
    gateway = PollSequence(meters.COLLECTOR)
    gateway.poll(ct(readings()))
    result = gateway.poll(ct([{"eid": 3, **channel(100, 0.0, 240.0, actEnergyRcvd=0)}]))
    assert (one(MeterReading, result).received, one(MeterReading, result).power) == (None, 0.0)


def test_inverter_register_at_zero_is_rejected_with_other_zeros() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(device(9e9))
    zeros = gateway.poll(device(0, watts=0.0))
    inverter = one(Inverter, zeros)
    assert (inverter.energy, inverter.today, inverter.power, inverter.yesterday) == (None, None, None, 9 * 3600)
    assert inverter.ac_voltage == 240
    assert rejected_rules(zeros) == [("zero_after_value", "lifetime.joulesProduced")]
    for _ in range(4):
        gateway.poll(device(0))
    assert one(Inverter, gateway.poll(device(0))).energy == 0


def test_inverter_register_that_wraps_is_accepted() -> None:
    """home-assistant/core#140602: at 2^32 J. Prometheus handles the decrease."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(device(4_294_960_000))
    result = gateway.poll(device(4_000))
    assert (one(Inverter, result).energy, rejected_rules(result)) == (4_000, [])


def test_inverter_in_standby_is_accepted() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(40):
        result = gateway.poll(device(9e9, endDate=int(gateway.now), watts=0.0))
        assert (one(Inverter, result).power, rejected_rules(result)) == (0.0, [])


def test_plausibility_without_documents_rejects_nothing() -> None:
    for module in (production, meters, inverters, batteries):
        assert rejected_rules(PollSequence(module.COLLECTOR).poll({})) == []


def test_plausibility_state_forgets_only_what_a_document_lacks() -> None:
    gateway = PollSequence(meters.COLLECTOR)
    two: Mapping[str, Json] = {METERS: [listed(), listed("load", eid=4)], METER_READINGS: [*BOTH, {"eid": 4, **GONE}]}  # type: ignore[misc]
    gateway.poll(two)
    for _ in range(60):
        gateway.poll({METERS: two[METERS]})
    assert remembered_eids(gateway) == {3, 4}
    for _ in range(12):
        gateway.poll({**two, METER_READINGS: BOTH})
    assert remembered_eids(gateway) == {3}


def remembered_eids(gateway: PollSequence) -> set[object]:
    return {key[1] for key in gateway.memory.devices}  # type: ignore[attr-defined]
