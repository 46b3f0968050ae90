"""The control of IQ batteries in `/ivp/ensemble/secctrl`: a part of `batteries`.

Read only with an IQ battery: without one, the document is full of zeros that have no meaning.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter.documents import ENSEMBLE_SECCTRL
from envoy_exporter.families import Reading, gauge, label
from envoy_exporter.fields import PHASES

from .document_reader import DocumentReader

_OF_PHASE = ("", "_phaseb", "_phasec")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageControl:
    very_low_limit: float | None = gauge(
        "enphase_storage_very_low_charge_limit_ratio",
        "State of charge below which the batteries shut down.",
        fields=("VLS_Limit",),
    )
    shutdown: bool | None = gauge(
        "enphase_storage_shutdown", "Whether the batteries are shut down (1) or not (0).", fields=("shutdown",)
    )
    commissioning: bool | None = gauge(
        "enphase_storage_commissioning",
        "Whether the batteries are being commissioned (1) or not (0).",
        fields=("Commission_in_progress",),
    )
    ess_in_progress: bool | None = gauge(
        "enphase_storage_ess_in_progress",
        "Whether the gateway reports an operation of the storage system in progress (1) or not (0).",
        fields=("ESS_in_progress",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    phase: str = label()
    frequency: float | None = gauge(
        "enphase_storage_frequency_bias_hertz",
        "Frequency offset by which the batteries are controlled, on the phase; negative for a lower frequency.",
        fields=("freq_bias_hz", "freq_bias_hz_phaseb", "freq_bias_hz_phasec"),
    )
    voltage: float | None = gauge(
        "enphase_storage_voltage_bias_volts",
        "Voltage offset by which the batteries are controlled, on the phase; negative for a lower voltage.",
        fields=("voltage_bias_v", "voltage_bias_v_phaseb", "voltage_bias_v_phasec"),
    )


READINGS = (StorageControl, Bias)


def readings(reader: DocumentReader) -> Iterator[Reading]:
    """Only for systems with an IQ battery."""
    fields = reader.entry(ENSEMBLE_SECCTRL)
    yield StorageControl(
        very_low_limit=fields.ratio("VLS_Limit"),
        shutdown=fields.flag("shutdown"),
        commissioning=fields.flag("Commission_in_progress"),
        ess_in_progress=fields.flag("ESS_in_progress"),
    )
    for phase, suffix in zip(PHASES, _OF_PHASE, strict=True):
        yield Bias(
            phase=phase,
            frequency=fields.number(f"freq_bias_hz{suffix}"),
            voltage=fields.number(f"voltage_bias_v{suffix}"),
        )
