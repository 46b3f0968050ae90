"""Live data: nothing of them unless they are streamed and young, and of no hardware that is not there."""

from typing import Any

import pytest
from support.documents import NOW, information, of, one, read, read_documents

from envoy_exporter.collectors import livedata
from envoy_exporter.collectors.livedata import Live, LiveBattery, LivePhasePower, LivePower, Stream
from envoy_exporter.documents import ENSEMBLE_INVENTORY, GENERATOR_CONFIG, INFO, LIVE_DATA, Document, Documents, Json

BATTERY: Json = [{"type": "ENCHARGE", "devices": [{"serial_num": "1"}]}]


def powers(milliwatts: int, *phases: int) -> dict[str, Json]:
    by_phase = {f"agg_p_ph_{letter}_mw": each for letter, each in zip("abc", phases, strict=False)}
    apparent = {f"agg_s_ph_{letter}_mva": 2 * each for letter, each in zip("abc", phases, strict=False)}
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
    found: dict[str, Json] = {LIVE_DATA: {"connection": connection, "meters": {**meters, **more}}}
    return {**found, ENSEMBLE_INVENTORY: battery} if battery is not None else found


def test_it_is_off_unless_somebody_wants_it() -> None:
    assert livedata.COLLECTOR.enabled_by_default is False


def test_milliwatts_are_watts_and_signs_are_the_gateway_s() -> None:
    told = {
        each.source: (each.power, each.apparent_power)
        for each in of(LivePower, read(livedata.COLLECTOR, live("enabled")))
    }
    assert told == {"pv": (29.212, 58.424), "grid": (340.582, 681.164), "load": (-630.206, -1260.412)}


@pytest.mark.parametrize("stream", ["disabled", "", None, True])
def test_values_that_nobody_streams_are_frozen_and_left_out(stream: Json) -> None:
    told = read(livedata.COLLECTOR, live(stream))
    assert [type(each) for each in told.readings] == [Stream]
    assert one(Stream, told).last_update == NOW - 5


@pytest.mark.parametrize(("ago", "there"), [(0, True), (60, True), (61, False), (-30, True)])
def test_a_stream_that_stands_still_is_left_out_too(ago: int, there: bool) -> None:
    told = read(livedata.COLLECTOR, live(last_update=int(NOW) - ago))
    assert one(Stream, told).enabled is True
    assert bool(of(LivePower, told)) is there


def test_age_is_by_the_gateway_s_clock() -> None:
    """Which is an hour ahead of an `/info` of an hour ago; the exporter's has no part in it."""
    late = live(last_update=int(NOW) + 3600)[LIVE_DATA]
    for age, there in ((3600.0, True), (3661.0, False)):
        seen = Documents({INFO: Document(information(), age=age), LIVE_DATA: Document(late)})
        assert bool(of(LivePower, read_documents(livedata.COLLECTOR, seen, now=NOW - 86_400))) is there


def test_batteries_are_there_with_their_hardware() -> None:
    without, told = read(livedata.COLLECTOR, live()), read(livedata.COLLECTOR, live(battery=BATTERY))
    assert one(Live, without) == Live(main_relay=1, generator_relay=5)
    assert of(LiveBattery, without) == []
    assert one(Live, told) == Live(charge=0.38, backup_charge=0.3, main_relay=1, generator_relay=5)
    assert of(LiveBattery, told) == [LiveBattery(kind="iq", charge=0.38, available=3774 * 3600)]
    assert {each.source: each.power for each in of(LivePower, told)}["storage"] == -1000


def test_a_generator_is_there_once_it_is_set_up() -> None:
    running = live(generator=powers(5_000_000, 2_500_000, 2_500_000))
    told = read(livedata.COLLECTOR, {**running, GENERATOR_CONFIG: {"name_plate_rating_wat": 14.0}})
    assert {each.source: each.power for each in of(LivePower, told)}["generator"] == 5000


@pytest.mark.parametrize(
    ("wired", "phases"),
    [
        ({"is_split_phase": 1, "phase_count": 0}, ["L1", "L2"]),
        ({"is_split_phase": 0, "phase_count": 3}, ["L1", "L2", "L3"]),
        ({"is_split_phase": False, "phase_count": 1}, ["L1"]),
        ({"is_split_phase": [], "phase_count": "2"}, ["L1", "L2", "L3"]),
    ],
)
def test_phases_that_are_not_wired_are_left_out(wired: Any, phases: list[str]) -> None:
    told = of(LivePhasePower, read(livedata.COLLECTOR, live(**wired)))
    assert [each.phase for each in told if each.source == "pv"] == phases
    assert told[0].power == 14.606
    assert told[0].apparent_power == 29.212
