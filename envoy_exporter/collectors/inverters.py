"""The microinverters, from `/ivp/pdm/device_data`, or from the v1 list where that does not have them all.

A gateway repeats an inverter's last power all night. What it says of now is left out once the report is older
than `inverter_max_age` by the gateway's own clock; registers and dates stay. What they are and how they fare is in
the inventory, see there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading
from envoy_exporter.fields import Fields, Reject, Rejections, instant, number

from . import inventory, inverter_source, plausibility, required, sanity_checks
from .channel_numbers import ChannelNumbers
from .collector import Collector, Context, Result, Settings
from .device_reports import is_fresh, watts
from .inverter_readings import DeviceData, Inverter, InverterChannel, InverterInfo, InverterLeg
from .inverter_reports import Reader
from .plausibility import PlausibilityFilter, PlausibilityState


@dataclass(frozen=True, slots=True)
class InverterMemory:
    """Where the inverters were read, and what they are: no label changes because the slow inventory has failed once.

    `channels`: which channel has which number, of each inverter that has several.
    """

    chosen: inverter_source.InverterSource = field(default_factory=inverter_source.InverterSource)
    infos: tuple[InverterInfo, ...] = ()
    plausibility: PlausibilityState = field(default_factory=PlausibilityState)
    channels: Mapping[str, ChannelNumbers] = field(default_factory=dict)


def read(context: Context[InverterMemory]) -> Result[InverterMemory]:
    seen, settings, memory, now = context.documents, context.settings, context.memory, context.now
    rejections = Rejections()
    before = memory
    chosen = inverter_source.choose(seen, before.chosen)
    plausible, latest = PlausibilityFilter(seen, before.plausibility, rejections), sanity_checks.latest(seen, now)
    reject = rejections.of(documents.INVENTORY)
    listed = inventory.listed(seen, reject)
    readings: list[Reading] = []
    channels = before.channels
    if chosen.endpoint == documents.DEVICE_DATA:
        reader = Reader(seen, settings, plausible, before.channels, latest, rejections.of(documents.DEVICE_DATA))
        readings, channels = [*reader.readings()], reader.channel_numbers()
    elif chosen.endpoint == documents.INVERTERS_V1:
        readings = [*_v1(seen, settings, latest, rejections.of(documents.INVERTERS_V1))]
    inverters = [each for each in readings if isinstance(each, Inverter)]
    if chosen.endpoint != documents.DEVICE_DATA or documents.DEVICE_DATA in seen.at_hand:
        known = {each.serial for each in inverters}
        others = {serial: fields for serial, fields in listed.items() if serial not in known}
        # While their own list fails, it is not known of anyone that the inventory alone has it.
        dated = chosen.endpoint is None or chosen.endpoint in seen.at_hand
        found = _of_inventory(others, seen, settings, latest, reject)
        alone = (each if dated else Inverter(serial=each.serial, active=each.active) for each in found)
        inverters = [*_marked(inverters, listed), *alone]
    infos = tuple(_infos(seen, inverters, listed, before, reject))
    parts = (reading for reading in readings if isinstance(reading, InverterChannel | InverterLeg))
    states = inventory.read(listed, reject)
    counts = _counts(seen, rejections.of(documents.DEVICE_DATA))
    everything = (*infos, *inverters, *parts, *states, *counts)
    rejected = (*rejections.met, *required.missing("inverters", seen, chosen.endpoint))
    after = InverterMemory(chosen, infos, plausible.state(), channels)
    return Result(everything, rejected, after, required.undecided("inverters", seen, chosen.endpoint))


def _marked(inverters: list[Inverter], listed: Mapping[str, Fields]) -> Iterator[Inverter]:
    """Which are removed, by the inventory where their own list does not say."""
    for each in inverters:
        fields = listed.get(each.serial)
        if each.active is not None or fields is None:
            yield each
        else:
            yield _removed(each.serial) if documents.is_removed(fields) else replace(each, active=True)


def _of_inventory(
    others: Mapping[str, Fields], seen: Documents, settings: Settings, latest: float, reject: Reject
) -> Iterator[Inverter]:
    """Those that it alone has: when they last reported is all that it knows of their reports."""
    for serial, fields in others.items():
        if documents.is_removed(fields):
            yield _removed(serial)
            continue
        last_report = instant(fields, "last_rpt_date", reject)
        yield Inverter(
            serial=serial,
            active=True,
            reporting=is_fresh(last_report, seen, settings.inverter_max_age),
            last_report=sanity_checks.not_ahead(last_report, "last_rpt_date", latest, reject),
        )


def _removed(serial: str) -> Inverter:
    """It is listed for ever, and what it last said says nothing (8.3.5433)."""
    return Inverter(serial=serial, active=False)


def _infos(
    seen: Documents, inverters: list[Inverter], listed: Mapping[str, Fields], before: InverterMemory, reject: Reject
) -> Iterator[InverterInfo]:
    infos = before.infos if not seen.settled(documents.INVENTORY) else ()
    known = {each.serial: each for each in infos}
    for each in inverters:
        if each.active is not False:
            fields = listed.get(each.serial, {})
            yield known.get(each.serial) or InverterInfo(
                serial=each.serial,
                part_number=json_fields.text(fields, "part_num", reject),
                device_type="pcu",
                firmware=json_fields.text(fields, "img_pnum_running", reject),
            )


def _counts(seen: Documents, reject: Reject) -> Iterator[DeviceData]:
    if documents.DEVICE_DATA in seen.at_hand:
        content = documents.entry(seen.content(documents.DEVICE_DATA))
        yield DeviceData(
            devices=number(content, "deviceCount", reject, low=0),
            limit=number(content, "deviceDataLimit", reject, low=0),
        )


def _v1(seen: Documents, settings: Settings, latest: float, reject: Reject) -> Iterator[Inverter]:
    for serial, fields in inverter_source.of_v1(seen, reject):
        last_report = instant(fields, "lastReportDate", reject)
        fresh = is_fresh(last_report, seen, settings.inverter_max_age)
        power = watts(fields, "lastReportWatts", reject)
        yield Inverter(
            serial=serial,
            reporting=fresh,
            power=power if fresh else None,
            max_power=watts(fields, "maxReportWatts", reject),
            last_report=sanity_checks.not_ahead(last_report, "lastReportDate", latest, reject),
        )


COLLECTOR = Collector(
    name="inverters",
    enabled_by_default=True,
    readings=(
        InverterInfo,
        Inverter,
        InverterChannel,
        InverterLeg,
        *inventory.READINGS,
        DeviceData,
    ),
    rules=(*json_fields.GENERAL_RULES, json_fields.MISSING, plausibility.ZERO_AFTER_VALUE, plausibility.FROZEN),
    memory=InverterMemory(),
    read=read,
)
