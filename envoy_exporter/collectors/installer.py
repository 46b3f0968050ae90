"""What a gateway tells installers, and some firmware owners: its power line, its own books, its grid profile.

Off by default. The power line's electrical values are those of firmware without device_data; they have families of
their own, for one series is one register.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, gauge, info, label
from envoy_exporter.fields import WATT_HOUR, Fields, Reject, Rejections, flag, number, peek, scaled

from . import inverter_source, plausibility, sanity_checks
from .collector import Collector, Context, Result, Settings
from .device_reports import MOST_WATTS, is_fresh, signed
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
class Books:
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
    seen, settings, memory, now = context.documents, context.settings, context.memory, context.now
    rejections = Rejections()
    plausible = PlausibilityFilter(seen, memory, rejections)
    line = entries.entry(seen.content(documents.PLC_STATUS))
    reject = rejections.of(documents.PLC_STATUS)
    readings: list[Reading] = [
        *_counters(entries.entry(line.get("counters")), reject),
        *_inverters(entries.entry(line.get("pcu")), seen, settings, sanity_checks.latest(seen, now), reject),
        *_books(entries.entry(seen.content(documents.PDM_ENERGY)), plausible, rejections.of(documents.PDM_ENERGY)),
    ]
    dynamic = entries.entry(seen.content(documents.DYNAMIC_EXPORT_LIMIT), "dynamic_pel_settings")
    reject = rejections.of(documents.DYNAMIC_EXPORT_LIMIT)
    enabled = flag(dynamic, "enable", reject)
    switch = entries.entry(seen.content(documents.PRODUCTION_SWITCH))
    readings.append(
        Switches(
            dynamic_limit_enabled=enabled,
            dynamic_limit=number(dynamic, "limit_value_W", reject) if enabled else None,
            forced_off=flag(switch, "powerForcedOff", rejections.of(documents.PRODUCTION_SWITCH)),
        )
    )
    profile = entries.entry(seen.content(documents.GRID_PROFILE))
    reject = rejections.of(documents.GRID_PROFILE)
    if name := json_fields.text(profile, "selected_profile", reject):
        readings.append(GridProfile(profile=name, id=_id(profile, reject)))
    return Result(tuple(readings), tuple(rejections.met), plausible.state())


def _id(profile: Fields, reject: Reject) -> str | None:
    """A name as the profile's is, or a number that names it."""
    value = profile.get("selected_profile_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return json_fields.serial(profile, "selected_profile_id", reject)
    return json_fields.text(profile, "selected_profile_id", reject)


def _counters(counters: Fields, reject: Reject) -> Iterator[PlcDevices]:
    """Of the kinds that there are: for others the gateway counts zeros."""
    for device in ("pcu", "acb", "nsrb", "pld", "esub"):
        fields = entries.entry(counters.get(device))
        counts = {state: number(fields, key, reject, low=0) for state, key in COUNTERS.items()}
        if any(counts.values()):
            for state, count in counts.items():
                yield PlcDevices(device=device, state=state, devices=count)


def _inverters(
    table: Fields, seen: Documents, settings: Settings, latest: float, reject: Reject
) -> Iterator[PlcInverter]:
    rows = inverter_source.microinverters(_rows(table, reject), "devType", reject)
    for serial, fields in json_fields.devices(list(rows), "serialNumber", reject):
        last_report = sanity_checks.moment(fields, "reportDate", latest, reject)
        electrical = {
            "power": scaled(signed(fields, "acPowerINmW", reject, 1000 * MOST_WATTS), divided=1000),
            "ac_voltage": scaled(number(fields, "acVoltageINmV", reject, low=0), divided=1000),
            "dc_voltage": scaled(number(fields, "dcVoltageINmV", reject, low=0), divided=1000),
            "dc_current": scaled(number(fields, "dcCurrentINmA", reject, low=0), divided=1000),
            "temperature": number(fields, "temperature", reject, low=-100, high=200),
        }
        yield PlcInverter(
            serial=serial,
            communicating=flag(fields, "communicating", reject),
            producing=flag(fields, "producing", reject),
            last_report=last_report,
            **(electrical if is_fresh(last_report, seen, settings.inverter_max_age) else {}),
        )


def _rows(table: Fields, reject: Reject) -> list[Fields]:
    """A table whose columns are named once, as objects; a row of another length is nobody's."""
    names, values = table.get("fields"), table.get("values")
    if names is None and values is None:
        return []
    if not isinstance(names, list) or not isinstance(values, list):
        reject(json_fields.TYPE, "values")
        return []
    keys = [name if isinstance(name, str) else "" for name in names]
    if len(values) > json_fields.MOST_DEVICES:
        reject(json_fields.LIMIT, "values")
    rows: list[Fields] = []
    for value in values[: json_fields.MOST_DEVICES]:
        if isinstance(value, list) and len(value) == len(keys):
            rows.append(dict(zip(keys, value, strict=True)))
        else:
            reject(json_fields.TYPE, "values")
    return rows


def _books(energy: Fields, plausible: PlausibilityFilter, reject: Reject) -> Iterator[Books]:
    """Of the meters that there are: one that is not has only zeros (rgm of 8.3.5169_ACB_inventory)."""
    for source, path in _BOOKS.items():
        sent = entries.entry(energy, *path)
        fields = plausible.accepted(documents.PDM_ENERGY, (source,), sent, _REGISTERS)
        if not any(peek(fields, key) for key in fields):
            continue
        lifetime = peek(sent, "wattHoursLifetime")
        energies = sanity_checks.day_and_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime, reject, low=0)
        yield Books(
            source=source,
            power=number(fields, "wattsNow", reject),
            lifetime=scaled(number(fields, "wattHoursLifetime", reject), WATT_HOUR),
            today=scaled(energies.day, WATT_HOUR),
            last_week=scaled(energies.week, WATT_HOUR),
        )


COLLECTOR = Collector(
    name="installer",
    enabled_by_default=False,
    readings=(PlcDevices, PlcInverter, Books, Switches, GridProfile),
    rules=(
        *json_fields.GENERAL_RULES,
        sanity_checks.DAY_EQUALS_LIFETIME,
        sanity_checks.WEEK_EQUALS_LIFETIME,
        sanity_checks.WEEK_BELOW_DAY,
        plausibility.ZERO_AFTER_VALUE,
    ),
    memory=PlausibilityState(),
    read=read,
)
