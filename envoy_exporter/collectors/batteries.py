"""Batteries: all together (`enphase_storage_`), by kind, and each one.

Gateways without a battery send the same documents full of zeros. So nothing is read unless an inventory lists a
battery, or the site's document has an entry of AC batteries with percentFull. Where that entry lacks percentFull
(pyenphase 2.4.4), the AC batteries of the inventory are read one by one, and there is no total.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from envoy_exporter import entries, system
from envoy_exporter.documents import ENSEMBLE_INVENTORY, ENSEMBLE_SECCTRL, METER_READINGS, PRODUCTION_JSON, Documents
from envoy_exporter.families import Reading, counter, gauge, label, states
from envoy_exporter.fields import DUPLICATE, GENERAL_RULES, MISSING, FieldReader

from . import ac_batteries, battery_charge, battery_units, plausibility, required, secondary_control, steady
from .battery_units import AC_STATES, BatteryUnit
from .collector import Collector, Context, Result, Settings
from .device_reports import complete_sum, report_time
from .document_reader import DocumentReader
from .plausibility import CONFIRMATION_TIME, PlausibilityFilter, PlausibilityState
from .steady import Listing, SteadyValue

_KINDS = frozenset(("iq", "ac"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    charge: float | None = gauge(
        "enphase_storage_charge_ratio",
        "State of charge of all batteries together; with batteries of one kind, that of the kind.",
        fields=("agg_soc", "ENC_agg_soc", "percentFull"),
    )
    available: float | None = gauge(
        "enphase_storage_available_energy_joules",
        "Energy stored in all batteries.",
        fields=("ENC_agg_avail_energy", "ACB_agg_energy", "whNow"),
    )
    capacity: float | None = gauge(
        "enphase_storage_capacity_joules",
        "Energy capacity of all batteries.",
        fields=("Max_energy", "Enc_max_available_capacity"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePower:
    source: str = label()
    power: float | None = gauge(
        "enphase_storage_power_watts",
        "Power of all batteries, positive while discharging, negative while charging; measured by the storage CT,"
        " without one the sum over the batteries.",
        fields=("activePower", "real_power_mw", "wNow"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEnergy:
    discharged: float | None = counter(
        "enphase_storage_discharged_energy_joules_total",
        "Lifetime energy discharged from the batteries, measured by the storage CT.",
        fields=("actEnergyDlvd",),
    )
    charged: float | None = counter(
        "enphase_storage_charged_energy_joules_total",
        "Lifetime energy charged into the batteries, measured by the storage CT.",
        fields=("actEnergyRcvd",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    kind: str = label()
    charge: float | None = gauge(
        "enphase_battery_charge_ratio",
        "State of charge of all batteries of one kind.",
        fields=("ENC_agg_soc", "percentFull"),
    )
    available: float | None = gauge(
        "enphase_battery_available_energy_joules",
        "Energy stored in all batteries of one kind.",
        fields=("ENC_agg_avail_energy", "whNow"),
    )
    capacity: float | None = gauge(
        "enphase_battery_capacity_joules",
        "Energy capacity of all batteries of one kind.",
        fields=("Enc_max_available_capacity",),
    )
    power: float | None = gauge(
        "enphase_battery_power_watts",
        "Power of all batteries of one kind, positive while discharging, negative while charging.",
        fields=("real_power_mw", "wNow"),
    )
    units: int | float | None = gauge(
        "enphase_battery_units", "Number of batteries of one kind.", fields=("serial_num", "activeCount")
    )
    health: float | None = gauge(
        "enphase_battery_health_ratio", "State of health of all batteries of one kind.", fields=("ENC_agg_soh",)
    )
    reserve: float | None = gauge(
        "enphase_battery_reserve_ratio",
        "Battery reserve in force, as a state of charge.",
        fields=("adjusted_backup_soc",),
    )
    configured_reserve: float | None = gauge(
        "enphase_battery_configured_reserve_ratio",
        "Battery reserve as configured, as a state of charge; enphase_battery_reserve_ratio is the one in force.",
        fields=("configured_backup_soc",),
    )
    reserve_energy: float | None = gauge(
        "enphase_battery_reserve_energy_joules",
        "Energy that the batteries keep in reserve.",
        fields=("ENC_agg_backup_energy",),
    )
    last_reading: float | None = gauge(
        "enphase_battery_last_reading_timestamp_seconds",
        "Time at which the gateway last read the AC batteries; if it is too old, their power and state are absent.",
        fields=("readingTime",),
    )
    state: str | None = states(
        "enphase_battery_state",
        "state",
        AC_STATES,
        "State of the AC batteries: 1 for the current state, 0 for the others.",
        fields=("state",),
    )


@dataclass(frozen=True, slots=True)
class BatteryMemory:
    """What is known of the batteries from earlier readings.

    `listed_at`: when each kind of battery was last listed. `checked_kinds`: the kinds whose documents have been
    available. `meters`: the list of meters. `listed`: the serial numbers of AC batteries in the latest inventory; None
    until it was available. `power_absent_since`: the time since which the endpoint of the IQ batteries' power has not
    been available. `charge_in_inventory`: whether the charge of IQ batteries was read in the inventory.
    """

    plausibility: PlausibilityState = field(default_factory=PlausibilityState)
    listed_at: Mapping[str, float] = field(default_factory=dict)
    checked_kinds: frozenset[str] = frozenset()
    meters: SteadyValue[Listing] = field(default_factory=SteadyValue)
    listed: frozenset[str] | None = None
    power_absent_since: float | None = None
    charge_in_inventory: bool = False


def read(context: Context[BatteryMemory]) -> Result[BatteryMemory]:
    documents, settings, before, now = context.documents, context.settings, context.memory, context.now
    reader = DocumentReader.at(documents, now)
    plausible = PlausibilityFilter(documents, before.plausibility)
    units = dict(reader.devices(ENSEMBLE_INVENTORY, entries.ensemble(documents, "ENCHARGE"), "serial_num"))
    complete = all(rejection.rule == DUPLICATE for rejection in reader.rejections)
    readings: list[Reading] = []
    iq = ac = None
    absent_since = battery_charge.absent_since(documents, before.power_absent_since, now)
    in_inventory = battery_charge.is_in_inventory(documents, absent_since, now, before=before.charge_in_inventory)
    if units:
        readings = [*battery_units.iq(reader, units, charge_in_inventory=in_inventory)]
        readings += secondary_control.readings(reader)
        iq = _iq(reader, [reading for reading in readings if isinstance(reading, BatteryUnit)], complete=complete)
    if (entry := entries.ac_batteries(entries.site(documents))) is not None:
        ac = _ac(reader.fields(entries.site_endpoint(documents), entry), documents, settings)
    readings += ac_batteries.inventory_units(reader, settings, plausible)
    listed = ac_batteries.listed(documents, before.listed)
    readings += ac_batteries.v1_units(reader, listed)
    kinds = [kind for kind in (iq, ac) if kind is not None]
    memory = _next_memory(documents, [kind.kind for kind in kinds], before, now)
    combined: list[Reading] = []
    if set(memory.listed_at) <= {kind.kind for kind in kinds} and memory.checked_kinds == _KINDS:
        combined += _combined(reader, iq, ac)
        if kinds and _can_add_up(documents, memory.meters.current):
            combined.append(StoragePower(source="units", power=complete_sum([kind.power for kind in kinds])))
    combined += _by_ct(reader, plausible)
    return Result(
        (*combined, *kinds, *readings),
        (*reader.rejections, *required.missing("batteries", documents)),
        replace(
            memory,
            plausibility=plausible.state(),
            listed=listed,
            power_absent_since=absent_since,
            charge_in_inventory=in_inventory,
        ),
        required.undecided("batteries", documents),
    )


def _next_memory(documents: Documents, present: Sequence[str], before: BatteryMemory, now: float) -> BatteryMemory:
    """The kinds of batteries that are installed: a kind is kept while its document fails, or lacks it for ten minutes.

    The metrics of all batteries together are absent while one of two kinds is missing: they would be another register.
    """
    available = {
        "iq": system.firmware_below(documents, 5) or documents.has_responded(ENSEMBLE_INVENTORY),
        "ac": entries.lists_storage(entries.site(documents)) or PRODUCTION_JSON in documents.absent,
    }
    listed_at = dict.fromkeys(present, now)
    for kind, time in before.listed_at.items():
        if not available[kind] or now - time < CONFIRMATION_TIME:
            listed_at.setdefault(kind, time)
    checked = before.checked_kinds | {kind for kind in _KINDS if available[kind]}
    return BatteryMemory(before.plausibility, listed_at, checked, steady.meters(documents, before.meters, now))


def _can_add_up(documents: Documents, meters: Listing | None) -> bool:
    """Whether the power is the sum over the batteries: only once it is known that no storage CT is installed."""
    ct = steady.is_enabled(meters, "storage") or system.enabled_meter(documents, "storage") is not None
    return meters is not None and not ct


def _combined(reader: DocumentReader, iq: Battery | None, ac: Battery | None) -> Iterator[Reading]:
    if iq and ac:
        combined = reader.entry(ENSEMBLE_SECCTRL)
        yield Storage(
            charge=combined.ratio("agg_soc"),
            available=complete_sum([iq.available, combined.watt_hours("ACB_agg_energy")]),
            capacity=combined.watt_hours("Max_energy"),
        )
    elif kind := iq or ac:
        yield Storage(charge=kind.charge, available=kind.available, capacity=kind.capacity)


def _by_ct(reader: DocumentReader, plausible: PlausibilityFilter) -> Iterator[Reading]:
    """With a storage CT, the power is the CT's and never the sum over the batteries."""
    meter = system.enabled_meter(reader.documents, "storage")
    if meter is None:
        return
    reading = entries.meter_readings(reader.documents).get(meter.eid, {})
    if fields := plausible.meter(meter, reader.fields(METER_READINGS, reading)):
        yield StoragePower(source="ct", power=fields.number("activePower"))
        yield StorageEnergy(discharged=fields.watt_hours("actEnergyDlvd"), charged=fields.watt_hours("actEnergyRcvd"))


def _iq(reader: DocumentReader, units: list[BatteryUnit], *, complete: bool) -> Battery:
    """`complete`: whether `units` has every battery of the list, so that they can be counted and added up."""
    fields = reader.entry(ENSEMBLE_SECCTRL)
    return Battery(
        kind="iq",
        charge=fields.ratio("ENC_agg_soc"),
        available=fields.watt_hours("ENC_agg_avail_energy"),
        capacity=fields.watt_hours("Enc_max_available_capacity"),
        power=complete_sum([unit.power for unit in units]) if complete else None,
        units=len(units) if complete else None,
        health=fields.ratio("ENC_agg_soh"),
        reserve=fields.ratio("adjusted_backup_soc"),
        configured_reserve=fields.ratio("configured_backup_soc"),
        reserve_energy=fields.watt_hours("ENC_agg_backup_energy"),
    )


def _ac(fields: FieldReader, documents: Documents, settings: Settings) -> Battery:
    """A gateway that no longer receives them repeats their last values: for 41 hours in 8.2.4382_ACB.

    Their power and state are as old as an inverter's may be, and are absent after that. The charge stays.
    """
    last_reading, fresh = report_time(fields, "readingTime", documents, settings.inverter_max_age)
    power, state = fields.number("wNow"), fields.text("state")
    return Battery(
        kind="ac",
        charge=fields.ratio("percentFull"),
        available=fields.watt_hours("whNow"),
        power=power if fresh else None,
        units=fields.number("activeCount", low=0),
        last_reading=last_reading,
        state=state if fresh else None,
    )


COLLECTOR = Collector(
    name="batteries",
    enabled_by_default=True,
    readings=(Storage, StoragePower, StorageEnergy, *secondary_control.READINGS, Battery, *battery_units.READINGS),
    rules=(*GENERAL_RULES, MISSING, *plausibility.RULES),
    memory=BatteryMemory(),
    read=read,
)
