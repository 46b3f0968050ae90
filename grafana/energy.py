"""Energy and money by hour, day, month and year, compared with the year before."""

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

A_YEAR_BEFORE = "Year before"
SUMMARY = ("solar", "load", "import", "export", "discharge", "charge")


def summary(title: str, now: str, since: str) -> table.Panel:
    """A month or a year until yesterday, beside the same days of the year before."""
    energy, before = so_far(*SUMMARY), so_far_a_year_before(*SUMMARY)
    change = f"sum by (flow) ({energy} and {before}) / (sum by (flow) ({before} and {energy}) > 0) - 1"
    return (
        flows(
            title,
            "Until yesterday; today is on the dashboard Home. The year before has the same days, and is empty if more "
            "than a tenth of them have no data. Change compares only the gateways with data in both years.",
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
"""Over bars: the line of another year."""

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
            "Consumption by source, by hour",
            "Each bar is an hour of the selected time range; its height is the consumption. The last bar is the "
            "current hour, so far.",
            *flow_queries(TO_HOME, hour),
            empty="No complete hour yet, or no consumption CT",
        ).interval("1h"),
        bars(
            "Production by destination, by hour",
            "Each bar is an hour of the selected time range. The outline is the production; without a consumption CT "
            "there is only the outline. The last bar is the current hour, so far.",
            *flow_queries((*FROM_SOLAR, "solar"), hour),
            empty="No complete hour yet",
        )
        .interval("1h")
        .override_by_name(FLOWS["solar"].name, OUTLINE),
    ),
)

DAYS = Row(
    "Days",
    (
        bars(
            "Consumption by source, by day",
            "Each bar is a day; its height is the consumption. The last bar is today, so far. The line is the "
            "consumption 52 weeks before, on the same day of the week. A day is missing if Prometheus did not run at "
            "the midnight after it.",
            *flow_queries(TO_HOME, day),
            Query(f"sum({day_a_year_before('load')})", A_YEAR_BEFORE, NEUTRAL),
        )
        .time_from("now-30d/d")
        .override_by_name(A_YEAR_BEFORE, LINE),
        bars(
            "Production by destination, by day",
            "Each bar is a day; the last bar is today, so far. The outline is the production; without a consumption "
            "CT there is only the outline. The line is the production 52 weeks before.",
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
            f"{description} The grey bars are the same months of the year before. This month is until yesterday.",
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
        months("Production by month", "Energy produced.", "solar", NO_DAY_YET),
        months("Consumption by month", "Energy consumed by the home.", "load"),
        months("Grid import by month", "Energy imported from the grid.", "import"),
        months("Grid export by month", "Energy exported to the grid.", "export"),
    ),
)


def total(title: str, description: str, name: str, empty: str = NO_LOAD_YET) -> timeseries.Panel:
    return (
        lines(
            title,
            f"{description} The higher line is ahead of the other year. A grey line that begins late has no earlier "
            "data, and is not comparable.",
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
        total(
            "Production since 1 January",
            "Energy produced, summed since the beginning of the year.",
            "solar",
            NO_DAY_YET,
        ),
        total(
            "Grid import since 1 January",
            "Energy imported from the grid, summed since the beginning of the year.",
            "import",
        ),
        calendar(
            "Years",
            "At most ten years. The first year begins with the first recorded day; this year is until yesterday.",
            [flow(name, f"sum({noon(name)})") for name in ("solar", "load", "import", "export")],
            period="YYYY",
            unit=units.KiloWattHour,
            size=(12, 8),
        ).time_from("now-9y/y"),
        lines(
            "Self-consumption and self-sufficiency",
            "Ratios over the 31 days before each day. Self-consumption: share of the production that was not exported. "
            "Self-sufficiency: share of the consumption that did not come from the grid.",
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
        records(
            "Highest production days", "Days with the highest production, of up to ten years.", "solar", NO_DAY_YET
        ),
        records("Highest consumption days", "Days with the highest consumption, of up to ten years.", "load"),
        records("Highest grid import days", "Days with the highest grid import, of up to ten years.", "import"),
    ),
)


def dashboard() -> Dashboard:
    """Shows yesterday and today: in the morning, today alone has little data."""
    return new_dashboard(
        "Energy",
        __doc__ or "",
        [SO_FAR, HOURS, DAYS, MONTHS, YEARS, money.MONEY, money.PEAK, RECORDS],
        since="now-1d/d",
        refresh="5m",
        more_variables=[variables.price("import"), variables.price("export"), variables.currency()],
    )
