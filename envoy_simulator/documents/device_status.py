"""`/ivp/peb/devstatus`, the status of the devices on the power line, for installers."""

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.grid import electrics
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.reports import Report, is_current

_FIELDS = (
    *("serialNumber", "devType", "communicating", "recent", "producing", "reportDate", "temperature"),
    *("dcVoltageINmV", "dcCurrentINmA", "acVoltageINmV", "acPowerINmW"),
)
_COUNTERS = (
    *("expected", "discovered", "ctrlsTotal", "ctrlsGone", "ctrlsCommunicating"),
    *("chansTotal", "chansRecent", "chansProducing"),
)
_OTHERS = ("acb", "nsrb", "pld", "esub")
_PCU = 1


def devices(moment: Moment) -> Entry:
    """One table for each kind of device; `fields` has the names of its columns."""
    inverters: list[Json] = [_row(moment, number, report) for number, report in enumerate(moment.reports)]
    count = len(inverters)
    recent = sum(is_current(report, moment.time) for report in moment.reports)
    producing = sum(_produces(moment, report) for report in moment.reports)
    counts = (count, count, count, count - recent, recent, count, recent, producing)
    table: Entry = {"fields": list(_FIELDS), "values": inverters}
    counters: Entry = {"pcu": dict(zip(_COUNTERS, counts, strict=True))}
    nothing: Entry = {name: {"fields": list(_FIELDS), "values": []} for name in _OTHERS}
    return {
        "counters": {**counters, **{name: dict.fromkeys(_COUNTERS, 0) for name in _OTHERS}},
        "pcu": table,
        **nothing,
    }


def _produces(moment: Moment, report: Report | None) -> bool:
    return report is not None and is_current(report, moment.time) and report.watts >= 1


def _row(moment: Moment, number: int, report: Report | None) -> Json:
    inverter = moment.system.design.inverters[number]
    if report is None:
        return [inverter.serial, _PCU, False, False, False, 0, 0, 0, 0, 0, 0]
    measured = electrics(moment.grid, inverter, number, report)
    current = is_current(report, moment.time)
    return [
        *(inverter.serial, _PCU, current, current, _produces(moment, report), report.end, round(measured.celsius)),
        *(round(1000 * measured.dc_volts), round(1000 * measured.dc_amperes)),
        *(round(1000 * measured.ac_volts), round(1000 * report.watts)),
    ]


DOCUMENTS: Documents = {
    "/ivp/peb/devstatus": devices,
}
