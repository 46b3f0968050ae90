"""AC batteries in every document: the sum of the site, and the units as of their reports, which come at night too."""

from envoy_simulator.design import Battery
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.reports import BatteryReport, battery_report

FIRST_DEVICE, FIRST_CHANNEL, EID_STEP = 721420544, 1795162385, 256
_SLEEP_FROM, _SLEEP_TO = 25, 30
_IDLE = 5
"""Watts up to which a battery is idle: its own inverter uses that much."""


def reported(moment: Moment, time: float | None = None) -> list[tuple[Battery, BatteryReport]]:
    """Each unit with its newest report at the moment, or at another time."""
    batteries = moment.system.design.batteries
    at = moment.time if time is None else time
    return [
        (battery, battery_report(moment.system, number, moment.report_interval, at))
        for number, battery in enumerate(batteries)
        if battery.kind == "ac"
    ]


def storage(moment: Moment) -> Entry:
    """The entry of the site. Without AC batteries it has no percentFull, and all numbers are 0."""
    units = [report for _, report in reported(moment)]
    if not units:
        return {"type": "acb", "activeCount": 0, "readingTime": 0, "wNow": 0, "whNow": 0, "state": "idle"}
    watts = round(sum(report.watts for report in units))
    percent = _percent(units)
    return {
        "type": "acb",
        "activeCount": len(units),
        "readingTime": max(report.end for report in units),
        "wNow": watts,
        "whNow": watt_hours(moment),
        "state": _state(watts, percent),
        "percentFull": percent,
    }


def watt_hours(moment: Moment) -> int:
    return int(sum(report.stored_watt_hours for _, report in reported(moment)))


def percent_full(moment: Moment) -> int:
    units = [report for _, report in reported(moment)]
    return _percent(units) if units else 0


def _percent(units: list[BatteryReport]) -> int:
    return int(100 * sum(unit.stored for unit in units) // sum(unit.capacity for unit in units))


def _state(watts: float, percent: int) -> str:
    if watts > _IDLE:
        return "discharging"
    if watts < -_IDLE:
        return "charging"
    return "full" if percent >= 100 else "idle"  # noqa: PLR2004  # percent


def v1(moment: Moment) -> list[Json]:
    """The entries in the list of inverters, with another devType. It is not known whether the watts have a sign."""
    return [
        {
            "serialNumber": battery.serial,
            "lastReportDate": report.end,
            "devType": 11,
            "lastReportWatts": abs(round(report.watts)),
            "maxReportWatts": battery.rated_watts,
        }
        for battery, report in reported(moment)
    ]


def device_data(moment: Moment) -> Entry:
    """The entries by eid: like inverters, which also use energy to charge. The Wh of today are meaningless."""
    devices: Entry = {}
    for number, (battery, report) in enumerate(reported(moment)):
        channel = FIRST_CHANNEL + EID_STEP * number
        devices[str(FIRST_DEVICE + EID_STEP * number)] = {
            "devName": "acb",
            "sn": battery.serial,
            "active": True,
            "modGone": False,
            "channels": [
                {
                    "chanEid": channel,
                    "created": report.end,
                    "wattHours": {"today": 57134 + 2038 * number, "yesterday": 0, "week": 0},
                    "watts": {
                        "now": round(report.produced / report.duration / 1e6),
                        "nowUsed": round(report.used / report.duration / 1e6),
                        "max": battery.rated_watts,
                    },
                    "lastReading": _last_reading(moment, number, channel, report),
                    "lifetime": _lifetime(moment, report),
                }
            ],
        }
    return devices


def _last_reading(moment: Moment, number: int, channel: int, report: BatteryReport) -> Entry:
    cells = _cells(report)
    return {
        "eid": channel,
        "interval_type": 0,
        "endDate": report.end,
        "duration": report.duration,
        "flags": 3149824,
        "flags_hex": "0x0000000000301000",
        "joulesProduced": report.produced // 1_000_000,
        "acVoltageINmV": round(1000 * moment.grid.voltage(0, report.end)),
        "acFrequencyINmHz": round(1000 * moment.grid.frequency(report.end)),
        "dcVoltageINmV": 22540 + 30 * number,
        "dcCurrentINmA": round(1000 * abs(report.watts) / 22.5) + 64,
        "channelTemp": cells + 5,
        "pwrConvErrSecs": 0,
        "pwrConvMaxErrCycles": 0,
        "joulesUsed": report.used // 1_000_000,
        "leadingVArs": 15157,
        "laggingVArs": 0,
        "SOC": report.percent,
        "SOH": 90 - 2 * number,
        "minCellTemp": cells - 1,
        "maxCellTemp": cells,
        "totVoltage": 22400,
        "vendor_data": "0256c0040d0af21f",
    }


def _lifetime(moment: Moment, report: BatteryReport) -> Entry:
    installed = int(moment.system.start) - moment.system.design.age
    return {
        "createdTime": installed,
        "duration": report.end - installed,
        "joulesProduced": report.discharged // 1_000_000,
        "joulesUsed": report.charged // 1_000_000,
    }


def _cells(report: BatteryReport) -> int:
    """The temperature of the warmest cell, in degrees Celsius."""
    return round(26 + abs(report.watts) / 40)


def status(report: BatteryReport) -> Entry:
    """The fields of the inventory that only AC batteries have."""
    return {
        "sleep_enabled": False,
        "percentFull": report.percent,
        "maxCellTemp": _cells(report),
        "sleep_min_soc": _SLEEP_FROM,
        "sleep_max_soc": _SLEEP_TO,
        "charge_status": _state(report.watts, report.percent),
    }


def config(_: Moment) -> Entry:
    """`/admin/lib/acb_config`: no battery is set to sleep (8.3.5433_tot_is_net_cons)."""
    return {"acb_sleep": []}


DOCUMENTS: Documents = {
    "/admin/lib/acb_config": config,
}
