"""Cost, earnings and savings, and the import peak that some grid operators bill; rows of the dashboard Energy."""

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
    "saved": NameAndColour("Savings", SOLAR),
    "export": NameAndColour("Export earnings", EXPORT),
    "import": NameAndColour("Import cost", IMPORT),
    "bill": NameAndColour("Bill", NEUTRAL),
}

PRICES_NOTE = (
    "Import cost and export earnings are computed from the metered energy; savings are what the consumption that was "
    "not imported would have cost. The prices are selected at the top: 'tariff' uses the price of each moment, as "
    "recorded by the price rules in prometheus/rules (put your tariff there, by time of use if it has one); a number "
    "is used for the whole time."
)
NO_MONEY = f"{NO_DAY_YET}, no consumption CT, or no rules of prometheus/rules"
NO_TARIFF = "No rules of prometheus/rules"


def so_far_in_money(title: str, now: str, since: str) -> table.Panel:
    def summed(flow: str) -> str:
        return money(flow, so_far, so_far(flow, recorded=MONEY_DAY))

    def before(flow: str) -> str:
        return money(flow, so_far_a_year_before, so_far_a_year_before(flow, recorded=MONEY_DAY))

    queries = []
    for legend, sum_of in ((now, summed), ("Year before", before)):
        bill = f"{sum_of('import')} - {sum_of('export')}"
        values = {"saved": sum_of("saved"), "import": sum_of("import"), "export": sum_of("export"), "bill": bill}
        rows = (f'label_replace({value}, "flow", "{name}", "", "")' for name, value in values.items())
        queries.append(Query(" or ".join(rows), legend))
    return (
        flows(
            title,
            f"{PRICES_NOTE} The bill is import cost minus export earnings, without the fixed charges of a contract. "
            "Until yesterday.",
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
        so_far_in_money("Costs and savings this month, in $currency", "This month", "now/M"),
        so_far_in_money("Costs and savings this year, in $currency", "This year", "now/y"),
        days(
            "Costs and savings by day, in $currency",
            f"Savings and earnings above zero, import cost below; the last day is today, so far. {PRICES_NOTE}",
            [
                Query(money("saved", day, day("saved", MONEY_DAY)), "Savings", SOLAR),
                Query(money("export", day, day("export", MONEY_DAY)), "Export earnings", EXPORT),
                Query(f"-{money('import', day, day('import', MONEY_DAY))}", "Import cost", IMPORT),
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
            "Costs and savings by month, in $currency",
            f"This month is until yesterday. {PRICES_NOTE}",
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
            "Costs and savings by year, in $currency",
            "Savings and export earnings together are the return of the system. The first year begins with the first "
            f"recorded day; this year is until yesterday. {PRICES_NOTE}",
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
            "Electricity price for 1 kWh, in $currency",
            "The tariff in the selected time range, as recorded by the price rules in prometheus/rules; a price that "
            "is selected at the top does not change it. Without your own rules and without a single rate of the "
            "gateway it is 0.30 and 0.08.",
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
    "Peak import",
    (
        calendar(
            "Highest grid import of 15 minutes, by month",
            "Some grid operators bill the highest quarter of an hour of a month. The quarters begin at :00, :15, :30 "
            "and :45; of several gateways the highest counts. This month is until yesterday.",
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
