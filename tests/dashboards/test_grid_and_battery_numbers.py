"""Values of the dashboard Grid and battery for simple inputs, evaluated by promtool."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.dashboards import queries
from support.query_check import Series, check_query

pytestmark = pytest.mark.integration

HOME = 'job="envoy", instance="home"'
BARN = 'job="envoy", instance="barn"'
DAY = "1d30s"

Results = Mapping[str, float]
"""Values by labels: those beside job and instance of HOME, or all of them in braces."""


def volts(phase: str, values: str, gateway: str = HOME, meter: str = "net-consumption") -> Series:
    return {f'enphase_meter_phase_voltage_volts{{{gateway}, meter="{meter}", phase="{phase}"}}': values}


def relay_volts(phase: str, values: str, gateway: str = HOME) -> Series:
    return {f'enphase_iq_relay_phase_voltage_volts{{{gateway}, serial="5", phase="{phase}"}}': values}


def power(phase: str, watts: float, meter: str = "net-consumption") -> Series:
    return {f'enphase_meter_phase_power_watts{{{HOME}, meter="{meter}", phase="{phase}"}}': f"{watts}x1500"}


def meter(name: str, status: str = "normal", enabled: int = 1, flags: str = "0x1500") -> Series:
    states = ("normal", "not-metering", "check-wiring", "other")
    flag = f'meter="{name}", flag="production-imbalance"'
    return {
        f'enphase_meter_enabled{{{HOME}, meter="{name}"}}': f"{enabled}x1500",
        f'enphase_meter_status_flags_active{{{HOME}, meter="{name}"}}': flags,
        f"enphase_meter_status_flag{{{HOME}, {flag}}}": flags,
        **{
            f'enphase_meter_metering_status{{{HOME}, meter="{name}", status="{state}"}}': f"{int(state == status)}x1500"
            for state in states
        },
    }


def communicating(device: str, serial: str, value: int) -> Series:
    return {f'enphase_{device}_communicating{{{HOME}, serial="{serial}"}}': f"{value}x1500"}


def storage(name: str, values: str) -> Series:
    return {f"enphase_storage_{name}{{{HOME}}}": values}


def flow(name: str, values: str) -> Series:
    return {f'instance:enphase_flow_watts:mean5m{{{HOME}, flow="{name}"}}': values}


def relay(number: str, closed: str, load: str = "", mode: str = "soc") -> Series:
    actions = f'type="LOAD", mode="{mode}", grid_action="apply", micro_grid_action="shed", generator_action="shed"'
    info = {f'enphase_relay_info{{{HOME}, relay="{number}", load="{load}", {actions}}}': "1x1500"} if load else {}
    return {f'enphase_relay_closed{{{HOME}, relay="{number}"}}': closed, **info}


def mode(name: str) -> Series:
    modes = ("multimode-ongrid", "multimode-offgrid", "multimode-generator", "grid-tied", "unknown", "other")
    return {f'enphase_grid_mode{{{HOME}, serial="1", mode="{state}"}}': f"{int(state == name)}x1500" for state in modes}


def led(code: int) -> Series:
    return {f'enphase_battery_unit_led_status{{{HOME}, serial="9"}}': f"{code}x1500"}


THREE_PHASES = {**volts("L1", "230x1500"), **volts("L2", "231x1500"), **volts("L3", "254x1500")}
SPLIT = {**volts("L1", "121x1500"), **volts("L2", "119x1500")}
IN_BARN = volts("L1", "119x1500", BARN)
TEN_KILOWATT_HOURS = storage("capacity_joules", "36000000x1500")
CHARGED = flow("charge", "1000x1500")
"""24 kWh a day."""
DISCHARGED = flow("discharge", "875x1500")
"""21 kWh a day."""

CASES: Mapping[str, tuple[str, int, Series, Results]] = {
    "voltage_of_two_meters_is_one_value_a_phase": (
        "Voltage",
        0,
        {**SPLIT, **volts("L1", "121x1500", meter="production")},
        {'phase="L1"': 121, 'phase="L2"': 119},
    ),
    "voltage_ignores_the_storage_ct": (
        "Voltage",
        0,
        {**volts("L1", "0x1500"), **volts("L1", "120x1500", meter="storage")},
        {'phase="L1"': 0},
    ),
    "voltage_of_an_iq_relay_without_a_meter": ("Voltage", 0, relay_volts("L1", "236x1500"), {'phase="L1"': 236}),
    "voltage_of_a_meter_before_an_iq_relay": (
        "Voltage",
        0,
        {**volts("L1", "234x1500"), **relay_volts("L1", "236x1500")},
        {'phase="L1"': 234},
    ),
    "upper_limit_of_230_v_is_253": ("Voltage over time", 1, THREE_PHASES, {"": 253}),
    "lower_limit_of_230_v_is_207": ("Voltage over time", 2, THREE_PHASES, {"": 207}),
    "upper_limit_of_120_v_is_126": ("Voltage over time", 1, SPLIT, {"": 126}),
    "lower_limit_of_120_v_is_114": ("Voltage over time", 2, SPLIT, {"": 114}),
    "limits_are_per_gateway": (
        "Voltage over time",
        1,
        {**THREE_PHASES, **IN_BARN},
        {"": 253, f"{{{BARN}}}": 126},
    ),
    "limits_of_230_v_stay_in_an_outage": ("Voltage over time", 1, volts("L1", "230x1420 0x80"), {"": 253}),
    "lowest_voltage_of_the_day": ("Voltage by phase", 1, volts("L1", "230x700 198 230x800"), {'phase="L1"': 198}),
    "highest_voltage_of_the_day": ("Voltage by phase", 2, volts("L1", "230x700 255 230x800"), {'phase="L1"': 255}),
    "voltage_outside_for_a_quarter_of_the_day": (
        "Voltage by phase",
        3,
        volts("L1", "230x1080 254x420"),
        {'phase="L1"': 0.25},
    ),
    "voltage_of_120_v_is_never_outside": ("Voltage by phase", 3, volts("L1", "121x1500"), {'phase="L1"': 0}),
    "voltage_between_both_bands_is_outside": ("Voltage by phase", 3, volts("L1", "180x1500"), {'phase="L1"': 1}),
    "imbalance_of_import_and_export_is_their_difference": (
        "Phase imbalance",
        0,
        {**power("L1", -500), **power("L2", 1500)},
        {'meter="net-consumption"': 2000},
    ),
    "imbalance_of_one_phase_is_absent": ("Phase imbalance", 0, power("L1", -500), {}),
    "power_factor_below_100_w_is_absent": (
        "Power factor",
        0,
        {
            **power("L1", 20),
            **power("L2", -400),
            f'enphase_meter_phase_power_factor_ratio{{{HOME}, meter="net-consumption", phase="L1"}}': "0.2x1500",
            f'enphase_meter_phase_power_factor_ratio{{{HOME}, meter="net-consumption", phase="L2"}}': "-0.9x1500",
        },
        {'meter="net-consumption", phase="L2"': 0.9},
    ),
    "meters_with_errors_without_errors_is_0": (
        "Meters with errors",
        0,
        {**meter("production"), **meter("storage")},
        {"{}": 0},
    ),
    "meters_with_errors_counts_status_and_flag": (
        "Meters with errors",
        0,
        {**meter("production", "check-wiring"), **meter("storage", flags="1x1500"), **meter("load")},
        {"{}": 2},
    ),
    "meters_with_errors_counts_a_meter_once": (
        "Meters with errors",
        0,
        meter("production", "check-wiring", flags="1x1500"),
        {"{}": 1},
    ),
    "meters_with_errors_ignores_disabled_meters": (
        "Meters with errors",
        0,
        meter("production", "not-metering", enabled=0),
        {"{}": 0},
    ),
    "meters_with_errors_without_meters_is_absent": ("Meters with errors", 0, {}, {}),
    "meter_status_normal": (
        "Meter status",
        0,
        meter("production"),
        {'meter="production"': 0},
    ),
    "meter_status_check_wiring": (
        "Meter status",
        0,
        meter("production", "check-wiring"),
        {'meter="production"': 2},
    ),
    "meter_status_disabled": (
        "Meter status",
        0,
        meter("production", "not-metering", enabled=0),
        {'meter="production"': 4},
    ),
    "meter_flag_raised": (
        "Meter status",
        1,
        meter("production", flags="0x1400 1x100"),
        {'flag="production-imbalance", meter="production"': 5},
    ),
    "meter_flag_lowered_in_this_time_range": (
        "Meter status",
        1,
        meter("production", flags="0x1400 1x10 0x90"),
        {'flag="production-imbalance", meter="production"': 0},
    ),
    "meter_flag_never_raised_is_absent": ("Meter status", 1, meter("production"), {}),
    "devices_not_communicating_counts_two_of_three": (
        "Devices not communicating",
        0,
        {
            **communicating("battery_unit", "1", 0),
            **communicating("enpower", "2", 0),
            **communicating("iq_relay", "3", 1),
        },
        {"{}": 2},
    ),
    "devices_not_communicating_ignores_sleeping_batteries": (
        "Devices not communicating",
        0,
        {
            **communicating("battery_unit", "1", 0),
            **communicating("battery_unit", "2", 1),
            f'enphase_battery_unit_sleep_commanded{{{HOME}, serial="1"}}': "1x1500",
            f'enphase_battery_unit_sleep_commanded{{{HOME}, serial="2"}}': "0x1500",
        },
        {"{}": 0},
    ),
    "devices_not_communicating_without_errors_is_0": (
        "Devices not communicating",
        0,
        communicating("combiner", "1", 1),
        {"{}": 0},
    ),
    "devices_not_communicating_without_devices_is_absent": ("Devices not communicating", 0, {}, {}),
    "inverter_mode_off_the_grid": ("Grid connection of devices", 2, mode("multimode-offgrid"), {"": 0}),
    "inverter_mode_grid_tied_is_on_the_grid": ("Grid connection of devices", 2, mode("grid-tied"), {"": 1}),
    "inverter_mode_on_a_generator": ("Grid connection of devices", 2, mode("multimode-generator"), {"": 2}),
    "inverter_mode_other": ("Grid connection of devices", 2, mode("other"), {"": 3}),
    "full_cycles_of_24_kwh_at_10_kwh_capacity": ("Full cycles", 0, {**CHARGED, **TEN_KILOWATT_HOURS}, {"": 2.4}),
    "full_cycles_of_ac_batteries_by_state_of_charge": (
        "Full cycles",
        0,
        {**CHARGED, **storage("available_energy_joules", "9000000x1500"), **storage("charge_ratio", "0.5x1500")},
        {"": 4.8},
    ),
    "efficiency_of_21_of_24_kwh": (
        "Round-trip efficiency",
        0,
        {**CHARGED, **DISCHARGED, **TEN_KILOWATT_HOURS, **storage("available_energy_joules", "18000000x1500")},
        {"": 0.875},
    ),
    "efficiency_counts_the_change_of_stored_energy": (
        "Round-trip efficiency",
        0,
        {
            **CHARGED,
            **DISCHARGED,
            **TEN_KILOWATT_HOURS,
            **storage("available_energy_joules", "18000000x700 21600000x800"),
        },
        {"": 22 / 24},
    ),
    "efficiency_below_one_full_charge_is_absent": (
        "Round-trip efficiency",
        0,
        {
            **flow("charge", "400x1500"),
            **DISCHARGED,
            **TEN_KILOWATT_HOURS,
            **storage("available_energy_joules", "18000000x1500"),
        },
        {},
    ),
    "lifetime_cycles_of_the_storage_ct": (
        "Lifetime full cycles",
        0,
        {**TEN_KILOWATT_HOURS, **storage("charged_energy_joules_total", "3600000000x1500")},
        {"": 100},
    ),
    "lifetime_cycles_with_iq_batteries_and_no_ct_is_absent": (
        "Lifetime full cycles",
        0,
        {
            **TEN_KILOWATT_HOURS,
            f'enphase_battery_unit_charged_energy_joules_total{{{HOME}, serial="1"}}': "3600000000x1500",
            f'enphase_battery_units{{{HOME}, kind="iq"}}': "2x1500",
        },
        {},
    ),
    "battery_power_charging_is_negative": ("Battery power", 1, CHARGED, {"{}": -1000}),
    "battery_activity_of_a_known_light": ("Battery activity", 0, led(13), {'serial="9"': 13}),
    "battery_activity_of_an_unknown_light": ("Battery activity", 0, led(99), {'serial="9"': 0}),
    "relay_has_the_name_of_its_load": ("Relays", 0, relay("NC1", "1x1500", "Pool"), {'relay="NC1", load="Pool"': 1}),
    "relay_with_two_settings_is_shown_once": (
        "Relays",
        0,
        {**relay("NC1", "0x1500", "Pool"), **relay("NC1", "0x1500", "Pool", "manual")},
        {'relay="NC1", load="Pool"': 0},
    ),
    "relay_without_settings_has_its_own_name": ("Relays", 0, relay("NC1", "1x1500"), {'relay="NC1"': 1}),
    "battery_mode_without_batteries_is_absent": (
        "Battery mode",
        0,
        {f'enphase_storage_mode{{{HOME}, mode="self-consumption"}}': "1x1500"},
        {},
    ),
    "battery_mode_savings": (
        "Battery mode",
        0,
        {
            f'enphase_storage_mode{{{HOME}, mode="savings-mode"}}': "1x1500",
            f'enphase_battery_units{{{HOME}, kind="iq"}}': "2x1500",
        },
        {"": 3},
    ),
    "production_limit_not_enabled_is_absent": (
        "Production limit",
        0,
        {
            f"enphase_production_limit_ratio{{{HOME}}}": "0.7x1500",
            f"enphase_production_limit_enabled{{{HOME}}}": "0x1500",
        },
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_grid_and_battery_panel_shows_values(case: str, tmp_path: Path) -> None:
    title, index, series, results = CASES[case]
    (query,) = (
        target.expression for target in queries("grid-and-battery") if (target.panel, target.index) == (title, index)
    )
    check_query("grid-and-battery", query, DAY, series, samples(results), tmp_path)


def samples(results: Results) -> Sequence[Mapping[str, object]]:
    return [
        {
            "labels": labels if labels.startswith("{") else f"{{{', '.join(filter(None, (HOME, labels)))}}}",
            "value": value,
        }
        for labels, value in results.items()
    ]
