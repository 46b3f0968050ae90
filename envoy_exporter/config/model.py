"""exporter.yml as frozen classes: every key with its type and its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NewType

from envoy_exporter.secret import Secret

from .hosts import Host

# The types of scalars; `values` reads them.
Duration = NewType("Duration", float)
"""Seconds, from text such as 15s, 2m or 1h."""
Interval = NewType("Interval", Duration)
"""The minimum time between two requests for the same endpoint."""
Timeout = NewType("Timeout", Duration)
"""The time in which a scrape must be answered."""
Name = NewType("Name", str)
"""The name of a label."""
Serial = NewType("Serial", str)
Scheme = NewType("Scheme", str)
Fingerprint = NewType("Fingerprint", bytes)
Zone = NewType("Zone", str)
KeepAlive = NewType("KeepAlive", bool)
"""None is auto: the firmware decides whether connections are kept."""
BcryptHash = NewType("BcryptHash", str)
ClientAuth = NewType("ClientAuth", str)
TlsVersion = NewType("TlsVersion", str)
CipherSuites = NewType("CipherSuites", str)
"""Rejected, as `Curves` is: the standard library cannot set them as Go does."""
Curves = NewType("Curves", str)
RateInterval = NewType("RateInterval", float)
"""Seconds, from text such as 1s or 100ms; 0 means no limit."""
Burst = NewType("Burst", int)
SecretFile = NewType("SecretFile", Secret)
"""The secret in a `*_file`, already read."""
Token = NewType("Token", Secret)
"""A token without the text that was pasted around it."""
Username = NewType("Username", str)
Url = NewType("Url", str)
HeaderName = NewType("HeaderName", str)
HeaderText = NewType("HeaderText", str)
InverterSerial = NewType("InverterSerial", str)
LabelText = NewType("LabelText", str)
"""The value of a label."""
Position = NewType("Position", str)
"""A row or a column: an integer or a text, unchanged."""
PeakWatts = NewType("PeakWatts", float)
Azimuth = NewType("Azimuth", float)
"""Degrees clockwise from north: 90 is east, 180 south."""
Tilt = NewType("Tilt", float)
"""Degrees: 0 is flat, 90 is vertical."""

_DEFAULT_INTERVAL = Interval(Duration(10.0))
_DEFAULT_TIMEOUT = Timeout(Duration(9.5))


@dataclass(frozen=True, slots=True)
class CaFile:
    """A file with CA certificates, and its content when the config was loaded: a reload notices a renewed file."""

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
    """The position of an inverter, and the peak power of its module."""

    name: LabelText | None = None
    array: LabelText | None = None
    row: Position | None = None
    column: Position | None = None
    peak_power: PeakWatts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """The orientation of an array."""

    azimuth: Azimuth | None = None
    tilt: Tilt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The keys that can be set once for all gateways."""

    scheme: Scheme = Scheme("auto")
    local: Local | None = None
    enlighten: Enlighten | None = None
    tls: Tls | None = None
    token_file: Path | None = None
    labels: Mapping[Name, str] = field(default_factory=lambda: MappingProxyType({}))
    timezone: Zone | None = None
    keep_alive: KeepAlive | None = None
    min_interval: Interval = _DEFAULT_INTERVAL
    timeout: Timeout = _DEFAULT_TIMEOUT
    inverter_max_age: Duration = Duration(90 * 60.0)
    collectors: Mapping[str, CollectorSettings] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Defaults):
    host: Host
    name: str = ""
    serial: Serial | None = None
    token: Token | None = None
    inverters: Mapping[InverterSerial, Inverter] = field(default_factory=lambda: MappingProxyType({}))
    arrays: Mapping[LabelText, Array] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole config. The gateways already have the values of `defaults`."""

    gateways: tuple[Gateway, ...]
    defaults: Defaults | None = None
    enlighten: Enlighten | None = None
    state_directory: Path | None = None
