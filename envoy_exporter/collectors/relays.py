"""The relays (dry contacts) of the system controller: those that the installer has given something to switch.

Every gateway lists four, with or without a controller, and those that nobody uses with the type NONE. What is set
and what is switched are two documents, joined on the relay's id.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, gauge, info, label
from envoy_exporter.fields import CLOSED, Fields, Reject, Rejections, percent, text

from .collector import Collector, Context, Result


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
        "A relay in use, its load and what it does on the grid, off it and on a generator: apply is powered,"
        " shed is not.",
        fields=("id", "load_name", "type", "mode", "grid_action", "micro_grid_action", "gen_action"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    relay: str = label()
    closed: bool | None = gauge("enphase_relay_closed", "1: its contact is closed, 0: it is open.", fields=("status",))
    cutoff: float | None = gauge(
        "enphase_relay_cutoff_charge_ratio",
        "Battery charge below which the load is cut off, as set; it counts only in mode soc.",
        fields=("soc_low",),
    )
    restore: float | None = gauge(
        "enphase_relay_restore_charge_ratio",
        "Battery charge from which the load is powered again, as set; it counts only in mode soc.",
        fields=("soc_high",),
    )


def read(context: Context[None]) -> Result[None]:
    seen = context.documents
    rejections = Rejections()
    return Result(tuple(_relays(seen, rejections)), tuple(rejections.met), None)


def _relays(seen: Documents, rejections: Rejections) -> Iterator[Reading]:
    reject, switched = rejections.of(documents.DRY_CONTACT_SETTINGS), rejections.of(documents.DRY_CONTACTS)
    contacts = dict(_listed(seen, documents.DRY_CONTACTS, switched))
    for relay, fields in _listed(seen, documents.DRY_CONTACT_SETTINGS, reject):
        if not entries.is_relay_in_use(fields):
            continue
        yield RelayInfo(
            relay=relay,
            load=text(fields, "load_name", reject),
            type=text(fields, "type", reject),
            mode=text(fields, "mode", reject),
            grid_action=text(fields, "grid_action", reject),
            micro_grid_action=text(fields, "micro_grid_action", reject),
            generator_action=text(fields, "gen_action", reject),
        )
        yield Relay(
            relay=relay,
            closed=json_fields.says(contacts.get(relay, {}), "status", CLOSED, switched),
            cutoff=percent(fields, "soc_low", reject),
            restore=percent(fields, "soc_high", reject),
        )


def _listed(seen: Documents, endpoint: str, reject: Reject) -> Iterator[tuple[str, Fields]]:
    return json_fields.devices(entries.entry(seen.content(endpoint)).get("dry_contacts"), "id", reject)


COLLECTOR = Collector(
    name="relays",
    enabled_by_default=True,
    readings=(RelayInfo, Relay),
    rules=json_fields.GENERAL_RULES,
    memory=None,
    read=read,
)
