"""The rows of Grid and battery that are about batteries: all together, and each one."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models import units

import palette
from charts import days, lines, number, states
from field_options import DASHED, coloured_names, field_unit
from palette import NameAndColour
from periods import NO_DAY_YET, whole_day
from placement import Row
from queries import FLOW_WATTS, Query, code, flow, kilowatt_hours, metric, watts
from table_panels import table_panel

NO_BATTERY = "No battery is heard of"
NO_FLOWS = "No battery is heard of, or the rules of prometheus/rules do not run"
WEEK = "7d"

GATEWAY = "job, instance"
AVAILABLE = metric("enphase_storage_available_energy_joules")
CAPACITY = (
    f"((sum by ({GATEWAY}) ({metric('enphase_storage_capacity_joules')}) or sum by ({GATEWAY}) ({AVAILABLE}) / "
    f"sum by ({GATEWAY}) ({metric('enphase_storage_charge_ratio')} > 0.05)) / 3.6e6)"
)
"""In kWh; AC batteries do not tell theirs, but how full they are and of how much energy."""

STORED = f"sum by ({GATEWAY}) ({AVAILABLE})"
STORED_BEFORE = f"sum by ({GATEWAY}) (last_over_time({AVAILABLE}[1h] offset $__range))"
STORED_CHANGE = f"(({STORED} - {STORED_BEFORE}) / 3.6e6)"

CT_CHARGED = metric("enphase_storage_charged_energy_joules_total")
UNITS_CHARGED = metric("enphase_battery_unit_charged_energy_joules_total")
IQ_UNITS = metric("enphase_battery_units", kind="iq")
LIFETIME_CHARGED = (
    f"(sum by ({GATEWAY}) ({CT_CHARGED}) or (sum by ({GATEWAY}) ({UNITS_CHARGED}) "
    f"unless on ({GATEWAY}) {IQ_UNITS} > 0)) / 3.6e6"
)
"""By the storage CT, or by AC batteries that are alone: IQ batteries do not count."""


def flow_energy(name: str) -> str:
    """kWh of a flow over the panel's time, of each gateway."""
    return f"sum by ({GATEWAY}) (sum_over_time({metric(FLOW_WATTS, flow=name)}[$__range])) / 60000"


def week_number(title: str, description: str, query: Query, *, unit: str, empty: str = NO_FLOWS) -> stat.Panel:
    return number(title, description, [query], unit=unit, size=(6, 4), empty=empty).time_from(WEEK)


BATTERY = Row(
    "Battery",
    (
        lines(
            "Charge",
            "How full all batteries are. Reserve: what is kept for an outage, so the charge stays above it while there "
            "is a grid. Shutdown: below it the batteries switch themselves off.",
            [
                Query(metric("enphase_storage_charge_ratio"), "{{instance}}", palette.DISCHARGE),
                Query(
                    f"max by ({GATEWAY}) ({metric('enphase_battery_reserve_ratio')})",
                    "{{instance}} reserve",
                    palette.WARNING,
                ),
                Query(metric("enphase_storage_very_low_charge_limit_ratio"), "{{instance}} shutdown", palette.BAD),
            ],
            unit=units.PercentUnit,
            size=(12, 9),
            empty=NO_BATTERY,
        )
        .min(0)
        .max(1)
        .fill_opacity(25)
        .override_by_query("B", DASHED)
        .override_by_query("C", DASHED),
        lines(
            "Power",
            "What comes out of the batteries, above zero, and what goes into them, below.",
            [flow("discharge", watts("discharge")), flow("charge", f"0 - {watts('charge')}")],
            unit=units.Watt,
            size=(12, 9),
            empty=NO_FLOWS,
        ).fill_opacity(40),
        week_number(
            "Charged",
            "Energy that went into the batteries in seven days.",
            flow("charge", kilowatt_hours("charge")),
            unit=units.KiloWattHour,
        ),
        week_number(
            "Discharged",
            "Energy that came out of the batteries in seven days.",
            flow("discharge", kilowatt_hours("discharge")),
            unit=units.KiloWattHour,
        ),
        week_number(
            "Round-trip efficiency",
            "How much of what went in during seven days came out again; what the batteries hold more or less than at "
            "the beginning is counted as come out. It is shown once they were filled as much as they can hold: before "
            "that it would say little. Some 0.85 to 0.95 is usual; above 1, or far below, what is measured is wrong.",
            Query(
                f"({flow_energy('discharge')} + {STORED_CHANGE}) / ({flow_energy('charge')} >= {CAPACITY})",
                "{{instance}}",
            ),
            unit=units.PercentUnit,
            empty="not yet known",
        ),
        week_number(
            "Full cycles",
            "What went into the batteries in seven days, divided by what they can hold: two halves are one.",
            Query(f"{flow_energy('charge')} / {CAPACITY}", "{{instance}}"),
            unit=units.NoUnit,
        ).decimals(1),
        number(
            "Full cycles ever",
            "What went into the batteries since the register began, divided by what they can hold. It needs a storage "
            "CT or AC batteries: IQ batteries alone do not count what they take. A new gateway begins at 0.",
            [Query(f"{LIFETIME_CHARGED} / {CAPACITY}", "{{instance}}")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="nobody counts",
        ).decimals(0),
        number(
            "Health",
            "How much they hold of what they held when new, as the gateway says; of AC batteries the worst unit's.",
            [
                Query(
                    f"min by ({GATEWAY}) ({metric('enphase_battery_health_ratio')} or "
                    f"{metric('enphase_battery_unit_health_ratio')})",
                    "{{instance}}",
                )
            ],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="not told",
        ),
        number(
            "Energy",
            "What the batteries hold now, and can hold. AC batteries do not tell the latter: it is what they hold by "
            "how full they are.",
            [
                Query(f"{STORED} / 3.6e6", "{{instance}} now", palette.DISCHARGE),
                Query(CAPACITY, "{{instance}} full", palette.NEUTRAL),
            ],
            unit=units.KiloWattHour,
            size=(6, 4),
            empty="none heard",
        ).decimals(1),
        number(
            "Batteries",
            "Units that the gateway lists, and how many of them it hears.",
            [
                Query(f"sum by ({GATEWAY}) ({metric('enphase_battery_units')})", "{{instance}} listed"),
                Query(f"sum by ({GATEWAY}) ({metric('enphase_battery_unit_communicating')})", "{{instance}} heard"),
            ],
            unit=units.NoUnit,
            size=(6, 4),
            empty="none heard",
        ),
        days(
            "Energy by day",
            "What went into the batteries each day, and came out of them. More goes in than comes out.",
            [flow(each, f"sum({whole_day(each)})") for each in ("charge", "discharge")],
            unit=units.KiloWattHour,
            size=(24, 8),
            empty=f"{NO_DAY_YET}, or no battery",
        ).time_from("30d"),
    ),
)

ACTIVITIES: Mapping[float, NameAndColour] = {
    12: NameAndColour("charging", palette.CHARGE),
    13: NameAndColour("discharging", palette.DISCHARGE),
    14: NameAndColour("idle or full", palette.NEUTRAL),
    17: NameAndColour("low", palette.WARNING),
    0: NameAndColour("something else", palette.BAD),
}
"""By the code of an IQ battery's light."""


def by_unit(name: str) -> str:
    return f"max by (job, instance, serial) ({metric('enphase_battery_unit_' + name)})"


LED = by_unit("led_status")
IQ_ACTIVITY = " or ".join((*(f"{LED} == {light}" for light in ACTIVITIES if light), f"0 * {LED}"))
AC_ACTIVITY = code(
    "enphase_battery_unit_state", "state", {"charging": 12, "discharging": 13, "idle|full": 14}, "serial"
)

YES_OR_FAULT: Mapping[float, NameAndColour] = {
    1: NameAndColour("yes", palette.GOOD),
    0: NameAndColour("no", palette.BAD),
}

BATTERY_UNITS = Row(
    "Each battery",
    (
        table_panel(
            "Batteries one by one",
            "Each unit that the gateway lists. Heard: does it communicate. Signal: from 0 to 5, the best of its "
            "radios; 0 is none, or a cable. DC: is its switch on. What a kind of battery does not tell is empty.",
            [
                Query(f"max by (job, instance, serial, kind, firmware) ({metric('enphase_battery_unit_info')})"),
                Query(by_unit("charge_ratio")),
                Query(by_unit("power_watts")),
                Query(by_unit("temperature_celsius")),
                Query(by_unit("max_cell_temperature_celsius")),
                Query(by_unit("health_ratio")),
                Query(by_unit("communicating")),
                Query(by_unit("communication_level")),
                Query(f"time() - {by_unit('last_report_timestamp_seconds')}"),
                Query(by_unit("dc_switch_on")),
            ],
            columns={
                "serial": "Serial",
                "Value #B": "Charge",
                "Value #C": "Power",
                "Value #D": "Temperature",
                "Value #E": "Hottest cell",
                "Value #F": "Health",
                "Value #G": "Heard",
                "Value #H": "Signal",
                "Value #I": "Last report",
                "Value #J": "DC",
                "kind": "Kind",
                "firmware": "Firmware",
                "instance": "Gateway",
            },
            unit=units.NoUnit,
            size=(24, 7),
            empty=NO_BATTERY,
        )
        .override_by_name("Charge", field_unit(units.PercentUnit))
        .override_by_name("Health", field_unit(units.PercentUnit))
        .override_by_name("Power", field_unit(units.Watt))
        .override_by_name("Temperature", field_unit(units.Celsius))
        .override_by_name("Hottest cell", field_unit(units.Celsius))
        .override_by_name("Last report", field_unit(units.Seconds))
        .override_by_name("Heard", coloured_names(YES_OR_FAULT))
        .override_by_name("DC", coloured_names(YES_OR_FAULT)),
        states(
            "What each battery does",
            "By the light of IQ batteries, and by what AC batteries say. Something else, in red, is a light of which "
            "the meaning is not known, as of a unit with a fault or asleep.",
            [
                Query(IQ_ACTIVITY, "{{serial}}"),
                Query(AC_ACTIVITY, "{{serial}}"),
            ],
            values=ACTIVITIES,
            size=(12, 8),
            empty=NO_BATTERY,
        ),
        lines(
            "Charge of each battery",
            "They should go together; one that stays behind is worn, or does not take part.",
            [Query(by_unit("charge_ratio"), "{{serial}}")],
            unit=units.PercentUnit,
            size=(12, 8),
            empty=NO_BATTERY,
        )
        .min(0)
        .max(1)
        .fill_opacity(0),
        lines(
            "Temperature of each battery",
            "Of the unit. Where it is very cold or very hot, it takes and gives less power, or none.",
            [Query(by_unit("temperature_celsius"), "{{serial}}")],
            unit=units.Celsius,
            size=(12, 8),
            empty=NO_BATTERY,
        ).fill_opacity(0),
        lines(
            "Temperature of the cells",
            "Of each unit's warmest cell, and of the coldest of AC batteries.",
            [
                Query(by_unit("max_cell_temperature_celsius"), "{{serial}} warmest"),
                Query(by_unit("min_cell_temperature_celsius"), "{{serial}} coldest"),
            ],
            unit=units.Celsius,
            size=(12, 8),
            empty=NO_BATTERY,
        ).fill_opacity(0),
        states(
            "Out of service",
            "Are all batteries shut down, as below the charge named above; are they being commissioned, does the "
            "storage system do something with itself, is their firmware renewed: then they may not do "
            "what is expected.",
            [
                Query(metric("enphase_storage_shutdown"), "Shut down, {{instance}}"),
                Query(metric("enphase_storage_commissioning"), "Being commissioned, {{instance}}"),
                Query(metric("enphase_storage_ess_in_progress"), "Busy, {{instance}}"),
                Query(f"{metric('enphase_battery_firmware_update_status')} != bool 10", "New firmware, {{instance}}"),
            ],
            values={1: NameAndColour("yes", palette.WARNING), 0: NameAndColour("no", palette.NEUTRAL)},
            size=(24, 6),
            empty=NO_BATTERY,
        ),
    ),
    folded=True,
)
