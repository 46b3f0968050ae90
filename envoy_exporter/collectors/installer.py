"""What a gateway tells installers, and some firmware owners: its power line, its own books, its grid profile.

Off by default. The power line's electrical values are those of firmware without device_data; they have families of
their own, for one series is one register.
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
    WATT_HOUR,
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
_BOOKS = {
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
        "Devices on the power line: how many are expected and discovered, and how their controllers and"
        " channels fare; pcu are inverters.",
        fields=("counters.*",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlcInverter:
    serial: str = label()
    communicating: bool | None = gauge(
        "enphase_plc_inverter_communicating", "1: it communicates over the power line.", fields=("communicating",)
    )
    producing: bool | None = gauge("enphase_plc_inverter_producing", "1: it produces.", fields=("producing",))
    power: float | None = gauge(
        "enphase_plc_inverter_power_watts", "AC power in the last report.", fields=("acPowerINmW",)
    )
    ac_voltage: float | None = gauge("enphase_plc_inverter_ac_voltage_volts", "AC voltage.", fields=("acVoltageINmV",))
    dc_voltage: float | None = gauge(
        "enphase_plc_inverter_dc_voltage_volts", "Voltage of the module.", fields=("dcVoltageINmV",)
    )
    dc_current: float | None = gauge(
        "enphase_plc_inverter_dc_current_amperes", "Current of the module.", fields=("dcCurrentINmA",)
    )
    temperature: float | None = gauge(
        "enphase_plc_inverter_temperature_celsius", "Temperature.", fields=("temperature",)
    )
    last_report: float | None = gauge(
        "enphase_plc_inverter_last_report_timestamp_seconds", "When it last reported.", fields=("reportDate",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PdmEnergy:
    source: str = label()
    power: float | None = gauge(
        "enphase_pdm_power_watts",
        "Power in the gateway's interval data: by inverters (pcu), a revenue-grade meter (rgm), the"
        " production CT (eim), and used (consumption_eim).",
        fields=("wattsNow",),
    )
    lifetime: float | None = gauge(
        "enphase_pdm_energy_lifetime_joules",
        "Energy since installation; with two phases the consumption may be too high.",
        fields=("wattHoursLifetime",),
    )
    today: float | None = gauge("enphase_pdm_energy_today_joules", "Energy since midnight.", fields=("wattHoursToday",))
    last_week: float | None = gauge(
        "enphase_pdm_energy_last_week_joules", "Energy of the seven days before today.", fields=("wattHoursSevenDays",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    dynamic_limit_enabled: bool | None = gauge(
        "enphase_dynamic_export_limit_enabled",
        "1: exports are limited dynamically.",
        fields=("dynamic_pel_settings.enable",),
    )
    dynamic_limit: float | None = gauge(
        "enphase_dynamic_export_limit_watts",
        "The dynamic limit; there while it is enabled.",
        fields=("dynamic_pel_settings.limit_value_W",),
    )
    forced_off: bool | None = gauge(
        "enphase_production_forced_off", "1: somebody has switched production off.", fields=("powerForcedOff",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GridProfile:
    profile: str | None = label()
    id: str | None = label()
    known: bool = info(
        "enphase_grid_profile_info",
        "The grid's rules that the inverters keep to.",
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
        *_books(reader.entry(PDM_ENERGY), plausible),
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
    """A text like the name of the profile, or a number."""
    value = profile.fields.get("selected_profile_id")
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return profile.serial("selected_profile_id") if is_number else profile.text("selected_profile_id")


def _counters(counters: FieldReader) -> Iterator[PlcDevices]:
    """Only of types of device that are installed: for others the gateway counts zeros."""
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
    """The rows of a table that names its columns once, as objects; a row of another length is rejected."""
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


def _books(energy: FieldReader, plausible: PlausibilityFilter) -> Iterator[PdmEnergy]:
    """Only of meters that are installed: for others all values are zero (rgm of 8.3.5169_ACB_inventory)."""
    for source, path in _BOOKS.items():
        sent = energy.entry(*path)
        fields = plausible.accepted((source,), sent, _REGISTERS)
        if not any(fields.raw_number(key) for key in fields.fields):
            continue
        lifetime = sent.raw_number("wattHoursLifetime")
        energies = sanity_checks.day_and_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime, low=0)
        yield PdmEnergy(
            source=source,
            power=fields.number("wattsNow"),
            lifetime=fields.watt_hours("wattHoursLifetime", low=-MAX_NUMBER),
            today=scaled(energies.day, WATT_HOUR),
            last_week=scaled(energies.week, WATT_HOUR),
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
