"""/inventory.json: the state of each inverter and AC battery. /admin/lib/acb_config: AC batteries that must sleep."""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, by_serial, check, info, part, positive, ratio, states, where
from captures.expected.device_status import status_flags
from captures.recording import Recording, objects

NOT_ALONE = "no capture has an installed inverter that only the inventory lists"


def inverters(recording: Recording) -> Iterator[Item]:
    """The first of those with one serial number: 8.3.5169 lists one twice, because of its redaction."""
    firsts = {inverter["serial_num"]: inverter for inverter in reversed(devices.inventory(recording, "PCU"))}
    return by_serial(inverter for inverter in firsts.values() if devices.is_installed(inverter))


def inverters_listed_only_here(recording: Recording) -> Iterator[Item]:
    others = {
        *devices.serials(devices.inverters_of_device_data(recording), "sn"),
        *devices.serials(devices.list_of_api_v1(recording), "serialNumber"),
    }
    return by_serial(item for item in devices.inventory(recording, "PCU") if item["serial_num"] not in others)


def reports_listed_only_here(recording: Recording) -> Iterator[Item]:
    """Time and age of the last report of each installed one."""
    for labels, inverter in where(inverters_listed_only_here, devices.is_installed)(recording):
        time = int(inverter["last_rpt_date"])
        yield labels, {"time": time, "is_recent": recording.is_recent(time)}


def ac_batteries(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ac_batteries(recording))


def sleep_commands(recording: Recording) -> Iterator[Item]:
    """Whether each AC battery is in the list of those that must sleep."""
    sleeping = recording.object("admin_lib_acb_config").get("acb_sleep")
    if sleeping is not None:
        serials = devices.serials(objects(sleeping))
        yield from ((labels, labels["serial"] in serials) for labels, _ in ac_batteries(recording))


PARTS = (
    part(
        inverters,
        check("enphase_inverter_producing", "producing"),
        check("enphase_inverter_communicating", "communicating"),
        check("enphase_inverter_operating", "operating"),
        check("enphase_inverter_provisioned", "provisioned"),
    ),
    part(
        where(inverters, lambda inverter: inverter.get("phase")),
        info("enphase_inverter_phase_info", phase="phase"),
    ),
    *status_flags("enphase_inverter_status_flag", inverters),
    part(
        inverters_listed_only_here,
        check("enphase_inverter_active", "admin_state", lambda state: state not in devices.REMOVED),
    ),
    part(
        where(inverters_listed_only_here, devices.is_installed),
        devices.INVERTER_INFO,
        no_capture=NOT_ALONE,
    ),
    part(
        reports_listed_only_here,
        check("enphase_inverter_reporting", "is_recent"),
        check("enphase_inverter_last_report_timestamp_seconds", "time", positive),
        no_capture=NOT_ALONE,
    ),
    part(
        ac_batteries,
        info(
            "enphase_battery_unit_info",
            {"kind": "ac"},
            part_number="part_num",
            firmware="img_pnum_running",
            phase="phase",
        ),
        check("enphase_battery_unit_charge_ratio", "percentFull", ratio),
        check("enphase_battery_unit_max_cell_temperature_celsius", "maxCellTemp"),
        check("enphase_battery_unit_last_report_timestamp_seconds", "last_rpt_date", lambda time: positive(int(time))),
        check("enphase_battery_unit_communicating", "communicating"),
        check("enphase_battery_unit_operating", "operating"),
        check("enphase_battery_unit_producing", "producing"),
        check("enphase_battery_unit_sleep_enabled", "sleep_enabled"),
        check("enphase_battery_unit_sleep_min_charge_ratio", "sleep_min_soc", ratio),
        check("enphase_battery_unit_sleep_max_charge_ratio", "sleep_max_soc", ratio),
        check("enphase_battery_unit_admin_state", "admin_state"),
        *states("enphase_battery_unit_state", "state", "charge_status", "charging", "idle", "discharging", "full"),
    ),
    *status_flags("enphase_battery_unit_status_flag", ac_batteries),
    part(
        sleep_commands,
        check("enphase_battery_unit_sleep_commanded", lambda is_listed: is_listed),
        no_capture="no capture has the settings of AC batteries that it lists",
    ),
)
