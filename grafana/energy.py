"""How much was produced, used, bought and sold: by hour, day, month and year, against the year before, and in money."""

from grafana_foundation_sdk.builders import barchart, table, timeseries
from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import money
import variables
from charts import days, lines
from dashboard import new_dashboard
from field_options import OUTLINE
from palette import FLOWS, HOME, NEUTRAL, SOLAR
from periods import (
    NO_DAY_YET,
    NO_LOAD_YET,
    Energy,
    day,
    day_a_year_before,
    hour,
    noon,
    noon_a_year_before,
    running_total,
    running_total_a_year_before,
    share_of_31_days_without,
    so_far,
    so_far_a_year_before,
)
from placement import Row
from queries import Query, flow
from table_panels import MOST_STEPS, calendar, flows, highest_days

A_YEAR_BEFORE = "A year before"
SUMMARY = ("solar", "load", "import", "export", "discharge", "charge")


def summary(title: str, now: str, since: str) -> table.Panel:
    """Of a month or a year until yesterday, beside the same days of the year before."""
    energy, before = so_far(*SUMMARY), so_far_a_year_before(*SUMMARY)
    change = f"sum by (flow) ({energy} and {before}) / (sum by (flow) ({before} and {energy}) > 0) - 1"
    return (
        flows(
            title,
            "Until yesterday; today is on Home. The year before has the same days, and says nothing where it is not "
            "known nearly whole. Change is of the gateways that are known in both years.",
            [
                Query(f"sum by (flow) ({energy})", now),
                Query(f"sum by (flow) ({before})", A_YEAR_BEFORE),
                Query(change, "Change"),
            ],
            names={flow_queries: FLOWS[flow_queries] for flow_queries in SUMMARY},
            unit=units.KiloWattHour,
            size=(12, 8),
            empty=NO_DAY_YET,
        )
        .time_from(since)
        .override_by_name("Change", [DynamicConfigValue("unit", units.PercentUnit), DynamicConfigValue("decimals", 0)])
    )


SO_FAR = Row(
    "So far",
    (
        summary("This month", "This month", "now/M"),
        summary("This year", "This year", "now/y"),
    ),
)

LINE = [
    *OUTLINE,
    DynamicConfigValue("custom.drawStyle", common.GraphDrawStyle.LINE),
    DynamicConfigValue("custom.lineInterpolation", common.LineInterpolation.STEP_AFTER),
]
"""Over bars: another year's."""

TO_HOME = ("solar_to_home", "battery_to_home", "grid_to_home")
FROM_SOLAR = ("solar_to_home", "solar_to_battery", "solar_to_grid")


def bars(title: str, description: str, *queries: Query, empty: str = NO_LOAD_YET) -> timeseries.Panel:
    return (
        days(title, description, queries, unit=units.KiloWattHour, size=(12, 9), empty=empty)
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .max_data_points(MOST_STEPS)
        .decimals(1)
        .min(0)
    )


def flow_queries(names: tuple[str, ...], energy: Energy) -> list[Query]:
    return [flow(name, f"sum({energy(name)})") for name in names]


HOURS = Row(
    "Hours",
    (
        bars(
            "Where the home's energy came from, by hour",
            "Each bar is an hour of the time that is chosen above, and its whole height what the house used in it. The "
            "last one is the hour that runs, so far.",
            *flow_queries(TO_HOME, hour),
            empty="No whole hour yet, or nobody measures what the house takes from the grid",
        ).interval("1h"),
        bars(
            "Where solar energy went, by hour",
            "Each bar is an hour of the time that is chosen above. The frame is all that the roof produced; where "
            "nobody measures the grid there is only that. The last one is the hour that runs, so far.",
            *flow_queries((*FROM_SOLAR, "solar"), hour),
            empty="No whole hour yet",
        )
        .interval("1h")
        .override_by_name(FLOWS["solar"].name, OUTLINE),
    ),
)

DAYS = Row(
    "Days",
    (
        bars(
            "Where the home's energy came from, by day",
            "Each bar is a day, and its whole height what the house used; the last one is today, so far. The line is "
            "the use 52 weeks before, on the same day of the week. A day in which Prometheus did not run at midnight "
            "is missing.",
            *flow_queries(TO_HOME, day),
            Query(f"sum({day_a_year_before('load')})", A_YEAR_BEFORE, NEUTRAL),
        )
        .time_from("now-30d/d")
        .override_by_name(A_YEAR_BEFORE, LINE),
        bars(
            "Where solar energy went, by day",
            "Each bar is a day; the last one is today, so far. The frame is all that the roof produced; where nobody "
            "measures the grid there is only that. The line is what it produced 52 weeks before.",
            *flow_queries((*FROM_SOLAR, "solar"), day),
            Query(f"sum({day_a_year_before('solar')})", A_YEAR_BEFORE, NEUTRAL),
            empty=NO_DAY_YET,
        )
        .time_from("now-30d/d")
        .override_by_name(FLOWS["solar"].name, OUTLINE)
        .override_by_name(A_YEAR_BEFORE, LINE),
    ),
)


def months(title: str, description: str, name: str, empty: str = NO_LOAD_YET) -> barchart.Panel:
    return (
        calendar(
            title,
            f"{description} The grey bars are the same months, a year before. This month is known until yesterday.",
            [
                flow(name, f"sum({noon(name)})"),
                Query(f"sum({noon_a_year_before(name)})", A_YEAR_BEFORE, NEUTRAL),
            ],
            period="YYYY-MM",
            unit=units.KiloWattHour,
            size=(12, 8),
            empty=empty,
        )
        .time_from("now-12M/M")
        .x_tick_label_rotation(-45)
    )


MONTHS = Row(
    "Months",
    (
        months("Produced by month", "What the roof produced.", "solar", NO_DAY_YET),
        months("Used by month", "What the house used.", "load"),
        months("From the grid by month", "What was bought.", "import"),
        months("To the grid by month", "What was sold.", "export"),
    ),
)


def total(title: str, description: str, name: str, empty: str = NO_LOAD_YET) -> timeseries.Panel:
    return (
        lines(
            title,
            f"{description} The year that is above the other is ahead. A grey line that begins late belongs to a "
            "record that began then, and cannot be compared.",
            [
                flow(name, running_total(name)),
                Query(running_total_a_year_before(name), A_YEAR_BEFORE, NEUTRAL),
            ],
            unit=units.KiloWattHour,
            size=(12, 8),
            empty=empty,
        )
        .line_width(2)
        .interval("1d")
        .max_data_points(MOST_STEPS)
        .time_from("now/y")
        .min(0)
    )


YEARS = Row(
    "Years",
    (
        total("Produced since New Year", "What the roof produced, all days of the year together.", "solar", NO_DAY_YET),
        total("From the grid since New Year", "What was bought, all days of the year together.", "import"),
        calendar(
            "Years",
            "Ten years at most. The first year has what there was of it since the record began, this one what there is "
            "until yesterday.",
            [flow(name, f"sum({noon(name)})") for name in ("solar", "load", "import", "export")],
            period="YYYY",
            unit=units.KiloWattHour,
            size=(12, 8),
        ).time_from("now-9y/y"),
        lines(
            "Self-consumption and self-sufficiency",
            "Of the 31 days before each day. Self-consumption: how much of the solar energy was used here and not "
            "exported. Self-sufficiency: how much of what the house used did not come from the grid.",
            [
                Query(share_of_31_days_without("solar_to_grid", "solar"), "Self-consumption", SOLAR),
                Query(share_of_31_days_without("grid_to_home", "load"), "Self-sufficiency", HOME),
            ],
            unit=units.PercentUnit,
            size=(12, 8),
            empty=NO_LOAD_YET,
        )
        .line_width(2)
        .interval("1d")
        .max_data_points(MOST_STEPS)
        .time_from("now-12M/M")
        .min(0)
        .max(1),
    ),
)


def records(title: str, description: str, name: str, empty: str = NO_LOAD_YET) -> table.Panel:
    return highest_days(
        title,
        description,
        flow(name, f"sum({noon(name)})"),
        most=5,
        unit=units.KiloWattHour,
        size=(8, 7),
        empty=empty,
    ).time_from("now-9y/y")


RECORDS = Row(
    "Records",
    (
        records("Best days of the sun", "When the roof produced the most, of up to ten years.", "solar", NO_DAY_YET),
        records("Days of the highest use", "When the house used the most, of up to ten years.", "load"),
        records("Days of the most import", "When the most was bought, of up to ten years.", "import"),
    ),
)


def dashboard() -> Dashboard:
    """Of yesterday and today: in the morning, today alone says little."""
    return new_dashboard(
        "Energy",
        __doc__ or "",
        [SO_FAR, HOURS, DAYS, MONTHS, YEARS, money.MONEY, money.PEAK, RECORDS],
        since="now-1d/d",
        refresh="5m",
        more_variables=[variables.price("import"), variables.price("export"), variables.currency()],
    )
