"""Data for installers, and on some firmware for owners: power line, interval data, grid profile.

Disabled by default. Firmware without device_data has the electrical values of inverters in the power-line status. They
have separate families, because one series is one register.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter.documents import (
    DYNAMIC_EXPORT_LIMIT,
    GRID_PROFILE,
    PDM_ENERGY,
    PLC_STATUS,
    PRODUCTION_SWITCH,
    Documents,
)
from envoy_exporter.families import Reading, gauge, info, label
from envoy_exporter.fields import (
    GENERAL_RULES,
    LIMIT,
    MAX_DEVICES,
    MAX_NUMBER,
    MAX_WATTS,
    TYPE,
    FieldReader,
    by_serial,
    scaled,
)

from . import inverter_source, plausibility, sanity_checks
from .collector import Collector, Context, Result, Settings
from .device_reports import is_fresh
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, PlausibilityState, Register

COUNTERS = {
    "expected": "expected",
    "discovered": "discovered",
    "controllers": "ctrlsTotal",
    "controllers_gone": "ctrlsGone",
    "controllers_communicating": "ctrlsCommunicating",
    "channels": "chansTotal",
    "channels_recent": "chansRecent",
    "channels_producing": "chansProducing",
}
_REGISTERS = (Register(key="wattHoursLifetime"),)
_PDM_ENTRIES = {
    "pcu": ("production", "pcu"),
    "rgm": ("production", "rgm"),
    "eim": ("production", "eim"),
    "consumption_eim": ("consumption", "eim"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlcDevices:
    device: str = label()
    state: str = label()
    devices: float | None = gauge(
        "enphase_plc_devices",
        "Number of devices on the power line, by type and state: expected or discovered, and the states of their"
        " controllers and channels; pcu are microinverters.",
        fields=("counters.*",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlcInverter:
    serial: str = label()
    communicating: bool | None = gauge(
        "enphase_plc_inverter_communicating",
        "Whether the microinverter communicates over the power line (1) or not (0).",
        fields=("communicating",),
    )
    producing: bool | None = gauge(
        "enphase_plc_inverter_producing",
        "Whether the microinverter produces power (1) or not (0), according to the power-line status.",
        fields=("producing",),
    )
    power: float | None = gauge(
        "enphase_plc_inverter_power_watts",
        "AC power in the last report of the microinverter, according to the power-line status.",
        fields=("acPowerINmW",),
    )
    ac_voltage: float | None = gauge(
        "enphase_plc_inverter_ac_voltage_volts",
        "AC voltage at the microinverter, according to the power-line status.",
        fields=("acVoltageINmV",),
    )
    dc_voltage: float | None = gauge(
        "enphase_plc_inverter_dc_voltage_volts",
        "DC voltage of the module at the microinverter, according to the power-line status.",
        fields=("dcVoltageINmV",),
    )
    dc_current: float | None = gauge(
        "enphase_plc_inverter_dc_current_amperes",
        "DC current of the module at the microinverter, according to the power-line status.",
        fields=("dcCurrentINmA",),
    )
    temperature: float | None = gauge(
        "enphase_plc_inverter_temperature_celsius",
        "Temperature of the microinverter, according to the power-line status.",
        fields=("temperature",),
    )
    last_report: float | None = gauge(
        "enphase_plc_inverter_last_report_timestamp_seconds",
        "Time of the last report of the microinverter, according to the power-line status.",
        fields=("reportDate",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PdmEnergy:
    source: str = label()
    power: float | None = gauge(
        "enphase_pdm_power_watts",
        "Power in the gateway's interval data, by source: pcu are the microinverters, rgm a revenue-grade meter,"
        " eim the production CT, consumption_eim the consumption.",
        fields=("wattsNow",),
    )
    lifetime: float | None = gauge(
        "enphase_pdm_energy_lifetime_joules",
        "Lifetime energy in the gateway's interval data; with two phases, the consumption may be too high.",
        fields=("wattHoursLifetime",),
    )
    today: float | None = gauge(
        "enphase_pdm_energy_today_joules",
        "Energy since midnight in the gateway's interval data.",
        fields=("wattHoursToday",),
    )
    last_week: float | None = gauge(
        "enphase_pdm_energy_last_week_joules",
        "Energy in the seven days before today in the gateway's interval data.",
        fields=("wattHoursSevenDays",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    dynamic_limit_enabled: bool | None = gauge(
        "enphase_dynamic_export_limit_enabled",
        "Whether grid export is limited dynamically (1) or not (0).",
        fields=("dynamic_pel_settings.enable",),
    )
    dynamic_limit: float | None = gauge(
        "enphase_dynamic_export_limit_watts",
        "Dynamic grid export limit; absent while disabled.",
        fields=("dynamic_pel_settings.limit_value_W",),
    )
    forced_off: bool | None = gauge(
        "enphase_production_forced_off",
        "Whether production has been switched off by a command (1) or not (0).",
        fields=("powerForcedOff",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GridProfile:
    profile: str | None = label()
    id: str | None = label()
    known: bool = info(
        "enphase_grid_profile_info",
        "Grid profile that the microinverters follow.",
        fields=("selected_profile", "selected_profile_id"),
    )


def read(context: Context[PlausibilityState]) -> Result[PlausibilityState]:
    documents = context.documents
    reader = DocumentReader.at(documents, context.now)
    plausible = PlausibilityFilter(documents, context.memory)
    line = reader.entry(PLC_STATUS)
    readings: list[Reading] = [
        *_counters(line.entry("counters")),
        *_inverters(line.entry("pcu"), documents, context.settings),
        *_pdm_energy(reader.entry(PDM_ENERGY), plausible),
    ]
    dynamic = reader.entry(DYNAMIC_EXPORT_LIMIT, "dynamic_pel_settings")
    enabled = dynamic.flag("enable")
    readings.append(
        Switches(
            dynamic_limit_enabled=enabled,
            dynamic_limit=dynamic.number("limit_value_W") if enabled else None,
            forced_off=reader.entry(PRODUCTION_SWITCH).flag("powerForcedOff"),
        )
    )
    profile = reader.entry(GRID_PROFILE)
    if name := profile.text("selected_profile"):
        readings.append(GridProfile(profile=name, id=_id(profile)))
    return Result(tuple(readings), tuple(reader.rejections), plausible.state())


def _id(profile: FieldReader) -> str | None:
    """The id of the profile, which is a text or a number."""
    value = profile.fields.get("selected_profile_id")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return profile.serial("selected_profile_id") if is_number else profile.text("selected_profile_id")


def _counters(counters: FieldReader) -> Iterator[PlcDevices]:
    """Only types of devices that are installed: for others, all counts are zero."""
    for device in ("pcu", "acb", "nsrb", "pld", "esub"):
        fields = counters.entry(device)
        counts = {state: fields.number(key, low=0) for state, key in COUNTERS.items()}
        if any(counts.values()):
            for state, count in counts.items():
                yield PlcDevices(device=device, state=state, devices=count)


def _inverters(table: FieldReader, documents: Documents, settings: Settings) -> Iterator[PlcInverter]:
    rows = list(inverter_source.microinverters(_rows(table), "devType"))
    for serial, fields in by_serial(rows, "serialNumber"):
        last_report = fields.timestamp("reportDate")
        electrical = {
            "power": scaled(fields.signed("acPowerINmW", 1000 * MAX_WATTS), divided=1000),
            "ac_voltage": fields.thousandths("acVoltageINmV"),
            "dc_voltage": fields.thousandths("dcVoltageINmV"),
            "dc_current": fields.thousandths("dcCurrentINmA"),
            "temperature": fields.celsius("temperature"),
        }
        yield PlcInverter(
            serial=serial,
            communicating=fields.flag("communicating"),
            producing=fields.flag("producing"),
            last_report=last_report,
            **(electrical if is_fresh(last_report, documents, settings.inverter_max_age) else {}),
        )


def _rows(table: FieldReader) -> list[FieldReader]:
    """The rows of a table with a list of column names, as objects; a row of another length is rejected."""
    names, values = table.fields.get("fields"), table.fields.get("values")
    if names is None and values is None:
        return []
    if not isinstance(names, list) or not isinstance(values, list):
        table.reject(TYPE, "values")
        return []
    keys = [name if isinstance(name, str) else "" for name in names]
    if len(values) > MAX_DEVICES:
        table.reject(LIMIT, "values")
    rows: list[FieldReader] = []
    for value in values[:MAX_DEVICES]:
        if isinstance(value, list) and len(value) == len(keys):
            rows.append(table.of(dict(zip(keys, value, strict=True))))
        else:
            table.reject(TYPE, "values")
    return rows


def _pdm_energy(energy: FieldReader, plausible: PlausibilityFilter) -> Iterator[PdmEnergy]:
    """Only sources that are installed: for others, all values are zero (rgm of 8.3.5169_ACB_inventory)."""
    for source, path in _PDM_ENTRIES.items():
        entry = energy.entry(*path)
        fields = plausible.accepted((source,), entry, _REGISTERS)
        if not any(fields.raw_number(key) for key in fields.fields):
            continue
        lifetime = entry.raw_number("wattHoursLifetime")
        yield PdmEnergy(
            source=source,
            power=fields.number("wattsNow"),
            lifetime=fields.watt_hours("wattHoursLifetime", low=-MAX_NUMBER),
            **sanity_checks.today_and_last_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime, low=0),
        )


COLLECTOR = Collector(
    name="installer",
    enabled_by_default=False,
    readings=(PlcDevices, PlcInverter, PdmEnergy, Switches, GridProfile),
    rules=(
        *GENERAL_RULES,
        sanity_checks.DAY_EQUALS_LIFETIME,
        sanity_checks.WEEK_EQUALS_LIFETIME,
        sanity_checks.WEEK_BELOW_DAY,
        plausibility.ZERO_AFTER_VALUE,
    ),
    memory=PlausibilityState(),
    read=read,
)
