"""The control of IQ batteries: exposed only if one is installed."""

from support.documents import of, one, read

from envoy_exporter.collectors import batteries
from envoy_exporter.collectors.secondary_control import Bias, StorageControl
from envoy_exporter.documents import ENSEMBLE_INVENTORY, ENSEMBLE_SECCTRL, PRODUCTION_JSON, Json

CONTROL: dict[str, Json] = {
    "shutdown": False,
    "freq_bias_hz": -1.32,
    "voltage_bias_v": -15.7,
    "freq_bias_hz_phaseb": 0.5,
    "voltage_bias_v_phaseb": 0.0,
    "voltage_bias_v_phasec": 2.5,
    "VLS_Limit": 10,
    "Commission_in_progress": False,
    "ESS_in_progress": True,
}

BATTERY: dict[str, Json] = {ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": [{"serial_num": "1"}]}]}


def test_storage_control_without_an_iq_battery_is_absent() -> None:
    ac: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 10}]}
    result = read(batteries.COLLECTOR, {PRODUCTION_JSON: ac, ENSEMBLE_SECCTRL: CONTROL})
    assert of(StorageControl, result) + of(Bias, result) == []


def test_storage_control_and_bias_of_an_iq_battery_are_exposed() -> None:
    """8.2.127_with_generator_running: on a generator, both are below their nominal value."""
    result = read(batteries.COLLECTOR, {**BATTERY, ENSEMBLE_SECCTRL: CONTROL})
    assert one(StorageControl, result) == StorageControl(
        very_low_limit=0.1, shutdown=False, commissioning=False, ess_in_progress=True
    )
    assert {bias.phase: bias.voltage for bias in of(Bias, result)} == {"L1": -15.7, "L2": 0.0, "L3": 2.5}
    assert {bias.phase: bias.frequency for bias in of(Bias, result)} == {"L1": -1.32, "L2": 0.5, "L3": None}


def test_storage_control_of_firmware_7_has_no_limit() -> None:
    """The document of 7.3.517 ends after the energies."""
    control = one(StorageControl, read(batteries.COLLECTOR, {**BATTERY, ENSEMBLE_SECCTRL: {"shutdown": True}}))
    assert control == StorageControl(shutdown=True)
