"""The lower half of the dashboard Panels: over the day, by array, and what the inverters measure."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models import common, units

import palette
from charts import bands, days, lines
from field_options import field_unit, steps
from inverters import (
    ARRAY,
    INVERTER,
    KILOWATT_HOURS_BY_DAY,
    NO_DETAILS,
    NO_PEAK_POWER,
    NO_REPORTS,
    NO_RULES,
    PEAK_POWER,
    POWER,
    RATIO,
    REPORTING,
    by_array,
    one_per_serial,
    with_labels,
)
from placement import Row
from queries import Query, metric
from table_panels import table_panel

COMPARISON = Row(
    "Over the day",
    (
        bands(
            "Panels relative to neighbours",
            "The power of each panel as a share of the median of its neighbours at that moment, relative to the peak "
            "power if the config has it. Red at the same hour every day is a shadow, red all day is dirt or a fault. "
            "Empty at night, and while an inverter does not report.",
            [Query(f"{with_labels(one_per_serial(f'avg_over_time({RATIO}[$__interval])'))}", "{{inverter}}")],
            unit=units.PercentUnit,
            size=(24, 12),
            empty=NO_RULES,
        )
        .decimals(0)
        .thresholds(steps((-1, palette.BAD), (0.5, palette.WARNING), (0.8, palette.GOOD)))
        .interval("15m"),
        lines(
            "Power by panel",
            "The mean of each report, so in steps of 5 to 15 minutes. A flat top below that of others is an inverter "
            "at its maximum power, which is not a fault.",
            [Query(with_labels(POWER), "{{inverter}}")],
            unit=units.Watt,
            size=(24, 9),
            empty=NO_REPORTS,
        ),
    ),
)

ARRAYS = Row(
    "Arrays",
    (
        lines(
            "Production of peak power by array",
            "Production of each array as a share of its peak power: W per Wp. It shows when each array has sunlight, "
            "whatever its size.",
            [
                Query(
                    by_array(f"{POWER} and {INVERTER} {PEAK_POWER}")
                    + f" / ({by_array(f'{PEAK_POWER} and {INVERTER} {POWER}')} > 0)",
                    "{{array}}",
                )
            ],
            unit=units.PercentUnit,
            size=(12, 8),
            empty=NO_PEAK_POWER,
        ),
        days(
            "Energy by array, last 30 days",
            "Energy of each array on each day, by the registers of its inverters.",
            [Query(by_array(one_per_serial(f"last_over_time({KILOWATT_HOURS_BY_DAY}[1d] offset -36h)")), "{{array}}")],
            unit=units.KiloWattHour,
            size=(12, 8),
        )
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .time_from("30d"),
        table_panel(
            "Arrays",
            "Each array of the config: the number of panels with a peak power, the sum of their peak power, the "
            "azimuth (90 is east, 180 south, 270 west) and the tilt (0 is horizontal).",
            [
                Query(f"count by (instance, array) ({with_labels(PEAK_POWER)})"),
                Query(f"sum by (instance, array) ({with_labels(PEAK_POWER)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_azimuth_degrees', ARRAY)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_tilt_degrees', ARRAY)})"),
            ],
            columns={
                "array": "Array",
                "Value #A": "Panels",
                "Value #B": "Peak power",
                "Value #C": "Azimuth",
                "Value #D": "Tilt",
                "instance": "Gateway",
            },
            unit=units.Degrees,
            size=(24, 6),
            empty="No arrays in the config",
        )
        .override_by_name("Panels", field_unit(units.NoUnit))
        .override_by_name("Peak power", field_unit(units.Watt)),
    ),
)


def measurement(title: str, description: str, name: str, unit: str, *more: Query) -> timeseries.Panel:
    queries = [Query(with_labels(metric(name)), "{{inverter}}"), *more]
    return lines(title, description, queries, unit=unit, size=(12, 8), empty=NO_DETAILS)


MEASUREMENTS = Row(
    "Inverter measurements",
    (
        measurement(
            "DC voltage",
            "The voltage of each module. A module that is lower than others of its type by a third or two thirds has "
            "lost a part of its cells: a bypass diode conducts, because of a shadow or a defect.",
            "enphase_inverter_dc_voltage_volts",
            units.Volt,
        ),
        measurement(
            "DC current",
            "The current of each module. It follows the irradiance: a low current at a normal voltage is shade, dirt "
            "or snow.",
            "enphase_inverter_dc_current_amperes",
            units.Ampere,
        ),
        measurement(
            "AC voltage",
            "The voltage at each inverter. It rises with the power along a cable: the inverters at its end have the "
            "highest, and switch off first when the grid voltage is high.",
            "enphase_inverter_ac_voltage_volts",
            units.Volt,
            Query(with_labels(metric("enphase_inverter_phase_voltage_volts")), "{{inverter}} {{phase}}"),
        ),
        measurement(
            "Temperature",
            "Temperature of each inverter, under its panel: 20 to 40 degrees above the air temperature is usual in "
            "sunlight. Not all firmware reports it.",
            "enphase_inverter_temperature_celsius",
            units.Celsius,
        ),
    ),
)

REPORTS = Row(
    "Reports",
    (
        lines(
            "Reporting inverters",
            "Inverters that the gateway lists, those with a recent report, and those that communicate on the power "
            "line at this moment: none at night. Of all arrays.",
            [
                Query(f"count({REPORTING})", "Listed", palette.NEUTRAL),
                Query(f"sum({REPORTING})", "Reporting", palette.SOLAR),
                Query(f"sum({metric('enphase_communication_devices', device='pcu')})", "Communicating", palette.HOME),
            ],
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_REPORTS,
        ).min(0),
        lines(
            "Power line signal",
            "How well the gateway receives its inverters, from 0 to 5, all together. The lower, the more reports are "
            "lost: look for chargers and power supplies on the same circuit. Absent at night.",
            [Query(metric("enphase_communication_level", device="pcu"), "{{instance}}")],
            unit=units.NoUnit,
            size=(12, 8),
            empty="Not reported by this gateway",
        )
        .min(0)
        .max(5)
        .decimals(0),
        table_panel(
            "Inverters",
            "Part number, firmware, and the highest power that each inverter has ever reported. Different firmware on "
            "inverters of one part number is an update that has not reached all.",
            [
                Query(with_labels(f"topk by (job, instance, serial) (1, {metric('enphase_inverter_info')})")),
                Query(with_labels(metric("enphase_inverter_max_power_watts"))),
                Query(with_labels(PEAK_POWER)),
                Query(with_labels(f"topk by (job, instance, serial) (1, {metric('enphase_inverter_phase_info')})")),
            ],
            columns={
                "inverter": "Panel",
                "part_number": "Part",
                "firmware": "Firmware",
                "Value #B": "Highest ever",
                "Value #C": "Peak power",
                "phase": "Phase",
                "array": "Array",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.Watt,
            size=(24, 9),
            empty="No inverter is listed",
        ),
    ),
)
