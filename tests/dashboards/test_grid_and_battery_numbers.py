"""What Grid and battery says of a plant that one can reckon in one's head."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.answers import Series, check_query
from support.dashboards import queries

pytestmark = pytest.mark.integration

HOME = 'job="envoy", instance="home"'
BARN = 'job="envoy", instance="barn"'
DAY = "1d30s"

Answers = Mapping[str, float]
"""Labels beside job and instance of HOME, or all of them in braces, and the value."""


def volts(phase: str, values: str, gateway: str = HOME, meter: str = "net-consumption") -> Series:
    return {f'enphase_meter_phase_voltage_volts{{{gateway}, meter="{meter}", phase="{phase}"}}': values}


def of_relay(phase: str, values: str, gateway: str = HOME) -> Series:
    return {f'enphase_iq_relay_phase_voltage_volts{{{gateway}, serial="5", phase="{phase}"}}': values}


def power(phase: str, watts: float, meter: str = "net-consumption") -> Series:
    return {f'enphase_meter_phase_power_watts{{{HOME}, meter="{meter}", phase="{phase}"}}': f"{watts}x1500"}


def meter(name: str, status: str = "normal", enabled: int = 1, flags: str = "0x1500") -> Series:
    every = ("normal", "not-metering", "check-wiring", "other")
    flag = f'meter="{name}", flag="production-imbalance"'
    return {
        f'enphase_meter_enabled{{{HOME}, meter="{name}"}}': f"{enabled}x1500",
        f'enphase_meter_status_flags_active{{{HOME}, meter="{name}"}}': flags,
        f"enphase_meter_status_flag{{{HOME}, {flag}}}": flags,
        **{
            f'enphase_meter_metering_status{{{HOME}, meter="{name}", status="{each}"}}': f"{int(each == status)}x1500"
            for each in every
        },
    }


def heard(device: str, serial: str, value: int) -> Series:
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
    every = ("multimode-ongrid", "multimode-offgrid", "multimode-generator", "grid-tied", "unknown", "other")
    return {f'enphase_grid_mode{{{HOME}, serial="1", mode="{each}"}}': f"{int(each == name)}x1500" for each in every}


def light(code: int) -> Series:
    return {f'enphase_battery_unit_led_status{{{HOME}, serial="9"}}': f"{code}x1500"}


THREE_PHASES = {**volts("L1", "230x1500"), **volts("L2", "231x1500"), **volts("L3", "254x1500")}
SPLIT = {**volts("L1", "121x1500"), **volts("L2", "119x1500")}
IN_BARN = volts("L1", "119x1500", BARN)
TEN_KILOWATT_HOURS = storage("capacity_joules", "36000000x1500")
CHARGED = flow("charge", "1000x1500")
"""24 kWh a day."""
DISCHARGED = flow("discharge", "875x1500")
"""21 kWh a day."""

CLAIMS: Mapping[str, tuple[str, int, Series, Answers]] = {
    "each phase, however many meters see it": (
        "Voltage",
        0,
        {**SPLIT, **volts("L1", "121x1500", meter="production")},
        {'phase="L1"': 121, 'phase="L2"': 119},
    ),
    "not the storage CT, behind the switch to the grid": (
        "Voltage",
        0,
        {**volts("L1", "0x1500"), **volts("L1", "120x1500", meter="storage")},
        {'phase="L1"': 0},
    ),
    "an IQ Relay where there is no meter": ("Voltage", 0, of_relay("L1", "236x1500"), {'phase="L1"': 236}),
    "a meter before an IQ Relay": (
        "Voltage",
        0,
        {**volts("L1", "234x1500"), **of_relay("L1", "236x1500")},
        {'phase="L1"': 234},
    ),
    "230 V may be 253": ("Voltage of the phases", 1, THREE_PHASES, {"": 253}),
    "and 207": ("Voltage of the phases", 2, THREE_PHASES, {"": 207}),
    "120 V may be 126": ("Voltage of the phases", 1, SPLIT, {"": 126}),
    "and 114": ("Voltage of the phases", 2, SPLIT, {"": 114}),
    "each gateway has its own limits": (
        "Voltage of the phases",
        1,
        {**THREE_PHASES, **IN_BARN},
        {"": 253, f"{{{BARN}}}": 126},
    ),
    "an outage does not make 120 V of it": ("Voltage of the phases", 1, volts("L1", "230x1420 0x80"), {"": 253}),
    "the lowest of the day": ("Voltage by phase", 1, volts("L1", "230x700 198 230x800"), {'phase="L1"': 198}),
    "the highest": ("Voltage by phase", 2, volts("L1", "230x700 255 230x800"), {'phase="L1"': 255}),
    "a quarter of the day outside": ("Voltage by phase", 3, volts("L1", "230x1080 254x420"), {'phase="L1"': 0.25}),
    "never outside with 120 V": ("Voltage by phase", 3, volts("L1", "121x1500"), {'phase="L1"': 0}),
    "between both bands is outside": ("Voltage by phase", 3, volts("L1", "180x1500"), {'phase="L1"': 1}),
    "imbalance of an import and an export": (
        "Imbalance of the phases",
        0,
        {**power("L1", -500), **power("L2", 1500)},
        {'meter="net-consumption"': 2000},
    ),
    "one phase has none": ("Imbalance of the phases", 0, power("L1", -500), {}),
    "a power factor of little power says nothing": (
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
    "no meter has a problem": ("Meters with a problem", 0, {**meter("production"), **meter("storage")}, {"{}": 0}),
    "the wiring, and a flag on another one": (
        "Meters with a problem",
        0,
        {**meter("production", "check-wiring"), **meter("storage", flags="1x1500"), **meter("load")},
        {"{}": 2},
    ),
    "both on one meter is one meter": (
        "Meters with a problem",
        0,
        meter("production", "check-wiring", flags="1x1500"),
        {"{}": 1},
    ),
    "what is switched off need not measure": (
        "Meters with a problem",
        0,
        meter("production", "not-metering", enabled=0),
        {"{}": 0},
    ),
    "there is no meter": ("Meters with a problem", 0, {}, {}),
    "a meter that is fine": (
        "What the meters say of themselves",
        0,
        meter("production"),
        {'meter="production"': 0},
    ),
    "a meter to be checked": (
        "What the meters say of themselves",
        0,
        meter("production", "check-wiring"),
        {'meter="production"': 2},
    ),
    "a meter that is switched off": (
        "What the meters say of themselves",
        0,
        meter("production", "not-metering", enabled=0),
        {'meter="production"': 4},
    ),
    "a flag while it is raised": (
        "What the meters say of themselves",
        1,
        meter("production", flags="0x1400 1x100"),
        {'flag="production-imbalance", meter="production"': 5},
    ),
    "a flag of this time that has been lowered": (
        "What the meters say of themselves",
        1,
        meter("production", flags="0x1400 1x10 0x90"),
        {'flag="production-imbalance", meter="production"': 0},
    ),
    "a flag that was never raised": ("What the meters say of themselves", 1, meter("production"), {}),
    "two of three are silent": (
        "Silent devices",
        0,
        {**heard("battery_unit", "1", 0), **heard("enpower", "2", 0), **heard("iq_relay", "3", 1)},
        {"{}": 2},
    ),
    "one of two is silent and was told to sleep": (
        "Silent devices",
        0,
        {
            **heard("battery_unit", "1", 0),
            **heard("battery_unit", "2", 1),
            f'enphase_battery_unit_sleep_commanded{{{HOME}, serial="1"}}': "1x1500",
            f'enphase_battery_unit_sleep_commanded{{{HOME}, serial="2"}}': "0x1500",
        },
        {"{}": 0},
    ),
    "all are heard": ("Silent devices", 0, heard("combiner", "1", 1), {"{}": 0}),
    "no device": ("Silent devices", 0, {}, {}),
    "off the grid": ("Connection to the grid", 2, mode("multimode-offgrid"), {"": 0}),
    "grid-tied is on the grid": ("Connection to the grid", 2, mode("grid-tied"), {"": 1}),
    "on a generator": ("Connection to the grid", 2, mode("multimode-generator"), {"": 2}),
    "nobody knows": ("Connection to the grid", 2, mode("other"), {"": 3}),
    "24 kWh into 10 kWh": ("Full cycles", 0, {**CHARGED, **TEN_KILOWATT_HOURS}, {"": 2.4}),
    "cycles of AC batteries, which tell how full they are": (
        "Full cycles",
        0,
        {**CHARGED, **storage("available_energy_joules", "9000000x1500"), **storage("charge_ratio", "0.5x1500")},
        {"": 4.8},
    ),
    "21 of 24 kWh come out again": (
        "Round-trip efficiency",
        0,
        {**CHARGED, **DISCHARGED, **TEN_KILOWATT_HOURS, **storage("available_energy_joules", "18000000x1500")},
        {"": 0.875},
    ),
    "what is still in it counts": (
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
    "less than a filling says nothing": (
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
    "cycles since the register began": (
        "Full cycles ever",
        0,
        {**TEN_KILOWATT_HOURS, **storage("charged_energy_joules_total", "3600000000x1500")},
        {"": 100},
    ),
    "IQ batteries beside AC batteries do not count what they take": (
        "Full cycles ever",
        0,
        {
            **TEN_KILOWATT_HOURS,
            f'enphase_battery_unit_charged_energy_joules_total{{{HOME}, serial="1"}}': "3600000000x1500",
            f'enphase_battery_units{{{HOME}, kind="iq"}}': "2x1500",
        },
        {},
    ),
    "into the battery is below zero": ("Power", 1, CHARGED, {"{}": -1000}),
    "a light of a meaning that is known": ("What each battery does", 0, light(13), {'serial="9"': 13}),
    "and one of none": ("What each battery does", 0, light(99), {'serial="9"': 0}),
    "a relay is called by its load": ("Relays", 0, relay("NC1", "1x1500", "Pool"), {'relay="NC1", load="Pool"': 1}),
    "also while its settings change": (
        "Relays",
        0,
        {**relay("NC1", "0x1500", "Pool"), **relay("NC1", "0x1500", "Pool", "manual")},
        {'relay="NC1", load="Pool"': 0},
    ),
    "and by itself where its settings cannot be read": ("Relays", 0, relay("NC1", "1x1500"), {'relay="NC1"': 1}),
    "a gateway without batteries has no mode of them": (
        "What the batteries are told to do",
        0,
        {f'enphase_storage_mode{{{HOME}, mode="self-consumption"}}': "1x1500"},
        {},
    ),
    "savings": (
        "What the batteries are told to do",
        0,
        {
            f'enphase_storage_mode{{{HOME}, mode="savings-mode"}}': "1x1500",
            f'enphase_battery_units{{{HOME}, kind="iq"}}': "2x1500",
        },
        {"": 3},
    ),
    "a production limit that is not in force": (
        "Production limit",
        0,
        {
            f"enphase_production_limit_ratio{{{HOME}}}": "0.7x1500",
            f"enphase_production_limit_enabled{{{HOME}}}": "0x1500",
        },
        {},
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_grid_and_battery_shows(claim: str, tmp_path: Path) -> None:
    title, index, series, answers = CLAIMS[claim]
    (query,) = (each.expression for each in queries("grid-and-battery") if (each.panel, each.index) == (title, index))
    check_query("grid-and-battery", query, DAY, series, samples(answers), tmp_path)


def samples(answers: Answers) -> Sequence[Mapping[str, object]]:
    return [
        {"labels": said if said.startswith("{") else f"{{{', '.join(filter(None, (HOME, said)))}}}", "value": value}
        for said, value in answers.items()
    ]
