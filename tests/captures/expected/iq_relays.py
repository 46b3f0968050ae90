"""IQ Relays: /inventory.json has their state, /ivp/pdm/device_data their last report."""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, Json, by_serial, check, equals, info, milli, part, positive, where
from captures.expected.device_status import status_flags
from captures.recording import Recording, objects

NO_CAPTURE = "no capture has an IQ Relay"
CONNECTED = 50_000
"""Millivolts above which a phase is connected, where the inventory does not report whether it is."""
INFO = info("enphase_iq_relay_info", part_number="part_num", firmware="img_pnum_running")


def relays(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.installed(recording, "NSRB"))


def unlisted_relays(recording: Recording) -> Iterator[Item]:
    """Those that only device_data lists."""
    listed = devices.serials(devices.installed(recording, "NSRB"))
    return by_serial((relay for relay in _of_device_data(recording) if relay["sn"] not in listed), "sn")


def reports(recording: Recording) -> Iterator[Item]:
    for relay in _of_device_data(recording):
        for channel in objects(relay.get("channels")):
            yield {"serial": relay["sn"]}, channel.get("lastReading", {})


def recent_reports(recording: Recording) -> Iterator[Item]:
    for labels, report in reports(recording):
        if recording.is_recent(report.get("endDate", 0)):
            yield labels, report


def phases(recording: Recording) -> Iterator[Item]:
    """The voltage of each connected phase, in millivolts."""
    listed = {relay["serial_num"]: relay for relay in devices.installed(recording, "NSRB")}
    for labels, report in recent_reports(recording):
        for line in (1, 2, 3):
            millivolts = report.get(f"VrmsL{line}N", 0)
            connected = listed.get(labels["serial"], {}).get(f"line{line}-connected")
            if millivolts > CONNECTED if connected is None else connected:
                yield {**labels, "phase": f"L{line}"}, millivolts


def _of_device_data(recording: Recording) -> list[Json]:
    documented = recording.objects("ivp_pdm_device_data")
    return [device for device in documented if device.get("devName") == "nsrb" and device.get("active")]


PARTS = (
    part(
        relays,
        INFO,
        check("enphase_iq_relay_communicating", "communicating"),
        check("enphase_iq_relay_operating", "operating"),
        check("enphase_iq_relay_closed", "relay", equals("closed")),
        check("enphase_iq_relay_reason_code", "reason_code"),
        no_capture=NO_CAPTURE,
    ),
    part(unlisted_relays, INFO, no_capture=NO_CAPTURE),
    part(
        where(relays, lambda relay: relay.get("reason")),
        info("enphase_iq_relay_reason_info", reason="reason"),
        no_capture=NO_CAPTURE,
    ),
    part(
        reports,
        check("enphase_iq_relay_state_changes_total", "stateChngCnt"),
        check("enphase_iq_relay_last_report_timestamp_seconds", "endDate", positive),
        no_capture=NO_CAPTURE,
    ),
    part(
        recent_reports,
        check("enphase_iq_relay_temperature_celsius", "temperature"),
        check("enphase_iq_relay_frequency_hertz", "freqInmHz", milli),
        no_capture=NO_CAPTURE,
    ),
    part(phases, check("enphase_iq_relay_phase_voltage_volts", milli), no_capture=NO_CAPTURE),
    *status_flags("enphase_iq_relay_status_flag", relays, no_known=NO_CAPTURE, no_other=NO_CAPTURE),
)
