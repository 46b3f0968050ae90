"""Places that affect more than the samples which name them in their HELP, each with the reason.

Places are written as by `pattern()`: `[]` is any index of a list or any key that is a number. `*` is any key.
"""

from fnmatch import fnmatchcase

from envoy_exporter import documents
from envoy_exporter.documents import Json
from fuzz.mutations import Mutation, Path, pattern, places

_CLOCK = frozenset(
    ("production", "meters", "inverters", "batteries", "controller", "iq_relay", "tariff", "network", "livedata")
)
EXTRA_READERS = {
    # the gateway's clock decides what is too old or in the future; the firmware decides which documents exist
    documents.INFO: _CLOCK | {"installer"},
    documents.HOME_JSON: frozenset(("identity",)),
    documents.INVENTORY: frozenset(("batteries", "iq_relay", "layout")),  # by what it lists
    documents.DEVICE_DATA: frozenset(("batteries", "iq_relay", "layout")),
    documents.INVERTERS_V1: frozenset(("layout",)),
    documents.PRODUCTION: frozenset(("livedata",)),
}
"""Collectors that read a document in addition to those in the table of endpoints."""

_NAME = "it identifies the device; without it nothing of the device is exposed"
_TYPE = "it is the type of the device; without it nothing of the device is exposed"
_GATE = "the other fields are valid only if it is set"
_AGE = "current values of a report that is too old, or of unknown age, are not exposed"
_NOT_EMPTY = "without a device, or with only zeros, the other fields are not exposed"
_COMPARED = "a day is compared with the lifetime, a week with both"

SIDE_EFFECTS = {
    (documents.INFO, "device.software"): "the firmware decides how the documents are read",
    (documents.INFO, "device.imeter"): "whether there are CTs decides what is the source of production",
    (documents.INFO, "time"): _AGE,
    (documents.TARIFF, "tariff.currency.code"): "a price has its currency as a label",
    (documents.TARIFF, "tariff.*.id"): "a price has its season, day, period and tier as labels",
    (documents.INVERTERS_V1, "[].devType"): _TYPE,
    (documents.INVERTERS_V1, "[].serialNumber"): _NAME,
    (documents.INVERTERS_V1, "[].lastReportDate"): _AGE,
    (documents.HOME, "comm.*num"): _NOT_EMPTY,
    (documents.HOME_JSON, "comm.*num"): _NOT_EMPTY,
    (documents.HOME, "network.interfaces.[].interface"): _NAME,
    (documents.HOME_JSON, "network.interfaces.[].interface"): _NAME,
    (documents.HOME, "network.interfaces.[].type"): "an interface has its type as a label",
    (documents.HOME_JSON, "network.interfaces.[].type"): "an interface has its type as a label",
    (documents.HOME, "wireless_connection.[].type"): _NAME,
    (documents.HOME_JSON, "wireless_connection.[].type"): _NAME,
    (documents.INVENTORY, "[].type"): _TYPE,
    (documents.INVENTORY, "[].devices.[].serial_num"): _NAME,
    (documents.INVENTORY, "[].devices.[].admin_state"): "a removed device is not exposed",
    (documents.INVENTORY, "[].devices.[].percentFull"): "a device is an AC battery if it reports a state of charge",
    (documents.ENSEMBLE_INVENTORY, "[].type"): _TYPE,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[].serial_num"): _NAME,
    (documents.ENSEMBLE_INVENTORY, ""): "until it lists IQ batteries, sums of all batteries are not exposed",
    (documents.ENSEMBLE_POWER, "devices:.[].serial_num"): _NAME,
    (documents.DRY_CONTACTS, "dry_contacts.[].id"): _NAME,
    (documents.DRY_CONTACT_SETTINGS, "dry_contacts.[].id"): _NAME,
    (documents.DRY_CONTACT_SETTINGS, "dry_contacts.[].type"): "NONE is a relay without a load",
    (documents.LIVE_DATA, "connection.sc_stream"): _GATE,
    (documents.LIVE_DATA, "meters.last_update"): _AGE,
    (documents.LIVE_DATA, "meters.phase_count"): "only wired phases are exposed",
    (documents.LIVE_DATA, "meters.is_split_phase"): "only wired phases are exposed",
    (documents.LIVE_DATA, "meters.*_ph_[!a]_m*"): "HELP abbreviates it: _b_, _c_",
    (documents.METERS, "[].eid"): _NAME,
    (documents.METERS, "[].measurementType"): _TYPE,
    (documents.METERS, "[].state"): _GATE,
    (documents.METERS, "[].phaseCount"): "only wired phases are exposed",
    (documents.METER_READINGS, "[].eid"): _NAME,
    (documents.DEVICE_DATA, "[].devName"): _TYPE,
    (documents.DEVICE_DATA, "[].sn"): _NAME,
    (documents.DEVICE_DATA, "[].active"): "a removed device is not exposed",
    (documents.DEVICE_DATA, "[].channels.[].lastReading.endDate"): _AGE,
    (documents.DEVICE_DATA, "deviceDataLimit"): "a full list omits devices, and the list of API v1 has them all",
    (documents.DEVICE_DATA, "deviceCount"): "a full list omits devices, and the list of API v1 has them all",
    (documents.PDM_ENERGY, "*wattHours*"): _NOT_EMPTY,
    (documents.PDM_ENERGY, "*wattsNow"): _NOT_EMPTY,
    (documents.PLC_STATUS, "counters.*"): _NOT_EMPTY,
    (documents.PLC_STATUS, "pcu.*"): "a table: each column depends on its name",
    (documents.DYNAMIC_EXPORT_LIMIT, "dynamic_pel_settings.enable"): _GATE,
    (documents.EXPORT_LIMIT, "PEL"): _GATE,
    (documents.EXPORT_LIMIT, "percent"): "it decides what the limit is a ratio of",
    (documents.EXPORT_LIMIT, "apparent"): "it decides what the limit is a ratio of",
    (documents.GRID_PROFILE, "selected_profile"): _NAME,
    (documents.GENERATOR_CONFIG, "*"): "an empty document means that a generator is not installed",
    (documents.PRODUCTION_JSON, "*activeCount"): _GATE,
    (documents.PRODUCTION_JSON, "*.[].type"): _TYPE,
    (documents.PRODUCTION_JSON, "*.[].measurementType"): _TYPE,
    (documents.PRODUCTION_JSON, "storage.[].percentFull"): "a device is an AC battery if it reports a state of charge",
    (documents.PRODUCTION_JSON, "storage.[].readingTime"): _AGE,
    (documents.PRODUCTION_JSON, "*whLifetime"): _COMPARED,
    (documents.PRODUCTION_JSON, "*whToday"): _COMPARED,
    (documents.PRODUCTION, "*whLifetime"): _COMPARED,
    (documents.PRODUCTION, "*whToday"): _COMPARED,
    (documents.PRODUCTION, "*activeCount"): _GATE,
    (documents.PRODUCTION, "*.[].type"): _TYPE,
    (documents.PRODUCTION, "*.[].measurementType"): _TYPE,
    (documents.PRODUCTION_V1, "*"): "zeros only are not a source, and without an eim another register is",
}
"""Places that affect more than their own samples."""

_SOURCE = "another register is the site's production then, and the label `source` names it"
_UNITS = "without a storage CT it is the sum of the units, and the label `source` names them"
_FALLBACK_LIST = "without a complete list the list of API v1 is used"
_FROM_INVENTORY = "the inventory has the last report of an inverter that the list does not contain"
_COUNT = "a device that is not listed is not counted"
_NOT_COMPARED = "a load is rejected if it equals the net entry, and accepted without a net entry"
_LOWEST_EID = "of several meters of a type the one with the lowest eid has no suffix"

FALLBACKS = {
    (documents.PRODUCTION_JSON, "production", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].type", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].activeCount", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].whLifetime", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION, "production", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_V1, "wattHours*", "enphase_production_*"): _SOURCE,
    **{
        (
            site,
            field,
            f"enphase_*_energy_{span}_joules",
        ): "it is accepted if the value that it is compared with is missing"
        for site in (documents.PRODUCTION_JSON, documents.PRODUCTION, documents.PRODUCTION_V1, documents.PDM_ENERGY)
        for field in ("*hLifetime", "*HoursLifetime", "*hToday", "*HoursToday")
        for span in ("today", "last_week")
    },
    (documents.PRODUCTION_JSON, "consumption.[].measurementType", "enphase_consumption_*"): _NOT_COMPARED,
    (documents.PRODUCTION_JSON, "consumption.[].whLifetime", "enphase_consumption_*"): _NOT_COMPARED,
    (documents.METERS, "[].eid", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].state", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].measurementType", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].eid", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].state", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].measurementType", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].eid", "enphase_meter_*"): _LOWEST_EID,
    (documents.METERS, "[].measurementType", "enphase_meter_*"): _LOWEST_EID,
    (
        documents.INVERTERS_V1,
        "*.lastReportDate",
        "enphase_inverter_reporting",
    ): "an inverter that never reported is not reporting",
    (documents.DEVICE_DATA, "*.endDate", "enphase_inverter_reporting"): "likewise",
    (documents.DEVICE_DATA, "[].devName", "enphase_inverter_*"): _FALLBACK_LIST,
    (documents.DEVICE_DATA, "[].active", "enphase_inverter_*"): _FALLBACK_LIST,
    (documents.DEVICE_DATA, "deviceCount", "enphase_inverter_*"): _FALLBACK_LIST,
    (documents.DEVICE_DATA, "deviceDataLimit", "enphase_inverter_*"): _FALLBACK_LIST,
    (
        documents.INVENTORY,
        "*.last_rpt_date",
        "enphase_inverter_reporting",
    ): "an inverter that never reported is not reporting",
    (documents.INVERTERS_V1, "*", "enphase_inverter_last_report_timestamp_seconds"): _FROM_INVENTORY,
    (documents.INVERTERS_V1, "*", "enphase_inverter_reporting"): _FROM_INVENTORY,
    (documents.DEVICE_DATA, "*", "enphase_inverter_last_report_timestamp_seconds"): _FROM_INVENTORY,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[]", "enphase_battery_*"): _COUNT,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[]", "enphase_storage_power_watts"): _COUNT,
    (
        documents.ENSEMBLE_INVENTORY,
        "[]",
        "enphase_storage_*",
    ): "without IQ batteries the AC batteries are the only storage",
    (
        documents.INVENTORY,
        "*.device_status.[]",
        "enphase_inverter_status_flag",
    ): "a flag that the list does not contain is 0",
    (documents.GENERATOR_CONFIG, "", "enphase_generator_*"): "any document that is not empty means a generator",
    (
        documents.TARIFF,
        "tariff.*.id",
        "enphase_tariff_*",
    ): "a period without an id has none as a label, and a second one with this id becomes the first",
}
"""Families that correctly expose another value when a place is missing."""

NOT_MISSING = {
    (documents.PRODUCTION_JSON, "storage"): "an unreadable list does not mean that AC batteries are absent",
    (documents.INVERTERS_V1, "[].devType"): "firmware without this field lists only inverters; null is not an inverter",
}
"""Places where an invalid value is not the same as a missing one."""

DESCRIBING_LABELS = frozenset(
    ("enphase_tariff_price_per_kilowatt_hour", "enphase_tariff_period_start_seconds", "enphase_network_interface_")
)
"""Families with descriptive labels, which may be empty."""

COMPUTED = frozenset(
    (
        *("enphase_inverter_power_watts", "enphase_inverter_reactive_power_volt_amperes_reactive"),
        *("enphase_battery_power_watts", "enphase_battery_unit_power_watts", "enphase_storage_power_watts"),
        *("enphase_storage_available_energy_joules", "enphase_gateway_clock_offset_seconds"),
        *("enphase_enpower_temperature_celsius", "enphase_tariff_price_per_kilowatt_hour"),
    )
)
"""Families computed from several fields, or not by a factor."""

SUMS = frozenset(
    (
        "enphase_battery_power_watts",
        "enphase_battery_units",
        "enphase_storage_power_watts",
        "enphase_storage_charge_ratio",
        "enphase_storage_available_energy_joules",
        "enphase_storage_capacity_joules",
    )
)
"""Absent if an item of the list is unreadable: it may be a battery, and a sum without it would be wrong."""

UNITS = (1.0, 3600.0, 3.6e6, 1000.0, 60.0, 604800.0, 0.001, 0.01)
"""Possible factors, if the value before does not show the factor."""


def has_side_effects(mutation: Mutation) -> bool:
    return _below(mutation.endpoint, mutation.path, mutation.before, SIDE_EFFECTS)


def has_fallback(mutation: Mutation, family: str) -> bool:
    of_family = {(endpoint, place) for endpoint, place, name in FALLBACKS if fnmatchcase(family, name)}
    return _below(mutation.endpoint, mutation.path, mutation.before, of_family)


def is_not_as_if_missing(mutation: Mutation) -> bool:
    return (mutation.endpoint, mutation.pattern) in NOT_MISSING


def has_describing_labels(family: str) -> bool:
    return family.endswith("_info") or any(
        family.startswith(describing_label) for describing_label in DESCRIBING_LABELS
    )


def _below(endpoint: str, path: Path, before: Json, listed: object) -> bool:
    """Whether the place, or one below it, is listed."""
    assert isinstance(listed, dict | set)
    required = [place.replace("[]", "#") for of, place in listed if of == endpoint]
    if not required:
        return False
    below = {pattern((*path, *more)).replace("[]", "#") for more, _ in places(before)}
    return any(fnmatchcase(place, item) for place in below for item in required)
