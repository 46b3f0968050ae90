"""The flags of `device_status`: one sample for each that a device raises."""

import pytest
from support.documents import of, read
from support.exposition import parsed

from envoy_exporter.collectors import batteries, controller, inverters, iq_relay
from envoy_exporter.collectors.collector import Subsystem
from envoy_exporter.collectors.inventory import InverterState
from envoy_exporter.documents import ENSEMBLE_INVENTORY, INVENTORY, Json
from envoy_exporter.families import collect
from envoy_exporter.web.exposition import Format

SERIAL = "122000000001"
NIGHT = "envoy.cond_flags.pcu_ctrl.dc-pwr-low"


def raised(subsystem: Subsystem, family: str, endpoint: str, group: str, words: Json) -> dict[str, float]:
    """The samples of a family by flag, of one device with these words."""
    device: Json = {"serial_num": SERIAL, "admin_state": 2, "percentFull": 50, "device_status": words}
    result = read(subsystem, {endpoint: [{"type": group, "devices": [device]}]})
    metrics, _ = collect(subsystem.READINGS, result.readings)
    samples = parsed(Format.TEXT.render(metrics).decode()).samples
    return {dict(labels)["flag"]: value for (name, labels), value in samples.items() if name == family}


DEVICES = [
    (inverters, "enphase_inverter_status_flag", INVENTORY, "PCU"),
    (batteries, "enphase_battery_unit_status_flag", INVENTORY, "ACB"),
    (batteries, "enphase_battery_unit_status_flag", ENSEMBLE_INVENTORY, "ENCHARGE"),
    (iq_relay, "enphase_iq_relay_status_flag", INVENTORY, "NSRB"),
    (controller, "enphase_enpower_status_flag", ENSEMBLE_INVENTORY, "ENPOWER"),
    (controller, "enphase_collar_status_flag", ENSEMBLE_INVENTORY, "COLLAR"),
]


@pytest.mark.parametrize(("subsystem", "family", "endpoint", "group"), DEVICES)
def test_device_status_has_one_sample_for_each_raised_flag(
    subsystem: Subsystem, family: str, endpoint: str, group: str
) -> None:
    def samples(words: Json) -> dict[str, float]:
        return raised(subsystem, family, endpoint, group, words)

    assert samples(["envoy.global.ok"]) == {"envoy.global.ok": 1}
    assert samples([NIGHT, "envoy.cond_flags.obs_strs.failure"]) == {NIGHT: 1, "envoy.cond_flags.obs_strs.failure": 1}
    assert samples(["envoy.new.word", NIGHT, "envoy.newer"]) == {"other": 1, NIGHT: 1}
    assert samples([]) == {}


@pytest.mark.parametrize("words", [[None], ["envoy.global.ok", 7], "envoy.global.ok", {"a": 1}])
def test_device_status_that_is_not_a_list_of_words_has_no_sample(words: Json) -> None:
    device: Json = {"serial_num": SERIAL, "device_status": words}
    result = read(inverters, {INVENTORY: [{"type": "PCU", "devices": [device]}]})
    assert [state.status for state in of(InverterState, result)] == [None]
    assert ("type", "device_status") in [(rejection.rule, rejection.key) for rejection in result.refusals]
