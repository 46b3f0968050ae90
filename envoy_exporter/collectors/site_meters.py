"""Which CTs are active in the site's document. A part of `production`, because its other values depend on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.families import gauge, label

from .site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterActivity:
    meter: str = label()
    active: bool | None = gauge(
        "enphase_meter_active",
        "Whether the gateway uses the meter for the site's production and consumption (1) or not (0); 0 without"
        " CTs, and sometimes for one poll.",
        fields=("activeCount",),
    )


READINGS = (MeterActivity,)


def read(site: Site) -> Iterator[MeterActivity]:
    total, net = entries.consumption_entries(site.content)
    found = {"production": entries.eim_entry(site.content), "total-consumption": total, "net-consumption": net}
    for meter, entry in found.items():
        count = site.fields(entry).number("activeCount", low=0)
        if count is not None:
            yield MeterActivity(meter=meter, active=count > 0)
