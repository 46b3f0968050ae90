"""The rows of the dashboard Grid and battery about controllers, relays, the generator and settings."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

import palette
from charts import lines, number, states
from field_options import coloured_names, field_unit, value_mapping
from palette import NameAndColour
from placement import Row
from queries import Query, code, metric
from table_panels import table_panel

NO_CONTROLLER = "No system controller, meter collar, combiner or IQ Relay"
NO_RELAY = "No load relay"
NO_GENERATOR = "No generator"

DEVICES = {
    "enpower": "System controller",
    "collar": "Meter collar",
    "combiner": "Combiner",
    "iq_relay": "IQ Relay",
}
"""Titles of devices, by the prefix of their metrics."""

COMMUNICATING = " or ".join(metric(f"enphase_{device}_communicating") for device in ("battery_unit", *DEVICES))
"""1 or 0 for every device that may communicate with the gateway."""


def by_serial(devices: Sequence[str], name: str) -> str:
    union = " or ".join(metric(f"enphase_{device}_{name}") for device in devices)
    return f"max by (job, instance, serial) ({union})"


def device_infos() -> str:
    """The info series of all devices, with the title as label `device`; devices without one are not installed."""
    return " or ".join(
        f"label_replace(max by (job, instance, serial, firmware) ({metric(f'enphase_{device}_info')}), "
        f'"device", "{title}", "", "")'
        for device, title in DEVICES.items()
    )


DEVICES_WITH_FLAGS = {
    "battery_unit": "Battery",
    **{device: DEVICES[device] for device in ("enpower", "collar", "iq_relay")},
}
FAULT_FLAGS = 'flag!~"envoy.global.ok|prop.done"'
RAISED_FLAGS = " or ".join(
    f"label_replace(max by (job, instance, serial, flag) ({metric(f'enphase_{device}_status_flag', FAULT_FLAGS)}), "
    f'"device", "{title}", "", "")'
    for device, title in DEVICES_WITH_FLAGS.items()
)
"""Every flag except those of a device without a fault, with the device's title as label `device`."""

CONTROLLERS = Row(
    "Controllers",
    (
        table_panel(
            "Controllers and relays",
            "System controllers, meter collars, combiners and IQ Relays. Communicating: whether it communicates with "
            "the gateway. Errors: the error number that it reports, 0 without an error. Operations: how often an IQ "
            "Relay has opened or closed in the selected time range. Switch: of a meter collar or an IQ Relay. Last "
            "report: only of devices that update it.",
            [
                Query(device_infos()),
                Query(by_serial(tuple(DEVICES), "communicating")),
                Query(by_serial(("enpower", "collar", "iq_relay"), "temperature_celsius")),
                Query(f"time() - {by_serial(('enpower', 'iq_relay'), 'last_report_timestamp_seconds')}"),
                Query(
                    f"max by (job, instance, serial) ({metric('enphase_enpower_error_flags')} or "
                    f"{metric('enphase_collar_control_error')})"
                ),
                Query(by_serial(("enpower",), "communication_level")),
                Query(
                    "max by (job, instance, serial) "
                    f"(increase({metric('enphase_iq_relay_state_changes_total')}[$__range]))"
                ),
                Query(
                    f"max by (job, instance, serial) ({metric('enphase_collar_mid_closed')} or "
                    f"{metric('enphase_iq_relay_closed')})"
                ),
            ],
            columns={
                "device": "Device",
                "Value #B": "Communicating",
                "Value #C": "Temperature",
                "Value #D": "Last report",
                "Value #E": "Errors",
                "Value #F": "Signal",
                "Value #G": "Operations",
                "Value #H": "Switch",
                "serial": "Serial",
                "firmware": "Firmware",
                "instance": "Gateway",
            },
            unit=units.NoUnit,
            size=(24, 6),
            empty=NO_CONTROLLER,
        )
        .override_by_name("Temperature", field_unit(units.Celsius))
        .override_by_name("Last report", field_unit(units.Seconds))
        .override_by_name("Operations", [DynamicConfigValue("decimals", 0)])
        .override_by_name(
            "Communicating",
            coloured_names({1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)}),
        )
        .override_by_name(
            "Switch", coloured_names({1: NameAndColour("closed", palette.GOOD), 0: NameAndColour("open", palette.BAD)})
        ),
        table_panel(
            "Device status flags",
            "Flags that batteries, system controllers, meter collars and IQ Relays raise in device_status. The flags "
            "envoy.global.ok and prop.done of a device without a fault are not listed. docs/metrics.md has all words.",
            [Query(RAISED_FLAGS)],
            columns={"device": "Device", "flag": "Flag", "serial": "Serial", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(24, 5),
            empty="No flag is raised",
        ),
        lines(
            "Controller temperature",
            "Temperature of system controllers, meter collars and IQ Relays. They are outdoors, sometimes "
            "in direct sunlight.",
            [
                Query(by_serial(("enpower",), "temperature_celsius"), "System controller {{serial}}"),
                Query(by_serial(("collar",), "temperature_celsius"), "Meter collar {{serial}}"),
                Query(by_serial(("iq_relay",), "temperature_celsius"), "IQ Relay {{serial}}"),
            ],
            unit=units.Celsius,
            size=(24, 7),
            empty=NO_CONTROLLER,
        ).fill_opacity(0),
    ),
    folded=True,
)

RELAY = "job, instance, relay"
CLOSED = f"max by ({RELAY}) ({metric('enphase_relay_closed')})"
LOADS = f"topk by ({RELAY}) (1, {metric('enphase_relay_info')})"  # one series while settings change

RELAYS = Row(
    "Load relays",
    (
        states(
            "Relays",
            "The relays (dry contacts) of a system controller, by the load that they switch: closed or open. Closed "
            "usually means that the load has power; the table below has the settings.",
            [
                Query(
                    f"{CLOSED} * on ({RELAY}) group_left (load) {LOADS} or on ({RELAY}) {CLOSED}",
                    "{{load}} {{relay}}, {{instance}}",
                )
            ],
            values={1: NameAndColour("closed", palette.GOOD), 0: NameAndColour("open", palette.NEUTRAL)},
            size=(24, 6),
            empty=NO_RELAY,
        ),
        table_panel(
            "Relay settings",
            "For each load, on the grid, off the grid and on a generator: apply is on, shed is off. In the mode soc "
            "the load is switched off below one state of charge of the batteries and on again from the other.",
            [
                Query(
                    "max by (job, instance, relay, load, mode, grid_action, micro_grid_action, generator_action) "
                    f"({metric('enphase_relay_info')})"
                ),
                Query(f"max by ({RELAY}) ({metric('enphase_relay_cutoff_charge_ratio')})"),
                Query(f"max by ({RELAY}) ({metric('enphase_relay_restore_charge_ratio')})"),
            ],
            columns={
                "load": "Load",
                "relay": "Relay",
                "mode": "Mode",
                "grid_action": "On the grid",
                "micro_grid_action": "Off the grid",
                "generator_action": "On a generator",
                "Value #B": "Off below",
                "Value #C": "On again from",
                "instance": "Gateway",
            },
            unit=units.PercentUnit,
            size=(24, 6),
            empty=NO_RELAY,
        ),
    ),
    folded=True,
)


def with_batteries(setting: str) -> str:
    """Restricts a setting to gateways with batteries: others have these settings, too."""
    return f"{setting} and on (job, instance) {metric('enphase_battery_units')} > 0"


def setting(title: str, description: str, *queries: Query, unit: str = units.NoUnit, empty: str) -> stat.Panel:
    return number(title, description, queries, unit=unit, size=(6, 4), empty=empty)


YES_OR_NO = value_mapping({1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.NEUTRAL)})
GENERATOR_MODES = value_mapping(
    {
        1: NameAndColour("off", palette.NEUTRAL),
        2: NameAndColour("on", palette.GOOD),
        3: NameAndColour("automatic", palette.GOOD),
        0: NameAndColour("other", palette.WARNING),
    }
)
STORAGE_MODES: Mapping[float, NameAndColour] = {
    1: NameAndColour("self-consumption", palette.SOLAR),
    2: NameAndColour("full backup", palette.DISCHARGE),
    3: NameAndColour("savings", palette.IMPORT),
    0: NameAndColour("other", palette.WARNING),
}
STORAGE_MODE = code("enphase_storage_mode", "mode", {"self-consumption": 1, "backup": 2, "savings-mode": 3})

GENERATOR = Row(
    "Generator",
    (
        states(
            "Generator",
            "Whether the generator runs, whether it was commanded to run, and whether it runs for exercise. Commanded "
            "and not running, or running without a command, needs attention.",
            [
                Query(metric("enphase_generator_running"), "Running, {{instance}}"),
                Query(metric("enphase_generator_run_commanded"), "Commanded, {{instance}}"),
                Query(metric("enphase_generator_exercise_running"), "Exercise, {{instance}}"),
            ],
            values={1: NameAndColour("yes", palette.WARNING), 0: NameAndColour("no", palette.NEUTRAL)},
            size=(24, 6),
            empty=NO_GENERATOR,
        ),
        setting(
            "Generator mode",
            "Off, on, or automatic: by the state of charge of the batteries when there is no grid.",
            Query(code("enphase_generator_mode", "mode", {"off": 1, "on": 2, "auto": 3}), "{{instance}}"),
            empty=NO_GENERATOR,
        ).mappings([GENERATOR_MODES]),
        setting(
            "Generator starts below",
            "The state of charge of the batteries below which the generator starts.",
            Query(metric("enphase_generator_start_charge_ratio"), "{{instance}}"),
            unit=units.PercentUnit,
            empty="Not set",
        ),
        setting(
            "Generator stops at",
            "The state of charge of the batteries at which the generator stops.",
            Query(metric("enphase_generator_stop_charge_ratio"), "{{instance}}"),
            unit=units.PercentUnit,
            empty="Not set",
        ),
        setting(
            "Generator rated power",
            "Rated power of the generator, as configured.",
            Query(metric("enphase_generator_rated_power_watts"), "{{instance}}"),
            unit=units.Watt,
            empty="Not reported",
        ),
    ),
    folded=True,
)

NO_SETTINGS = "Not reported"
LIMITS = value_mapping(
    {
        1: NameAndColour("hard", palette.NEUTRAL),
        2: NameAndColour("soft", palette.NEUTRAL),
        0: NameAndColour("other", palette.WARNING),
    }
)

SETTINGS = Row(
    "Settings and limits",
    (
        states(
            "Battery mode",
            "The mode that is set in the Enphase app; the panel shows when the mode was changed, in the app or by "
            "Enlighten. Full backup keeps the batteries charged for an outage.",
            [Query(with_batteries(STORAGE_MODE), "{{instance}}")],
            values=STORAGE_MODES,
            size=(24, 5),
            empty="No battery settings",
        ),
        setting(
            "Battery reserve",
            "State of charge that is kept for an outage: the setting, and the value in force, which the gateway may "
            "raise.",
            Query(with_batteries(metric("enphase_storage_reserve_setting_ratio")), "{{instance}} set"),
            Query(f"max by (job, instance) ({metric('enphase_battery_reserve_ratio')})", "{{instance}} in force"),
            unit=units.PercentUnit,
            empty=NO_SETTINGS,
        ),
        setting(
            "Charge from the grid",
            "Whether the batteries may be charged from the grid.",
            Query(with_batteries(metric("enphase_storage_charge_from_grid")), "{{instance}}"),
            empty=NO_SETTINGS,
        ).mappings([YES_OR_NO]),
        setting(
            "Schedules by Enlighten",
            "Whether Enlighten controls the batteries hour by hour.",
            Query(with_batteries(metric("enphase_storage_schedules_optimized")), "{{instance}}"),
            empty=NO_SETTINGS,
        ).mappings([YES_OR_NO]),
        setting(
            "Last change of settings",
            "When the gateway last received other battery settings.",
            Query(with_batteries(f"1000 * {metric('enphase_tariff_last_change_timestamp_seconds')}"), "{{instance}}"),
            unit=units.DateTimeFromNow,
            empty=NO_SETTINGS,
        ),
        setting(
            "Very low state of charge",
            "State of charge that counts as very low: off the grid the batteries may stop there.",
            Query(with_batteries(metric("enphase_storage_very_low_charge_ratio")), "{{instance}}"),
            unit=units.PercentUnit,
            empty=NO_SETTINGS,
        ),
        setting(
            "Export limit",
            "The highest power that the system may export, if it is limited: in watts, or as a share of the "
            "inverters' power. With 0 it may not export at all.",
            Query(metric("enphase_export_limit_watts"), "{{instance}}"),
            Query(metric("enphase_export_limit_ratio"), "{{instance}}"),
            unit=units.Watt,
            empty="None, or not reported",
        ).override_by_query("B", field_unit(units.PercentUnit)),
        setting(
            "Export limit type",
            "How the limit is enforced, as configured. The grid operator defines the meaning of hard and soft.",
            Query(code("enphase_export_limit_type", "type", {"hard": 1, "soft": 2}), "{{instance}}"),
            empty="None, or not reported",
        ).mappings([LIMITS]),
        setting(
            "Production limit",
            "The share of their power that the inverters may produce, if it is limited.",
            Query(
                f"{metric('enphase_production_limit_ratio')} and on (job, instance) "
                f"{metric('enphase_production_limit_enabled')} == 1",
                "{{instance}}",
            ),
            unit=units.PercentUnit,
            empty="None, or not reported",
        ),
    ),
    folded=True,
)
