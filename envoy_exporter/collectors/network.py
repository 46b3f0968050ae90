"""The gateway's connections to the Enphase cloud and to devices: `/home`; and the update of the batteries' firmware.

Addresses are not in labels: they are personal data, and a DHCP lease changes them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import FIRMWARE_MANAGER
from envoy_exporter.families import Reading, gauge, label
from envoy_exporter.fields import DUPLICATE, GENERAL_RULES, LABEL, FieldReader

from .collector import Collector, Context, Result
from .document_reader import DocumentReader

DEVICE_TYPES = ("pcu", "acb", "nsrb", "esub")
_BANDS = {"sub_ghz": "level_subg", "2_4_ghz": "level_24g"}
_HIGHEST_LEVEL = 5
_PERCENT = re.compile(r"\s*(\d{1,3}(?:\.\d{1,9})?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    connected: bool | None = gauge(
        "enphase_cloud_connected",
        "Whether the gateway is connected to Enlighten, the Enphase cloud (1) or not (0).",
        fields=("network.web_comm",),
    )
    last_report: float | None = gauge(
        "enphase_cloud_last_report_timestamp_seconds",
        "Time of the gateway's last report to Enlighten, the Enphase cloud.",
        fields=("network.last_enlighten_report_time",),
    )
    database_used: float | None = gauge(
        "enphase_gateway_database_used_ratio",
        "Share of the gateway's database that is used.",
        fields=("db_percent_full",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    interface: str = label()
    type: str | None = label()
    up: bool | None = gauge(
        "enphase_network_interface_up",
        "Whether the network interface has a connection (1) or not (0).",
        fields=("network.interfaces[].carrier",),
    )
    signal: float | None = gauge(
        "enphase_network_interface_signal_level",
        "Signal level of the network interface, from 0 to enphase_network_interface_signal_level_max.",
        fields=("signal_strength",),
    )
    signal_max: float | None = gauge(
        "enphase_network_interface_signal_level_max",
        "Maximum signal level of the network interface: 1 on a cable, 5 on Wi-Fi, 31 on a modem, 0 if it is off.",
        fields=("signal_strength_max",),
    )
    primary: bool | None = gauge(
        "enphase_network_interface_primary",
        "Whether the gateway prefers the network interface (1) or not (0).",
        fields=("network.primary_interface",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wireless:
    type: str = label()
    connected: bool | None = gauge(
        "enphase_wireless_connected",
        "Whether the gateway's radio for devices is connected (1) or not (0).",
        fields=("wireless_connection[].connected",),
    )
    signal: float | None = gauge(
        "enphase_wireless_signal_level",
        "Signal level of the gateway's radio for devices, from 0 to enphase_wireless_signal_level_max.",
        fields=("signal_strength",),
    )
    signal_max: float | None = gauge(
        "enphase_wireless_signal_level_max",
        "Maximum signal level of the gateway's radio for devices.",
        fields=("signal_strength_max",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    device: str = label()
    devices: int | float | None = gauge(
        "enphase_communication_devices",
        "Number of devices that communicate with the gateway, by type: pcu are microinverters (none at night),"
        " acb AC batteries, nsrb IQ Relays, encharge IQ batteries, esub other parts of the storage system.",
        fields=("comm.*.num",),
    )
    level: float | None = gauge(
        "enphase_communication_level",
        "Signal level of the devices that communicate with the gateway, from 0 to 5; absent without such devices.",
        fields=("comm.*.level",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryCommunication:
    band: str = label()
    level: float | None = gauge(
        "enphase_communication_battery_level",
        "Radio signal level of the IQ batteries, from 0 to 5; 0 for wired batteries.",
        fields=("comm.encharge[].level_24g", "comm.encharge[].level_subg"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFirmware:
    status: float | None = gauge(
        "enphase_battery_firmware_update_status",
        "Code of the status of the batteries' firmware update; 10 if no update runs.",
        fields=("SiteSync.Current_Status",),
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    home = reader.fields(*entries.home(context.documents))
    readings: list[Reading] = []
    if home:
        network = home.entry("network")
        readings.append(
            Cloud(
                connected=network.flag("web_comm"),
                last_report=network.timestamp("last_enlighten_report_time"),
                database_used=_database_used(home),
            )
        )
        readings += _interfaces(network)
        readings += _wireless(home)
        readings += _communication(home.entry("comm"))
    if state := reader.entry(FIRMWARE_MANAGER, "SiteSync"):
        readings.append(BatteryFirmware(status=state.number("Current_Status")))
    return Result(tuple(readings), tuple(reader.rejections), None)


def _database_used(home: FieldReader) -> float | None:
    """As a ratio. Only older firmware reports it, as a text with a space: " 1.63"."""
    value = home.fields.get("db_percent_full")
    if isinstance(value, str) and (digits := _PERCENT.fullmatch(value)):
        home = home.of({"db_percent_full": float(digits[1])})
    return home.ratio("db_percent_full")


def _interfaces(network: FieldReader) -> Iterator[Interface]:
    primary = network.text("primary_interface")
    for name, fields in _by_name(network.objects("interfaces"), "interface"):
        yield Interface(
            interface=name,
            type=fields.text("type"),
            up=fields.flag("carrier"),
            signal=fields.number("signal_strength", low=0),
            signal_max=fields.number("signal_strength_max", low=0),
            primary=name == primary if primary else None,
        )


def _wireless(home: FieldReader) -> Iterator[Wireless]:
    for name, fields in _by_name(home.objects("wireless_connection"), "type"):
        yield Wireless(
            type=name,
            connected=fields.flag("connected"),
            signal=fields.number("signal_strength", low=0),
            signal_max=fields.number("signal_strength_max", low=0),
        )


def _communication(comm: FieldReader) -> Iterator[Reading]:
    """A level of 0 without a device is not a level (all captures)."""
    batteries = next(comm.objects("encharge"), comm.of({}))
    for name, fields in {**{name: comm.entry(name) for name in DEVICE_TYPES}, "encharge": batteries}.items():
        if fields:
            devices, level = fields.number("num", low=0), fields.number("level", low=0, high=_HIGHEST_LEVEL)
            yield Communication(device=name, devices=devices, level=level if devices else None)
    if batteries.raw_number("num"):
        for band, key in _BANDS.items():
            yield BatteryCommunication(band=band, level=batteries.number(key, low=0, high=_HIGHEST_LEVEL))


def _by_name(readers: Iterable[FieldReader], key: str) -> Iterator[tuple[str, FieldReader]]:
    """The objects by a name that can be a label; a second object with the same name is rejected."""
    found: set[str] = set()
    for fields in readers:
        name = fields.text(key)
        if not name:
            fields.reject(LABEL, key)
        elif name in found:
            fields.reject(DUPLICATE, key)
        else:
            found.add(name)
            yield name, fields


COLLECTOR = Collector(
    name="network",
    enabled_by_default=True,
    readings=(Cloud, Interface, Wireless, Communication, BatteryCommunication, BatteryFirmware),
    rules=GENERAL_RULES,
    memory=None,
    read=read,
)
