"""What energy cost, earned and saved, and the peak that some grids bill; rows of the dashboard Energy."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import common, units

from charts import days, lines
from palette import EXPORT, IMPORT, NEUTRAL, SOLAR, NameAndColour
from periods import MONEY_DAY, NO_DAY_YET, NO_LOAD_YET, day, money, noon, noon_peak, so_far, so_far_a_year_before
from placement import Row
from queries import Query, metric
from table_panels import MOST_STEPS, calendar, flows

IMPORT_PRICE = "instance:enphase_import_price_per_kilowatt_hour:current"
EXPORT_PRICE = "instance:enphase_export_price_per_kilowatt_hour:current"

FLOWS_OF_MONEY = {
    "saved": NameAndColour("Saved", SOLAR),
    "export": NameAndColour("Earned", EXPORT),
    "import": NameAndColour("Paid", IMPORT),
    "bill": NameAndColour("Bill", NEUTRAL),
}

PRICES_NOTE = (
    "Paid is for import, earned for export; saved is what the house would have paid for all that it did not have to "
    "buy. Import price and Export price at the top say which prices: 'as it was' takes each moment's own, as the price "
    "rules in prometheus/rules have recorded it (put your tariff there, by time of use if it has one); a number there "
    "asks what if that had been the price all the time."
)
NO_MONEY = f"{NO_DAY_YET}, or nobody measures the grid, or the rules of prometheus/rules are missing"
NO_TARIFF = "The rules of prometheus/rules are missing"


def so_far_in_money(title: str, now: str, since: str) -> table.Panel:
    def summed(flow: str) -> str:
        return money(flow, so_far, so_far(flow, recorded=MONEY_DAY))

    def before(flow: str) -> str:
        return money(flow, so_far_a_year_before, so_far_a_year_before(flow, recorded=MONEY_DAY))

    queries = []
    for legend, sum_of in ((now, summed), ("A year before", before)):
        bill = f"{sum_of('import')} - {sum_of('export')}"
        values = {"saved": sum_of("saved"), "import": sum_of("import"), "export": sum_of("export"), "bill": bill}
        rows = (f'label_replace({value}, "flow", "{name}", "", "")' for name, value in values.items())
        queries.append(Query(" or ".join(rows), legend))
    return (
        flows(
            title,
            f"{PRICES_NOTE} The bill is what is paid less what is earned, without what a contract asks beside the "
            "energy. Until yesterday.",
            queries,
            names=FLOWS_OF_MONEY,
            unit=units.NoUnit,
            size=(12, 7),
            empty=NO_MONEY,
        )
        .decimals(2)
        .time_from(since)
    )


MONEY = Row(
    "Money, in $currency",
    (
        so_far_in_money("Money this month, in $currency", "This month", "now/M"),
        so_far_in_money("Money this year, in $currency", "This year", "now/y"),
        days(
            "Money by day, in $currency",
            "Above the line what the sun brought, below it what the grid cost; the last day is today, so far."
            f" {PRICES_NOTE}",
            [
                Query(money("saved", day, day("saved", MONEY_DAY)), "Saved", SOLAR),
                Query(money("export", day, day("export", MONEY_DAY)), "Earned", EXPORT),
                Query(f"-{money('import', day, day('import', MONEY_DAY))}", "Paid", IMPORT),
            ],
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_MONEY,
        )
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .max_data_points(MOST_STEPS)
        .time_from("now-30d/d")
        .decimals(2),
        calendar(
            "Money by month, in $currency",
            f"This month is known until yesterday. {PRICES_NOTE}",
            [
                Query(money(flow, noon, noon(flow, MONEY_DAY)), FLOWS_OF_MONEY[flow].name, FLOWS_OF_MONEY[flow].colour)
                for flow in ("saved", "export", "import")
            ],
            period="YYYY-MM",
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_MONEY,
        )
        .time_from("now-12M/M")
        .x_tick_label_rotation(-45)
        .decimals(2),
        calendar(
            "Money by year, in $currency",
            f"Saved and earned together are what the plant has brought. The first year has what there was of it since "
            f"the record began, this one what there is until yesterday. {PRICES_NOTE}",
            [
                Query(money(flow, noon, noon(flow, MONEY_DAY)), FLOWS_OF_MONEY[flow].name, FLOWS_OF_MONEY[flow].colour)
                for flow in ("saved", "export", "import")
            ],
            period="YYYY",
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_MONEY,
        )
        .time_from("now-9y/y")
        .decimals(0),
        lines(
            "Price of a kilowatt-hour, in $currency",
            "What the tariff is in the time that is chosen above, by the price rules in prometheus/rules; a price "
            "that is chosen at the top does not change it. It is 0.30 and 0.08 where nobody has said another.",
            [
                Query(metric(IMPORT_PRICE), "Import, {{instance}}", IMPORT),
                Query(metric(EXPORT_PRICE), "Export, {{instance}}", EXPORT),
            ],
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_TARIFF,
        )
        .line_interpolation(common.LineInterpolation.STEP_AFTER)
        .decimals(3),
    ),
)

PEAK = Row(
    "Peak",
    (
        calendar(
            "Highest import of 15 minutes, by month",
            "Some grids bill the highest quarter of an hour of a month. Quarters are those of the clock; of several "
            "gateways it is the highest one's. This month is known until yesterday.",
            [Query(f"max({noon_peak()})", "Highest quarter of an hour", IMPORT)],
            period="YYYY-MM",
            reducer="max",
            unit=units.Watt,
            size=(24, 7),
            empty=NO_LOAD_YET,
        )
        .time_from("now-12M/M")
        .x_tick_label_rotation(-45),
    ),
)
