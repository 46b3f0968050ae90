"""Grid quality, state of the meters, batteries, and the devices connected to them."""

from collections.abc import Mapping

from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

import palette
import variables
from battery import BATTERY, BATTERY_UNITS
from charts import lines, number, states
from dashboard import new_dashboard
from equipment import COMMUNICATING, CONTROLLERS, GENERATOR, RELAYS, SETTINGS
from field_options import COLOUR_BY_STEPS, COLOURED, DASHED, field_unit, steps, value_mapping
from palette import NameAndColour
from placement import Row
from queries import Query, code, metric
from table_panels import table_panel

NO_METER = "No CT"
NO_MAINS = "No CT and no IQ Relay"
NO_CONTROLLER = "No system controller or meter collar"

BANDS = ((114, 126), (207, 253))
"""Allowed volts: 120 V by 5 % (ANSI C84.1), 230 V by 10 % (EN 50160). The two bands do not overlap."""

GRID_METERS = 'meter=~"net-consumption|production"'
"""Without the storage CT, which may be on the other side of the switch to the grid."""


def meters_or_relays(of_meters: str, of_relays: str, *by: str) -> str:
    """The value that all these meters measure; without one, that of an IQ Relay."""
    labels = ", ".join(("job", "instance", *by))
    return f"(max by ({labels}) ({of_meters}) or max by ({labels}) ({of_relays}))"


VOLTS_OF_METERS = metric("enphase_meter_phase_voltage_volts", GRID_METERS)
VOLTS_OF_RELAYS = metric("enphase_iq_relay_phase_voltage_volts")
VOLTS = meters_or_relays(VOLTS_OF_METERS, VOLTS_OF_RELAYS, "phase")
HERTZ = meters_or_relays(
    metric("enphase_meter_frequency_hertz", GRID_METERS), metric("enphase_iq_relay_frequency_hertz")
)
IN_BAND = " + ".join(f"({VOLTS} >= bool {low}) * ({VOLTS} <= bool {high})" for low, high in BANDS)


def volts_of(function: str) -> str:
    """Of each phase, over the panel's time range: `max_over_time`."""
    return meters_or_relays(
        f"{function}({VOLTS_OF_METERS}[$__range])", f"{function}({VOLTS_OF_RELAYS}[$__range])", "phase"
    )


def limit(of_120: int, of_230: int) -> str:
    """By the highest voltage of the last hour, so that an outage does not look like 120 V."""
    highest = meters_or_relays(f"max_over_time({VOLTS_OF_METERS}[1h])", f"max_over_time({VOLTS_OF_RELAYS}[1h])")
    return f"{of_120} + {of_230 - of_120} * ({highest} > bool 160)"


BAND = steps(
    (0, palette.BAD),
    *((volts, colour) for low, high in BANDS for volts, colour in ((low, palette.GOOD), (high + 0.01, palette.BAD))),
)

SELECTED_METER = 'meter=~"$meter"'
PHASE_WATTS = metric("enphase_meter_phase_power_watts", SELECTED_METER)

SLEEPING = metric("enphase_battery_unit_sleep_commanded")
ENABLED = metric("enphase_meter_enabled")
NOT_NORMAL = metric("enphase_meter_metering_status", 'status!="normal"')
FAULTY_METERS = (
    f"max by (job, instance, meter) ({metric('enphase_meter_status_flags_active')}) > 0 or "
    f"(max by (job, instance, meter) ({NOT_NORMAL}) > 0 "
    f"and on (job, instance, meter) {ENABLED} == 1)"
)

METERING_STATES: Mapping[float, NameAndColour] = {
    0: NameAndColour("fine", palette.GOOD),
    1: NameAndColour("not metering", palette.BAD),
    2: NameAndColour("check wiring", palette.WARNING),
    3: NameAndColour("other", palette.WARNING),
    4: NameAndColour("disabled", palette.NEUTRAL),
    5: NameAndColour("flag raised", palette.BAD),
}
METERING = f"4 * (max by (job, instance, meter) ({ENABLED}) == bool 0) > 0 or " + code(
    "enphase_meter_metering_status", "status", {"not-metering": 1, "check-wiring": 2, "other": 3}, "meter"
)
FLAG = metric("enphase_meter_status_flag")
RAISED_FLAGS = f"5 * {FLAG} and on (job, instance, meter, flag) max_over_time({FLAG}[$__range] @ end()) > 0"

NOW = Row(
    "Now",
    (
        number(
            "Voltage",
            "Each phase to neutral; red outside the allowed band: 114 to 126 V for 120 V, 207 to 253 V for 230 V. "
            "Split phase has L1 and L2 of 120 V, 240 V together.",
            [Query(VOLTS, "{{instance}} {{phase}}")],
            unit=units.Volt,
            size=(6, 5),
            empty="No CT",
        )
        .decimals(1)
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(BAND),
        number(
            "Frequency",
            "Frequency of the grid, 50 or 60 Hz. Off the grid it is the frequency of the batteries, which raise it to "
            "reduce the production.",
            [Query(HERTZ, "{{instance}}")],
            unit=units.Hertz,
            size=(3, 5),
            empty="No CT",
        ).decimals(2),
        number(
            "Grid connection",
            "Whether the system is connected to the grid, as reported by a system controller or a meter collar.",
            [Query(f"min by (job, instance) ({metric('enphase_grid_connected')})", "{{instance}}")],
            unit=units.NoUnit,
            size=(3, 5),
            empty="No system controller",
        ).mappings([value_mapping({1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)})]),
        number(
            "Battery state of charge",
            "State of charge of all batteries together, as reported by the gateway.",
            [Query(metric("enphase_storage_charge_ratio"), "{{instance}}")],
            unit=units.PercentUnit,
            size=(4, 5),
            empty="No battery",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (0.1, palette.WARNING), (0.2, palette.DISCHARGE))),
        number(
            "Meters with errors",
            "Enabled current transformers whose status is not normal, or that raise a flag. The panel Meter status "
            "below lists them.",
            [Query(f"count({FAULTY_METERS}) or 0 * count({ENABLED})")],
            unit=units.NoUnit,
            size=(4, 5),
            empty="No meters",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD)))
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})]),
        number(
            "Devices not communicating",
            "Batteries, controllers and IQ Relays that the gateway lists and that do not communicate with it. The "
            "tables of batteries and controllers below name them. AC batteries that were commanded to sleep are not "
            "counted.",
            [
                Query(
                    f"count(({COMMUNICATING}) == 0 unless on (job, instance, serial) {SLEEPING} == 1)"
                    f" or 0 * count({COMMUNICATING})"
                )
            ],
            unit=units.NoUnit,
            size=(4, 5),
            empty="No devices",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.GOOD), (1, palette.BAD)))
        .mappings([value_mapping({0: NameAndColour("none", palette.GOOD)})]),
    ),
)

GRID_STATES: Mapping[float, NameAndColour] = {
    1: NameAndColour("on the grid", palette.GOOD),
    0: NameAndColour("off the grid", palette.BAD),
    2: NameAndColour("on a generator", palette.WARNING),
    3: NameAndColour("unknown", palette.NEUTRAL),
}
MODES: Mapping[str, float] = {"multimode-ongrid|grid-tied": 1, "multimode-generator": 2, "unknown|other": 3}

GRID = Row(
    "Grid",
    (
        states(
            "Grid connection of devices",
            "System: whether its switch to the grid is closed. Enabled: whether the grid connection is enabled; it is "
            "disabled when the system was disconnected on purpose. Controller, batteries and solar inverters: their "
            "present mode. Grid-tied inverters, which cannot work without a grid, count as on the grid.",
            [
                Query(f"min by (job, instance) ({metric('enphase_grid_connected')})", "System, {{instance}}"),
                Query(f"min by (job, instance) ({metric('enphase_grid_enabled')})", "Enabled, {{instance}}"),
                Query(code("enphase_grid_mode", "mode", MODES), "Controller, {{instance}}"),
                Query(code("enphase_battery_grid_mode", "mode", MODES), "Batteries, {{instance}}"),
                Query(
                    code("enphase_battery_unit_grid_mode", "mode", MODES, "serial"), "Battery {{serial}}, {{instance}}"
                ),
                Query(code("enphase_solar_grid_mode", "mode", MODES), "Solar, {{instance}}"),
            ],
            values=GRID_STATES,
            size=(24, 7),
            empty=NO_CONTROLLER,
        ),
        lines(
            "Voltage over time",
            "Each phase to neutral, as measured by the CTs of grid and production, or by an IQ Relay. The limits are "
            "for 230 V (10 %, EN 50160) or 120 V (5 %, ANSI C84.1), whichever the voltage of the last hour is near; "
            "some countries allow less. If production raises the voltage above the upper limit, inverters switch off. "
            "The meter's own total, which is the sum of the phases, is not shown.",
            [
                Query(VOLTS, "{{instance}} {{phase}}"),
                Query(limit(BANDS[0][1], BANDS[1][1]), "{{instance}} upper limit", palette.BAD),
                Query(limit(BANDS[0][0], BANDS[1][0]), "{{instance}} lower limit", palette.BAD),
            ],
            unit=units.Volt,
            size=(12, 9),
            empty=NO_MAINS,
        )
        .fill_opacity(0)
        .override_by_query("B", DASHED)
        .override_by_query("C", DASHED),
        table_panel(
            "Voltage by phase",
            "Now, and the lowest and highest of the selected time range, red outside the allowed band. Outside: share "
            "of the time outside the band, sampled every minute; 0 V, as in an outage, counts.",
            [
                Query(VOLTS),
                Query(volts_of("min_over_time")),
                Query(volts_of("max_over_time")),
                Query(f"1 - avg_over_time(({IN_BAND})[$__range:1m])"),
            ],
            columns={
                "instance": "Gateway",
                "phase": "Phase",
                "Value #A": "Now",
                "Value #B": "Lowest",
                "Value #C": "Highest",
                "Value #D": "Outside",
            },
            unit=units.Volt,
            size=(12, 9),
            empty=NO_MAINS,
        )
        .decimals(1)
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(BAND)
        .override_by_name("Now", COLOURED)
        .override_by_name("Lowest", COLOURED)
        .override_by_name("Highest", COLOURED)
        .override_by_name("Outside", field_unit(units.PercentUnit)),
        lines(
            "Power by phase",
            "Power on each phase of the meter selected at the top. For the grid meter (net-consumption), import is "
            "above zero and export below; for storage, discharging is above zero.",
            [Query(PHASE_WATTS, "{{instance}} {{meter}} {{phase}}")],
            unit=units.Watt,
            size=(12, 8),
            empty=NO_METER,
        ),
        lines(
            "Current by phase",
            "Current on each phase of the meter selected at the top; compare it with the main fuse or breaker. The "
            "current has no direction: export counts like import.",
            [Query(metric("enphase_meter_phase_current_amperes", SELECTED_METER), "{{instance}} {{meter}} {{phase}}")],
            unit=units.Ampere,
            size=(12, 8),
            empty=NO_METER,
        ),
        lines(
            "Phase imbalance",
            "Power of the highest phase minus that of the lowest, of the meter selected at the top; some countries "
            "limit it. Empty for one phase.",
            [
                Query(
                    f"max by (job, instance, meter) ({PHASE_WATTS}) - min by (job, instance, meter) ({PHASE_WATTS}) "
                    f"and count by (job, instance, meter) ({PHASE_WATTS}) > 1",
                    "{{instance}} {{meter}}",
                )
            ],
            unit=units.Watt,
            size=(8, 8),
            empty="No CT, or only one phase",
        ).min(0),
        lines(
            "Power factor",
            "Active power as a share of the apparent power, for the meter selected at the top, in either direction; 1 "
            "means all of it. Below 100 W it is not meaningful and is left out, so the line has gaps.",
            [
                Query(
                    f"abs({metric('enphase_meter_phase_power_factor_ratio', SELECTED_METER)}) "
                    f"and on (job, instance, meter, phase) abs({PHASE_WATTS}) > 100",
                    "{{instance}} {{meter}} {{phase}}",
                )
            ],
            unit=units.NoUnit,
            size=(8, 8),
            empty="No CT, or less than 100 W",
        )
        .min(0)
        .max(1)
        .decimals(2)
        .fill_opacity(0),
        lines(
            "Grid frequency",
            "Frequency of the grid, 50 or 60 Hz, within some 0.2 Hz. Off the grid it is the frequency of the "
            "batteries, which raise it by a few hertz to reduce the production.",
            [Query(HERTZ, "{{instance}}")],
            unit=units.Hertz,
            size=(8, 8),
            empty=NO_MAINS,
        )
        .decimals(2)
        .fill_opacity(0),
        states(
            "Meter status",
            "The status of each current transformer, and each flag that it has raised in the selected time range, by "
            "the gateway's name for it. The usual causes: a reversed transformer, one on another phase than its "
            "voltage, or a wrong number of phases in the settings. Disabled: no transformer is installed, and that is "
            "intended.",
            [
                Query(METERING, "{{instance}} {{meter}}"),
                Query(RAISED_FLAGS, "{{instance}} {{meter}}: {{flag}}"),
            ],
            values=METERING_STATES,
            size=(24, 7),
            empty="No CT",
        ),
    ),
)


def dashboard() -> Dashboard:
    return new_dashboard(
        "Grid and battery",
        __doc__ or "",
        [NOW, GRID, BATTERY, BATTERY_UNITS, CONTROLLERS, RELAYS, GENERATOR, SETTINGS],
        more_variables=[variables.meter()],
    )
