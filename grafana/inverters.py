"""PromQL of inverters: which are selected, their names, and their energy relative to their neighbours."""

import palette
from field_options import steps
from queries import metric

NO_REPORTS = "No inverter reports"
NO_DETAILS = "The gateway does not report inverter details"
NO_RULES = "No data yet, or no rules of prometheus/rules"
NO_PEAK_POWER = "No peak power in the exporter's config"

ARRAY = 'array=~"$array"'
IN_DAYLIGHT = f"and on (job, instance) {metric('instance:enphase_daylight:bool')} == 1"
INVERTER = "on (job, instance, serial)"
REPORTING = metric("enphase_inverter_reporting")
LAST_KNOWN_REPORT = (
    f"({metric('enphase_inverter_last_report_timestamp_seconds')} or {INVERTER} "
    f"last_over_time({metric('inverter:enphase_inverter_last_report_timestamp_seconds:hour')}[30d]))"
)
"""In seconds, also after a restart of the gateway, which loses the report dates of its inverters."""
EXPECTED = (
    f"(({REPORTING} == 1 or {INVERTER} ({REPORTING} and {INVERTER} time() - {LAST_KNOWN_REPORT} <= 2592000))"
    f" unless {INVERTER} {metric('enphase_inverter_active')} == 0)"
)
"""Listed, not removed, and with a report within 30 days: the inverters that EnphaseInverterSilent covers."""
POWER = metric("enphase_inverter_power_watts")
PEAK_POWER = metric("enphase_inverter_peak_power_watts")
RATIO = metric("inverter:enphase_inverter_power_ratio:of_median")
MEDIAN = metric("array:enphase_inverter_power_watts:median")
WITH_ARRAY = metric("inverter:enphase_inverter_peak_power_watts")

# A missing label is "": All includes inverters without an array, a selected array only its own.
INVERTER_LABELS = (
    "label_replace(label_replace("
    f"topk by (job, instance, serial) (1, {metric('enphase_inverter_layout_info', ARRAY)})"
    f" or {INVERTER} group by (job, instance, serial) ({metric('enphase_inverter_reporting', ARRAY)})"
    ', "inverter", "$1", "serial", "(.+)"), "inverter", "$1", "name", "(.+)")'
)
"""Each selected inverter once, even if its name has changed: `inverter` is its name, else its serial."""


def with_labels(expression: str) -> str:
    """The expression for inverters of the selected arrays, with the labels `inverter` and `array`."""
    return f"({expression}) * {INVERTER} group_left (inverter, array) {INVERTER_LABELS}"


def one_per_serial(expression: str) -> str:
    """One series for each serial, although its array may have changed its name."""
    return f"max by (job, instance, serial) ({expression})"


# Weighted by energy, so that noon counts more than dawn. An inverter that did not report while its neighbours did gets
# no energy for that time. Only for its present array: otherwise an evening without a layout would compare a western
# panel with all panels.
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
    """The sum by array; inverters without an array are "no array"."""
    return f'label_replace(sum by (array) ({with_labels(expression)}), "array", "no array", "array", "")'


def two_digits(expression: str, label: str) -> str:
    """The label with two digits, so that 10 sorts after 9."""
    return f'label_replace({expression}, "{label}", "0$1", "{label}", "([0-9])")'


LAYOUT = metric("enphase_inverter_layout_info", ARRAY, 'row!=""', 'column!=""')
POSITIONS = two_digits(two_digits(f"topk by (job, instance, serial) (1, {LAYOUT})", "row"), "column")
RATIO_BY_POSITION = f"({RATIO_TO_NEIGHBOURS}) * {INVERTER} group_left (row, column) {POSITIONS}"

SHARES = steps((0, palette.BAD), (0.7, palette.WARNING), (0.85, palette.GOOD), below=palette.NOTHING)
NEIGHBOURS = (
    "Neighbours are the inverters of the same array, or all of the gateway if the config has no arrays (then panels "
    "that face elsewhere look low)"
)
