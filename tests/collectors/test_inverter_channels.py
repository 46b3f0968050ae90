"""Inverters with several channels in device_data: sums of all of them, or nothing."""

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
    """A channel of 900 s reports: watts of power, joules of lifetime energy."""
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
    return {found.channel: (found.power, found.energy) for found in of(InverterChannel, result)}


def test_inverter_with_one_channel_is_read_as_a_whole() -> None:
    result = read(inverters.COLLECTOR, inverter(ONE))
    found = one(Inverter, result)
    assert (found.power, found.energy, found.dc_voltage, found.max_power) == (200, 1e9, 20, 400)
    assert of(InverterChannel, result) == []


def test_inverter_with_several_channels_is_their_sum() -> None:
    result = read(inverters.COLLECTOR, inverter(ONE, TWO))
    found = one(Inverter, result)
    assert found.power == 450
    assert (found.today, found.yesterday, found.last_week) == (1350 * 3600, 1800 * 3600, 9000 * 3600)
    assert (found.reporting, found.active, found.module_present, found.last_report) == (True, True, True, NOW - 60)
    assert channels(result) == {"1": (200, 1e9), "2": (250, 2e9)}
    first, second = of(InverterChannel, result)
    assert (first.dc_voltage, first.dc_current, second.dc_voltage, second.dc_current) == (20, 2, 25, 2.5)


def test_inverter_with_several_channels_has_no_value_of_a_single_one() -> None:
    found = one(Inverter, read(inverters.COLLECTOR, inverter(ONE, TWO)))
    assert (found.ac_voltage, found.ac_frequency, found.temperature) == (240, 50.013, 38)
    one_channel_s = (found.energy, found.running, found.max_power, found.dc_voltage, found.dc_current)
    assert one_channel_s == (None, None, None, None, None)
    assert (found.ac_current, found.reactive_power, found.report_energy) == (None, None, None)


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


@pytest.mark.parametrize("bad", [None, -1, "much"])
@pytest.mark.parametrize("period", ["today", "yesterday", "week"])
def test_inverter_energy_of_a_period_is_absent_if_a_channel_has_none(period: str, bad: Json) -> None:
    hours = {**dict(TWO["wattHours"]), period: bad}  # type: ignore[arg-type]
    found = one(Inverter, read(inverters.COLLECTOR, inverter(ONE, {**TWO, "wattHours": hours})))
    sums = {"today": found.today, "yesterday": found.yesterday, "week": found.last_week}
    assert {name for name, total in sums.items() if total is None} == {period}


THREE = channel(SECOND + 1, 300.0, 3e9)
DAY = 86_400.0


def known(*listed: Any) -> PollSequence:
    """A gateway that has listed these channels in two successive documents."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(2):
        gateway.poll(inverter(*listed))
    return gateway


def energies(result: Result[Any]) -> dict[str, float | None]:
    return {number: energy for number, (_, energy) in channels(result).items()}


def test_inverter_channel_that_is_not_listed_for_a_poll_is_missing() -> None:
    gateway = known(ONE, TWO)
    result = gateway.poll(inverter(TWO))
    found = one(Inverter, result)
    assert (found.power, found.today, found.energy) == (None, None, None)
    assert channels(result) == {"2": (250, 2e9)}


def test_inverter_channel_that_stays_away_leaves_no_sum_for_a_day() -> None:
    """One channel of two is not the inverter."""
    gateway = known(ONE, TWO)
    for _ in range(24):
        result = gateway.poll(inverter(TWO), after=3600)
        found = one(Inverter, result)
        assert (found.power, found.today, found.energy) == (None, None, None)
        assert energies(result) == {"2": 2e9}
    for _ in range(3):
        result = gateway.poll(inverter(TWO), after=3600)
        assert (one(Inverter, result).today, energies(result)) == (750 * 3600, {"2": 2e9})
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).today, energies(result)) == ((600 + 750) * 3600, {"1": 1e9, "2": 2e9})


def test_inverter_channels_of_which_one_is_gone_for_good_are_normal_after_a_day() -> None:
    gateway = known(ONE, TWO, THREE)
    found = [one(Inverter, gateway.poll(inverter(TWO, THREE), after=3600)).today for _ in range(26)]
    assert found == [None] * 24 + [(750 + 900) * 3600] * 2
    assert energies(gateway.poll(inverter(TWO, THREE))) == {"2": 2e9, "3": 3e9}


def test_inverter_channels_keep_their_numbers_through_a_day_without_documents() -> None:
    gateway = known(TWO, THREE)
    for _ in range(3):
        gateway.poll(inverter(ONE, TWO, THREE))
    numbered = {"1": 2e9, "2": 3e9, "3": 1e9}
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == numbered
    assert energies(gateway.poll(inverter(ONE, TWO, THREE), after=86_401)) == numbered
    assert one(Inverter, gateway.poll(inverter(ONE, TWO), after=86_401)).today is None


def test_inverter_channel_listed_once_changes_nothing_after_it() -> None:
    """One odd document with a second channel."""
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(inverter(ONE))
    odd = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, odd).energy, energies(odd)) == (None, {"1": 1e9, "2": 2e9})
    for listed, energy in ((ONE, 1e9), (ONE, 1e9), (TWO, 2e9)):
        result = gateway.poll(inverter(listed))
        assert (one(Inverter, result).energy, channels(result)) == (energy, {})


def test_inverter_channel_listed_once_beside_known_ones_changes_nothing_after_it() -> None:
    gateway = known(ONE, TWO)
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == {"1": 1e9, "2": 2e9, "3": 3e9}
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).power, energies(result)) == (450, {"1": 1e9, "2": 2e9})


@pytest.mark.parametrize("warm", [0, 1])
def test_inverter_channel_numbers_never_switch_registers(warm: int) -> None:
    gateway = known(ONE, TWO) if warm else PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(3):
        assert energies(gateway.poll(inverter(ONE, TWO))) == {"1": 1e9, "2": 2e9}
        result = gateway.poll(inverter(TWO, THREE))
        assert (one(Inverter, result).power, energies(result)) == (None, {"2": 2e9, "3": 3e9})


def test_inverter_channel_that_is_new_follows_the_known_ones() -> None:
    gateway = known(TWO, THREE)
    for _ in range(3):
        result = gateway.poll(inverter(ONE, TWO, THREE))
        assert (one(Inverter, result).power, energies(result)) == (750, {"1": 2e9, "2": 3e9, "3": 1e9})


def test_inverter_channels_whose_ids_are_gone_are_rejected_and_counted() -> None:
    """Half an hour without ids; what the inverter reports is known all the same."""
    gateway = known(ONE, TWO)
    unnamed = [{key: value for key, value in each.items() if key != "chanEid"} for each in (ONE, TWO)]
    for _ in range(15):
        result = gateway.poll(inverter(*unnamed))
        found = one(Inverter, result)
        assert (found.power, found.today, channels(result)) == (None, None, {})
        assert (found.reporting, found.last_report) == (True, NOW - 60)
        assert rejected_rules(result) == [("label", "chanEid")] * 2
    result = gateway.poll(inverter(ONE, TWO))
    assert (one(Inverter, result).power, rejected_rules(result)) == (450, [])


def test_inverter_channels_whose_ids_are_gone_for_good_are_read_by_place_after_a_day() -> None:
    gateway = known(ONE, TWO)
    unnamed = [{key: value for key, value in each.items() if key != "chanEid"} for each in (ONE, TWO)]
    found = [energies(gateway.poll(inverter(*unnamed), after=3600)) for _ in range(26)]
    assert found == [{}] * 24 + [{"1": 1e9, "2": 2e9}] * 2


def test_inverter_channels_keep_their_numbers_through_a_document_of_other_ids() -> None:
    gateway = known(TWO, THREE)
    for _ in range(2):
        gateway.poll(inverter(ONE, TWO, THREE))
    gateway.poll(inverter({**ONE, "chanEid": 1}, {**TWO, "chanEid": 2}))
    assert energies(gateway.poll(inverter(ONE, TWO, THREE))) == {"1": 2e9, "2": 3e9, "3": 1e9}


def test_inverter_channels_by_place_are_rejected_if_one_is_missing() -> None:
    """Of fewer places than before it is not known which channel is missing."""
    unnamed = [{key: value for key, value in each.items() if key != "chanEid"} for each in (ONE, TWO)]
    gateway = known(*unnamed)
    assert energies(gateway.poll(inverter(*unnamed))) == {"1": 1e9, "2": 2e9}
    for listed in (unnamed[1], TWO):
        result = gateway.poll(inverter(listed))
        assert (one(Inverter, result).power, channels(result), rejected_rules(result)) == (
            None,
            {},
            [("label", "chanEid")],
        )


def test_inverter_channel_beside_an_unreadable_one_is_the_inverter_s_report() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for _ in range(3):
        found = one(Inverter, gateway.poll(inverter(ONE, None)))
        assert (found.reporting, found.last_report, found.power, found.energy) == (True, NOW - 60, None, None)
    result = gateway.poll(inverter(ONE))
    assert (one(Inverter, result).energy, channels(result)) == (1e9, {})


@pytest.mark.parametrize("listed", [[], None, {}])
def test_inverter_channels_that_are_no_list_for_a_poll_are_missing(listed: Json) -> None:
    gateway = known(ONE, TWO)
    result = gateway.poll({DEVICE_DATA: data({"devName": "pcu", "sn": SERIAL, "active": True, "channels": listed})})
    assert (one(Inverter, result).energy, channels(result)) == (None, {})
    gateway.poll({DEVICE_DATA: data({"devName": "pcu", "sn": SERIAL, "active": True, "channels": listed})})
    assert energies(gateway.poll(inverter(TWO))) == {"2": 2e9}
    assert one(Inverter, gateway.poll(inverter(ONE, TWO))).power == 450


def fleet(*serials: str) -> dict[str, Json]:
    return {DEVICE_DATA: {serial: {"devName": "pcu", "sn": serial, "channels": [ONE, TWO]} for serial in serials}}


def remembered(gateway: PollSequence) -> Mapping[str, ChannelNumbers]:
    assert isinstance(gateway.memory, inverters.InverterMemory)
    return gateway.memory.channels


def test_inverter_channels_are_remembered_for_a_day_without_the_inverter() -> None:
    gateway = known(ONE, TWO)
    gateway.poll(fleet("2"), after=DAY - 1)
    assert set(remembered(gateway)) == {SERIAL, "2"}
    gateway.poll(fleet("2"))
    assert set(remembered(gateway)) == {"2"}


def test_inverter_channels_are_remembered_of_a_thousand_inverters() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for first in (1000, 3000):
        gateway.poll(fleet(*map(str, range(first, first + 1500))))
        assert len(remembered(gateway)) == 1000


def test_inverter_channel_keeps_its_number_while_the_first_stays_away() -> None:
    gateway = known(ONE, TWO, THREE)
    for _ in range(10):
        assert channels(gateway.poll(inverter(TWO, THREE))) == {"2": (250, 2e9), "3": (300, 3e9)}


def test_inverter_channels_without_their_ids_for_a_poll_are_missing() -> None:
    gateway = known(ONE, TWO)
    unnamed = {key: value for key, value in TWO.items() if key != "chanEid"}
    result = gateway.poll(inverter(ONE, unnamed))
    assert (one(Inverter, result).power, channels(result)) == (None, {})
    assert channels(gateway.poll(inverter(ONE, TWO))) == {"1": (200, 1e9), "2": (250, 2e9)}


def test_inverter_channels_with_other_ids_replace_the_old_ones() -> None:
    """A gateway numbers the channels anew when the inverter is set up again."""
    gateway = known(ONE, TWO)
    renumbered = ({**ONE, "chanEid": FIRST + 512}, {**TWO, "chanEid": SECOND + 512})
    odd = gateway.poll(inverter(*renumbered))
    assert (one(Inverter, odd).power, channels(odd), rejected_rules(odd)) == (None, {}, [("label", "chanEid")] * 2)
    for _ in range(3):
        result = gateway.poll(inverter(*renumbered))
        assert (one(Inverter, result).power, channels(result)) == (450, {"1": (200, 1e9), "2": (250, 2e9)})
    result = gateway.poll(inverter(*renumbered[:1]))
    assert (one(Inverter, result).power, channels(result)) == (None, {"1": (200, 1e9)})


def test_inverter_with_one_channel_may_change_its_id() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    gateway.poll(inverter(ONE))
    found = one(Inverter, gateway.poll(inverter({**ONE, "chanEid": SECOND})))
    assert (found.power, found.energy) == (200, 1e9)


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
    fallen: dict[str, Json] = {**TWO, "lifetime": {"joulesProduced": 0, "duration": 6_000_000}}
    result = gateway.poll(inverter(ONE, fallen))
    assert channels(result)["2"] == (250, None)
    assert ("zero_after_value", "lifetime.joulesProduced") in rejected_rules(result)


@pytest.mark.parametrize("listed", [(ONE, None, TWO), (ONE, None), ("text", TWO)])
def test_inverter_with_an_unreadable_channel_has_no_sums(listed: tuple[Json, ...]) -> None:
    result = read(inverters.COLLECTOR, inverter(*listed))
    found = one(Inverter, result)
    assert (found.power, found.today, found.energy) == (None, None, None)
    assert ("type", "") in rejected_rules(result)
