"""The relays (dry contacts) of the system controller that are in use.

Every gateway lists four relays, with or without a controller, and those not in use with the type NONE. Their settings
and their state are two documents, joined on the id of the relay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import DRY_CONTACT_SETTINGS, DRY_CONTACTS
from envoy_exporter.families import Reading, gauge, info, label
from envoy_exporter.fields import CLOSED, GENERAL_RULES, FieldReader, by_serial

from .collector import Collector, Context, Result
from .document_reader import DocumentReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayInfo:
    relay: str = label()
    load: str | None = label()
    type: str | None = label()
    mode: str | None = label()
    grid_action: str | None = label()
    micro_grid_action: str | None = label()
    generator_action: str | None = label()
    known: bool = info(
        "enphase_relay_info",
        "Load and configuration of a relay (dry contact) in use, with its action on the grid, off the grid and on"
        " a generator: apply powers the load, shed does not.",
        fields=("id", "load_name", "type", "mode", "grid_action", "micro_grid_action", "gen_action"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    relay: str = label()
    closed: bool | None = gauge(
        "enphase_relay_closed", "Whether the relay (dry contact) is closed (1) or open (0).", fields=("status",)
    )
    cutoff: float | None = gauge(
        "enphase_relay_cutoff_charge_ratio",
        "State of charge below which the relay cuts off the load, as configured; used only in mode soc.",
        fields=("soc_low",),
    )
    restore: float | None = gauge(
        "enphase_relay_restore_charge_ratio",
        "State of charge from which the relay powers the load again, as configured; used only in mode soc.",
        fields=("soc_high",),
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    return Result(tuple(_relays(reader)), tuple(reader.rejections), None)


def _relays(reader: DocumentReader) -> Iterator[Reading]:
    contacts = dict(_listed(reader, DRY_CONTACTS))
    for relay, fields in _listed(reader, DRY_CONTACT_SETTINGS):
        if not entries.is_relay_in_use(fields.fields):
            continue
        yield RelayInfo(
            relay=relay,
            load=fields.text("load_name"),
            type=fields.text("type"),
            mode=fields.text("mode"),
            grid_action=fields.text("grid_action"),
            micro_grid_action=fields.text("micro_grid_action"),
            generator_action=fields.text("gen_action"),
        )
        contact = contacts.get(relay)
        yield Relay(
            relay=relay,
            closed=contact.is_one_of("status", CLOSED) if contact else None,
            cutoff=fields.ratio("soc_low"),
            restore=fields.ratio("soc_high"),
        )


def _listed(reader: DocumentReader, endpoint: str) -> Iterator[tuple[str, FieldReader]]:
    return by_serial(reader.entry(endpoint).objects("dry_contacts"), "id")


COLLECTOR = Collector(
    name="relays",
    enabled_by_default=True,
    readings=(RelayInfo, Relay),
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
