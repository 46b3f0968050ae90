"""/production.json: production, consumption, the grid and AC batteries, as the gateway adds them up."""

from collections.abc import Iterable, Iterator

from captures.expected import devices, site_entries
from captures.expected.check import Item, Json, check, counter_joules, joules, part, positive, ratio, states
from captures.expected.energy import last_week_joules, today_joules
from captures.recording import Recording

CONSUMPTIONS = ("net-consumption", "total-consumption")


def production(recording: Recording) -> Iterator[Item]:
    if recording.source == "eim":
        yield from _labelled(site_entries.production(recording), source="eim")


def production_phases(recording: Recording) -> Iterator[Item]:
    for labels, entry in production(recording):
        for phase, line in site_entries.phases(recording, entry, "production"):
            yield {**labels, **phase}, line


def inverters(recording: Recording) -> Iterator[Item]:
    return _labelled(_of_type(site_entries.entries(recording, "production"), "inverters"))


def production_of_inverters(recording: Recording) -> Iterator[Item]:
    if recording.source == "inverters":
        yield from (({"source": "inverters"}, entry) for _, entry in inverters(recording))


def meters(recording: Recording) -> Iterator[Item]:
    yield from _labelled(_of_type(site_entries.entries(recording, "production"), "eim"), meter="production")
    for entry in site_entries.entries(recording, "consumption"):
        if entry.get("measurementType") in CONSUMPTIONS:
            yield {"meter": entry["measurementType"]}, entry


def consumption(recording: Recording) -> Iterator[Item]:
    return _labelled(site_entries.total_consumption(recording))


def consumption_phases(recording: Recording) -> Iterator[Item]:
    for entry in site_entries.total_consumption(recording):
        yield from site_entries.phases(recording, entry, *CONSUMPTIONS)


def net_consumption(recording: Recording) -> Iterator[Item]:
    return _labelled(site_entries.net_consumption(recording))


def net_consumption_phases(recording: Recording) -> Iterator[Item]:
    for entry in site_entries.net_consumption(recording):
        yield from site_entries.phases(recording, entry, *CONSUMPTIONS)


def ac_batteries(recording: Recording) -> Iterator[Item]:
    return _labelled(site_entries.ac_batteries(recording), kind="ac")


def recent_ac_batteries(recording: Recording) -> Iterator[Item]:
    """8.2.4382 still reports the power and the state of 41 hours ago."""
    return _labelled(site_entries.recent_ac_batteries(recording), kind="ac")


def storage_of_ac_batteries(recording: Recording) -> Iterator[Item]:
    """Without IQ batteries they are the only storage."""
    if not devices.ensemble(recording, "ENCHARGE"):
        yield from _labelled(site_entries.ac_batteries(recording))


def _labelled(entries: Iterable[Json], **labels: str) -> Iterator[Item]:
    return ((labels, entry) for entry in entries)


def _of_type(entries: list[Json], kind: str) -> list[Json]:
    return [entry for entry in entries if entry.get("type") == kind]


PARTS = (
    part(
        production,
        check("enphase_production_power_watts", "wNow"),
        check("enphase_production_energy_joules_total", "whLifetime", counter_joules),
        check("enphase_production_energy_today_joules", today_joules),
        check("enphase_production_energy_last_week_joules", last_week_joules),
        check("enphase_production_last_reading_timestamp_seconds", "readingTime", positive),
    ),
    part(
        production_phases,
        check("enphase_production_phase_power_watts", "wNow"),
        check("enphase_production_phase_energy_joules_total", "whLifetime", counter_joules),
        check("enphase_production_phase_energy_today_joules", today_joules),
        check("enphase_production_phase_energy_last_week_joules", last_week_joules),
    ),
    part(
        production_of_inverters,
        check("enphase_production_power_watts", "wNow"),
        check("enphase_production_energy_lifetime_joules", "whLifetime", joules),
        check("enphase_production_last_reading_timestamp_seconds", "readingTime", positive),
    ),
    part(inverters, check("enphase_inverters_reporting", "activeCount")),
    part(meters, check("enphase_meter_active", "activeCount", lambda count: count > 0)),
    part(
        consumption,
        check("enphase_consumption_power_watts", "wNow"),
        check("enphase_consumption_energy_lifetime_joules", "whLifetime", joules),
        check("enphase_consumption_energy_today_joules", today_joules),
        check("enphase_consumption_energy_last_week_joules", last_week_joules),
        check("enphase_consumption_reactive_power_volt_amperes_reactive", "reactPwr"),
        check("enphase_consumption_apparent_power_volt_amperes", "apprntPwr"),
        check("enphase_consumption_current_amperes", "rmsCurrent"),
    ),
    part(
        consumption_phases,
        check("enphase_consumption_phase_power_watts", "wNow"),
        check("enphase_consumption_phase_energy_lifetime_joules", "whLifetime", joules),
        check("enphase_consumption_phase_energy_today_joules", today_joules),
        check("enphase_consumption_phase_energy_last_week_joules", last_week_joules),
        check("enphase_consumption_phase_reactive_power_volt_amperes_reactive", "reactPwr"),
        check("enphase_consumption_phase_apparent_power_volt_amperes", "apprntPwr"),
        check("enphase_consumption_phase_current_amperes", "rmsCurrent"),
    ),
    part(
        net_consumption,
        check("enphase_net_consumption_power_watts", "wNow"),
        check("enphase_net_consumption_energy_balance_joules", "whLifetime", joules),
    ),
    part(
        net_consumption_phases,
        check("enphase_net_consumption_phase_power_watts", "wNow"),
        check("enphase_net_consumption_phase_energy_balance_joules", "whLifetime", joules),
    ),
    part(
        ac_batteries,
        check("enphase_battery_units", "activeCount"),
        check("enphase_battery_charge_ratio", "percentFull", ratio),
        check("enphase_battery_available_energy_joules", "whNow", joules),
        check("enphase_battery_last_reading_timestamp_seconds", "readingTime", positive),
    ),
    part(
        recent_ac_batteries,
        check("enphase_battery_power_watts", "wNow"),
        *states("enphase_battery_state", "state", "state", "charging", "idle", "discharging", "full"),
    ),
    part(
        storage_of_ac_batteries,
        check("enphase_storage_charge_ratio", "percentFull", ratio),
        check("enphase_storage_available_energy_joules", "whNow", joules),
    ),
)
