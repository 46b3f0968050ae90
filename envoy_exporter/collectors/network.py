"""How the gateway is connected, to the cloud and to its devices: `/home`; and if it renews the batteries' firmware.

Addresses stay out of labels: they are personal, and a lease changes them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.families import Reading, gauge, label
from envoy_exporter.fields import Fields, Reject, Rejections, flag, number, percent

from . import sanity_checks
from .collector import Collector, Context, Result

CLASSES = ("pcu", "acb", "nsrb", "esub")
_BANDS = {"sub_ghz": "level_subg", "2_4_ghz": "level_24g"}
_HIGHEST_LEVEL = 5
_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,9})?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    connected: bool | None = gauge(
        "enphase_cloud_connected", "1: the gateway is connected to the Enphase cloud.", fields=("network.web_comm",)
    )
    last_report: float | None = gauge(
        "enphase_cloud_last_report_timestamp_seconds",
        "When the gateway last reported to the Enphase cloud.",
        fields=("network.last_enlighten_report_time",),
    )
    database_used: float | None = gauge(
        "enphase_gateway_database_used_ratio", "How full the gateway's database is.", fields=("db_percent_full",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    interface: str = label()
    type: str | None = label()
    up: bool | None = gauge(
        "enphase_network_interface_up", "1: the interface has a connection.", fields=("network.interfaces[].carrier",)
    )
    signal: float | None = gauge(
        "enphase_network_interface_signal_level", "Signal, from 0 to its own most.", fields=("signal_strength",)
    )
    signal_max: float | None = gauge(
        "enphase_network_interface_signal_level_max",
        "The most that the signal can be: 1 on a cable, 5 on Wi-Fi, 31 on a modem, 0 if off.",
        fields=("signal_strength_max",),
    )
    primary: bool | None = gauge(
        "enphase_network_interface_primary",
        "1: the gateway prefers this interface.",
        fields=("network.primary_interface",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wireless:
    type: str = label()
    connected: bool | None = gauge(
        "enphase_wireless_connected",
        "1: the radio to the devices is connected.",
        fields=("wireless_connection[].connected",),
    )
    signal: float | None = gauge(
        "enphase_wireless_signal_level", "Signal, from 0 to its own most.", fields=("signal_strength",)
    )
    signal_max: float | None = gauge(
        "enphase_wireless_signal_level_max", "The most that the signal can be.", fields=("signal_strength_max",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    device: str = label()
    devices: int | float | None = gauge(
        "enphase_communication_devices",
        "How many devices the gateway hears: pcu are inverters, none by night; acb AC batteries, nsrb IQ"
        " Relays, encharge IQ batteries, esub other parts of the storage system.",
        fields=("comm.*.num",),
    )
    level: float | None = gauge(
        "enphase_communication_level",
        "Signal of those that it hears, from 0 to 5; absent while none.",
        fields=("comm.*.level",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryCommunication:
    band: str = label()
    level: float | None = gauge(
        "enphase_communication_battery_level",
        "Radio signal of the IQ batteries, from 0 to 5; 0 where they are wired.",
        fields=("comm.encharge[].level_24g", "level_subg"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFirmware:
    status: float | None = gauge(
        "enphase_battery_firmware_update_status",
        "The update of the batteries' firmware, as the gateway's code; 10: none runs.",
        fields=("SiteSync.Current_Status",),
    )


def read(context: Context[None]) -> Result[None]:
    seen, now = context.documents, context.now
    rejections = Rejections()
    endpoint, home = entries.home(seen)
    readings: list[Reading] = []
    if home:
        reject = rejections.of(endpoint)
        network = entries.entry(home.get("network"))
        readings.append(
            Cloud(
                connected=flag(network, "web_comm", reject),
                last_report=sanity_checks.moment(
                    network, "last_enlighten_report_time", sanity_checks.latest(seen, now), reject
                ),
                database_used=_database_used(home, reject),
            )
        )
        readings += _interfaces(network, reject)
        readings += _wireless(home, reject)
        readings += _communication(entries.entry(home.get("comm")), reject)
    state = entries.entry(seen.content(documents.FIRMWARE_MANAGER), "SiteSync")
    if state:
        status = number(state, "Current_Status", rejections.of(documents.FIRMWARE_MANAGER))
        readings.append(BatteryFirmware(status=status))
    return Result(tuple(readings), tuple(rejections.met), None)


def _database_used(home: Fields, reject: Reject) -> float | None:
    """Older firmware alone says so, in a text with a blank: " 1.63"."""
    value = home.get("db_percent_full")
    if isinstance(value, str) and (digits := _PERCENT.fullmatch(value)):
        home = {"db_percent_full": float(digits[1])}
    return percent(home, "db_percent_full", reject)


def _interfaces(network: Fields, reject: Reject) -> Iterator[Interface]:
    primary = json_fields.text(network, "primary_interface", reject)
    for name, fields in _once(network.get("interfaces"), "interface", reject):
        yield Interface(
            interface=name,
            type=json_fields.text(fields, "type", reject),
            up=flag(fields, "carrier", reject),
            signal=number(fields, "signal_strength", reject, low=0),
            signal_max=number(fields, "signal_strength_max", reject, low=0),
            primary=name == primary if primary else None,
        )


def _wireless(home: Fields, reject: Reject) -> Iterator[Wireless]:
    for name, fields in _once(home.get("wireless_connection"), "type", reject):
        yield Wireless(
            type=name,
            connected=flag(fields, "connected", reject),
            signal=number(fields, "signal_strength", reject, low=0),
            signal_max=number(fields, "signal_strength_max", reject, low=0),
        )


def _communication(comm: Fields, reject: Reject) -> Iterator[Reading]:
    """A level of 0 where there is no device says nothing of any (all captures)."""
    heard = {name: entries.entry(comm.get(name)) for name in CLASSES}
    batteries = next(json_fields.items(comm.get("encharge"), reject), {})
    for name, fields in {**heard, "encharge": batteries}.items():
        if fields:
            devices = number(fields, "num", reject, low=0)
            level = number(fields, "level", reject, low=0, high=_HIGHEST_LEVEL)
            yield Communication(device=name, devices=devices, level=level if devices else None)
    if number(batteries, "num", lambda *_: None):
        for band, key in _BANDS.items():
            yield BatteryCommunication(band=band, level=number(batteries, key, reject, low=0, high=_HIGHEST_LEVEL))


def _once(content: object, key: str, reject: Reject) -> Iterator[tuple[str, Fields]]:
    """The objects of a list by a name of theirs: a lone text that may be a label, each once."""
    seen: set[str] = set()
    for each in json_fields.items(content, reject):
        name = json_fields.text(each, key, reject)
        if not name:
            reject(json_fields.LABEL, key)
        elif name in seen:
            reject(json_fields.DUPLICATE, key)
        else:
            seen.add(name)
            yield name, each


COLLECTOR = Collector(
    name="network",
    enabled_by_default=True,
    readings=(Cloud, Interface, Wireless, Communication, BatteryCommunication, BatteryFirmware),
    rules=json_fields.GENERAL_RULES,
    memory=None,
    read=read,
)
