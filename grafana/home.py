"""The family's screen: is the sun working for us, where does it go, is anything broken."""

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import palette
from charts import lines, number, stacked, states
from dashboard import new_dashboard
from field_options import COLOUR_BY_STEPS, OUTLINE, steps, value_mapping
from palette import NameAndColour
from placement import Row
from queries import ALERTS, FLOW_WATTS, Query, flow, highest_watts, kilowatt_hours, metric, share_without, watts
from table_panels import table_panel

RUNBOOK = "https://github.com/envoy-exporter/envoy_exporter/blob/main/docs/alerts.md"

NO_GRID_METER_SHORT = "not known"
NO_BATTERY = "none heard"
NO_GRID_METER = "Not known in the first minutes, or nobody measures what the house takes from the grid"
NO_BATTERY_HEARD = "No battery is heard of"

FIRING = f'ALERTS{{{ALERTS}, alertstate="firing"}}'
FIRING_FAULTS = f'ALERTS{{{ALERTS}, alertstate="firing", severity=~"critical|warning"}}'
ZERO_IF_RULES_RUN = f"0 * max({metric(FLOW_WATTS)})"


def tile(title: str, description: str, *queries: Query, unit: str = units.Watt, empty: str) -> stat.Panel:
    return number(title, description, queries, unit=unit, size=(4, 5), empty=empty).color_mode(
        common.BigValueColorMode.BACKGROUND_SOLID
    )


NOW = Row(
    "Now",
    (
        tile(
            "Solar",
            "What the roof produces, the mean of the last five minutes.",
            flow("solar", watts("solar")),
            empty="not known",
        ),
        tile(
            "Home",
            "What the house uses: solar, grid and battery together. It is known where a current transformer measures "
            "the grid or the load.",
            flow("load", watts("load")),
            empty=NO_GRID_METER_SHORT,
        ),
        tile(
            "Grid",
            "What the house takes from the grid, or sends to it.",
            flow("import", f"{watts('import')} - {watts('export')} >= 0"),
            flow("export", f"{watts('export')} - {watts('import')} > 0"),
            empty=NO_GRID_METER_SHORT,
        ).text_mode(common.BigValueTextMode.VALUE_AND_NAME),
        tile(
            "Battery",
            "What goes into the batteries, or comes out of them.",
            flow("discharge", f"{watts('discharge')} - {watts('charge')} >= 0"),
            flow("charge", f"{watts('charge')} - {watts('discharge')} > 0"),
            empty=NO_BATTERY,
        ).text_mode(common.BigValueTextMode.VALUE_AND_NAME),
        tile(
            "Battery charge",
            "How full all batteries are, as the gateway says.",
            Query(metric("enphase_storage_charge_ratio"), "{{instance}}"),
            unit=units.PercentUnit,
            empty=NO_BATTERY,
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (0.1, palette.WARNING), (0.2, palette.DISCHARGE))),
        tile(
            "Is anything wrong?",
            "Alerts of severity warning and critical that fire; they stand below. Without the rules of "
            "prometheus/rules, and while nothing is measured, nobody knows.",
            Query(f"count({FIRING_FAULTS}) or {ZERO_IF_RULES_RUN}"),
            unit=units.NoUnit,
            empty="not known",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD)))
        .mappings([value_mapping({0: NameAndColour("no", palette.GOOD)})]),
    ),
)


def today(
    title: str, description: str, *queries: Query, unit: str = units.KiloWattHour, empty: str = NO_GRID_METER_SHORT
) -> stat.Panel:
    """From midnight until now, as Grafana writes beside the title; of a fixed time that one chooses, all of it."""
    return number(title, description, queries, unit=unit, size=(6, 4), empty=empty).time_from("now/d")


TODAY = Row(
    "Today",
    (
        today("Produced", "What the roof has produced.", flow("solar", kilowatt_hours("solar")), empty="not known"),
        today("Used", "What the house has used.", flow("load", kilowatt_hours("load"))),
        today("Imported", "What came from the grid.", flow("import", kilowatt_hours("import"))),
        today("Exported", "What went to the grid.", flow("export", kilowatt_hours("export"))),
        today(
            "Self-consumption",
            "How much of the solar energy was used here, in the house or by way of the batteries, and not exported.",
            Query(share_without("solar_to_grid", "solar"), colour=palette.SOLAR),
            unit=units.PercentUnit,
        ),
        today(
            "Self-sufficiency",
            "How much of what the house used came from the roof and the batteries, and not from the grid.",
            Query(share_without("grid_to_home", "load"), colour=palette.HOME),
            unit=units.PercentUnit,
        ),
        today(
            "Peak of solar",
            "The most that the roof produced, over five minutes.",
            flow("solar", highest_watts("solar")),
            unit=units.Watt,
            empty="not known",
        ),
        today(
            "Peak of home",
            "The most that the house used, over five minutes.",
            flow("load", highest_watts("load")),
            unit=units.Watt,
        ),
    ),
)

FLOWS = Row(
    "Flows",
    (
        stacked(
            "Where the home's power comes from",
            "Together they are what the house uses. What flows at the same time is shared out: solar goes to the grid "
            "as far as there is an export, then to the battery as far as it is charged, and the rest is used.",
            [flow(each, watts(each)) for each in ("solar_to_home", "battery_to_home", "grid_to_home")],
            unit=units.Watt,
            size=(12, 9),
            empty=NO_GRID_METER,
        ),
        stacked(
            "Where solar power goes",
            "Together they are what the roof produces, the line; where nobody measures the grid there is only that.",
            [flow(each, watts(each)) for each in ("solar_to_home", "solar_to_battery", "solar_to_grid", "solar")],
            unit=units.Watt,
            size=(12, 9),
            empty="Not known",
        ).override_by_name("Solar", OUTLINE),
    ),
)

BATTERY_AND_GRID = Row(
    "Battery and grid",
    (
        lines(
            "Battery charge",
            "How full all batteries are, as the gateway says.",
            [Query(metric("enphase_storage_charge_ratio"), "{{instance}}", palette.DISCHARGE)],
            unit=units.PercentUnit,
            size=(12, 7),
            empty=NO_BATTERY_HEARD,
        )
        .min(0)
        .max(1)
        .fill_opacity(25),
        states(
            "Grid and gateway",
            "Is the house connected to the grid, as a system controller or a meter collar says (without one, nobody "
            "knows), and does the gateway answer.",
            [
                Query(f"min by (instance) ({metric('enphase_grid_connected')})", "Grid, {{instance}}"),
                Query(metric("enphase_up"), "Gateway, {{instance}}"),
            ],
            values={1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)},
            size=(12, 7),
            empty="No gateway is scraped",
        ),
    ),
)

ACTIVE_ALERTS = Row(
    "What is wrong",
    (
        table_panel(
            "Alerts",
            "What fires now, and since when; each name leads to what it means, what to look at and what to do.",
            [Query(f"ALERTS_FOR_STATE{{{ALERTS}}} * 1000 and ignoring (alertstate) {FIRING}")],
            columns={
                "alertname": "Alert",
                "severity": "Severity",
                "instance": "Gateway",
                "serial": "Serial",
                "Value": "Since",
            },
            unit=units.DateTimeFromNow,
            size=(24, 6),
            empty="No alert fires",
        ).override_by_name(
            "Alert",
            [DynamicConfigValue("links", [{"title": "What to do", "url": f"{RUNBOOK}#${{__value.raw}}"}])],
        ),
    ),
)


def dashboard() -> Dashboard:
    return new_dashboard("Home", __doc__ or "", [NOW, TODAY, FLOWS, BATTERY_AND_GRID, ACTIVE_ALERTS])
