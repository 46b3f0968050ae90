"""Live data: exposed only while they are streamed and recent, and only for installed hardware."""

from typing import Any

import pytest
from support.documents import NOW, information, of, one, read, read_documents

from envoy_exporter.collectors import livedata
from envoy_exporter.collectors.livedata import Live, LiveBattery, LivePhasePower, LivePower, Stream
from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    GENERATOR_CONFIG,
    INFO,
    LIVE_DATA,
    Document,
    Documents,
    Json,
)

BATTERY: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "1"}]}]


def powers(milliwatts: int, *phases: int) -> dict[str, Json]:
    by_phase = {f"agg_p_ph_{letter}_mw": power for letter, power in zip("abc", phases, strict=False)}
    apparent = {f"agg_s_ph_{letter}_mva": 2 * power for letter, power in zip("abc", phases, strict=False)}
    return {"agg_p_mw": milliwatts, "agg_s_mva": 2 * milliwatts, **by_phase, **apparent}


def live(stream: Json = "enabled", battery: Json = None, **more: Json) -> dict[str, Json]:
    meters: dict[str, Json] = {
        "last_update": int(NOW) - 5,
        "soc": 38,
        "main_relay_state": 1,
        "gen_relay_state": 5,
        "backup_soc": 30,
        "is_split_phase": 1,
        "phase_count": 0,
        "enc_agg_soc": 38,
        "enc_agg_energy": 3774,
        "acb_agg_soc": 0,
        "acb_agg_energy": 0,
        "pv": powers(29_212, 14_606, 14_606, 0),
        "storage": powers(-1_000_000, -500_000, -500_000, 0),
        "grid": powers(340_582, 300_000, 40_582, 0),
        "load": powers(-630_206, -185_394, -444_812, 0),
        "generator": powers(0, 0, 0, 0),
    }
    connection: Json = {"mqtt_state": "connected", "sc_stream": stream}
    available: dict[str, Json] = {LIVE_DATA: {"connection": connection, "meters": {**meters, **more}}}
    return {**available, ENSEMBLE_INVENTORY: battery} if battery is not None else available


def test_livedata_collector_is_disabled_by_default() -> None:
    assert livedata.COLLECTOR.enabled_by_default is False


def test_live_power_is_in_watts_with_the_sign_of_the_gateway() -> None:
    totals = {
        total.source: (total.power, total.apparent_power)
        for total in of(LivePower, read(livedata.COLLECTOR, live("enabled")))
    }
    assert totals == {"pv": (29.212, 58.424), "grid": (340.582, 681.164), "load": (-630.206, -1260.412)}


@pytest.mark.parametrize("stream", ["disabled", "", None, True])
def test_live_values_without_a_stream_are_omitted(stream: Json) -> None:
    """Without a stream the values do not change."""
    result = read(livedata.COLLECTOR, live(stream))
    assert [type(reading) for reading in result.readings] == [Stream]
    assert one(Stream, result).last_update == NOW - 5


@pytest.mark.parametrize(("age", "exposed"), [(0, True), (60, True), (61, False), (-30, True)])
def test_live_values_of_an_old_stream_are_omitted(age: int, exposed: bool) -> None:
    result = read(livedata.COLLECTOR, live(last_update=int(NOW) - age))
    assert one(Stream, result).enabled is True
    assert bool(of(LivePower, result)) is exposed


def test_live_age_is_measured_by_the_gateway_clock() -> None:
    """The live data are an hour ahead of `/info`, which is an hour old; the exporter's clock is not used."""
    late = live(last_update=int(NOW) + 3600)[LIVE_DATA]
    for age, exposed in ((3600.0, True), (3661.0, False)):
        document_set = Documents({INFO: Document(information(), age=age), LIVE_DATA: Document(late)})
        assert bool(of(LivePower, read_documents(livedata.COLLECTOR, document_set, now=NOW - 86_400))) is exposed


def test_live_batteries_are_exposed_with_their_hardware() -> None:
    without, result = read(livedata.COLLECTOR, live()), read(livedata.COLLECTOR, live(battery=BATTERY))
    assert one(Live, without) == Live(main_relay=1, generator_relay=5)
    assert of(LiveBattery, without) == []
    assert one(Live, result) == Live(charge=0.38, backup_charge=0.3, main_relay=1, generator_relay=5)
    assert of(LiveBattery, result) == [LiveBattery(kind="iq", charge=0.38, available=3774 * 3600)]
    assert {total.source: total.power for total in of(LivePower, result)}["storage"] == -1000


def test_live_generator_is_exposed_once_it_is_configured() -> None:
    running = live(generator=powers(5_000_000, 2_500_000, 2_500_000))
    result = read(livedata.COLLECTOR, {**running, GENERATOR_CONFIG: {"name_plate_rating_wat": 14.0}})
    assert {total.source: total.power for total in of(LivePower, result)}["generator"] == 5000


@pytest.mark.parametrize(
    ("wired", "phases"),
    [
        ({"is_split_phase": 1, "phase_count": 0}, ["L1", "L2"]),
        ({"is_split_phase": 0, "phase_count": 3}, ["L1", "L2", "L3"]),
        ({"is_split_phase": False, "phase_count": 1}, ["L1"]),
        ({"is_split_phase": [], "phase_count": "2"}, ["L1", "L2", "L3"]),
    ],
)
def test_live_phases_that_are_not_wired_are_omitted(wired: Any, phases: list[str]) -> None:
    powers = of(LivePhasePower, read(livedata.COLLECTOR, live(**wired)))
    assert [phase.phase for phase in powers if phase.source == "pv"] == phases
    assert powers[0].power == 14.606
    assert powers[0].apparent_power == 29.212


def test_live_phase_count_true_is_not_one_phase() -> None:
    live: Json = {
        "connection": {"sc_stream": "enabled"},
        "meters": {"last_update": int(NOW), "phase_count": True, "pv": {"agg_p_mw": 1000}},
    }
    result = read(livedata.COLLECTOR, {LIVE_DATA: live})
    assert {phase.phase for phase in of(LivePhasePower, result)} == {"L1", "L2", "L3"}
