"""The rows of the dashboard Grid and battery about batteries: all together, and each one."""

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

NO_BATTERY = "No battery"
NO_FLOWS = "No battery, or no rules of prometheus/rules"
WEEK = "7d"

GATEWAY = "job, instance"
AVAILABLE = metric("enphase_storage_available_energy_joules")
CAPACITY = (
    f"((sum by ({GATEWAY}) ({metric('enphase_storage_capacity_joules')}) or sum by ({GATEWAY}) ({AVAILABLE}) / "
    f"sum by ({GATEWAY}) ({metric('enphase_storage_charge_ratio')} > 0.05)) / 3.6e6)"
)
"""In kWh; AC batteries do not report it, but their state of charge and stored energy."""

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
"""By the storage CT, or by the registers of AC batteries if there are no IQ batteries, which have no registers."""


def flow_energy(name: str) -> str:
    """kWh of a flow over the panel's time range, of each gateway."""
    return f"sum by ({GATEWAY}) (sum_over_time({metric(FLOW_WATTS, flow=name)}[$__range])) / 60000"


def week_number(title: str, description: str, query: Query, *, unit: str, empty: str = NO_FLOWS) -> stat.Panel:
    return number(title, description, [query], unit=unit, size=(6, 4), empty=empty).time_from(WEEK)


BATTERY = Row(
    "Battery",
    (
        lines(
            "State of charge",
            "State of charge of all batteries together. Reserve: charge that is kept for an outage; with a grid the "
            "batteries do not discharge below it. Shutdown: below it the batteries switch off.",
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
            "Battery power",
            "Discharging above zero, charging below.",
            [flow("discharge", watts("discharge")), flow("charge", f"0 - {watts('charge')}")],
            unit=units.Watt,
            size=(12, 9),
            empty=NO_FLOWS,
        ).fill_opacity(40),
        week_number(
            "Energy charged",
            "Energy into the batteries in seven days.",
            flow("charge", kilowatt_hours("charge")),
            unit=units.KiloWattHour,
        ),
        week_number(
            "Energy discharged",
            "Energy out of the batteries in seven days.",
            flow("discharge", kilowatt_hours("discharge")),
            unit=units.KiloWattHour,
        ),
        week_number(
            "Round-trip efficiency",
            "Energy discharged in seven days divided by the energy charged, corrected by the change of the stored "
            "energy. It is shown once at least one full capacity was charged; before that it would not be meaningful. "
            "85 to 95 % is usual; above 100 %, or far below, a measurement is wrong.",
            Query(
                f"({flow_energy('discharge')} + {STORED_CHANGE}) / ({flow_energy('charge')} >= {CAPACITY})",
                "{{instance}}",
            ),
            unit=units.PercentUnit,
            empty="Less than one full charge",
        ),
        week_number(
            "Full cycles",
            "Energy charged in seven days, divided by the capacity: two half charges are one cycle.",
            Query(f"{flow_energy('charge')} / {CAPACITY}", "{{instance}}"),
            unit=units.NoUnit,
        ).decimals(1),
        number(
            "Lifetime full cycles",
            "Energy charged since the register began, divided by the capacity. It needs a storage CT or AC batteries: "
            "IQ batteries have no energy register. A new gateway begins at 0.",
            [Query(f"{LIFETIME_CHARGED} / {CAPACITY}", "{{instance}}")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="No energy register",
        ).decimals(0),
        number(
            "State of health",
            "Present capacity as a share of the capacity when new, as reported by the gateway; of AC batteries the "
            "lowest unit.",
            [
                Query(
                    f"min by ({GATEWAY}) ({metric('enphase_battery_health_ratio')} or "
                    f"{metric('enphase_battery_unit_health_ratio')})",
                    "{{instance}}",
                )
            ],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="Not reported",
        ),
        number(
            "Stored energy",
            "Stored energy and capacity. AC batteries do not report their capacity: it is the stored energy divided "
            "by the state of charge.",
            [
                Query(f"{STORED} / 3.6e6", "{{instance}} now", palette.DISCHARGE),
                Query(CAPACITY, "{{instance}} full", palette.NEUTRAL),
            ],
            unit=units.KiloWattHour,
            size=(6, 4),
            empty="No battery",
        ).decimals(1),
        number(
            "Batteries",
            "Battery units that the gateway lists, and how many of them communicate with it.",
            [
                Query(f"sum by ({GATEWAY}) ({metric('enphase_battery_units')})", "{{instance}} listed"),
                Query(f"sum by ({GATEWAY}) ({metric('enphase_battery_unit_communicating')})", "{{instance}} heard"),
            ],
            unit=units.NoUnit,
            size=(6, 4),
            empty="No battery",
        ),
        days(
            "Energy by day",
            "Energy charged and discharged each day. Charging takes more energy than discharging returns.",
            [flow(name, f"sum({whole_day(name)})") for name in ("charge", "discharge")],
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
    0: NameAndColour("other", palette.BAD),
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
            "Battery units",
            "Each unit that the gateway lists. Communicating: whether it communicates with the gateway. Signal: from "
            "0 to 5, of its best radio; 0 means that it has no signal or uses a cable. DC: whether its switch is on. A "
            "cell is empty if this kind of battery does not report the value.",
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
                "Value #B": "State of charge",
                "Value #C": "Power",
                "Value #D": "Temperature",
                "Value #E": "Hottest cell",
                "Value #F": "Health",
                "Value #G": "Communicating",
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
        .override_by_name("State of charge", field_unit(units.PercentUnit))
        .override_by_name("Health", field_unit(units.PercentUnit))
        .override_by_name("Power", field_unit(units.Watt))
        .override_by_name("Temperature", field_unit(units.Celsius))
        .override_by_name("Hottest cell", field_unit(units.Celsius))
        .override_by_name("Last report", field_unit(units.Seconds))
        .override_by_name("Communicating", coloured_names(YES_OR_FAULT))
        .override_by_name("DC", coloured_names(YES_OR_FAULT)),
        states(
            "Battery activity",
            "Activity as shown by the light of IQ batteries, or by the state of AC batteries. Other, in red, is a "
            "light with an unknown meaning, for example of a unit with a fault or asleep.",
            [
                Query(IQ_ACTIVITY, "{{serial}}"),
                Query(AC_ACTIVITY, "{{serial}}"),
            ],
            values=ACTIVITIES,
            size=(12, 8),
            empty=NO_BATTERY,
        ),
        lines(
            "State of charge by battery",
            "The units should charge and discharge together; one that lags is aged, or is not in use.",
            [Query(by_unit("charge_ratio"), "{{serial}}")],
            unit=units.PercentUnit,
            size=(12, 8),
            empty=NO_BATTERY,
        )
        .min(0)
        .max(1)
        .fill_opacity(0),
        lines(
            "Temperature by battery",
            "Temperature of the unit. When it is very cold or very hot, the unit charges and discharges with less "
            "power, or not at all.",
            [Query(by_unit("temperature_celsius"), "{{serial}}")],
            unit=units.Celsius,
            size=(12, 8),
            empty=NO_BATTERY,
        ).fill_opacity(0),
        lines(
            "Cell temperature",
            "The warmest cell of each unit, and the coldest of AC batteries.",
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
            "Whether all batteries are shut down, as below the shutdown charge above; whether they are being "
            "commissioned, the storage system is busy, or firmware is being updated. Meanwhile they may not charge or "
            "discharge as expected.",
            [
                Query(metric("enphase_storage_shutdown"), "Shut down, {{instance}}"),
                Query(metric("enphase_storage_commissioning"), "Commissioning, {{instance}}"),
                Query(metric("enphase_storage_ess_in_progress"), "Busy, {{instance}}"),
                Query(
                    f"{metric('enphase_battery_firmware_update_status')} != bool 10", "Firmware update, {{instance}}"
                ),
            ],
            values={1: NameAndColour("yes", palette.WARNING), 0: NameAndColour("no", palette.NEUTRAL)},
            size=(24, 6),
            empty=NO_BATTERY,
        ),
    ),
    folded=True,
)
