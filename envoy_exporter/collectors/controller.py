"""The devices between the home and the grid: a system controller (Enpower), or a meter collar and an IQ Combiner.

The ensemble inventory lists them. The relays for solar and battery circuits are one object of `/ivp/ensemble/status`
without a serial number, so they are read only if they can belong to one device alone.
"""

from collections.abc import Iterator, Mapping

from envoy_exporter import entries
from envoy_exporter.documents import ENSEMBLE_ERRORS, ENSEMBLE_INVENTORY, ENSEMBLE_STATUS
from envoy_exporter.families import Reading
from envoy_exporter.fields import CLOSED, GENERAL_RULES, FieldReader

from .collector import Collector, Context, Result
from .controller_readings import (
    READINGS,
    Collar,
    CollarInfo,
    Combiner,
    CombinerInfo,
    Enpower,
    EnpowerCommunicationLevel,
    EnpowerInfo,
    EnpowerRelay,
    Grid,
    GridMode,
)
from .document_reader import DocumentReader

BANDS = {"sub_ghz": "comm_level_sub_ghz", "2_4_ghz": "comm_level_2_4_ghz"}
COLLAR_CONNECTED = {"ENCMN_MDE_ON_GRID": True, "ENCMN_MDE_OFF_GRID": False}
"""A collar's admin_state_str, which follows the grid where its grid_state does not (home-assistant/core#153766)."""
RELAYS = {"1": "der1_state", "2": "der2_state", "3": "der3_state"}


def read(context: Context[None]) -> Result[None]:
    reader, documents = DocumentReader.at(context.documents, context.now), context.documents
    enpowers, collars, combiners = (
        dict(reader.devices(ENSEMBLE_INVENTORY, entries.ensemble(documents, kind), "serial_num"))
        for kind in ("ENPOWER", "COLLAR", "C6 COMBINER CONTROLLER")
    )
    # The one relay object has no serial: it belongs to the only switch, and with two switches it is unknown to which.
    switch = next(iter(enpowers or collars), None) if len(enpowers or collars) == 1 else None
    readings = [*_enpowers(reader, enpowers, switch), *_collars(reader, collars, switch), *_combiners(combiners)]
    return Result(tuple(readings), tuple(reader.rejections), None)


def _relay(reader: DocumentReader, *, is_switch: bool) -> FieldReader:
    """The relay object if the device is the only switch; else an empty one."""
    relay = reader.entry(ENSEMBLE_STATUS, "relay")
    return relay if is_switch else relay.of({})


def _enpowers(reader: DocumentReader, enpowers: Mapping[str, FieldReader], switch: str | None) -> Iterator[Reading]:
    for serial, fields in enpowers.items():
        relay = _relay(reader, is_switch=serial == switch)
        errors = reader.entry(ENSEMBLE_ERRORS) if serial == switch else None
        yield Grid(
            serial=serial,
            device="enpower",
            connected=fields.is_one_of("mains_oper_state", CLOSED),
            enabled=fields.is_one_of("mains_admin_state", CLOSED),
        )
        yield GridMode(
            serial=serial,
            grid=fields.text("Enpwr_grid_mode"),
            battery=fields.text("Enchg_grid_mode"),
            solar=relay.text("Solar_grid_mode"),
        )
        yield EnpowerInfo(serial=serial, part_number=fields.text("part_num"), firmware=fields.text("img_pnum_running"))
        yield Enpower(
            serial=serial,
            temperature=fields.fahrenheit("temperature"),
            communicating=fields.flag("communicating"),
            operating=fields.flag("operating"),
            last_report=fields.timestamp("last_rpt_date"),
            state=fields.number("Enpwr_curr_state_id", low=0),
            relays=fields.number("Enpwr_relay_state_bm", low=0),
            errors=errors.number("enpower_error_flags", low=0) if errors else None,
            status=fields.texts("device_status"),
        )
        for band, key in BANDS.items():
            yield EnpowerCommunicationLevel(serial=serial, band=band, level=fields.number(key, low=0))
        for name, key in RELAYS.items():
            yield EnpowerRelay(serial=serial, relay=name, state=relay.number(key, low=0))


def _collars(reader: DocumentReader, collars: Mapping[str, FieldReader], switch: str | None) -> Iterator[Reading]:
    """A collar reports no grid mode; the modes of the batteries and inverters are in the relay object."""
    for serial, fields in collars.items():
        relay = _relay(reader, is_switch=serial == switch)
        admin_state = fields.text("admin_state_str")
        yield Grid(serial=serial, device="collar", connected=COLLAR_CONNECTED.get(admin_state or ""))
        yield GridMode(serial=serial, battery=relay.text("Enchg_grid_mode"), solar=relay.text("Solar_grid_mode"))
        yield CollarInfo(serial=serial, part_number=fields.text("part_num"), firmware=fields.text("img_pnum_running"))
        yield Collar(
            serial=serial,
            temperature=fields.celsius("temperature"),
            communicating=fields.flag("communicating"),
            last_report=fields.timestamp("last_rpt_date"),
            mid_closed=fields.is_one_of("mid_state", CLOSED),
            grid_state=fields.text("grid_state"),
            installed=fields.is_one_of("collar_state", ("Installed",)),
            control_error=fields.number("control_error"),
            status=fields.texts("device_status"),
        )


def _combiners(combiners: Mapping[str, FieldReader]) -> Iterator[Reading]:
    for serial, fields in combiners.items():
        yield CombinerInfo(serial=serial, part_number=fields.text("part_num"), firmware=fields.text("fw_version"))
        yield Combiner(
            serial=serial, communicating=fields.flag("communicating"), last_report=fields.timestamp("last_rpt_date")
        )


COLLECTOR = Collector(
    name="controller",
    enabled_by_default=True,
    readings=READINGS,
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
