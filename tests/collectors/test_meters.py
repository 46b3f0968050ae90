"""What CTs say, each by its eid, in which direction, and what is not theirs."""

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import meters
from envoy_exporter.collectors.meters import Grid, MeterInfo, MeterPhase, MeterReading, MeterStatus
from envoy_exporter.documents import METER_READINGS, METERS, Json
from envoy_exporter.families import collect


def listed(eid: int = 1, kind: str = "net-consumption", state: str = "enabled", **more: Json) -> Json:
    usual: dict[str, Json] = {"phaseMode": "split", "phaseCount": 2, "meteringStatus": "normal", "statusFlags": []}
    return {"eid": eid, "measurementType": kind, "state": state, **usual, **more}


def reading(eid: int = 1, **more: Json) -> Json:
    return {
        "eid": eid,
        "timestamp": 1_780_999_999,
        "activePower": -2036.5,
        "actEnergyDlvd": 1000.5,
        "actEnergyRcvd": 2000.0,
        "voltage": 240.5,
        "pwrFactor": -0.97,
        "freq": 60.0,
        "channels": [
            {"eid": 11, "activePower": -1000.0},
            {"eid": 12, "activePower": -1036.5},
            {"eid": 13, "activePower": 77.0},
        ],
        **more,
    }


def test_net_meter_exports_when_the_sun_beats_the_load() -> None:
    grid = one(Grid, read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading()]}))
    assert (grid.power, grid.imported, grid.exported) == (-2036.5, 1000.5 * 3600, 2000.0 * 3600)


def test_a_load_only_ct_says_nothing_of_the_grid() -> None:
    found = read(meters.COLLECTOR, {METERS: [listed(kind="total-consumption")], METER_READINGS: [reading()]})
    assert of(Grid, found) == []
    assert one(MeterReading, found).meter == "total-consumption"


def test_a_disabled_meter_s_numbers_are_nobody_s_but_its_status_is_told() -> None:
    """7.3.466_metered_disabled_cts sends them all the same."""
    off = listed(state="disabled", meteringStatus="check-wiring", statusFlags=["negative-production"])
    found = read(meters.COLLECTOR, {METERS: [off], METER_READINGS: [reading()]})
    assert (of(MeterReading, found), of(MeterPhase, found), of(Grid, found)) == ([], [], [])
    status = one(MeterStatus, found)
    assert (status.enabled, status.metering, status.flags_active) == (False, "check-wiring", 1)


def test_readings_are_joined_by_eid_whatever_their_order_and_an_unknown_eid_is_nobody_s() -> None:
    """home-assistant/core#137796: 8.3 sent a row that no meter lists, and a client indexed past its list."""
    found = read(
        meters.COLLECTOR,
        {
            METERS: [listed(2, "production"), listed(1)],
            METER_READINGS: [reading(1023410688), reading(1, activePower=1.0), reading(2, activePower=2.0)],
        },
    )
    assert {each.meter: each.power for each in of(MeterReading, found)} == {"net-consumption": 1.0, "production": 2.0}


def test_only_the_meter_s_own_phases_count_for_the_third_may_be_another_s() -> None:
    """8.2.127_with_3cts: the net CT's third channel carries the storage's second leg."""
    found = of(MeterPhase, read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading()]}))
    assert [(each.phase, each.power) for each in found] == [("L1", -1000.0), ("L2", -1036.5)]


def test_one_phase_is_l1() -> None:
    found = of(MeterPhase, read(meters.COLLECTOR, {METERS: [listed(phaseCount=1)], METER_READINGS: [reading()]}))
    assert [each.phase for each in found] == ["L1"]


def test_a_channel_that_is_no_object_does_not_move_the_next_one_up() -> None:
    channels: Json = [None, {"activePower": 5.0}, {}]
    found = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(channels=channels)]})
    assert [(each.phase, each.power) for each in of(MeterPhase, found)] == [("L2", 5.0)]
    assert (METER_READINGS, "type", "") in found.rejections


def test_the_lowest_eid_of_a_type_keeps_the_bare_name() -> None:
    found = read(meters.COLLECTOR, {METERS: [listed(9, "production"), listed(3, "production"), listed(5)]})
    assert [each.meter for each in of(MeterInfo, found)] == ["production", "net-consumption", "production#9"]


@pytest.mark.parametrize("factor", [1.94, -1.966])
def test_a_power_factor_that_is_a_sum_is_rejected(factor: float) -> None:
    """8.3.1598_collar."""
    found = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(pwrFactor=factor)]})
    assert one(MeterReading, found).power_factor is None
    assert found.rejections == ((METER_READINGS, "range", "pwrFactor"),)


def test_a_negative_register_is_rejected_and_the_rest_of_the_meter_stays() -> None:
    """8.3.1598_collar: evse actEnergyRcvd -19.677."""
    found = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(actEnergyRcvd=-19.677)]})
    assert (one(MeterReading, found).received, one(MeterReading, found).delivered) == (None, 1000.5 * 3600)


def test_a_meter_that_was_never_read_has_no_reading_time() -> None:
    found = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(timestamp=0)]})
    assert one(MeterReading, found).last_reading is None
    assert found.rejections == ()


def test_every_known_flag_is_told_raised_or_not_and_what_firmware_invents_is_other() -> None:
    flagged = listed(statusFlags=["production-imbalance", "ct-on-fire"])
    found = read(meters.COLLECTOR, {METERS: [flagged]})
    metrics, _ = collect(meters.COLLECTOR.readings, found.readings)
    (flags,) = (metric for metric in metrics if metric.name == "enphase_meter_status_flag")
    assert {sample.labels["flag"]: sample.value for sample in flags.samples} == {
        "production-imbalance": 1.0,
        "negative-production": 0.0,
        "power-on-unused-phase": 0.0,
        "negative-total-consumption": 0.0,
        "other": 1.0,
    }
    assert one(MeterStatus, found).flags_active == 2


def test_a_status_that_nobody_knows_is_other() -> None:
    found = read(meters.COLLECTOR, {METERS: [listed(meteringStatus="asleep")]})
    metrics, _ = collect(meters.COLLECTOR.readings, found.readings)
    (status,) = (metric for metric in metrics if metric.name == "enphase_meter_metering_status")
    assert {sample.labels["status"] for sample in status.samples if sample.value} == {"other"}


def test_flags_that_are_not_sent_are_not_known() -> None:
    """4.2.33 has no statusFlags."""
    without = {key: value for key, value in listed().items() if key != "statusFlags"}  # type: ignore[union-attr]
    status = one(MeterStatus, read(meters.COLLECTOR, {METERS: [without]}))
    assert (status.flags, status.flags_active) == (None, None)


def test_a_type_that_can_be_no_label_is_rejected() -> None:
    found = read(meters.COLLECTOR, {METERS: [listed(kind='net"\n')]})
    assert found.readings == ()
    assert found.rejections == ((METERS, "label", "measurementType"),)


def test_the_same_meter_twice_is_one_and_counted() -> None:
    found = read(
        meters.COLLECTOR, {METERS: [listed(), listed()], METER_READINGS: [reading(), reading(activePower=9.0)]}
    )
    assert one(MeterReading, found).power == -2036.5
    assert found.rejections == ((METERS, "duplicate", "eid"), (METER_READINGS, "duplicate", "eid"))
