"""The lower half of the dashboard Panels: through the day, side by side, and what the inverters themselves say."""

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
    "Through the day",
    (
        bands(
            "Each panel against its neighbours",
            "The power of each as a share of its neighbours' median at that moment, by peak power where the config "
            "tells it. Red at the same hour every day is a shadow, red all day is dirt or a fault. Nothing is drawn by "
            "night, nor of an inverter that is silent.",
            [Query(f"{with_labels(one_per_serial(f'avg_over_time({RATIO}[$__interval])'))}", "{{inverter}}")],
            unit=units.PercentUnit,
            size=(24, 12),
            empty=NO_RULES,
        )
        .decimals(0)
        .thresholds(steps((-1, palette.BAD), (0.5, palette.WARNING), (0.8, palette.GOOD)))
        .interval("15m"),
        lines(
            "Power of each panel",
            "The mean of each report, so in steps of 5 to 15 minutes. A flat top below that of others is an inverter "
            "at its limit, which is no fault.",
            [Query(with_labels(POWER), "{{inverter}}")],
            unit=units.Watt,
            size=(24, 9),
            empty=NO_REPORTS,
        ),
    ),
)

ARRAYS = Row(
    "Sides of the roof",
    (
        lines(
            "Sides compared",
            "What the panels of each side produce as a share of their peak power: W for each Wp. It shows when each "
            "side has the sun, whatever its size.",
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
            "Energy of the last 30 days",
            "What each side made on each day, as its inverters count it.",
            [Query(by_array(one_per_serial(f"last_over_time({KILOWATT_HOURS_BY_DAY}[1d] offset -36h)")), "{{array}}")],
            unit=units.KiloWattHour,
            size=(12, 8),
        )
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .time_from("30d"),
        table_panel(
            "Sides",
            "Each side of the config: how many panels with a known peak power, how much together, where it faces (90 "
            "is east, 180 south, 270 west), and how steep it is (0 lies flat).",
            [
                Query(f"count by (instance, array) ({with_labels(PEAK_POWER)})"),
                Query(f"sum by (instance, array) ({with_labels(PEAK_POWER)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_azimuth_degrees', ARRAY)})"),
                Query(f"max by (instance, array) ({metric('enphase_array_tilt_degrees', ARRAY)})"),
            ],
            columns={
                "array": "Side",
                "Value #A": "Panels",
                "Value #B": "Peak power",
                "Value #C": "Faces",
                "Value #D": "Tilt",
                "instance": "Gateway",
            },
            unit=units.Degrees,
            size=(24, 6),
            empty="The config of the exporter tells no sides",
        )
        .override_by_name("Panels", field_unit(units.NoUnit))
        .override_by_name("Peak power", field_unit(units.Watt)),
    ),
)


def measurement(title: str, description: str, name: str, unit: str, *more: Query) -> timeseries.Panel:
    queries = [Query(with_labels(metric(name)), "{{inverter}}"), *more]
    return lines(title, description, queries, unit=unit, size=(12, 8), empty=NO_DETAILS)


MEASUREMENTS = Row(
    "What inverters measure",
    (
        measurement(
            "DC voltage",
            "The voltage of each module. One that is lower than its like by a third or two thirds has lost a part of "
            "its cells: a bypass diode conducts, by a shadow or a defect.",
            "enphase_inverter_dc_voltage_volts",
            units.Volt,
        ),
        measurement(
            "DC current",
            "The current of each module. It follows the sun: low current at a normal voltage is shade, dirt or snow.",
            "enphase_inverter_dc_current_amperes",
            units.Ampere,
        ),
        measurement(
            "AC voltage",
            "The voltage at each inverter. It rises with the power along a cable: those at its end see the most, and "
            "switch off first when the grid is high.",
            "enphase_inverter_ac_voltage_volts",
            units.Volt,
            Query(with_labels(metric("enphase_inverter_phase_voltage_volts")), "{{inverter}} {{phase}}"),
        ),
        measurement(
            "Temperature",
            "Of each inverter, under its panel: 20 to 40 degrees above the air are usual in the sun. Some firmware "
            "tells it, older firmware does not.",
            "enphase_inverter_temperature_celsius",
            units.Celsius,
        ),
    ),
)

REPORTS = Row(
    "Reports",
    (
        lines(
            "Who reports",
            "Inverters that the gateway lists, those whose report is young, and those that it hears at this moment on "
            "the power line: none by night. Of all sides.",
            [
                Query(f"count({REPORTING})", "Listed", palette.NEUTRAL),
                Query(f"sum({REPORTING})", "Reporting", palette.SOLAR),
                Query(f"sum({metric('enphase_communication_devices', device='pcu')})", "Heard", palette.HOME),
            ],
            unit=units.NoUnit,
            size=(12, 8),
            empty=NO_REPORTS,
        ).min(0),
        lines(
            "Signal on the power line",
            "How well the gateway hears its inverters, from 0 to 5, all together. The lower, the more reports get "
            "lost: look for chargers and power supplies on the same circuit. Absent by night.",
            [Query(metric("enphase_communication_level", device="pcu"), "{{instance}}")],
            unit=units.NoUnit,
            size=(12, 8),
            empty="This gateway does not tell it",
        )
        .min(0)
        .max(5)
        .decimals(0),
        table_panel(
            "Inverters",
            "What is on the roof: part number, firmware, and the most power that each has ever reported. Different "
            "firmware on inverters of one part is an update that has not reached all.",
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
                "Value #B": "Most ever",
                "Value #C": "Peak power",
                "phase": "Phase",
                "array": "Side",
                "instance": "Gateway",
                "serial": "Serial",
            },
            unit=units.Watt,
            size=(24, 9),
            empty="No inverter is listed",
        ),
    ),
)
