"""Which gateway it is, and what its clock says: `/info`, and the time zone from `/home`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from envoy_exporter import documents, entries, system
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import gauge, info, label
from envoy_exporter.fields import Reject, Rejections

from . import required
from .collector import Collector, Context, Result, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInfo:
    serial: str | None = label()
    part_number: str | None = label()
    firmware: str | None = label()
    metered: bool | None = label()
    known: bool = info(
        "enphase_gateway_info",
        "The gateway; metered says that it has metering hardware, not that CTs are fitted.",
        fields=("device.sn", "pn", "software", "imeter"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    offset: float | None = gauge(
        "enphase_gateway_clock_offset_seconds",
        "The gateway's clock less the exporter's, to a second.",
        fields=("time",),
    )
    utc_offset: float | None = gauge(
        "enphase_gateway_utc_offset_seconds",
        "Local time where the gateway is, less UTC, daylight saving included.",
        fields=("timezone of the config, else of /home",),
    )
    firmware_build: float | None = gauge(
        "enphase_gateway_firmware_build_timestamp_seconds",
        "When the gateway's firmware was built.",
        fields=("build_info.build_time_gmt",),
    )


def read(context: Context[None]) -> Result[None]:
    seen, settings, now = context.documents, context.settings, context.now
    rejections = Rejections()
    reject = rejections.of(documents.INFO)
    readings: list[GatewayInfo | Clock] = []
    device = entries.entry(entries.information(seen), "device")
    if device:
        readings.append(
            GatewayInfo(
                serial=json_fields.serial(device, "sn", reject) if "sn" in device else None,
                part_number=json_fields.text(device, "pn", reject),
                firmware=json_fields.text(device, "software", reject),
                metered=system.metered(seen),
            )
        )
    build = entries.entry(entries.information(seen), "build_info")
    readings.append(
        Clock(
            offset=_offset(seen, reject),
            utc_offset=_utc_offset(seen, settings, now, rejections.of(entries.home(seen)[0])),
            firmware_build=json_fields.instant(build, "build_time_gmt", reject),
        )
    )
    return Result(tuple(readings), (*rejections.met, *required.missing("identity", seen)), None)


def _offset(seen: Documents, reject: Reject) -> float | None:
    """The gateway says whole seconds; ours are those of the middle of the request. A clock at 1970 is none."""
    document = seen.at_hand.get(documents.INFO)
    if document is None:
        return None
    information = entries.entry(document.content)
    time = json_fields.instant(information, "time", reject)
    if information.get("time") == "0":
        reject(json_fields.CLOCK, "time")
    return None if time is None else time - (document.asked + document.took / 2)


def _utc_offset(seen: Documents, settings: Settings, now: float, reject: Reject) -> float | None:
    name = settings.timezone or json_fields.text(entries.home(seen)[1], "timezone", reject)
    if not name:
        return None
    try:
        offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        reject(json_fields.RANGE, "timezone")  # a zone that nobody knows, or a path where a name belongs
        return None
    return offset.total_seconds() if offset is not None else None


COLLECTOR = Collector(
    name="identity",
    enabled_by_default=True,
    readings=(GatewayInfo, Clock),
    rules=(json_fields.TYPE, json_fields.RANGE, json_fields.LABEL, json_fields.CLOCK, json_fields.MISSING),
    memory=None,
    read=read,
)
