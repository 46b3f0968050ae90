"""The flags of `device_status`: one sample for each flag that a device reports."""

from typing import Any

import pytest
from support.documents import of, read
from support.exposition import parsed

from envoy_exporter.collectors import batteries, controller, inverters, iq_relay
from envoy_exporter.collectors.collector import Collector
from envoy_exporter.collectors.inventory import InverterState
from envoy_exporter.documents import ENSEMBLE_INVENTORY, INVENTORY, Json
from envoy_exporter.families import collect
from envoy_exporter.web.exposition import Format

SERIAL = "122000000001"

NIGHT = "envoy.cond_flags.pcu_ctrl.dc-pwr-low"


def samples_by_flag(
    collector: Collector[Any], family: str, endpoint: str, group: str, status: Json
) -> dict[str, float]:
    """The samples of a family by flag, for one device with this `device_status`."""
    device: Json = {"serial_num": SERIAL, "admin_state": 2, "percentFull": 50, "device_status": status}
    result = read(collector, {endpoint: [{"type": group, "devices": [device]}]})
    metrics, _ = collect(collector.readings, result.readings)
    samples = parsed(Format.TEXT.render(metrics).decode()).samples
    return {dict(labels)["flag"]: value for (name, labels), value in samples.items() if name == family}


DEVICES = [
    (inverters.COLLECTOR, "enphase_inverter_status_flag", INVENTORY, "PCU"),
    (batteries.COLLECTOR, "enphase_battery_unit_status_flag", INVENTORY, "ACB"),
    (batteries.COLLECTOR, "enphase_battery_unit_status_flag", ENSEMBLE_INVENTORY, "ENCHARGE"),
    (iq_relay.COLLECTOR, "enphase_iq_relay_status_flag", INVENTORY, "NSRB"),
    (controller.COLLECTOR, "enphase_enpower_status_flag", ENSEMBLE_INVENTORY, "ENPOWER"),
    (controller.COLLECTOR, "enphase_collar_status_flag", ENSEMBLE_INVENTORY, "COLLAR"),
]


@pytest.mark.parametrize(("collector", "family", "endpoint", "group"), DEVICES)
def test_device_status_has_one_sample_for_each_flag(
    collector: Collector[Any], family: str, endpoint: str, group: str
) -> None:
    def samples(status: Json) -> dict[str, float]:
        return samples_by_flag(collector, family, endpoint, group, status)

    assert samples(["envoy.global.ok"]) == {"envoy.global.ok": 1}
    assert samples([NIGHT, "envoy.cond_flags.obs_strs.failure"]) == {NIGHT: 1, "envoy.cond_flags.obs_strs.failure": 1}
    assert samples(["envoy.new.word", NIGHT, "envoy.newer"]) == {"other": 1, NIGHT: 1}
    assert samples([]) == {}


@pytest.mark.parametrize("status", [[None], ["envoy.global.ok", 7], "envoy.global.ok", {"a": 1}])
def test_device_status_that_is_not_a_list_of_text_has_no_sample(status: Json) -> None:
    device: Json = {"serial_num": SERIAL, "device_status": status}
    result = read(inverters.COLLECTOR, {INVENTORY: [{"type": "PCU", "devices": [device]}]})
    assert [state.status for state in of(InverterState, result)] == [None]
    assert result.rejections == ((INVENTORY, "type", "device_status"),)
