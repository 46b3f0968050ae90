"""Batteries: all together (`enphase_storage_`), by kind, and each IQ battery.

Gateways without a battery send the same documents full of zeros, so there is nothing here unless the inventory
lists one, or the site has AC batteries that say how full they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, counter, gauge, info, label, states
from envoy_exporter.untrusted import WATT_HOUR, Fields, Refusals, Refuse, flag, instant, number, scaled

from . import secondary_control
from .subsystem import Read, Settings

NAME = "batteries"
ON = True
RULES = untrusted.GENERAL_RULES

AC_STATES = ("charging", "idle", "discharging", "full")
BANDS = {"sub_ghz": "comm_level_sub_ghz", "2_4_ghz": "comm_level_2_4_ghz"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    charge: float | None = gauge(
        "enphase_storage_charge_ratio",
        "Charge of all batteries together (agg_soc; with one kind its own: ENC_agg_soc, percentFull).",
    )
    available: float | None = gauge(
        "enphase_storage_available_energy_joules",
        "Energy in all batteries (ENC_agg_avail_energy + ACB_agg_energy; AC batteries alone: whNow).",
    )
    capacity: float | None = gauge(
        "enphase_storage_capacity_joules",
        "Capacity of all batteries (Max_energy; IQ batteries alone: Enc_max_available_capacity).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoragePower:
    source: str = label()
    power: float | None = gauge(
        "enphase_storage_power_watts",
        "Power out of the batteries, negative into them: by the storage CT (activePower), else the sum of the units"
        " (real_power_mw, wNow).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEnergy:
    discharged: float | None = counter(
        "enphase_storage_discharged_energy_joules_total",
        "Energy out of the batteries (actEnergyDlvd of the storage CT).",
    )
    charged: float | None = counter(
        "enphase_storage_charged_energy_joules_total", "Energy into the batteries (actEnergyRcvd of the storage CT)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    kind: str = label()
    charge: float | None = gauge("enphase_battery_charge_ratio", "Charge (ENC_agg_soc; percentFull).")
    available: float | None = gauge(
        "enphase_battery_available_energy_joules", "Energy in them (ENC_agg_avail_energy; whNow)."
    )
    capacity: float | None = gauge("enphase_battery_capacity_joules", "Capacity (Enc_max_available_capacity).")
    power: float | None = gauge(
        "enphase_battery_power_watts", "Power out of them, negative into them (sum of real_power_mw; wNow)."
    )
    units: int | float | None = gauge("enphase_battery_units", "How many there are (ENCHARGE devices; activeCount).")
    health: float | None = gauge("enphase_battery_health_ratio", "Health (ENC_agg_soh).")
    reserve: float | None = gauge("enphase_battery_reserve_ratio", "Reserve in force (adjusted_backup_soc).")
    reserve_energy: float | None = gauge(
        "enphase_battery_reserve_energy_joules", "Energy kept in reserve (ENC_agg_backup_energy)."
    )
    state: str | None = states("enphase_battery_state", "state", AC_STATES, "What AC batteries do (state).")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnitInfo:
    serial: str = label()
    kind: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    phase: str | None = label()
    known: bool = info(
        "enphase_battery_unit_info", "A battery that the gateway lists (serial_num, part_num, img_pnum_running, phase)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnit:
    serial: str = label()
    charge: float | None = gauge("enphase_battery_unit_charge_ratio", "Charge (soc).")
    power: float | None = gauge(
        "enphase_battery_unit_power_watts", "Power out of it, negative into it (real_power_mw)."
    )
    apparent_power: float | None = gauge(
        "enphase_battery_unit_apparent_power_volt_amperes", "Apparent power (apparent_power_mva)."
    )
    temperature: float | None = gauge("enphase_battery_unit_temperature_celsius", "Temperature (temperature).")
    cell_temperature: float | None = gauge(
        "enphase_battery_unit_max_cell_temperature_celsius", "Temperature of the warmest cell (maxCellTemp)."
    )
    capacity: float | None = gauge("enphase_battery_unit_capacity_joules", "Capacity (encharge_capacity).")
    rated_power: float | None = gauge(
        "enphase_battery_unit_rated_power_watts", "Rated power (encharge_rated_power of /ivp/ensemble/status)."
    )
    last_report: float | None = gauge(
        "enphase_battery_unit_last_report_timestamp_seconds", "When it last reported (last_rpt_date)."
    )
    communicating: bool | None = gauge("enphase_battery_unit_communicating", "1: it communicates (communicating).")
    operating: bool | None = gauge("enphase_battery_unit_operating", "1: it operates (operating).")
    sleep_enabled: bool | None = gauge("enphase_battery_unit_sleep_enabled", "1: it may sleep (sleep_enabled).")
    dc_switch_on: bool | None = gauge("enphase_battery_unit_dc_switch_on", "0: its DC switch is off (dc_switch_off).")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationLevel:
    serial: str = label()
    band: str = label()
    level: float | None = gauge(
        "enphase_battery_unit_communication_level",
        "Signal from 0 to 5; 0 where it is wired (comm_level_sub_ghz, comm_level_2_4_ghz).",
    )


READINGS = (
    Storage,
    StoragePower,
    StorageEnergy,
    *secondary_control.READINGS,
    Battery,
    BatteryUnitInfo,
    BatteryUnit,
    CommunicationLevel,
)


def read(seen: Documents, settings: Settings, memory: object, now: float) -> Read:  # noqa: ARG001
    refusals = Refusals()
    encharge = documents.ensemble(seen, "ENCHARGE")
    units = dict(untrusted.devices(encharge, "serial_num", refusals.of(documents.ENSEMBLE_INVENTORY)))
    readings: list[Reading] = []
    iq = ac = None
    if units:
        readings = [*_units(seen, units, refusals), *secondary_control.readings(seen, refusals)]
        iq = _iq(seen, [each for each in readings if isinstance(each, BatteryUnit)], refusals)
    if (entry := documents.ac_batteries(documents.site(seen))) is not None:
        ac = _ac(entry, refusals)
    kinds = [kind for kind in (iq, ac) if kind is not None]
    return Read((*_storage(seen, iq, ac, refusals), *kinds, *readings), tuple(refusals.met))


def _storage(seen: Documents, iq: Battery | None, ac: Battery | None, refusals: Refusals) -> Iterator[Reading]:
    """Both kinds as one. The power is the storage CT's where there is one, and never another's in its place."""
    if iq and ac:
        refuse = refusals.of(documents.ENSEMBLE_SECCTRL)
        together = documents.entry(seen.content(documents.ENSEMBLE_SECCTRL))
        yield Storage(
            charge=_ratio(together, "agg_soc", refuse),
            available=_sum(iq.available, scaled(number(together, "ACB_agg_energy", refuse, low=0), WATT_HOUR)),
            capacity=scaled(number(together, "Max_energy", refuse, low=0), WATT_HOUR),
        )
    elif kind := iq or ac:
        yield Storage(charge=kind.charge, available=kind.available, capacity=kind.capacity)
    meter = documents.enabled_meter(seen, "storage")
    if meter is None:
        powers = [kind.power for kind in (iq, ac) if kind is not None]
        if powers:
            yield StoragePower(source="units", power=_sum(*powers))
        return
    refuse = refusals.of(documents.METER_READINGS)
    if fields := documents.meter_readings(seen).get(meter.eid):
        yield StoragePower(source="ct", power=number(fields, "activePower", refuse))
        yield StorageEnergy(
            discharged=scaled(number(fields, "actEnergyDlvd", refuse, low=0), WATT_HOUR),
            charged=scaled(number(fields, "actEnergyRcvd", refuse, low=0), WATT_HOUR),
        )


def _iq(seen: Documents, units: list[BatteryUnit], refusals: Refusals) -> Battery:
    refuse = refusals.of(documents.ENSEMBLE_SECCTRL)
    fields = documents.entry(seen.content(documents.ENSEMBLE_SECCTRL))
    return Battery(
        kind="iq",
        charge=_ratio(fields, "ENC_agg_soc", refuse),
        available=scaled(number(fields, "ENC_agg_avail_energy", refuse, low=0), WATT_HOUR),
        capacity=scaled(number(fields, "Enc_max_available_capacity", refuse, low=0), WATT_HOUR),
        power=_sum(*(unit.power for unit in units)),
        units=len(units),
        health=_ratio(fields, "ENC_agg_soh", refuse),
        reserve=_ratio(fields, "adjusted_backup_soc", refuse),
        reserve_energy=scaled(number(fields, "ENC_agg_backup_energy", refuse, low=0), WATT_HOUR),
    )


def _ac(fields: Fields, refusals: Refusals) -> Battery:
    refuse = refusals.of(documents.PRODUCTION_JSON)
    return Battery(
        kind="ac",
        charge=_ratio(fields, "percentFull", refuse),
        available=scaled(number(fields, "whNow", refuse, low=0), WATT_HOUR),
        power=number(fields, "wNow", refuse),
        units=number(fields, "activeCount", refuse, low=0),
        state=untrusted.text(fields, "state", refuse),
    )


def _units(seen: Documents, units: Mapping[str, Fields], refusals: Refusals) -> Iterator[Reading]:
    """Charge and power are of `/ivp/ensemble/power`: the inventory's charge lags (10 % and not 54 in 8.2.4382_ACB)."""
    refuse, now = refusals.of(documents.ENSEMBLE_INVENTORY), refusals.of(documents.ENSEMBLE_POWER)
    powers = documents.entry(seen.content(documents.ENSEMBLE_POWER))
    listed = powers.get("devices:", powers.get("devices"))  # the colon is the gateway's own
    fresh = dict(untrusted.devices(listed, "serial_num", now))
    status = documents.entry(seen.content(documents.ENSEMBLE_STATUS), "inventory", "serial_nums")
    for serial, fields in units.items():
        yield BatteryUnitInfo(
            serial=serial,
            kind="iq",
            part_number=untrusted.text(fields, "part_num", refuse),
            firmware=untrusted.text(fields, "img_pnum_running", refuse),
            phase=untrusted.text(fields, "phase", refuse),
        )
        power = fresh.get(serial, {})
        switch_off = flag(fields, "dc_switch_off", refuse)
        yield BatteryUnit(
            serial=serial,
            charge=_ratio(power, "soc", now),
            power=scaled(number(power, "real_power_mw", now), divided=1000),
            apparent_power=scaled(number(power, "apparent_power_mva", now), divided=1000),
            temperature=_celsius(fields, "temperature", refuse),
            cell_temperature=_celsius(fields, "maxCellTemp", refuse),
            capacity=scaled(number(fields, "encharge_capacity", refuse, low=0), WATT_HOUR),
            rated_power=number(
                documents.entry(status, serial), "encharge_rated_power", refusals.of(documents.ENSEMBLE_STATUS), low=0
            ),
            last_report=instant(fields, "last_rpt_date", refuse),
            communicating=flag(fields, "communicating", refuse),
            operating=flag(fields, "operating", refuse),
            sleep_enabled=flag(fields, "sleep_enabled", refuse),
            dc_switch_on=None if switch_off is None else not switch_off,
        )
        for band, key in BANDS.items():
            yield CommunicationLevel(serial=serial, band=band, level=number(fields, key, refuse, low=0))


def _sum(*values: float | None) -> float | None:
    """Of all, or nothing: a sum that lacks a battery is another number."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None


def _ratio(fields: Fields, key: str, refuse: Refuse) -> float | None:
    return scaled(number(fields, key, refuse, low=0, high=100), divided=100)


def _celsius(fields: Fields, key: str, refuse: Refuse) -> float | None:
    return number(fields, key, refuse, low=-100, high=200)
