"""Inverters with several channels in device_data: the sum of all channels, or no value."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.inverters import data
from support.poll_sequence import PollSequence, rejected_rules

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.channel_numbers import ChannelNumbers
from envoy_exporter.collectors.collector import Result
from envoy_exporter.collectors.inverter_reports import Inverter, InverterChannel
from envoy_exporter.documents import DEVICE_DATA, Json

SERIAL = "122000000001"

FIRST, SECOND = 1_627_390_225, 1_627_390_226


def channel(eid: Json, watts: float, joules: float, *, age: float = 60, **hours: Json) -> dict[str, Json]:
    """A channel that reports every 900 s: its power in watts, and its lifetime energy in joules."""
    report: Json = {
        "endDate": int(NOW - age),
        "duration": 900,
        "joulesProduced": watts * 900,
        "acVoltageINmV": 240_000,
        "acFrequencyINmHz": 50_013,
        "acCurrentInmA": 1_000,
        "laggingVArs": 38,
        "leadingVArs": 0,
        "channelTemp": 38,
        "dcVoltageINmV": 10 * watts * 10,
        "dcCurrentINmA": 10 * watts,
    }
    energies: Json = {"today": watts * 3, "yesterday": watts * 4, "week": watts * 20, **hours}
    lifetime: Json = {"joulesProduced": joules, "duration": 6_000_000}
    watt: Json = {"now": watts, "max": 2 * watts}
    return {"chanEid": eid, "lastReading": report, "wattHours": energies, "lifetime": lifetime, "watts": watt}


def inverter(*channels: Any) -> dict[str, Json]:
    fields: Json = {"devName": "pcu", "sn": SERIAL, "active": True, "modGone": False, "channels": list(channels)}
    return {DEVICE_DATA: data(fields)}


ONE, TWO = channel(FIRST, 200.0, 1e9), channel(SECOND, 250.0, 2e9)


def channels(result: Result[Any]) -> dict[str, tuple[float | None, float | None]]:
    """Power and lifetime energy by channel."""
    return {channel.channel: (channel.power, channel.energy) for channel in of(InverterChannel, result)}


def test_inverter_with_one_channel_is_read_as_a_whole() -> None:
    result = read(inverters.COLLECTOR, inverter(ONE))
    values = one(Inverter, result)
    assert (values.power, values.energy, values.dc_voltage, values.max_power) == (200, 1e9, 20, 400)
    assert of(InverterChannel, result) == []


def test_inverter_with_several_channels_is_their_sum() -> None:
    result = read(inverters.COLLECTOR, inverter(ONE, TWO))
    values = one(Inverter, result)
    assert values.power == 450
    assert (values.today, values.yesterday, values.last_week) == (1350 * 3600, 1800 * 3600, 9000 * 3600)
    assert (values.reporting, values.active, values.module_present, values.last_report) == (True, True, True, NOW - 60)
    assert channels(result) == {"1": (200, 1e9), "2": (250, 2e9)}
    first, second = of(InverterChannel, result)
    assert (first.dc_voltage, first.dc_current, second.dc_voltage, second.dc_current) == (20, 2, 25, 2.5)


def test_inverter_with_several_channels_has_no_value_of_a_single_one() -> None:
    values = one(Inverter, read(inverters.COLLECTOR, inverter(ONE, TWO)))
    assert (values.ac_voltage, values.ac_frequency, values.temperature) == (240, 50.013, 38)
    of_one_channel = (values.energy, values.running, values.max_power, values.dc_voltage, values.dc_current)
    assert of_one_channel == (None, None, None, None, None)
    assert (values.ac_current, values.reactive_power, values.report_energy) == (None, None, None)


@pytest.mark.parametrize(
    "second",
    [
        {"chanEid": SECOND},
        {**TWO, "lastReading": {}},
        {**TWO, "lastReading": {**dict(TWO["lastReading"]), "joulesProduced": "much"}},  # type: ignore[arg-type]
        {**TWO, "lastReading": {**dict(TWO["lastReading"]), "duration": 0}},  # type: ignore[arg-type]
        channel(SECOND, 250.0, 2e9, age=5401),
    ],
)
def test_inverter_power_is_absent_if_a_channel_has_none(second: dict[str, Json]) -> None:
    result = read(inverters.COLLECTOR, inverter(ONE, second))
    assert (one(Inverter, result).power, one(Inverter, result).reporting) == (None, True)
    assert channels(result)["1"] == (200, 1e9)


@pytest.mark.parametrize("invalid", [None, -1, "much"])
@pytest.mark.parametrize("period", ["today", "yesterday", "week"])
def test_inverter_energy_of_a_period_is_absent_if_a_channel_has_none(period: str, invalid: Json) -> None:
    hours = {**dict(TWO["wattHours"]), period: invalid}  # type: ignore[arg-type]
    values = one(Inverter, read(inverters.COLLECTOR, inverter(ONE, {**TWO, "wattHours": hours})))
    sums = {"today": values.today, "yesterday": values.yesterday, "week": values.last_week}
    assert {name for name, total in sums.items() if total is None} == {period}


THREE = channel(SECOND + 1, 300.0, 3e9)

DAY = 86_400.0


def gateway_with(*listed: Any) -> PollSequence:
    """A gateway that has listed these channels in two consecutive documents."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(2):
        gateway.poll(inverter(*listed))
    return gateway


def energies(result: Result[Any]) -> dict[str, float | None]:
    return {number: energy for number, (_, energy) in channels(result).items()}


def test_inverter_channel_that_is_not_listed_for_a_poll_is_missing() -> None:
    gateway = gateway_with(ONE, TWO)
    result = gateway.poll(inverter(TWO))
    values = one(Inverter, result)
    assert (values.power, values.today, values.energy) == (None, None, None)
    assert channels(result) == {"2": (250, 2e9)}


def test_inverter_channel_that_is_missing_leaves_no_sum_for_a_day() -> None:
    """One channel of two is not the sum of the inverter."""
    gateway = gateway_with(ONE, TWO)
    for _ in range(24):
        result = gateway.poll(inverter(TWO), after=3600)
        values = one(Inverter, result)
        assert (values.power, values.today, values.energy) == (None, None, None)
        assert energies(result) == {"2": 2e9}
    for _ in range(3):
        result = gateway.poll(inverter(TWO), after=3600)
        assert (one(Inverter, result).today, energies(result)) == (750 * 3600, {"2": 2e9})
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).today, energies(result)) == ((600 + 750) * 3600, {"1": 1e9, "2": 2e9})


def test_inverter_channel_missing_for_a_day_is_left_out_of_the_sums() -> None:
    gateway = gateway_with(ONE, TWO, THREE)
    energies_of_today = [one(Inverter, gateway.poll(inverter(TWO, THREE), after=3600)).today for _ in range(26)]
    assert energies_of_today == [None] * 24 + [(750 + 900) * 3600] * 2
    assert energies(gateway.poll(inverter(TWO, THREE))) == {"2": 2e9, "3": 3e9}


def test_inverter_channels_keep_numbers_through_a_day_of_failures() -> None:
    gateway = gateway_with(TWO, THREE)
    for _ in range(3):
        gateway.poll(inverter(ONE, TWO, THREE))
    numbered = {"1": 2e9, "2": 3e9, "3": 1e9}
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == numbered
    assert energies(gateway.poll(inverter(ONE, TWO, THREE), after=86_401)) == numbered
    assert one(Inverter, gateway.poll(inverter(ONE, TWO), after=86_401)).today is None


def test_inverter_channel_listed_once_changes_nothing_after_it() -> None:
    """One document with an unexpected second channel."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(inverter(ONE))
    unexpected = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, unexpected).energy, energies(unexpected)) == (None, {"1": 1e9, "2": 2e9})
    for listed, energy in ((ONE, 1e9), (ONE, 1e9), (TWO, 2e9)):
        result = gateway.poll(inverter(listed))
        assert (one(Inverter, result).energy, channels(result)) == (energy, {})


def test_inverter_channel_listed_once_beside_others_changes_nothing() -> None:
    gateway = gateway_with(ONE, TWO)
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == {"1": 1e9, "2": 2e9, "3": 3e9}
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).power, energies(result)) == (450, {"1": 1e9, "2": 2e9})


@pytest.mark.parametrize("listed_before", [False, True])
def test_inverter_channel_numbers_never_switch_registers(listed_before: bool) -> None:
    gateway = gateway_with(ONE, TWO) if listed_before else PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(3):
        assert energies(gateway.poll(inverter(ONE, TWO))) == {"1": 1e9, "2": 2e9}
        result = gateway.poll(inverter(TWO, THREE))
        assert (one(Inverter, result).power, energies(result)) == (None, {"2": 2e9, "3": 3e9})


def test_inverter_channel_that_is_new_follows_the_known_ones() -> None:
    gateway = gateway_with(TWO, THREE)
    for _ in range(3):
        result = gateway.poll(inverter(ONE, TWO, THREE))
        assert (one(Inverter, result).power, energies(result)) == (750, {"1": 2e9, "2": 3e9, "3": 1e9})


def test_inverter_channels_whose_ids_are_missing_are_rejected() -> None:
    """Half an hour without ids; the inverter's report is still used."""
    gateway = gateway_with(ONE, TWO)
    without_ids = [{key: value for key, value in channel.items() if key != "chanEid"} for channel in (ONE, TWO)]
    for _ in range(15):
        result = gateway.poll(inverter(*without_ids))
        values = one(Inverter, result)
        assert (values.power, values.today, channels(result)) == (None, None, {})
        assert (values.reporting, values.last_report) == (True, NOW - 60)
        assert rejected_rules(result) == [("label", "chanEid")] * 2
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).power, rejected_rules(result)) == (450, [])


def test_inverter_channels_without_ids_for_a_day_are_read_by_place() -> None:
    gateway = gateway_with(ONE, TWO)
    without_ids = [{key: value for key, value in channel.items() if key != "chanEid"} for channel in (ONE, TWO)]
    numbered = [energies(gateway.poll(inverter(*without_ids), after=3600)) for _ in range(26)]
    assert numbered == [{}] * 24 + [{"1": 1e9, "2": 2e9}] * 2


def test_inverter_channels_keep_numbers_through_one_with_other_ids() -> None:
    gateway = gateway_with(TWO, THREE)
    for _ in range(2):
        gateway.poll(inverter(ONE, TWO, THREE))
    gateway.poll(inverter({**ONE, "chanEid": 1}, {**TWO, "chanEid": 2}))
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == {"1": 2e9, "2": 3e9, "3": 1e9}


def test_inverter_channels_by_place_are_rejected_if_one_is_missing() -> None:
    """With fewer places than before it is not known which channel is missing."""
    without_ids = [{key: value for key, value in channel.items() if key != "chanEid"} for channel in (ONE, TWO)]
    gateway = gateway_with(*without_ids)
    assert energies(gateway.poll(inverter(*without_ids))) == {"1": 1e9, "2": 2e9}
    for listed in (without_ids[1], TWO):
        result = gateway.poll(inverter(listed))
        assert (one(Inverter, result).power, channels(result), rejected_rules(result)) == (
            None,
            {},
            [("label", "chanEid")],
        )


def test_inverter_channel_beside_an_invalid_one_provides_the_report() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(3):
        values = one(Inverter, gateway.poll(inverter(ONE, None)))
        assert (values.reporting, values.last_report, values.power, values.energy) == (True, NOW - 60, None, None)
    result = gateway.poll(inverter(ONE))
    assert (one(Inverter, result).energy, channels(result)) == (1e9, {})


@pytest.mark.parametrize("listed", [[], None, {}])
def test_inverter_channels_that_are_not_a_list_for_a_poll_are_missing(listed: Json) -> None:
    gateway = gateway_with(ONE, TWO)
    result = gateway.poll({DEVICE_DATA: data({"devName": "pcu", "sn": SERIAL, "active": True, "channels": listed})})
    assert (one(Inverter, result).energy, channels(result)) == (None, {})
    gateway.poll({DEVICE_DATA: data({"devName": "pcu", "sn": SERIAL, "active": True, "channels": listed})})
    assert energies(gateway.poll(inverter(TWO))) == {"2": 2e9}
    assert one(Inverter, gateway.poll(inverter(ONE, TWO))).power == 450


def inverters_with_two_channels(*serials: str) -> dict[str, Json]:
    return {DEVICE_DATA: {serial: {"devName": "pcu", "sn": serial, "channels": [ONE, TWO]} for serial in serials}}


def channel_numbers(gateway: PollSequence) -> Mapping[str, ChannelNumbers]:
    assert isinstance(gateway.memory, inverters.InverterMemory)
    return gateway.memory.channels


def test_inverter_channels_are_remembered_for_a_day_without_the_inverter() -> None:
    gateway = gateway_with(ONE, TWO)
    gateway.poll(inverters_with_two_channels("2"), after=DAY - 1)
    assert set(channel_numbers(gateway)) == {SERIAL, "2"}
    gateway.poll(inverters_with_two_channels("2"))
    assert set(channel_numbers(gateway)) == {"2"}


def test_inverter_channels_are_remembered_for_a_thousand_inverters() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for first in (1000, 3000):
        gateway.poll(inverters_with_two_channels(*map(str, range(first, first + 1500))))
        assert len(channel_numbers(gateway)) == 1000


def test_inverter_channel_keeps_its_number_while_the_first_is_missing() -> None:
    gateway = gateway_with(ONE, TWO, THREE)
    for _ in range(10):
        assert channels(gateway.poll(inverter(TWO, THREE))) == {"2": (250, 2e9), "3": (300, 3e9)}


def test_inverter_channels_without_their_ids_for_a_poll_are_missing() -> None:
    gateway = gateway_with(ONE, TWO)
    without_ids = {key: value for key, value in TWO.items() if key != "chanEid"}
    result = gateway.poll(inverter(ONE, without_ids))
    assert (one(Inverter, result).power, channels(result)) == (None, {})
    assert channels(gateway.poll(inverter(ONE, TWO))) == {"1": (200, 1e9), "2": (250, 2e9)}


def test_inverter_channels_with_other_ids_replace_the_old_ones() -> None:
    """A gateway assigns new ids to the channels when the inverter is set up again."""
    gateway = gateway_with(ONE, TWO)
    renumbered = ({**ONE, "chanEid": FIRST + 512}, {**TWO, "chanEid": SECOND + 512})
    unexpected = gateway.poll(inverter(*renumbered))
    assert (one(Inverter, unexpected).power, channels(unexpected), rejected_rules(unexpected)) == (
        None,
        {},
        [("label", "chanEid")] * 2,
    )
    for _ in range(3):
        result = gateway.poll(inverter(*renumbered))
        assert (one(Inverter, result).power, channels(result)) == (450, {"1": (200, 1e9), "2": (250, 2e9)})
    result = gateway.poll(inverter(*renumbered[:1]))
    assert (one(Inverter, result).power, channels(result)) == (None, {"1": (200, 1e9)})


def test_inverter_with_one_channel_may_change_its_id() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(inverter(ONE))
    values = one(Inverter, gateway.poll(inverter({**ONE, "chanEid": SECOND})))
    assert (values.power, values.energy) == (200, 1e9)


def test_inverter_channels_keep_their_numbers_in_any_order() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for order in ((ONE, TWO), (TWO, ONE)):
        assert channels(gateway.poll(inverter(*order))) == {"1": (200, 1e9), "2": (250, 2e9)}


@pytest.mark.parametrize("eids", [(None, None), (FIRST, FIRST), ("a", FIRST)])
def test_inverter_channels_without_numbers_are_numbered_by_place(eids: tuple[Json, Json]) -> None:
    result = read(inverters.COLLECTOR, inverter({**TWO, "chanEid": eids[0]}, {**ONE, "chanEid": eids[1]}))
    assert channels(result) == {"1": (250, 2e9), "2": (200, 1e9)}


def test_inverter_channel_register_that_falls_to_zero_is_rejected() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(inverter(ONE, TWO))
    at_zero: dict[str, Json] = {**TWO, "lifetime": {"joulesProduced": 0, "duration": 6_000_000}}
    result = gateway.poll(inverter(ONE, at_zero))
    assert channels(result)["2"] == (250, None)
    assert ("zero_after_value", "lifetime.joulesProduced") in rejected_rules(result)


@pytest.mark.parametrize("listed", [(ONE, None, TWO), (ONE, None), ("text", TWO)])
def test_inverter_with_an_invalid_channel_has_no_sums(listed: tuple[Json, ...]) -> None:
    result = read(inverters.COLLECTOR, inverter(*listed))
    values = one(Inverter, result)
    assert (values.power, values.today, values.energy) == (None, None, None)
    assert ("type", "") in rejected_rules(result)
