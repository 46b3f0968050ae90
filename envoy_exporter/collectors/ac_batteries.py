"""Each AC battery, as listed in the inventory, or only in the list of inverters. A part of `batteries`."""

import math
from collections.abc import Iterator

from envoy_exporter import entries
from envoy_exporter.documents import ACB_CONFIG, DEVICE_DATA, INVENTORY, INVERTERS_V1, Documents
from envoy_exporter.families import Reading
from envoy_exporter.fields import TYPE, FieldReader, by_serial

from .battery_units import BatteryUnit, BatteryUnitInfo, unit_info
from .collector import Settings
from .device_reports import is_fresh, mean_watts
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, Register

_LIFETIME = (Register(key="joulesProduced"), Register(key="joulesUsed"))


def inventory_units(reader: DocumentReader, settings: Settings, plausible: PlausibilityFilter) -> Iterator[Reading]:
    """The AC batteries of the inventory, with their reports in device_data.

    Their power in the v1 list may lack its sign (no capture has a charging one), so it is not used. device_data counts
    both directions, and their difference adds up to the site's wNow (-1 and -1 are -2 W in 8.3.5169_ACB_inventory).
    """
    documents = reader.documents
    listed = reader.devices(INVENTORY, entries.inventory(documents, "ACB"), "serial_num")
    units = {serial: fields for serial, fields in listed if entries.is_ac_battery(fields.fields)}
    if not units:
        return
    reported = dict(reader.devices(DEVICE_DATA, entries.interval_data(documents, "acb"), "sn"))
    asleep = _commanded_to_sleep(reader)
    for serial, fields in units.items():
        yield unit_info(serial, "ac", fields)
        device = reported.get(serial) or reader.fields(DEVICE_DATA, {})
        channel = next(device.objects("channels"), device.of({}))
        report = channel.entry("lastReading")
        lifetime = plausible.accepted((serial,), channel.entry("lifetime"), _LIFETIME)
        fresh = is_fresh(report.timestamp("endDate", latest=math.inf), documents, settings.inverter_max_age)
        power, temperature = _power(report), report.celsius("channelTemp")
        coldest, volts = report.celsius("minCellTemp"), report.thousandths("totVoltage")
        yield BatteryUnit(
            serial=serial,
            charge=fields.ratio("percentFull"),
            power=power if fresh else None,
            discharged=lifetime.number("joulesProduced", low=0),
            charged=lifetime.number("joulesUsed", low=0),
            temperature=temperature if fresh else None,
            cell_temperature=fields.celsius("maxCellTemp"),
            min_cell_temperature=coldest if fresh else None,
            pack_voltage=volts if fresh else None,
            health=report.ratio("SOH"),
            last_report=fields.timestamp("last_rpt_date"),
            communicating=fields.flag("communicating"),
            operating=fields.flag("operating"),
            producing=fields.flag("producing"),
            sleep_enabled=fields.flag("sleep_enabled"),
            sleep_commanded=None if asleep is None else serial in asleep,
            sleep_min_charge=fields.ratio("sleep_min_soc"),
            sleep_max_charge=fields.ratio("sleep_max_soc"),
            admin_state=fields.number("admin_state"),
            state=fields.text("charge_status"),
            status=fields.texts("device_status"),
        )


def listed(documents: Documents, before: frozenset[str] | None) -> frozenset[str] | None:
    """The serial numbers of AC batteries in the inventory, removed ones too; `before` while it does not respond."""
    if not documents.has_responded(INVENTORY):
        return before
    return frozenset(str(unit.get("serial_num")) for unit in entries.objects(entries.inventory(documents, "ACB")))


def v1_units(reader: DocumentReader, inventory_serials: frozenset[str] | None) -> Iterator[Reading]:
    """AC batteries that only the v1 list of inverters has (8.2.4382_ACB); none until the inventory was available.

    `inventory_serials`: the AC batteries in the inventory. lastReportWatts has no documented sign, and no capture has a
    charging AC battery, so they have no power.
    """
    listed = [*entries.objects(reader.documents.content(INVERTERS_V1))]
    if entries.device_data_is_complete(reader.documents.content(DEVICE_DATA)):
        # The inverters are read in device_data then, so no other collector rejects invalid types in this list.
        for unit in listed:
            if entries.device_type(unit) is None:
                reader.fields(INVERTERS_V1, unit).reject(TYPE, "devType")
    units = [unit for unit in listed if entries.device_type(unit) == entries.AC_BATTERY]
    for serial, fields in reader.devices(INVERTERS_V1, units, "serialNumber"):
        if inventory_serials is not None and serial not in inventory_serials:
            yield BatteryUnitInfo(serial=serial, kind="ac", part_number=None, firmware=None, phase=None)
            yield BatteryUnit(
                serial=serial, max_power=fields.watts("maxReportWatts"), last_report=fields.timestamp("lastReportDate")
            )


def _power(report: FieldReader) -> float | None:
    produced, used = report.joules("joulesProduced"), report.joules("joulesUsed")
    energy = produced - used if produced is not None and used is not None else None
    return mean_watts(energy, report.raw_number("duration"))


def _commanded_to_sleep(reader: DocumentReader) -> frozenset[str] | None:
    """The AC batteries that are commanded to sleep; None if it is not reported."""
    config = reader.entry(ACB_CONFIG)
    serials = frozenset(serial for serial, _ in by_serial(config.objects("acb_sleep"), "serial_num"))
    return serials if isinstance(config.fields.get("acb_sleep"), list) else None
