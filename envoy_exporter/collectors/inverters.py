"""The microinverters, from `/ivp/pdm/device_data`, or from the v1 list if device_data does not list all of them.

A gateway repeats the last power of an inverter all night. So present values are absent once the report is older than
`inverter_max_age` by the gateway's clock; registers and dates stay. Their state and part numbers are in the inventory,
see `inventory.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from envoy_exporter import entries
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1, Documents
from envoy_exporter.families import Reading, gauge, info, label
from envoy_exporter.fields import GENERAL_RULES, MISSING, FieldReader

from . import inventory, inverter_source, plausibility, required
from .channel_numbers import ChannelNumbers
from .collector import Collector, Context, Result, Settings
from .device_data import DeviceDataInverters
from .device_reports import report_time
from .document_reader import DocumentReader
from .inverter_reports import Inverter, InverterChannel, InverterPhaseVoltage
from .plausibility import PlausibilityFilter, PlausibilityState


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    serial: str = label()
    part_number: str | None = label()
    device_type: str = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_inverter_info",
        "Part number and firmware of a microinverter that the gateway lists.",
        fields=("sn", "serialNumber", "serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceData:
    devices: float | None = gauge(
        "enphase_device_data_devices",
        "Number of devices in the gateway's detailed list, with meters and removed devices; at the limit, devices"
        " may be missing from the list.",
        fields=("deviceCount",),
    )
    limit: float | None = gauge(
        "enphase_device_data_limit",
        "Maximum number of devices in the gateway's detailed list.",
        fields=("deviceDataLimit",),
    )


@dataclass(frozen=True, slots=True)
class InverterMemory:
    """The list in which the inverters were read, and their labels, which do not change if the slow inventory fails.

    `channels`: the channel numbers of each inverter that has several channels.
    """

    source: str | None = None
    infos: tuple[InverterInfo, ...] = ()
    plausibility: PlausibilityState = field(default_factory=PlausibilityState)
    channels: Mapping[str, ChannelNumbers] = field(default_factory=dict)


def read(context: Context[InverterMemory]) -> Result[InverterMemory]:
    documents, settings, before = context.documents, context.settings, context.memory
    reader = DocumentReader.at(documents, context.now)
    source = inverter_source.choose(documents, before.source)
    plausible = PlausibilityFilter(documents, before.plausibility)
    listed = inventory.listed(reader)
    readings: list[Reading] = []
    channels = before.channels
    if source == DEVICE_DATA:
        reports = DeviceDataInverters(reader, settings, plausible, before.channels)
        readings, channels = [*reports.readings()], reports.channel_numbers()
    elif source == INVERTERS_V1:
        readings = [*_v1(reader, settings)]
    inverters = [reading for reading in readings if isinstance(reading, Inverter)]
    if source != DEVICE_DATA or DEVICE_DATA in documents.available:
        known = {inverter.serial for inverter in inverters}
        others = {serial: fields for serial, fields in listed.items() if serial not in known}
        # While the chosen list fails, it is not known which inverters only the inventory has.
        found: Iterable[Inverter] = _of_inventory(others, documents, settings)
        if not (source is None or source in documents.available):
            found = (Inverter(serial=inverter.serial, active=inverter.active) for inverter in found)
        inverters = [*_marked(inverters, listed), *found]
    infos = tuple(_infos(documents, inverters, listed, before))
    parts = (reading for reading in readings if isinstance(reading, InverterChannel | InverterPhaseVoltage))
    everything = (*infos, *inverters, *parts, *inventory.read(listed), *_counts(reader))
    rejections = (*reader.rejections, *required.missing("inverters", documents, source))
    after = InverterMemory(source, infos, plausible.state(), channels)
    return Result(everything, rejections, after, required.undecided("inverters", documents, source))


def _marked(inverters: list[Inverter], listed: Mapping[str, FieldReader]) -> Iterator[Inverter]:
    """The inverters, marked as active or removed by the inventory if the list does not report it."""
    for inverter in inverters:
        fields = listed.get(inverter.serial)
        if inverter.active is not None or fields is None:
            yield inverter
        else:
            removed = entries.is_removed(fields.fields)
            yield _removed(inverter.serial) if removed else replace(inverter, active=True)


def _of_inventory(others: Mapping[str, FieldReader], documents: Documents, settings: Settings) -> Iterator[Inverter]:
    """Inverters that only the inventory has: it has the time of their reports, and no values."""
    for serial, fields in others.items():
        if entries.is_removed(fields.fields):
            yield _removed(serial)
            continue
        last_report, fresh = report_time(fields, "last_rpt_date", documents, settings.inverter_max_age)
        yield Inverter(serial=serial, active=True, reporting=fresh, last_report=last_report)


def _removed(serial: str) -> Inverter:
    """A removed inverter stays in the list, and its last report has no meaning (8.3.5433)."""
    return Inverter(serial=serial, active=False)


def _infos(
    documents: Documents, inverters: list[Inverter], listed: Mapping[str, FieldReader], before: InverterMemory
) -> Iterator[InverterInfo]:
    infos = before.infos if not documents.has_responded(INVENTORY) else ()
    known = {info.serial: info for info in infos}
    for inverter in inverters:
        if inverter.active is not False:
            fields = listed.get(inverter.serial)
            yield known.get(inverter.serial) or InverterInfo(
                serial=inverter.serial,
                part_number=fields.text("part_num") if fields else None,
                device_type="pcu",
                firmware=fields.text("img_pnum_running") if fields else None,
            )


def _counts(reader: DocumentReader) -> Iterator[DeviceData]:
    if DEVICE_DATA in reader.documents.available:
        content = reader.entry(DEVICE_DATA)
        yield DeviceData(devices=content.number("deviceCount", low=0), limit=content.number("deviceDataLimit", low=0))


def _v1(reader: DocumentReader, settings: Settings) -> Iterator[Inverter]:
    for serial, fields in inverter_source.of_v1(reader):
        last_report, fresh = report_time(fields, "lastReportDate", reader.documents, settings.inverter_max_age)
        power = fields.watts("lastReportWatts")
        yield Inverter(
            serial=serial,
            reporting=fresh,
            power=power if fresh else None,
            max_power=fields.watts("maxReportWatts"),
            last_report=last_report,
        )


COLLECTOR = Collector(
    name="inverters",
    enabled_by_default=True,
    readings=(InverterInfo, Inverter, InverterChannel, InverterPhaseVoltage, *inventory.READINGS, DeviceData),
    rules=(*GENERAL_RULES, MISSING, plausibility.ZERO_AFTER_VALUE, plausibility.FROZEN),
    memory=InverterMemory(),
    read=read,
)
