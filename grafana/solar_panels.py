"""Each solar panel compared with its neighbours: layout, low and silent inverters, and what inverters measure."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import palette
import variables
from charts import number
from dashboard import new_dashboard
from field_options import COLOUR_BY_STEPS, field_unit, steps, value_mapping
from inverters import (
    COMMUNICATING,
    EXPECTED,
    FLAGS,
    IN_DAYLIGHT,
    INVERTER,
    KILOWATT_HOURS,
    LAST_KNOWN_REPORT,
    LAST_REPORT,
    LISTED,
    NEIGHBOURS,
    NO_REPORTS,
    PEAK_POWER,
    POWER,
    RATIO_BY_POSITION,
    RATIO_OF_WEEK,
    RATIO_TO_NEIGHBOURS,
    SHARES,
    with_labels,
)
from palette import NameAndColour
from placement import Row
from queries import Query, metric
from solar_panel_details import ARRAYS, COMPARISON, MEASUREMENTS, REPORTS
from table_panels import matrix, table_panel

YES_OR_NO: dict[float, NameAndColour] = {1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)}

NOW = Row(
    "Now",
    (
        number(
            "Inverters not reporting in daylight",
            "Inverters whose last report is too old while others produce; the table below lists them. At night no "
            "inverter reports, which is normal. Inverters that were removed, that last reported more than 30 days ago "
            "or that have never reported are not counted.",
            [
                Query(
                    f"sum({with_labels(f'({EXPECTED} == bool 0) {IN_DAYLIGHT}')})"
                    f" or -1 * group({metric('instance:enphase_daylight:bool')} == 0)"
                )
            ],
            unit=units.NoUnit,
            size=(6, 4),
            empty="No inverters",
        )
        .mappings(
            [value_mapping({-1: NameAndColour("night", palette.NEUTRAL), 0: NameAndColour("none", palette.GOOD)})]
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Underperforming this week",
            "Inverters that produced less than 85 % of the energy of their neighbours in seven days, relative to the "
            f"peak power of their panels if the config has it. {NEIGHBOURS}. It is computed once a day, after "
            "midnight, and for a new inverter after some days.",
            [Query(f"count({with_labels(RATIO_OF_WEEK)} < 0.85) or 0 * count({with_labels(RATIO_OF_WEEK)})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="No data yet",
        )
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.WARNING))),
        number(
            "Missing inverters",
            "Inverters of the config that the gateway does not list, or lists as removed; the table below names them. "
            "It needs a layout in the config.",
            [Query(f"sum({with_labels(f'{LISTED} == bool 0')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="No layout in the config",
        )
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Production of peak power",
            "Production of the reporting panels as a share of their peak power: W per Wp. The peak power is that of "
            "the config. More than 100 % is possible for minutes, at the edge of a cloud.",
            [
                Query(
                    f"sum({with_labels(f'{POWER} and {INVERTER} {PEAK_POWER}')})"
                    f" / (sum({with_labels(f'{PEAK_POWER} and {INVERTER} {POWER}')}) > 0)",
                    colour=palette.SOLAR,
                )
            ],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="No peak power",
        ),
    ),
)

MAP = Row(
    "Layout",
    (
        matrix(
            "Layout: $array",
            "Each panel at its row and column, with its energy in the selected time range as a share of the median of "
            "its array, relative to the peak power if the config has it: 100 % is the median, 0 % is an inverter "
            "that did not report. A corner that is low every day probably has a shadow; a single low panel, dirt or a "
            "fault. Empty if the config has no rows and columns (docs/layout.md); the list below needs none. If two "
            "gateways have an array of the same name, select one at the top.",
            Query(f"sort(min by (row, column) ({RATIO_BY_POSITION}))"),
            row="row",
            column="column",
            unit=units.PercentUnit,
            size=(24, 9),
            empty="No panel of this array has a row and a column, or there was no production; the list below has all "
            "panels",
        )
        .decimals(0)
        .thresholds(SHARES)
        .repeat("array")
        .repeat_direction("h")
        .max_per_row(2),
    ),
)

LIST = Row(
    "Panels",
    (
        table_panel(
            "Panels, the lowest first",
            "In the selected time range: the energy of each panel, and its share of the median of its neighbours, "
            f"relative to the peak power if the config has it. {NEIGHBOURS}. The week is the last seven whole days. "
            "Reports arrive every 5 to 15 minutes, and not at night. A panel is named by its name in the config, else "
            "by the serial of its inverter.",
            [
                Query(f"sort({with_labels(RATIO_TO_NEIGHBOURS)})"),
                Query(with_labels(KILOWATT_HOURS)),
                Query(with_labels(RATIO_OF_WEEK)),
                Query(with_labels(POWER)),
                Query(with_labels(LAST_REPORT)),
            ],
            columns={
                "inverter": "Panel",
                "Value #A": "Of neighbours",
                "Value #B": "Energy",
                "Value #C": "Week",
                "Value #D": "Now",
                "Value #E": "Last report",
                "array": "Array",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.PercentUnit,
            size=(24, 12),
            empty=NO_REPORTS,
        )
        .decimals(0)
        .override_by_name("Of neighbours", field_unit(units.PercentUnit, colours=SHARES))
        .override_by_name("Energy", [*field_unit(units.KiloWattHour), DynamicConfigValue("decimals", 2)])
        .override_by_name("Week", field_unit(units.PercentUnit, colours=SHARES))
        .override_by_name("Now", field_unit(units.Watt))
        .override_by_name("Last report", field_unit(units.DateTimeFromNow))
        .sort_by([part.TableSortByFieldState().display_name("Of neighbours").desc(desc=False)]),
    ),
)

FAULTS = Row(
    "Errors",
    (
        table_panel(
            "Inverters not reporting in daylight, and missing",
            "Inverters that do not report while others produce, with the last report, and whether the gateway "
            "communicates with them now; and inverters of the config that the gateway does not list. If one alone "
            "does not report: its connector or the inverter. If several on one cable: a circuit breaker. At night, "
            "inverters that do not report are not listed.",
            [
                Query(with_labels(f"1000 * {LAST_KNOWN_REPORT} and {INVERTER} {EXPECTED} == 0 {IN_DAYLIGHT}")),
                Query(with_labels(f"{LISTED} == 0")),
                Query(with_labels(f"{COMMUNICATING} and {INVERTER} {EXPECTED} == 0 {IN_DAYLIGHT}")),
            ],
            columns={
                "inverter": "Panel",
                "Value #A": "Last report",
                "Value #C": "Communicating",
                "Value #B": "Missing",
                "array": "Array",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.DateTimeFromNow,
            size=(12, 8),
            empty="No missing or silent inverters",
        )
        .override_by_name("Missing", field_unit(units.NoUnit, values={0: NameAndColour("not listed", palette.BAD)}))
        .override_by_name("Communicating", field_unit(units.NoUnit, values=YES_OR_NO)),
        table_panel(
            "Status flags in daylight",
            "Status flags of inverters in daylight, and for how many seconds of the last report an inverter could not "
            "convert. dc-pwr-low and dcvoltagetoolow mean too little light on this panel: at dawn all inverters have "
            "them. Firmware below 4 reports no flags.",
            [
                Query(with_labels(f"{FLAGS} == 1 {IN_DAYLIGHT}")),
                Query(with_labels(f"{metric('enphase_inverter_conversion_error_seconds')} > 0 {IN_DAYLIGHT}")),
            ],
            columns={
                "inverter": "Panel",
                "flag": "Flag",
                "Value #B": "Not converting",
                "array": "Array",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.Seconds,
            size=(12, 8),
            empty="No inverter has raised a flag",
        ),
    ),
)


def dashboard() -> Dashboard:
    return new_dashboard(
        "Panels",
        __doc__ or "",
        [NOW, MAP, LIST, FAULTS, COMPARISON, ARRAYS, MEASUREMENTS, REPORTS],
        more_variables=[variables.array()],
    )
