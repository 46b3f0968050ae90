"""Where more hangs on a place than the samples that name it in their HELP, each with the reason.

Places are as `pattern()` writes them: `[]` is any place of a list, and any number that is a key. `*` is any key.
"""

from fnmatch import fnmatchcase

from envoy_exporter import documents
from envoy_exporter.documents import Json
from fuzz.mutations import Mutation, Path, pattern, places

_CLOCK = frozenset(
    ("production", "meters", "inverters", "batteries", "controller", "iq_relay", "tariff", "network", "livedata")
)
LOOKS = {
    # the gateway's clock says what is too old, or of the future; the firmware which documents there are
    documents.INFO: _CLOCK | {"installer"},
    documents.HOME_JSON: frozenset(("identity",)),
    documents.INVENTORY: frozenset(("batteries", "iq_relay", "layout")),  # of its guests, by what it lists
    documents.DEVICE_DATA: frozenset(("batteries", "iq_relay", "layout")),
    documents.INVERTERS_V1: frozenset(("layout",)),
    documents.PRODUCTION: frozenset(("livedata",)),
}
"""Who looks into a document beyond those that the table of endpoints calls its readers."""

_NAMES = "it names the device, without which nothing is told of it"
_TELLS = "it tells what the device is, without which nothing is told of it"
_GATE = "the rest means something only while it says so"
_AGE = "what is said of now is left out of a report that is too old, or of an unknown age"
_COUNTED = "without a device, or with only zeros, nothing is told of the rest"
_HELD = "a day is held against the lifetime, a week against both"

MORE = {
    (documents.INFO, "device.software"): "the firmware decides how the documents are read",
    (documents.INFO, "device.imeter"): "whether there are CTs decides what is the source of production",
    (documents.INFO, "time"): _AGE,
    (documents.TARIFF, "tariff.currency.code"): "a price is told with its currency",
    (documents.TARIFF, "tariff.*.id"): "a price is told with its season, day, period and tier",
    (documents.INVERTERS_V1, "[].devType"): _TELLS,
    (documents.INVERTERS_V1, "[].serialNumber"): _NAMES,
    (documents.INVERTERS_V1, "[].lastReportDate"): _AGE,
    (documents.HOME, "comm.*num"): _COUNTED,
    (documents.HOME_JSON, "comm.*num"): _COUNTED,
    (documents.HOME, "network.interfaces.[].interface"): _NAMES,
    (documents.HOME_JSON, "network.interfaces.[].interface"): _NAMES,
    (documents.HOME, "network.interfaces.[].type"): "an interface is told with its type",
    (documents.HOME_JSON, "network.interfaces.[].type"): "an interface is told with its type",
    (documents.HOME, "wireless_connection.[].type"): _NAMES,
    (documents.HOME_JSON, "wireless_connection.[].type"): _NAMES,
    (documents.INVENTORY, "[].type"): _TELLS,
    (documents.INVENTORY, "[].devices.[].serial_num"): _NAMES,
    (documents.INVENTORY, "[].devices.[].admin_state"): "a removed device is told of no more",
    (documents.INVENTORY, "[].devices.[].percentFull"): "an AC battery is one that says how full it is",
    (documents.ENSEMBLE_INVENTORY, "[].type"): _TELLS,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[].serial_num"): _NAMES,
    (documents.ENSEMBLE_INVENTORY, ""): "before it has told of IQ batteries, nothing is told of all batteries",
    (documents.ENSEMBLE_POWER, "devices:.[].serial_num"): _NAMES,
    (documents.DRY_CONTACTS, "dry_contacts.[].id"): _NAMES,
    (documents.DRY_CONTACT_SETTINGS, "dry_contacts.[].id"): _NAMES,
    (documents.DRY_CONTACT_SETTINGS, "dry_contacts.[].type"): "NONE is a relay that nobody uses",
    (documents.LIVE_DATA, "connection.sc_stream"): _GATE,
    (documents.LIVE_DATA, "meters.last_update"): _AGE,
    (documents.LIVE_DATA, "meters.phase_count"): "no more phases are told than are wired",
    (documents.LIVE_DATA, "meters.is_split_phase"): "no more phases are told than are wired",
    (documents.LIVE_DATA, "meters.*_ph_[!a]_m*"): "HELP has it for short: _b_, _c_",
    (documents.METERS, "[].eid"): _NAMES,
    (documents.METERS, "[].measurementType"): _TELLS,
    (documents.METERS, "[].state"): _GATE,
    (documents.METERS, "[].phaseCount"): "no more phases are told than are wired",
    (documents.METER_READINGS, "[].eid"): _NAMES,
    (documents.DEVICE_DATA, "[].devName"): _TELLS,
    (documents.DEVICE_DATA, "[].sn"): _NAMES,
    (documents.DEVICE_DATA, "[].active"): "a removed device is told of no more",
    (documents.DEVICE_DATA, "[].channels.[].lastReading.endDate"): _AGE,
    (documents.DEVICE_DATA, "deviceDataLimit"): "a full list leaves devices out, and the short one has them all",
    (documents.DEVICE_DATA, "deviceCount"): "a full list leaves devices out, and the short one has them all",
    (documents.PDM_ENERGY, "*wattHours*"): _COUNTED,
    (documents.PDM_ENERGY, "*wattsNow"): _COUNTED,
    (documents.PLC_STATUS, "counters.*"): _COUNTED,
    (documents.PLC_STATUS, "pcu.*"): "a table: each column hangs on its name",
    (documents.DYNAMIC_EXPORT_LIMIT, "dynamic_pel_settings.enable"): _GATE,
    (documents.EXPORT_LIMIT, "PEL"): _GATE,
    (documents.EXPORT_LIMIT, "percent"): "it tells of what the limit is",
    (documents.EXPORT_LIMIT, "apparent"): "it tells of what the limit is",
    (documents.GRID_PROFILE, "selected_profile"): _NAMES,
    (documents.GENERATOR_CONFIG, "*"): "an empty one is no generator",
    (documents.PRODUCTION_JSON, "*activeCount"): _GATE,
    (documents.PRODUCTION_JSON, "*.[].type"): _TELLS,
    (documents.PRODUCTION_JSON, "*.[].measurementType"): _TELLS,
    (documents.PRODUCTION_JSON, "storage.[].percentFull"): "an AC battery is one that says how full it is",
    (documents.PRODUCTION_JSON, "storage.[].readingTime"): _AGE,
    (documents.PRODUCTION_JSON, "*whLifetime"): _HELD,
    (documents.PRODUCTION_JSON, "*whToday"): _HELD,
    (documents.PRODUCTION, "*whLifetime"): _HELD,
    (documents.PRODUCTION, "*whToday"): _HELD,
    (documents.PRODUCTION, "*activeCount"): _GATE,
    (documents.PRODUCTION, "*.[].type"): _TELLS,
    (documents.PRODUCTION, "*.[].measurementType"): _TELLS,
    (documents.PRODUCTION_V1, "*"): "all zero is no source, and without an eim something else is",
}
"""Places on which more hangs than what they say themselves."""

_SOURCE = "another register is the site's production then, and its label `source` says so"
_UNITS = "without a storage CT it is the sum of the units, and its label `source` says so"
_SHORT = "without a whole list the short one has the inverters"
_ELSEWHERE = "of an inverter that its list does not name, the inventory says when it reported"
_UNCOUNTED = "who is not listed is not counted"
_UNHELD = "a load is refused for what its net entry says, and believed where that says nothing"
_BARE = "of several meters of a type the lowest eid keeps the bare name"

ELSE = {
    (documents.PRODUCTION_JSON, "production", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].type", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].activeCount", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_JSON, "production.[].whLifetime", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION, "production", "enphase_production_*"): _SOURCE,
    (documents.PRODUCTION_V1, "wattHours*", "enphase_production_*"): _SOURCE,
    **{
        (site, field, f"enphase_*_energy_{span}_joules"): "what it is held against is missing, so that it is believed"
        for site in (documents.PRODUCTION_JSON, documents.PRODUCTION, documents.PRODUCTION_V1, documents.PDM_ENERGY)
        for field in ("*hLifetime", "*HoursLifetime", "*hToday", "*HoursToday")
        for span in ("today", "last_week")
    },
    (documents.PRODUCTION_JSON, "consumption.[].measurementType", "enphase_consumption_*"): _UNHELD,
    (documents.PRODUCTION_JSON, "consumption.[].whLifetime", "enphase_consumption_*"): _UNHELD,
    (documents.METERS, "[].eid", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].state", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].measurementType", "enphase_production_*"): _SOURCE,
    (documents.METERS, "[].eid", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].state", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].measurementType", "enphase_storage_power_watts"): _UNITS,
    (documents.METERS, "[].eid", "enphase_meter_*"): _BARE,
    (documents.METERS, "[].measurementType", "enphase_meter_*"): _BARE,
    (documents.INVERTERS_V1, "*.lastReportDate", "enphase_inverter_reporting"): "who never reported is not reporting",
    (documents.DEVICE_DATA, "*.endDate", "enphase_inverter_reporting"): "likewise",
    (documents.DEVICE_DATA, "[].devName", "enphase_inverter_*"): _SHORT,
    (documents.DEVICE_DATA, "[].active", "enphase_inverter_*"): _SHORT,
    (documents.DEVICE_DATA, "deviceCount", "enphase_inverter_*"): _SHORT,
    (documents.DEVICE_DATA, "deviceDataLimit", "enphase_inverter_*"): _SHORT,
    (documents.INVENTORY, "*.last_rpt_date", "enphase_inverter_reporting"): "who never reported is not reporting",
    (documents.INVERTERS_V1, "*", "enphase_inverter_last_report_timestamp_seconds"): _ELSEWHERE,
    (documents.INVERTERS_V1, "*", "enphase_inverter_reporting"): _ELSEWHERE,
    (documents.DEVICE_DATA, "*", "enphase_inverter_last_report_timestamp_seconds"): _ELSEWHERE,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[]", "enphase_battery_*"): _UNCOUNTED,
    (documents.ENSEMBLE_INVENTORY, "[].devices.[]", "enphase_storage_power_watts"): _UNCOUNTED,
    (documents.ENSEMBLE_INVENTORY, "[]", "enphase_storage_*"): "without IQ batteries the AC ones are all there are",
    (documents.INVENTORY, "*.device_status.[]", "enphase_inverter_status_flag"): "what a list does not name is 0",
    (documents.GENERATOR_CONFIG, "", "enphase_generator_*"): "any that is not empty is a generator",
    (documents.TARIFF, "tariff.*.id", "enphase_tariff_*"): "who has no id is unnamed, and a second filler the first",
}
"""Where a family says something else when a place is missing, and rightly so."""

NOT_MISSING = {
    (documents.PRODUCTION_JSON, "storage"): "a list that cannot be read does not say that there are no AC batteries",
    (documents.INVERTERS_V1, "[].devType"): "firmware that does not say it lists nothing else; null is no inverter",
}
"""Where a wrong value is not as if it were missing."""

LABELLED = frozenset(
    ("enphase_tariff_price_per_kilowatt_hour", "enphase_tariff_period_start_seconds", "enphase_network_interface_")
)
"""Families with labels that describe, and may be missing."""

RECKONED = frozenset(
    (
        *("enphase_inverter_power_watts", "enphase_inverter_reactive_power_volt_amperes_reactive"),
        *("enphase_battery_power_watts", "enphase_battery_unit_power_watts", "enphase_storage_power_watts"),
        *("enphase_storage_available_energy_joules", "enphase_gateway_clock_offset_seconds"),
        *("enphase_enpower_temperature_celsius", "enphase_tariff_price_per_kilowatt_hour"),
    )
)
"""Families that are reckoned from more than one field, or in another way than by a factor."""

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
"""Absent when something in the list cannot be read: that may be a battery, and a sum without it another number."""

UNITS = (1.0, 3600.0, 3.6e6, 1000.0, 60.0, 604800.0, 0.001, 0.01)
"""What a number is multiplied with, where its value before does not tell."""


def more_hangs_on(mutation: Mutation) -> bool:
    return _below(mutation.endpoint, mutation.path, mutation.before, MORE)


def something_else_speaks(mutation: Mutation, family: str) -> bool:
    of_family = {(endpoint, place) for endpoint, place, name in ELSE if fnmatchcase(family, name)}
    return _below(mutation.endpoint, mutation.path, mutation.before, of_family)


def is_not_as_if_missing(mutation: Mutation) -> bool:
    return (mutation.endpoint, mutation.pattern) in NOT_MISSING


def is_labelled(family: str) -> bool:
    return family.endswith("_info") or any(family.startswith(each) for each in LABELLED)


def _below(endpoint: str, path: Path, before: Json, listed: object) -> bool:
    """Is the place listed, or one that stands in it."""
    assert isinstance(listed, dict | set)
    wanted = [place.replace("[]", "#") for of, place in listed if of == endpoint]
    if not wanted:
        return False
    below = {pattern((*path, *more)).replace("[]", "#") for more, _ in places(before)}
    return any(fnmatchcase(place, each) for place in below for each in wanted)
