"""`/inventory.json`: the devices on the power line, some minutes ago. Dates are texts; at night all flags are false."""

from typing import NamedTuple

from envoy_simulator.documents import ac_batteries
from envoy_simulator.documents.device_data import EID_STEP, FIRST_CHANNEL, RELAY_CHANNEL
from envoy_simulator.documents.moment import Moment
from envoy_simulator.http_types import Entry, Json, Version
from envoy_simulator.reports import is_current, latest_reports

_OK: list[Json] = ["envoy.global.ok"]
_NO_LIGHT: list[Json] = ["envoy.cond_flags.pcu_ctrl.dc-pwr-low", "envoy.cond_flags.obs_strs.failure"]
_VERIFIED, _DELETED = 2, 3


class Part(NamedTuple):
    """The numbers of a part, of its firmware image and of the parameters of the image."""

    number: str
    image: str
    parameters: str


_OLD_PCU = Part("800-00630-r02", "520-00082-r01-v04.30.32", "540-00134-r01-v04.30.10")
_NEW_PCU = Part("800-01374-r02", "521-00005-r06-v10.31.01", "549-00040-r01-v10.31.01")
_GONE_PCU = Part("800-01131-r02", "520-00095-r01-v04.18.02", "undetermined")
_ACB = Part("800-00930-r03", "520-00092-r01-v02.13.02", "540-00155-r01-v02.13.01")
_NSRB = Part("800-00597-r02", "520-00086-r01-v02.13.01", "540-00152-r01-v02.13.01")


def inventory(moment: Moment, *, deleted: bool) -> list[Json]:
    """The devices by type; removed inverters only with `deleted`."""
    refreshed = moment.refreshed
    inverters = _inverters(moment, refreshed)
    if deleted:
        inverters += _removed(moment)
    units = ac_batteries.reported(moment, refreshed)
    batteries: list[Json] = [
        {
            **_device(moment, battery.serial, _ACB, 11, report.end, ac_batteries.FIRST_CHANNEL + EID_STEP * number),
            **_states(_OK, communicating=True),
            **ac_batteries.status(report),
        }
        for number, (battery, report) in enumerate(units)
    ]
    relay = moment.system.design.relay
    relays: list[Json] = []
    if relay:
        device = _device(moment, relay, _NSRB, 12, int(refreshed), RELAY_CHANNEL)
        relays = [{**device, **_states(_OK, communicating=True), **_contact(moment.system.design.phases)}]
    by_type = {"PCU": inverters, "ACB": batteries, "NSRB": relays, "ESUB": []}
    return [{"type": kind, "devices": devices} for kind, devices in by_type.items()]


def _contact(phases: int) -> Entry:
    """A closed relay on the phases of the home."""
    lines: Entry = {f"line{number}-connected": number <= phases for number in (1, 2, 3)}
    return {"relay": "closed", "reason_code": -1, "reason": "ok", "line-count": phases, **lines}


def _inverters(moment: Moment, refreshed: float) -> list[Json]:
    design, devices = moment.system.design, []
    reports = latest_reports(moment.system, moment.report_interval, refreshed)
    part = part_of(moment.profile.firmware)
    for number, (inverter, report) in enumerate(zip(design.inverters, reports, strict=True)):
        current = is_current(report, refreshed)
        device: Entry = {
            **_device(
                moment,
                inverter.serial,
                part,
                1,
                report.end if report else 0,
                FIRST_CHANNEL + EID_STEP * (number + len(design.removed)),
            ),
            **_states(_OK if current else _NO_LIGHT, communicating=current),
        }
        if moment.profile.firmware >= (8,):
            device["phase"] = f"ph-{'abc'[inverter.legs[0]]}"
        devices.append(device)
    return [*devices]


def part_of(firmware: Version) -> Part:
    """The part of all inverters of a gateway with this firmware."""
    return _NEW_PCU if firmware >= (8,) else _OLD_PCU


def _removed(moment: Moment) -> list[Json]:
    """Removed inverters, which keep their last error indefinitely and have no states (8.3.5433_tot_is_net_cons)."""
    return [
        {
            **_device(moment, serial, _GONE_PCU, 1, _installed(moment), FIRST_CHANNEL + EID_STEP * number),
            "device_status": _NO_LIGHT,
            "admin_state": _DELETED,
        }
        for number, serial in enumerate(moment.system.design.removed)
    ]


def _device(moment: Moment, serial: str, part: Part, kind: int, reported: int, channel: int) -> Entry:
    installed = str(_installed(moment))
    return {
        "part_num": part.number,
        "installed": installed,
        "serial_num": serial,
        "device_status": _OK,
        "last_rpt_date": str(reported),
        "admin_state": _VERIFIED,
        "dev_type": kind,
        "created_date": installed,
        "img_load_date": installed,
        "img_pnum_running": part.image,
        "ptpn": part.parameters,
        "chaneid": channel,
        "device_control": [{"gficlearset": False}],
    }


def _states(status: list[Json], *, communicating: bool) -> Entry:
    flags: Entry = dict.fromkeys(("producing", "communicating", "provisioned", "operating"), communicating)
    return {"device_status": status, **flags}


def _installed(moment: Moment) -> int:
    return int(moment.system.start) - moment.system.design.age
