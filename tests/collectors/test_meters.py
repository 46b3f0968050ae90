"""The meters: readings joined by eid, grid import and export, and which values belong to another meter."""

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import meters
from envoy_exporter.collectors.meters import Grid, MeterInfo, MeterPhase, MeterReading, MeterStatus
from envoy_exporter.documents import (
    METER_READINGS,
    METERS,
    Json,
)
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


def test_net_meter_provides_grid_power_import_and_export() -> None:
    grid = one(Grid, read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading()]}))
    assert (grid.power, grid.imported, grid.exported) == (-2036.5, 1000.5 * 3600, 2000.0 * 3600)


def test_total_consumption_meter_has_no_grid_values() -> None:
    result = read(meters.COLLECTOR, {METERS: [listed(kind="total-consumption")], METER_READINGS: [reading()]})
    assert of(Grid, result) == []
    assert one(MeterReading, result).meter == "total-consumption"


def test_meter_that_is_disabled_has_only_its_status() -> None:
    """7.3.466_metered_disabled_cts reports values of disabled meters too."""
    disabled = listed(state="disabled", meteringStatus="check-wiring", statusFlags=["negative-production"])
    result = read(meters.COLLECTOR, {METERS: [disabled], METER_READINGS: [reading()]})
    assert (of(MeterReading, result), of(MeterPhase, result), of(Grid, result)) == ([], [], [])
    status = one(MeterStatus, result)
    assert (status.enabled, status.metering, status.flags_active) == (False, "check-wiring", 1)


def test_meter_readings_are_joined_by_eid() -> None:
    """home-assistant/core#137796: 8.3 returned a reading of an unlisted meter; a client failed with an IndexError."""
    result = read(
        meters.COLLECTOR,
        {
            METERS: [listed(2, "production"), listed(1)],
            METER_READINGS: [reading(1023410688), reading(1, activePower=1.0), reading(2, activePower=2.0)],
        },
    )
    assert {reading.meter: reading.power for reading in of(MeterReading, result)} == {
        "net-consumption": 1.0,
        "production": 2.0,
    }


def test_meter_channels_beyond_its_phase_count_are_ignored() -> None:
    """8.2.127_with_3cts: the net CT's third channel contains the second phase of the storage CT."""
    phases = of(MeterPhase, read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading()]}))
    assert [(phase.phase, phase.power) for phase in phases] == [("L1", -1000.0), ("L2", -1036.5)]


def test_meter_with_one_phase_has_only_l1() -> None:
    phases = of(MeterPhase, read(meters.COLLECTOR, {METERS: [listed(phaseCount=1)], METER_READINGS: [reading()]}))
    assert [phase.phase for phase in phases] == ["L1"]


def test_meter_channel_that_is_invalid_does_not_shift_the_phases() -> None:
    channels: Json = [None, {"activePower": 5.0}, {}]
    result = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(channels=channels)]})
    assert [(phase.phase, phase.power) for phase in of(MeterPhase, result)] == [("L2", 5.0)]
    assert (METER_READINGS, "type", "") in result.rejections


def test_meter_with_the_lowest_eid_of_its_type_has_no_suffix() -> None:
    result = read(meters.COLLECTOR, {METERS: [listed(9, "production"), listed(3, "production"), listed(5)]})
    assert [meter.meter for meter in of(MeterInfo, result)] == ["production", "net-consumption", "production#9"]


@pytest.mark.parametrize("factor", [1.94, -1.966])
def test_meter_power_factor_out_of_range_is_rejected(factor: float) -> None:
    """8.3.1598_collar reports the sum of the phases."""
    result = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(pwrFactor=factor)]})
    assert one(MeterReading, result).power_factor is None
    assert result.rejections == ((METER_READINGS, "range", "pwrFactor"),)


def test_meter_negative_register_rejects_no_other_value() -> None:
    """8.3.1598_collar: evse actEnergyRcvd -19.677."""
    result = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(actEnergyRcvd=-19.677)]})
    assert (one(MeterReading, result).received, one(MeterReading, result).delivered) == (None, 1000.5 * 3600)


def test_meter_with_timestamp_zero_has_no_reading_time() -> None:
    result = read(meters.COLLECTOR, {METERS: [listed()], METER_READINGS: [reading(timestamp=0)]})
    assert one(MeterReading, result).last_reading is None
    assert result.rejections == ()


def test_meter_flags_have_one_sample_each_and_unknown_is_other() -> None:
    flagged = listed(statusFlags=["production-imbalance", "ct-on-fire"])
    result = read(meters.COLLECTOR, {METERS: [flagged]})
    metrics, _ = collect(meters.COLLECTOR.readings, result.readings)
    (flags,) = (metric for metric in metrics if metric.name == "enphase_meter_status_flag")
    assert {sample.labels["flag"]: sample.value for sample in flags.samples} == {
        "production-imbalance": 1.0,
        "negative-production": 0.0,
        "power-on-unused-phase": 0.0,
        "negative-total-consumption": 0.0,
        "other": 1.0,
    }
    assert one(MeterStatus, result).flags_active == 2


def test_meter_metering_status_that_is_unknown_is_other() -> None:
    result = read(meters.COLLECTOR, {METERS: [listed(meteringStatus="asleep")]})
    metrics, _ = collect(meters.COLLECTOR.readings, result.readings)
    (status,) = (metric for metric in metrics if metric.name == "enphase_meter_metering_status")
    assert {sample.labels["status"] for sample in status.samples if sample.value} == {"other"}


def test_meter_without_flags_has_no_flag_samples() -> None:
    """4.2.33 has no statusFlags."""
    without_flags = {key: value for key, value in listed().items() if key != "statusFlags"}  # type: ignore[union-attr]
    status = one(MeterStatus, read(meters.COLLECTOR, {METERS: [without_flags]}))
    assert (status.flags, status.flags_active) == (None, None)


def test_meter_type_that_is_not_a_valid_label_is_rejected() -> None:
    result = read(meters.COLLECTOR, {METERS: [listed(kind='net"\n')]})
    assert result.readings == ()
    assert result.rejections == ((METERS, "label", "measurementType"),)


def test_meter_duplicate_is_rejected() -> None:
    result = read(
        meters.COLLECTOR, {METERS: [listed(), listed()], METER_READINGS: [reading(), reading(activePower=9.0)]}
    )
    assert one(MeterReading, result).power == -2036.5
    assert result.rejections == ((METERS, "duplicate", "eid"), (METER_READINGS, "duplicate", "eid"))


METER: dict[str, Json] = {
    "eid": 704643328,
    "state": "enabled",
    "measurementType": "production",
    "phaseMode": "three",
    "phaseCount": 3,
    "statusFlags": ["production-imbalance"],
}


def meter(**changes: Json) -> dict[str, Json]:
    return {METERS: [{**METER, **changes}]}


def test_meter_with_a_huge_eid_is_rejected() -> None:
    result = read(meters.COLLECTOR, meter(eid=10**400))
    assert (result.readings, [(rejection.rule, rejection.key) for rejection in result.rejections]) == (
        (),
        [("type", "eid")],
    )


@pytest.mark.parametrize("state", [None, 7, True, ["enabled"]])
def test_meter_with_an_invalid_state_is_not_disabled(state: Json) -> None:
    assert one(MeterStatus, read(meters.COLLECTOR, meter(state=state))).enabled is None
    assert one(MeterStatus, read(meters.COLLECTOR, meter(state="disabled"))).enabled is False


@pytest.mark.parametrize("count", [None, "3", 0, 4, 2.5, True])
def test_meter_with_an_invalid_phase_count_has_no_phase_count(count: Json) -> None:
    assert one(MeterInfo, read(meters.COLLECTOR, meter(phaseCount=count))).phases is None
    assert one(MeterInfo, read(meters.COLLECTOR, meter())).phases == 3


def test_meter_flags_with_an_invalid_element_are_unknown() -> None:
    status = one(MeterStatus, read(meters.COLLECTOR, meter(statusFlags=["production-imbalance", None])))
    assert (status.flags, status.flags_active) == (None, None)
