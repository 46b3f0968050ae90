"""exporter.yml as frozen classes: every key with its type and its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NewType

from envoy_exporter.secret import Secret

from .hosts import Host

# What a text in the file must be; `values` says how each is read.
Duration = NewType("Duration", float)
"""Seconds; written 15s, 2m, 1h."""
Interval = NewType("Interval", Duration)
"""A duration that a gateway bears between two requests for the same."""
Timeout = NewType("Timeout", Duration)
"""A duration in which a scrape may be answered."""
Name = NewType("Name", str)
"""A label's name."""
Serial = NewType("Serial", str)
Scheme = NewType("Scheme", str)
Fingerprint = NewType("Fingerprint", bytes)
Zone = NewType("Zone", str)
KeepAlive = NewType("KeepAlive", bool)
"""None is auto: as the firmware bears it."""
BcryptHash = NewType("BcryptHash", str)
ClientAuth = NewType("ClientAuth", str)
TlsVersion = NewType("TlsVersion", str)
SecretFile = NewType("SecretFile", Secret)
"""A secret that has a file of its own, already read."""
Token = NewType("Token", Secret)
"""A secret that is a token, taken out of what was pasted with it."""
Username = NewType("Username", str)
Url = NewType("Url", str)
HeaderName = NewType("HeaderName", str)
HeaderText = NewType("HeaderText", str)
InverterSerial = NewType("InverterSerial", str)
LabelText = NewType("LabelText", str)
"""A text that is shown as the value of a label."""
Position = NewType("Position", str)
"""A row or a column: a whole number or a text, as it was written."""
PeakWatts = NewType("PeakWatts", float)
Azimuth = NewType("Azimuth", float)
"""Degrees clockwise from north: 90 is east, 180 south."""
Tilt = NewType("Tilt", float)
"""Degrees: 0 lies flat, 90 stands upright."""

_USUAL_INTERVAL = Interval(Duration(10.0))
_USUAL_TIMEOUT = Timeout(Duration(9.5))


@dataclass(frozen=True, slots=True)
class CaFile:
    """A file with CA certificates, and its content when the config was read: a reload notices a renewed file."""

    path: Path
    certificates: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    username: Username = Username("envoy")
    password: Secret | None = None
    password_file: SecretFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enlighten:
    username: str | None = None
    password: Secret | None = None
    password_file: SecretFile | None = None
    login_url: Url | None = None
    token_url: Url | None = None
    ca_file: CaFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    fingerprint: Fingerprint | None = None
    ca_file: CaFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    enabled: bool = True
    max_age: Duration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    """Where on the roof it is, and the peak power of its module."""

    name: LabelText | None = None
    array: LabelText | None = None
    row: Position | None = None
    column: Position | None = None
    peak_power: PeakWatts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """A side of the roof."""

    azimuth: Azimuth | None = None
    tilt: Tilt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What may be said once for all gateways."""

    scheme: Scheme = Scheme("auto")
    local: Local | None = None
    enlighten: Enlighten | None = None
    tls: Tls | None = None
    labels: Mapping[Name, str] = field(default_factory=lambda: MappingProxyType({}))
    timezone: Zone | None = None
    keep_alive: KeepAlive | None = None
    min_interval: Interval = _USUAL_INTERVAL
    timeout: Timeout = _USUAL_TIMEOUT
    inverter_max_age: Duration = Duration(90 * 60.0)
    collectors: Mapping[str, CollectorSettings] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Defaults):
    host: Host
    name: str = ""
    serial: Serial | None = None
    token: Token | None = None
    token_file: Path | None = None
    inverters: Mapping[InverterSerial, Inverter] = field(default_factory=lambda: MappingProxyType({}))
    arrays: Mapping[LabelText, Array] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`defaults` are in the gateways already."""

    gateways: tuple[Gateway, ...]
    defaults: Defaults | None = None
    enlighten: Enlighten | None = None
    state_directory: Path | None = None
