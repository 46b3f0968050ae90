"""docs/exporter.schema.json: the JSON Schema of exporter.yml, for editors, generated from the classes of the config."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from envoy_exporter.app import COLLECTORS
from envoy_exporter.config import Array, CollectorSettings, Config, Enlighten, Gateway, Inverter, Local, Tls, model
from envoy_exporter.config.hosts import Host
from envoy_exporter.secret import Secret

PAGE = "https://github.com/envoy-exporter/envoy_exporter/blob/main/docs/configuration.md"
_TEXT = {"type": ["string", "number", "boolean"]}
"""exporter.yml is read as text: 122012345678 and "122012345678" are the same serial, and yes is a name."""
_NAME = {"type": "string", "minLength": 1}
_DURATION = {"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"}
_DIGITS = r"^[0-9]{4,32}$"
_SCALARS: dict[Any, dict[str, Any]] = {
    str: _TEXT,
    bool: {"type": "boolean"},
    Path: _NAME,
    Secret: _TEXT,
    Host: _NAME,
    model.Duration: _DURATION,
    model.Interval: _DURATION,
    model.Timeout: _DURATION,
    model.Serial: {"type": ["string", "integer"], "pattern": _DIGITS},
    model.Scheme: {"enum": ["auto", "https", "http"]},
    model.Fingerprint: _NAME,
    model.Zone: _NAME,
    model.KeepAlive: {"enum": ["auto", True, False]},
    model.SecretFile: _NAME,
    model.Token: {"type": ["string", "object"]},
    model.Username: _TEXT,
    model.Url: {"type": "string", "pattern": "^https://"},
    model.CaFile: _NAME,
    model.LabelText: {**_TEXT, "maxLength": 64},
    model.Position: {"type": ["string", "integer"], "maxLength": 64},
    model.PeakWatts: {"type": "number", "minimum": 10, "maximum": 2000},
    model.Azimuth: {"type": "number", "minimum": 0, "maximum": 360},
    model.Tilt: {"type": "number", "minimum": 0, "maximum": 90},
}
_KEYS = {model.InverterSerial: {"pattern": _DIGITS}, model.Name: {"pattern": r"^[A-Za-z_][A-Za-z0-9_]*$"}}

DESCRIPTIONS: Mapping[type, Mapping[str, str]] = {
    Config: {
        "gateways": "The gateways to scrape.",
        "defaults": "Values for every gateway that does not set the key.",
        "enlighten": "The Enlighten account that fetches the tokens of all gateways with a serial.",
        "state_directory": "Where fetched tokens are stored.",
    },
    Gateway: {
        "host": "Name or address of the gateway, with a port if it is not 443 or 80.",
        "name": 'Its label "instance" in Prometheus; default: the host.',
        "serial": "Nothing secret is sent to a gateway with another serial number.",
        "token": 'The token, for firmware 7 and newer, or "${NAME}", an environment variable.',
        "token_file": "The file with the token, for firmware 7 and newer; in defaults, {serial} is the serial.",
        "scheme": "auto, https or http; only http sends a token without TLS.",
        "local": "User and password of the gateway, for firmware below 7.",
        "enlighten": "The Enlighten account that fetches the token.",
        "tls": "How the certificate of the gateway is verified; default: not at all.",
        "labels": "Labels that are added to all series that Prometheus scrapes of it, by /sd.",
        "timezone": "Time zone, such as Europe/Amsterdam; default: what the gateway reports.",
        "keep_alive": "Whether connections are kept; auto: from firmware 7 on.",
        "min_interval": "No endpoint is requested more often; default 10s, at least 5s.",
        "timeout": "The time of a scrape, if Prometheus does not send its own; default 9.5s.",
        "inverter_max_age": "Momentary values of inverters with an older report are omitted; default 90m.",
        "collectors": "Collectors to enable (true), to disable (false), or to set max_age of.",
        "inverters": "Names and places of inverters, by serial number; `envoy-exporter layout` prints them.",
        "arrays": "Arrays by name, with their orientation.",
    },
    Local: {
        "username": "The user; default: envoy.",
        "password": 'The password, or "${NAME}", an environment variable.',
        "password_file": "The file with the password.",
    },
    Enlighten: {
        "username": "The e-mail address of the account.",
        "password": 'The password, or "${NAME}", an environment variable.',
        "password_file": "The file with the password.",
        "login_url": "For tests: the URL of the login.",
        "token_url": "For tests: the URL of the tokens.",
        "ca_file": "The CA of a proxy that inspects TLS.",
    },
    Tls: {
        "fingerprint": "The SHA-256 fingerprint of the only certificate that is accepted.",
        "ca_file": "The CA that must have signed the certificate.",
    },
    CollectorSettings: {
        "enabled": "Whether the collector is enabled.",
        "max_age": "The age at which its documents are requested again.",
    },
    Inverter: {
        "name": "The name of the inverter.",
        "array": "The array of its module.",
        "row": "The row of its module: an integer or a text.",
        "column": "The column of its module: an integer or a text.",
        "peak_power": "The peak power of its module in watts (Wp).",
    },
    Array: {
        "azimuth": "Degrees clockwise from north: 90 is east, 180 south, 270 west.",
        "tilt": "Degrees: 0 is flat, 90 is vertical.",
    },
}  # fmt: skip


def schema() -> dict[str, Any]:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "exporter.yml",
        "description": f"The configuration of envoy-exporter: {PAGE}",
        **_of(Config),
    }


def _of(kind: Any, key: str = "") -> dict[str, Any]:
    """The schema of a class, a mapping, a list or a scalar."""
    options = [option for option in get_args(kind) if option is not NoneType]
    if kind in _SCALARS:
        return _SCALARS[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        return _object(kind)
    if get_origin(kind) is Mapping:
        return _mapping(options[0], options[1], key)
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _of(options[0]), "minItems": 1}
    (option,) = options
    return _of(option, key)


def _object(cls: type) -> dict[str, Any]:
    types = get_type_hints(cls)
    texts = DESCRIPTIONS[Gateway if cls is model.Defaults else cls]
    required = [field.name for field in fields(cls) if field.default is field.default_factory is MISSING]
    properties = {
        field.name: {"description": texts[field.name], **_of(types[field.name], field.name)} for field in fields(cls)
    }
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def _mapping(of_keys: Any, of_values: Any, key: str) -> dict[str, Any]:
    values = _of(of_values)
    if key == "collectors":
        values = {"oneOf": [{"type": "boolean"}, values]}
        return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(COLLECTORS, values)}
    names = {"propertyNames": _KEYS[of_keys]} if of_keys in _KEYS else {}
    return {"type": "object", **names, "additionalProperties": values}
