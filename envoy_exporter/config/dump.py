"""The config in force as YAML, with <secret> in place of each secret and each account name."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from envoy_exporter.secret import SHOWN, Secret, printable_path

from .hosts import Host
from .model import CaFile, Config

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_DURATIONS = frozenset({"min_interval", "timeout", "inverter_max_age", "max_age"})
_ACCOUNTS = frozenset({"username"})


def dump(config: Config) -> str:
    return yaml.safe_dump(_object(replace(config, defaults=None)), sort_keys=False, allow_unicode=True)


def _object(settings: "DataclassInstance") -> dict[str, Any]:
    """The fields that are set: neither None nor an empty mapping."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: _value(name, value) for name, value in values.items() if value is not None and value != {}}


def _value(name: str, value: Any) -> object:
    text: object = value
    match value:
        case _ if isinstance(value, Secret) or name in _ACCOUNTS:
            text = SHOWN
        case float() if name in _DURATIONS:
            text = f"{value:g}s"
        case Host():
            text = value.written
        case CaFile():
            text = str(value.path)
        case bytes():
            text = value.hex(":").upper()
        case Path():
            text = printable_path(value) if name == "token_file" else str(value)
        case Mapping():
            text = {str(key): _value("", item) for key, item in value.items()}
        case tuple():
            text = [_value("", item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            text = _object(value)
    return text
