"""What a person found in the recordings, where no row of `numbers.table` can say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.exposition import Key, key

WATT_HOUR = 3600

PAGES: Mapping[str, Mapping[Key, float]] = {
    # Currently 6.63 kW, Today 53.6 kWh, Past Week 405 kWh, Since Installation 133 MWh.
    "3.7.0": {
        key("enphase_production_power_watts", source="html"): 6_630,
        key("enphase_production_energy_today_joules", source="html"): 53_600 * WATT_HOUR,
        key("enphase_production_energy_last_week_joules", source="html"): 405_000 * WATT_HOUR,
        key("enphase_production_energy_lifetime_joules", source="html"): 133_000_000 * WATT_HOUR,
    },
}
"""The numbers of a gateway that has nothing but a page for people."""

OF_A_GATEWAY = {
    "enphase_up",
    "enphase_authenticated",
    "enphase_scrape_collector_success",
    "enphase_data_rejected_total",
    "enphase_gateway_clock_offset_seconds",
    "enphase_gateway_utc_offset_seconds",
}
"""Families that `gateways.table` says, or a clock."""

OF_THE_SCRAPE = {
    "enphase_scrape_collector_duration_seconds": "how long this scrape took",
    "enphase_scrape_collector_last_success_timestamp_seconds": "when this scrape was",
    "enphase_gateway_requests_total": "what this scrape asked for",
    "enphase_gateway_request_failures_total": "how its requests fared; `internal` is looked at",
    "enphase_token_expiry_timestamp_seconds": "the token is the replay's, not the gateway's",
    "enphase_token_issued_timestamp_seconds": "the token is the replay's, not the gateway's",
    "enphase_token_info": "the token is the replay's, not the gateway's",
}
"""Families that say nothing of what was recorded, and why."""

_RELAY = "no capture has an IQ Relay"
IN_NO_CAPTURE = {
    ("enphase_inverter_reporting", "0"): "no capture has device_data older than 90 minutes",
    **{
        ("enphase_inverter_phase_voltage_volts", f"l{leg}NAcVoltageInmV"): "nor an inverter on several phases"
        for leg in (1, 2, 3)
    },
    ("enphase_enpower_error_flags", "enpower_error_flags"): "nor /ivp/ensemble/errors",
    **{
        ("enphase_generator_mode", condition): "nor /ivp/ss/gen_mode"
        for condition in (
            'gen_cmd == "off"',
            'gen_cmd == "on"',
            'gen_cmd == "auto"',
            'gen_cmd not in ("off", "on", "auto")',
        )
    },
    ("enphase_generator_stop_charge_ratio", "stop_soc"): "nor a generator that has one set",
    **{
        (f"enphase_{device}_status_flag", "1"): "every capture's words of device_status are known"
        for device in ("inverter", "battery_unit", "enpower", "collar")
    },
    ("enphase_battery_unit_charge_ratio", "percentFull"): "nor an IQ battery on firmware 5 or 6",
    ("enphase_inverter_info", "1"): "nor one that is there, and in the inventory alone",
    ("enphase_inverter_reporting", "1"): "likewise",
    ("enphase_inverter_last_report_timestamp_seconds", "int(last_rpt_date)"): "likewise",
    ("enphase_inverter_power_watts", "lastReportWatts - 4294967296"): "nor an inverter, but a meter, below 0",
    ("enphase_battery_unit_sleep_commanded", "0"): "nor the settings of AC batteries that it has",
    ("enphase_battery_unit_sleep_commanded", "1"): "likewise",
    **{
        (f"enphase_iq_relay_{family}", field): _RELAY
        for family, field in (
            ("info", "1"),
            ("closed", 'relay == "closed"'),
            ("reason_code", "reason_code"),
            ("reason_info", "1"),
            ("status_flag", "1"),
            ("communicating", "communicating"),
            ("operating", "operating"),
            ("temperature_celsius", "temperature"),
            ("frequency_hertz", "freqInmHz"),
            ("state_changes_total", "stateChngCnt"),
            ("last_report_timestamp_seconds", "endDate"),
            *(("phase_voltage_volts", f"VrmsL{leg}N") for leg in (1, 2, 3)),
        )
    },
}
"""Rows, by family and field, that no capture at hand gives anything to do: those of simulated gateways do."""


@dataclass(frozen=True)
class Line:
    """A line of `gateways.table`."""

    source: str
    login: str
    zone: str
    fails: frozenset[str]
    refused: Mapping[tuple[str, str], float]


def lines(file: Path) -> dict[str, Line]:
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, source, login, zone, fails, refused = (cell.strip() for cell in line.split("|"))
            counts = (count.split() for count in refused.split(",") if count)
            refusals = {(collector, rule): float(n) for collector, rule, n in counts}
            found[name] = Line(source, login, zone, frozenset(fails.split()), refusals)
    return found
