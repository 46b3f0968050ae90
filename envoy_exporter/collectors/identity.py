"""The identity of the gateway, and its clock: `/info`, and the time zone from `/home`."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from envoy_exporter import entries, system
from envoy_exporter.documents import INFO
from envoy_exporter.families import gauge, info, label
from envoy_exporter.fields import CLOCK, LABEL, MISSING, RANGE, TYPE

from . import required
from .collector import Collector, Context, Result
from .document_reader import DocumentReader


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInfo:
    serial: str | None = label()
    part_number: str | None = label()
    firmware: str | None = label()
    metered: bool | None = label()
    known: bool = info(
        "enphase_gateway_info",
        "Serial number, part number and firmware of the gateway, and whether it has metering hardware; metered"
        " does not mean that CTs are fitted.",
        fields=("device.sn", "device.pn", "device.software", "device.imeter"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    offset: float | None = gauge(
        "enphase_gateway_clock_offset_seconds",
        "Clock of the gateway minus the exporter's clock, to within a second.",
        fields=("time",),
    )
    utc_offset: float | None = gauge(
        "enphase_gateway_utc_offset_seconds",
        "Local time at the gateway minus UTC, daylight saving time included; from the configured time zone, or"
        " else from the gateway's.",
        fields=("timezone",),
    )
    firmware_build: float | None = gauge(
        "enphase_gateway_firmware_build_timestamp_seconds",
        "Build time of the gateway's firmware.",
        fields=("build_info.build_time_gmt",),
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    readings: list[GatewayInfo | Clock] = []
    information = reader.fields(INFO, entries.information(context.documents))
    if device := information.entry("device"):
        readings.append(
            GatewayInfo(
                serial=device.serial("sn") if "sn" in device else None,
                part_number=device.text("pn"),
                firmware=device.text("software"),
                metered=system.metered(context.documents),
            )
        )
    readings.append(
        Clock(
            offset=_offset(reader),
            utc_offset=_utc_offset(reader, context.settings.timezone, context.now),
            firmware_build=information.entry("build_info").timestamp("build_time_gmt", latest=math.inf),
        )
    )
    rejections = (*reader.rejections, *required.missing("identity", context.documents))
    return Result(tuple(readings), rejections, None)


def _offset(reader: DocumentReader) -> float | None:
    """In seconds, against the middle of the request. The gateway reports whole seconds; 0 means that it is not set."""
    document = reader.documents.available.get(INFO)
    if document is None:
        return None
    information = reader.entry(INFO)
    time = information.timestamp("time", latest=math.inf)
    if information.fields.get("time") == "0":
        information.reject(CLOCK, "time")
    return None if time is None else time - (document.requested_at + document.duration / 2)


def _utc_offset(reader: DocumentReader, timezone: str | None, now: float) -> float | None:
    home = reader.fields(*entries.home(reader.documents))
    name = timezone or home.text("timezone")
    if not name:
        return None
    try:
        offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        home.reject(RANGE, "timezone")  # an unknown zone, or a path instead of a name
        return None
    return offset.total_seconds() if offset is not None else None


COLLECTOR = Collector(
    name="identity",
    enabled_by_default=True,
    readings=(GatewayInfo, Clock),
    rules=(TYPE, RANGE, LABEL, CLOCK, MISSING),
    memory=None,
    read=read,
)
