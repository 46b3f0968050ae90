"""Does each panel do what its neighbours do: the roof, who is weak, who is silent, and what the inverters measure."""

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
            "Silent by day",
            "Inverters whose last report is too old, while others produce; they stand below. By night all are silent, "
            "which is no fault. Inverters that were removed, that have been silent for 30 days or that have never "
            "reported are not counted.",
            [
                Query(
                    f"sum({with_labels(f'({EXPECTED} == bool 0) {IN_DAYLIGHT}')})"
                    f" or -1 * group({metric('instance:enphase_daylight:bool')} == 0)"
                )
            ],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known",
        )
        .mappings(
            [value_mapping({-1: NameAndColour("night", palette.NEUTRAL), 0: NameAndColour("none", palette.GOOD)})]
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Below 85 % this week",
            "Inverters that made less than that share of what their neighbours made in seven days, by the peak "
            f"power of their panels where the config tells it. {NEIGHBOURS}. It is reckoned once a day, after "
            "midnight, and of a new inverter after some days.",
            [Query(f"count({with_labels(RATIO_OF_WEEK)} < 0.85) or 0 * count({with_labels(RATIO_OF_WEEK)})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known yet",
        )
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.WARNING))),
        number(
            "Gone",
            "Inverters of the config that the gateway does not list, or lists as removed; they stand below. Without a "
            "roof in the config nobody is missed.",
            [Query(f"sum({with_labels(f'{LISTED} == bool 0')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="no roof in the config",
        )
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD))),
        number(
            "Of peak power",
            "What the panels that report produce, as a share of their peak power: W for each Wp. The peak power is the "
            "config's. Above 100 % is possible for minutes, at the edge of a cloud.",
            [
                Query(
                    f"sum({with_labels(f'{POWER} and {INVERTER} {PEAK_POWER}')})"
                    f" / (sum({with_labels(f'{PEAK_POWER} and {INVERTER} {POWER}')}) > 0)",
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
            "corner that is low every day probably has a shadow; one panel alone, dirt or a fault. Empty where the "
            "config tells no rows and columns (docs/layout.md): the list below needs none. Of two gateways with a side "
            "of the same name, choose one at the top.",
            Query(f"sort(min by (row, column) ({RATIO_BY_POSITION}))"),
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
        table_panel(
            "Each panel, the weakest first",
            "Of the time at the top of the page: what each made, and what share that is of the median of its "
            f"neighbours, by peak power where the config tells it. {NEIGHBOURS}. The week is that of the last seven "
            "whole days. Reports come every 5 to 15 minutes, and not by night. A panel is called by its name in the "
            "config, else by the serial of its inverter.",
            [
                Query(f"sort({with_labels(RATIO_TO_NEIGHBOURS)})"),
                Query(with_labels(KILOWATT_HOURS)),
                Query(with_labels(RATIO_OF_WEEK)),
                Query(with_labels(POWER)),
                Query(with_labels(LAST_REPORT)),
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
        .override_by_name("Of its neighbours", field_unit(units.PercentUnit, colours=SHARES))
        .override_by_name("Energy", [*field_unit(units.KiloWattHour), DynamicConfigValue("decimals", 2)])
        .override_by_name("Week", field_unit(units.PercentUnit, colours=SHARES))
        .override_by_name("Now", field_unit(units.Watt))
        .override_by_name("Last report", field_unit(units.DateTimeFromNow))
        .sort_by([part.TableSortByFieldState().display_name("Of its neighbours").desc(desc=False)]),
    ),
)

FAULTS = Row(
    "What is wrong",
    (
        table_panel(
            "Silent by day, and gone",
            "Who does not report while others produce, with its last report, and whether the gateway hears it now; and "
            "who is in the config and not in the "
            "gateway's list. One alone: its plug or the inverter. Several of one cable: a circuit breaker. By night "
            "the silent ones are not listed.",
            [
                Query(with_labels(f"1000 * {LAST_KNOWN_REPORT} and {INVERTER} {EXPECTED} == 0 {IN_DAYLIGHT}")),
                Query(with_labels(f"{LISTED} == 0")),
                Query(with_labels(f"{COMMUNICATING} and {INVERTER} {EXPECTED} == 0 {IN_DAYLIGHT}")),
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
        .override_by_name("Gone", field_unit(units.NoUnit, values={0: NameAndColour("not listed", palette.BAD)}))
        .override_by_name("Heard", field_unit(units.NoUnit, values=YES_OR_NO)),
        table_panel(
            "Flags by day",
            "What inverters say of themselves in daylight: flags of their status, and for how many seconds of the last "
            "report they could not convert. dc-pwr-low and dcvoltagetoolow mean too little sun at this panel: at dawn "
            "all have them. Firmware below 4 tells no flags.",
            [
                Query(with_labels(f"{FLAGS} == 1 {IN_DAYLIGHT}")),
                Query(with_labels(f"{metric('enphase_inverter_conversion_error_seconds')} > 0 {IN_DAYLIGHT}")),
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


def dashboard() -> Dashboard:
    return new_dashboard(
        "Panels",
        __doc__ or "",
        [NOW, MAP, LIST, FAULTS, COMPARISON, ARRAYS, MEASUREMENTS, REPORTS],
        more_variables=[variables.array()],
    )
