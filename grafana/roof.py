"""Does each panel do what its neighbours do: the roof, who is weak, who is silent, and what the inverters measure."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import palette
import variables
from board import board
from charts import BY_STEPS, bands, column, days, lines, matrix, named, number, rows, steps
from layout import Row
from palette import Thing
from queries import Query, metric

NO_REPORTS = "No inverter reports"
NO_DETAILS = "This gateway tells the power of its inverters and nothing else"
NO_RULES = "Nothing recorded yet, or the rules of prometheus/rules are not loaded"
NO_PEAK_POWER = "The config of the exporter tells no panel's peak power"

SIDE = 'array=~"$array"'
BY_DAY = f"and on (job, instance) {metric('instance:enphase_daylight:bool')} == 1"
INVERTER = "on (job, instance, serial)"
LISTED = metric("enphase_inverter_reporting")
POWER = metric("enphase_inverter_power_watts")
PEAK_POWER = metric("enphase_inverter_peak_power_watts")
RATIO = metric("inverter:enphase_inverter_power_ratio:of_median")
MEDIAN = metric("array:enphase_inverter_power_watts:median")

# A label that is not there is "": All sides have those without a layout too, and one side has its own alone.
ROOF = (
    "label_replace(label_replace("
    f"topk by (job, instance, serial) (1, {metric('enphase_inverter_layout_info', SIDE)})"
    f" or {INVERTER} group by (job, instance, serial) ({metric('enphase_inverter_reporting', SIDE)})"
    ', "inverter", "$1", "serial", "(.+)"), "inverter", "$1", "name", "(.+)")'
)
"""Each selected inverter once, whatever its name was before: `inverter` is its name on the roof, else its serial."""


def on_roof(expression: str, *labels: str) -> str:
    """Of the selected sides, with the labels `inverter` and `array`."""
    more = ", ".join(("inverter", "array", *labels))
    return f"({expression}) * {INVERTER} group_left ({more}) {ROOF}"


def each(expression: str) -> str:
    """One of a serial, though its array had another name in between."""
    return f"max by (job, instance, serial) ({expression})"


# By energy, so that noon counts for more than dawn. Who said nothing while his neighbours did has nothing of it.
MEDIAN_BY_DAY = f"sum_over_time(({MEDIAN} and on (job, instance, array) {RATIO})[$__range:5m])"
OF_NEIGHBOURS = (
    each(
        f"sum_over_time(({RATIO} * on (job, instance, array) group_left () {MEDIAN})[$__range:5m])"
        f" / on (job, instance, array) group_left () {MEDIAN_BY_DAY}"
    )
    + f" or {INVERTER} 0 * {each(LISTED)} and on (job, instance) {MEDIAN_BY_DAY}"
)
OF_WEEK = each(f"last_over_time({metric('inverter:enphase_inverter_performance_ratio:7d')}[26h])")
KILOWATT_HOURS = f"sum_over_time({POWER}[$__range:5m]) / 12000"
GONE = metric("enphase_inverter_listed")
HEARD = metric("enphase_inverter_communicating")
FLAGS = metric("enphase_inverter_status_flag", 'flag!="envoy.global.ok"')
DAY = metric("inverter:enphase_inverter_kilowatt_hours:day")
LAST_REPORT = f"1000 * {metric('enphase_inverter_last_report_timestamp_seconds')}"


def by_side(expression: str) -> str:
    """Added up; what has no side is called so."""
    return f'label_replace(sum by (array) ({on_roof(expression)}), "array", "no side", "array", "")'


def position(expression: str, label: str) -> str:
    """In two digits, so that 10 comes after 9."""
    return f'label_replace({expression}, "{label}", "0$1", "{label}", "([0-9])")'


LAYOUT = metric("enphase_inverter_layout_info", SIDE, 'row!=""', 'column!=""')
PLACE = position(position(f"topk by (job, instance, serial) (1, {LAYOUT})", "row"), "column")
AT_ITS_PLACE = f"({OF_NEIGHBOURS}) * {INVERTER} group_left (row, column) {PLACE}"

SHARES = steps((0, palette.BAD), (0.7, palette.WARNING), (0.85, palette.GOOD), below=palette.NOTHING)
NEIGHBOURS = (
    "Neighbours are the inverters of its side of the roof, or all of the gateway where the config tells no sides (then "
    "those that face elsewhere look weak)"
)
YES_OR_NO: dict[float, Thing] = {1: Thing("yes", palette.GOOD), 0: Thing("no", palette.BAD)}

NOW = Row(
    "Now",
    (
        number(
            "Silent by day",
            "Inverters whose last report is too old, while others produce; they stand below. By night all are silent, "
            "which is no fault.",
            [
                Query(
                    f"sum({on_roof(f'({LISTED} == bool 0) {BY_DAY}')})"
                    f" or -1 * group({metric('instance:enphase_daylight:bool')} == 0)"
                )
            ],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known",
        )
        .mappings([named({-1: Thing("night", palette.NEUTRAL), 0: Thing("none", palette.GOOD)})])
        .color_scheme(BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Weak this week",
            "Inverters that made less than 85 % of what their neighbours made in the last seven days, by the peak "
            f"power of their panels where the config tells it. {NEIGHBOURS}. It is reckoned once a day, at midnight; a "
            "new inverter is weak until it has its week.",
            [Query(f"count({on_roof(OF_WEEK)} < 0.85) or 0 * count({on_roof(OF_WEEK)})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known yet",
        )
        .mappings([named({0: Thing("none", palette.GOOD)})])
        .color_scheme(BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.WARNING))),
        number(
            "Gone",
            "Inverters of the config that the gateway does not list, or lists as removed; they stand below. Without a "
            "roof in the config nobody is missed.",
            [Query(f"sum({on_roof(f'{GONE} == bool 0')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="no roof in the config",
        )
        .mappings([named({0: Thing("none", palette.GOOD)})])
        .color_scheme(BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Of peak power",
            "What the panels that report produce, as a share of their peak power: W for each Wp. The peak power is the "
            "config's. Above 100 % is possible for minutes, at the edge of a cloud.",
            [
                Query(
                    f"sum({on_roof(f'{POWER} and {INVERTER} {PEAK_POWER}')})"
                    f" / (sum({on_roof(f'{PEAK_POWER} and {INVERTER} {POWER}')}) > 0)",
                    colour=palette.SOLAR,
                )
            ],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="not known",
        ),
    ),
)

MAP = Row(
    "Roof",
    (
        matrix(
            "Roof: $array",
            "Each panel at its row and column, with what it made in the time at the top of the page as a share of the "
            "median of its side, by peak power where the config tells it: 100 % is like the others, 0 % is silent. A "
            "corner that is low every day has a shadow; one panel alone, dirt or a fault. Empty where the config tells "
            "no rows and columns (docs/layout.md): the list below needs none. Of two gateways with a side of the same "
            "name, choose one at the top.",
            Query(f"sort(min by (row, column) ({AT_ITS_PLACE}))"),
            row="row",
            column="column",
            unit=units.PercentUnit,
            size=(24, 9),
            empty="No panel of this side has a row and a column, or nothing was produced; the list below has all",
        )
        .decimals(0)
        .thresholds(SHARES)
        .repeat("array")
        .repeat_direction("h")
        .max_per_row(2),
    ),
)

LIST = Row(
    "Panel by panel",
    (
        rows(
            "Each panel, the weakest first",
            "Of the time at the top of the page: what each made, and what share that is of the median of its "
            f"neighbours, by peak power where the config tells it. {NEIGHBOURS}. The week is that of the last seven "
            "whole days. Reports come every 5 to 15 minutes, and not by night. A panel is called by its name in the "
            "config, else by the serial of its inverter.",
            [
                Query(f"sort({on_roof(OF_NEIGHBOURS)})"),
                Query(on_roof(KILOWATT_HOURS)),
                Query(on_roof(OF_WEEK)),
                Query(on_roof(POWER)),
                Query(on_roof(LAST_REPORT)),
            ],
            columns={
                "inverter": "Panel",
                "Value #A": "Of its neighbours",
                "Value #B": "Energy",
                "Value #C": "Week",
                "Value #D": "Now",
                "Value #E": "Last report",
                "array": "Side",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.PercentUnit,
            size=(24, 12),
            empty=NO_REPORTS,
        )
        .decimals(0)
        .override_by_name("Of its neighbours", column(units.PercentUnit, colours=SHARES))
        .override_by_name("Energy", [*column(units.KiloWattHour), DynamicConfigValue("decimals", 2)])
        .override_by_name("Week", column(units.PercentUnit, colours=SHARES))
        .override_by_name("Now", column(units.Watt))
        .override_by_name("Last report", column(units.DateTimeFromNow))
        .sort_by([part.TableSortByFieldState().display_name("Of its neighbours").desc(desc=False)]),
    ),
)

WRONG = Row(
    "What is wrong",
    (
        rows(
            "Silent by day, and gone",
            "Who does not report while others produce, with its last report, and whether the gateway hears it now; and "
            "who is in the config and not in the "
            "gateway's list. One alone: its plug or the inverter. Several of one cable: a circuit breaker. By night "
            "the silent ones are not listed.",
            [
                Query(on_roof(f"{LAST_REPORT} and {INVERTER} {LISTED} == 0 {BY_DAY}")),
                Query(on_roof(f"{GONE} == 0")),
                Query(on_roof(f"{HEARD} and {INVERTER} {LISTED} == 0 {BY_DAY}")),
            ],
            columns={
                "inverter": "Panel",
                "Value #A": "Last report",
                "Value #C": "Heard",
                "Value #B": "Gone",
                "array": "Side",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.DateTimeFromNow,
            size=(12, 8),
            empty="Nobody is silent by day, nobody is gone",
        )
        .override_by_name("Gone", column(units.NoUnit, values={0: Thing("not listed", palette.BAD)}))
        .override_by_name("Heard", column(units.NoUnit, values=YES_OR_NO)),
        rows(
            "Flags by day",
            "What inverters say of themselves in daylight: flags of their status, and for how many seconds of the last "
            "report they could not convert. dc-pwr-low and dcvoltagetoolow mean too little sun at this panel: at dawn "
            "all have them. Firmware below 4 tells no flags.",
            [
                Query(on_roof(f"{FLAGS} == 1 {BY_DAY}")),
                Query(on_roof(f"{metric('enphase_inverter_conversion_error_seconds')} > 0 {BY_DAY}")),
            ],
            columns={
                "inverter": "Panel",
                "flag": "Flag",
                "Value #B": "Not converting",
                "array": "Side",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.Seconds,
            size=(12, 8),
            empty="No inverter has raised a flag",
        ),
    ),
)

COURSE = Row(
    "Through the day",
    (
        bands(
            "Each panel against its neighbours",
            "The power of each as a share of its neighbours' median at that moment, by peak power where the config "
            "tells it. Red at the same hour every day is a shadow, red all day is dirt or a fault. Nothing is drawn by "
            "night, nor of an inverter that is silent.",
            [Query(f"{on_roof(each(f'avg_over_time({RATIO}[$__interval])'))}", "{{inverter}}")],
            unit=units.PercentUnit,
            size=(24, 12),
            empty=NO_RULES,
        )
        .decimals(0)
        .thresholds(steps((-1, palette.BAD), (0.5, palette.WARNING), (0.8, palette.GOOD)))
        .interval("15m"),
        lines(
            "Power of each panel",
            "The mean of each report, so in steps of 5 to 15 minutes. A flat top below that of others is an inverter "
            "at its limit, which is no fault.",
            [Query(on_roof(POWER), "{{inverter}}")],
            unit=units.Watt,
            size=(24, 9),
            empty=NO_REPORTS,
        ),
    ),
)

SIDES = Row(
    "Sides of the roof",
    (
        lines(
            "Sides compared",
            "What the panels of each side produce as a share of their peak power: W for each Wp. It shows when each "
            "side has the sun, whatever its size.",
            [
                Query(
                    by_side(f"{POWER} and {INVERTER} {PEAK_POWER}")
                    + f" / ({by_side(f'{PEAK_POWER} and {INVERTER} {POWER}')} > 0)",
                    "{{array}}",
                )
            ],
            unit=units.PercentUnit,
            size=(12, 8),
            empty=NO_PEAK_POWER,
        ),
        days(
            "Energy of the last 30 days",
            "What each side made on each day, as its inverters count it.",
            [Query(by_side(each(f"last_over_time({DAY}[1d] offset -36h)")), "{{array}}")],
            unit=units.KiloWattHour,
            size=(12, 8),
        )
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .time_from("30d"),
        rows(
            "Sides",
            "Each side of the config: how many panels with a known peak power, how much together, where it faces (90 "
            "is east, 180 south, 270 west), and how steep it is (0 lies flat).",
            [
                Query(f"count by (instance, array) ({on_roof(PEAK_POWER)})"),
                Query(f"sum by (instance, array) ({on_roof(PEAK_POWER)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_azimuth_degrees', SIDE)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_tilt_degrees', SIDE)})"),
            ],
            columns={
                "array": "Side",
                "Value #A": "Panels",
                "Value #B": "Peak power",
                "Value #C": "Faces",
                "Value #D": "Tilt",
                "instance": "Gateway",
            },
            unit=units.Degrees,
            size=(24, 6),
            empty="The config of the exporter tells no sides",
        )
        .override_by_name("Panels", column(units.NoUnit))
        .override_by_name("Peak power", column(units.Watt)),
    ),
)


def inside(title: str, description: str, name: str, unit: str, *more: Query) -> timeseries.Panel:
    queries = [Query(on_roof(metric(name)), "{{inverter}}"), *more]
    return lines(title, description, queries, unit=unit, size=(12, 8), empty=NO_DETAILS)


INSIDE = Row(
    "What inverters measure",
    (
        inside(
            "DC voltage",
            "The voltage of each module. One that is lower than its like by a third or two thirds has lost a part of "
            "its cells: a bypass diode conducts, by a shadow or a defect.",
            "enphase_inverter_dc_voltage_volts",
            units.Volt,
        ),
        inside(
            "DC current",
            "The current of each module. It follows the sun: low current at a normal voltage is shade, dirt or snow.",
            "enphase_inverter_dc_current_amperes",
            units.Ampere,
        ),
        inside(
            "AC voltage",
            "The voltage at each inverter. It rises with the power along a cable: those at its end see the most, and "
            "switch off first when the grid is high.",
            "enphase_inverter_ac_voltage_volts",
            units.Volt,
            Query(on_roof(metric("enphase_inverter_phase_voltage_volts")), "{{inverter}} {{phase}}"),
        ),
        inside(
            "Temperature",
            "Of each inverter, under its panel: 40 degrees above the air are normal in the sun. Some firmware tells "
            "it, older firmware does not.",
            "enphase_inverter_temperature_celsius",
            units.Celsius,
        ),
    ),
)

REPORTS = Row(
    "Reports",
    (
        lines(
            "Who reports",
            "Inverters that the gateway lists, those whose report is young, and those that it hears at this moment on "
            "the power line: none by night. Of all sides.",
            [
                Query(f"count({LISTED})", "Listed", palette.NEUTRAL),
                Query(f"sum({LISTED})", "Reporting", palette.SOLAR),
                Query(f"sum({metric('enphase_communication_devices', device='pcu')})", "Heard", palette.HOME),
            ],
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_REPORTS,
        ).min(0),
        lines(
            "Signal on the power line",
            "How well the gateway hears its inverters, from 0 to 5, all together. Below 3 reports get lost: look for "
            "chargers and power supplies on the same circuit. Absent by night.",
            [Query(metric("enphase_communication_level", device="pcu"), "{{instance}}")],
            unit=units.NoUnit,
            size=(12, 8),
            empty="This gateway does not tell it",
        )
        .min(0)
        .max(5)
        .decimals(0),
        rows(
            "Inverters",
            "What is on the roof: part number, firmware, and the most power that each has ever reported. Different "
            "firmware on inverters of one part is an update that has not reached all.",
            [
                Query(on_roof(f"topk by (job, instance, serial) (1, {metric('enphase_inverter_info')})")),
                Query(on_roof(metric("enphase_inverter_max_power_watts"))),
                Query(on_roof(PEAK_POWER)),
                Query(on_roof(f"topk by (job, instance, serial) (1, {metric('enphase_inverter_phase_info')})")),
            ],
            columns={
                "inverter": "Panel",
                "part_number": "Part",
                "firmware": "Firmware",
                "Value #B": "Most ever",
                "Value #C": "Peak power",
                "phase": "Phase",
                "array": "Side",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.Watt,
            size=(24, 9),
            empty="No inverter is listed",
        ),
    ),
)


def dashboard() -> Dashboard:
    return board(
        "Panels",
        __doc__ or "",
        [NOW, MAP, LIST, WRONG, COURSE, SIDES, INSIDE, REPORTS],
        more_variables=[variables.array()],
    )
