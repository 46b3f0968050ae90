"""`/api/v1/production/inverters`: every inverter, at its last report."""

from envoy_simulator.documents import ac_batteries
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry, Json


def v1(moment: Moment) -> list[Json]:
    """The list, AC batteries last; 3.x has no devType. A silent inverter remains, with its last date and watts."""
    entries: list[Json] = []
    for inverter, report in zip(moment.system.design.inverters, moment.reports, strict=True):
        kind: Entry = {"devType": 1} if moment.profile.firmware >= (4,) else {}
        entries.append(
            {
                "serialNumber": inverter.serial,
                "lastReportDate": report.end if report else 0,
                **kind,
                "lastReportWatts": round(report.watts) if report else 0,
                "maxReportWatts": int(inverter.limit_watts),
            }
        )
    return entries + ac_batteries.v1(moment)


DOCUMENTS: Documents = {
    "/api/v1/production/inverters": v1,
}
