"""/api/v1/production: the site's production where no CT measures it.

/api/v1/production/inverters: each inverter's last report, where device_data does not list the inverters.
"""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, by_serial, check, info, joules, part, positive, where
from captures.expected.energy import last_week_joules, today_joules
from captures.recording import Recording

INVERTER = 1
"""`devType` of an inverter; older firmware lists nothing else and leaves it out."""
AC_BATTERY = 11
MOST_WATTS = 100_000
WRAPPED = 2**32
"""What firmware adds to a power below 0."""


def production(recording: Recording) -> Iterator[Item]:
    if recording.source == "v1" and (document := recording.object("api_v1_production")):
        yield {"source": "v1"}, document


def inverters(recording: Recording) -> Iterator[Item]:
    listed = devices.list_of_api_v1(recording)
    return by_serial((item for item in listed if item.get("devType", INVERTER) == INVERTER), "serialNumber")


def inventory_entries(recording: Recording) -> Iterator[Item]:
    """Each inverter as the inventory describes it."""
    listed = devices.inventory(recording, "PCU")
    for labels, _ in inverters(recording):
        yield from ((labels, device) for device in listed if device.get("serial_num") == labels["serial"])


def inverters_without_entry(recording: Recording) -> Iterator[Item]:
    listed = devices.serials(devices.inventory(recording, "PCU"))
    return ((labels, inverter) for labels, inverter in inverters(recording) if labels["serial"] not in listed)


def reports(recording: Recording, *, recent: bool | None = None) -> Iterator[Item]:
    """Of all but those that the inventory calls removed."""
    listed = devices.inventory(recording, "PCU")
    removed = devices.serials([device for device in listed if device.get("admin_state") in devices.REMOVED])
    for labels, report in inverters(recording):
        is_recent = recording.is_recent(report.get("lastReportDate", 0))
        if labels["serial"] not in removed and recent in (None, is_recent):
            yield labels, report


def recent_reports(recording: Recording) -> Iterator[Item]:
    return reports(recording, recent=True)


def old_reports(recording: Recording) -> Iterator[Item]:
    return reports(recording, recent=False)


def ac_batteries(recording: Recording) -> Iterator[Item]:
    """Those that the inventory does not list."""
    listed = devices.serials(devices.inventory(recording, "ACB"))
    batteries = (item for item in devices.list_of_api_v1(recording) if item.get("devType") == AC_BATTERY)
    return by_serial((battery for battery in batteries if battery["serialNumber"] not in listed), "serialNumber")


def _plausible(watts: float) -> float | None:
    return watts if abs(watts) <= MOST_WATTS else None


PARTS = (
    part(
        production,
        check("enphase_production_power_watts", "wattsNow"),
        check("enphase_production_energy_lifetime_joules", "wattHoursLifetime", joules),
        check("enphase_production_energy_today_joules", today_joules),
        check("enphase_production_energy_last_week_joules", last_week_joules),
    ),
    part(
        inventory_entries,
        check("enphase_inverter_active", "admin_state", lambda state: state not in devices.REMOVED),
    ),
    part(where(inventory_entries, devices.is_installed), devices.INVERTER_INFO),
    part(inverters_without_entry, devices.INVERTER_INFO),
    part(
        reports,
        check("enphase_inverter_last_report_timestamp_seconds", "lastReportDate", positive),
        check("enphase_inverter_max_power_watts", "maxReportWatts", _plausible),
    ),
    part(
        recent_reports,
        check("enphase_inverter_reporting", lambda _: 1),
        check("enphase_inverter_power_watts", "lastReportWatts", _plausible),
    ),
    part(
        recent_reports,
        check("enphase_inverter_power_watts", lambda report: _plausible(report["lastReportWatts"] - WRAPPED)),
        no_capture="no capture has an inverter with a power below 0",
    ),
    part(
        old_reports,
        check("enphase_inverter_reporting", lambda _: 0),
    ),
    part(
        ac_batteries,
        info("enphase_battery_unit_info", {"kind": "ac", "part_number": "", "firmware": "", "phase": ""}),
        check("enphase_battery_unit_max_power_watts", "maxReportWatts"),
        check("enphase_battery_unit_last_report_timestamp_seconds", "lastReportDate", positive),
    ),
)
