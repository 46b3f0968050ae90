"""Overview for the household: production, consumption, grid and battery now and today, and active alerts."""

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

NO_GRID_METER_SHORT = "No consumption CT"
NO_BATTERY = "No battery"
NO_GRID_METER = "No consumption CT, or no data in the first minutes"
NO_BATTERY_HEARD = "No battery"

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
            "Production",
            "Power of the system's production, mean of the last five minutes.",
            flow("solar", watts("solar")),
            empty="No production data",
        ),
        tile(
            "Consumption",
            "Power that the home consumes from production, grid and batteries together. It needs a current "
            "transformer (CT) on the grid connection or on the load.",
            flow("load", watts("load")),
            empty=NO_GRID_METER_SHORT,
        ),
        tile(
            "Grid",
            "Power from the grid (grid import) or to the grid (grid export).",
            flow("import", f"{watts('import')} - {watts('export')} >= 0"),
            flow("export", f"{watts('export')} - {watts('import')} > 0"),
            empty=NO_GRID_METER_SHORT,
        ).text_mode(common.BigValueTextMode.VALUE_AND_NAME),
        tile(
            "Battery",
            "Power into the batteries (charging) or out of them (discharging).",
            flow("discharge", f"{watts('discharge')} - {watts('charge')} >= 0"),
            flow("charge", f"{watts('charge')} - {watts('discharge')} > 0"),
            empty=NO_BATTERY,
        ).text_mode(common.BigValueTextMode.VALUE_AND_NAME),
        tile(
            "Battery state of charge",
            "State of charge of all batteries together, as reported by the gateway.",
            Query(metric("enphase_storage_charge_ratio"), "{{instance}}"),
            unit=units.PercentUnit,
            empty=NO_BATTERY,
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (0.1, palette.WARNING), (0.2, palette.DISCHARGE))),
        tile(
            "Active alerts",
            "Firing alerts of severity warning and critical; the table below lists them. It needs the rules in "
            "prometheus/rules, and is unknown while there is no data.",
            Query(f"count({FIRING_FAULTS}) or {ZERO_IF_RULES_RUN}"),
            unit=units.NoUnit,
            empty="No rules or no data",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD)))
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})]),
    ),
)


def today(
    title: str, description: str, *queries: Query, unit: str = units.KiloWattHour, empty: str = NO_GRID_METER_SHORT
) -> stat.Panel:
    """From midnight until now, as Grafana shows beside the title; if a fixed time range is selected, all of it."""
    return number(title, description, queries, unit=unit, size=(6, 4), empty=empty).time_from("now/d")


TODAY = Row(
    "Today",
    (
        today(
            "Production today",
            "Energy produced today.",
            flow("solar", kilowatt_hours("solar")),
            empty="No production data",
        ),
        today("Consumption today", "Energy that the home has consumed today.", flow("load", kilowatt_hours("load"))),
        today("Grid import today", "Energy imported from the grid today.", flow("import", kilowatt_hours("import"))),
        today("Grid export today", "Energy exported to the grid today.", flow("export", kilowatt_hours("export"))),
        today(
            "Self-consumption",
            "Share of today's production that was consumed at home or stored in the batteries, and not exported.",
            Query(share_without("solar_to_grid", "solar"), colour=palette.SOLAR),
            unit=units.PercentUnit,
        ),
        today(
            "Self-sufficiency",
            "Share of today's consumption that came from production and batteries, and not from the grid.",
            Query(share_without("grid_to_home", "load"), colour=palette.HOME),
            unit=units.PercentUnit,
        ),
        today(
            "Peak production",
            "Highest production of today, as a mean of five minutes.",
            flow("solar", highest_watts("solar")),
            unit=units.Watt,
            empty="No production data",
        ),
        today(
            "Peak consumption",
            "Highest consumption of today, as a mean of five minutes.",
            flow("load", highest_watts("load")),
            unit=units.Watt,
        ),
    ),
)

FLOWS = Row(
    "Flows",
    (
        stacked(
            "Consumption by source",
            "The areas add up to the consumption. Power that flows at the same time is assigned by a rule: production "
            "goes to the grid as far as there is export, then to the battery as far as it charges, and the rest to "
            "the home.",
            [flow(name, watts(name)) for name in ("solar_to_home", "battery_to_home", "grid_to_home")],
            unit=units.Watt,
            size=(12, 9),
            empty=NO_GRID_METER,
        ),
        stacked(
            "Production by destination",
            "The areas add up to the production, the line. Without a consumption CT there is only the line.",
            [flow(name, watts(name)) for name in ("solar_to_home", "solar_to_battery", "solar_to_grid", "solar")],
            unit=units.Watt,
            size=(12, 9),
            empty="No production data",
        ).override_by_name("Production", OUTLINE),
    ),
)

BATTERY_AND_GRID = Row(
    "Battery and grid",
    (
        lines(
            "Battery state of charge",
            "State of charge of all batteries together, as reported by the gateway.",
            [Query(metric("enphase_storage_charge_ratio"), "{{instance}}", palette.DISCHARGE)],
            unit=units.PercentUnit,
            size=(12, 7),
            empty=NO_BATTERY_HEARD,
        )
        .min(0)
        .max(1)
        .fill_opacity(25),
        states(
            "Grid and gateway connection",
            "Whether the system is connected to the grid, as reported by a system controller or a meter collar "
            "(unknown without one), and whether the gateway responds.",
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
    "Active alerts",
    (
        table_panel(
            "Alerts",
            "Firing alerts and since when. The name links to its section in docs/alerts.md.",
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
            empty="No alert is firing",
        ).override_by_name(
            "Alert",
            [DynamicConfigValue("links", [{"title": "Runbook", "url": f"{RUNBOOK}#${{__value.raw}}"}])],
        ),
    ),
)


def dashboard() -> Dashboard:
    return new_dashboard("Home", __doc__ or "", [NOW, TODAY, FLOWS, BATTERY_AND_GRID, ACTIVE_ALERTS])
