"""PromQL of inverters: which of them, how they are called, and what they are beside their neighbours."""

import palette
from field_options import steps
from queries import metric

NO_REPORTS = "No inverter reports"
NO_DETAILS = "This gateway tells the power of its inverters and nothing else"
NO_RULES = "Nothing recorded yet, or the rules of prometheus/rules are not loaded"
NO_PEAK_POWER = "The config of the exporter tells no panel's peak power"

ARRAY = 'array=~"$array"'
IN_DAYLIGHT = f"and on (job, instance) {metric('instance:enphase_daylight:bool')} == 1"
INVERTER = "on (job, instance, serial)"
REPORTING = metric("enphase_inverter_reporting")
LAST_KNOWN_REPORT = (
    f"({metric('enphase_inverter_last_report_timestamp_seconds')} or {INVERTER} "
    f"last_over_time({metric('inverter:enphase_inverter_last_report_timestamp_seconds:hour')}[30d]))"
)
"""In seconds, also after a restart of the gateway, which forgets when its inverters reported."""
EXPECTED = (
    f"(({REPORTING} == 1 or {INVERTER} ({REPORTING} and {INVERTER} time() - {LAST_KNOWN_REPORT} <= 2592000))"
    f" unless {INVERTER} {metric('enphase_inverter_active')} == 0)"
)
"""Listed, not removed, and heard within 30 days: the inverters that EnphaseInverterSilent is about."""
POWER = metric("enphase_inverter_power_watts")
PEAK_POWER = metric("enphase_inverter_peak_power_watts")
RATIO = metric("inverter:enphase_inverter_power_ratio:of_median")
MEDIAN = metric("array:enphase_inverter_power_watts:median")
WITH_ARRAY = metric("inverter:enphase_inverter_peak_power_watts")

# A label that is not there is "": All sides have those without a layout too, and one side has its own alone.
INVERTER_LABELS = (
    "label_replace(label_replace("
    f"topk by (job, instance, serial) (1, {metric('enphase_inverter_layout_info', ARRAY)})"
    f" or {INVERTER} group by (job, instance, serial) ({metric('enphase_inverter_reporting', ARRAY)})"
    ', "inverter", "$1", "serial", "(.+)"), "inverter", "$1", "name", "(.+)")'
)
"""Each selected inverter once, whatever its name was before: `inverter` is its name on the roof, else its serial."""


def with_labels(expression: str) -> str:
    """Of the selected sides, with the labels `inverter` and `array`."""
    return f"({expression}) * {INVERTER} group_left (inverter, array) {INVERTER_LABELS}"


def one_per_serial(expression: str) -> str:
    """One of a serial, though its array had another name in between."""
    return f"max by (job, instance, serial) ({expression})"


# By energy, so that noon counts for more than dawn. Who said nothing while his neighbours did has nothing of it. Only
# of the side that it is on now: an evening without a layout would set a western panel against the whole roof.
MEDIAN_SUM = f"sum_over_time(({MEDIAN} and on (job, instance, array) {RATIO})[$__range:5m])"
RATIO_TO_NEIGHBOURS = (
    one_per_serial(
        f"sum_over_time(({RATIO} * on (job, instance, array) group_left () {MEDIAN})[$__range:5m])"
        f" / on (job, instance, array) group_left () {MEDIAN_SUM}"
        f" and on (job, instance, serial, array) {WITH_ARRAY}"
    )
    + f" or {INVERTER} 0 * {one_per_serial(REPORTING)} and on (job, instance) {MEDIAN_SUM}"
)
RATIO_OF_WEEK = one_per_serial(f"last_over_time({metric('inverter:enphase_inverter_performance_ratio:7d')}[26h])")
KILOWATT_HOURS = f"sum_over_time({POWER}[$__range:5m]) / 12000"
LISTED = metric("enphase_inverter_listed")
COMMUNICATING = metric("enphase_inverter_communicating")
FLAGS = metric("enphase_inverter_status_flag", 'flag!="envoy.global.ok"')
KILOWATT_HOURS_BY_DAY = metric("inverter:enphase_inverter_kilowatt_hours:day")
LAST_REPORT = f"1000 * {metric('enphase_inverter_last_report_timestamp_seconds')}"


def by_array(expression: str) -> str:
    """Added up; what has no side is called so."""
    return f'label_replace(sum by (array) ({with_labels(expression)}), "array", "no side", "array", "")'


def two_digits(expression: str, label: str) -> str:
    """In two digits, so that 10 comes after 9."""
    return f'label_replace({expression}, "{label}", "0$1", "{label}", "([0-9])")'


LAYOUT = metric("enphase_inverter_layout_info", ARRAY, 'row!=""', 'column!=""')
POSITIONS = two_digits(two_digits(f"topk by (job, instance, serial) (1, {LAYOUT})", "row"), "column")
RATIO_BY_POSITION = f"({RATIO_TO_NEIGHBOURS}) * {INVERTER} group_left (row, column) {POSITIONS}"

SHARES = steps((0, palette.BAD), (0.7, palette.WARNING), (0.85, palette.GOOD), below=palette.NOTHING)
NEIGHBOURS = (
    "Neighbours are the inverters of its side of the roof, or all of the gateway where the config tells no sides (then "
    "those that face elsewhere look weak)"
)
