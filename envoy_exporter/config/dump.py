"""The config in force, as YAML for people to read; what is secret, and whose account it is, shows as <secret>."""

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


def shown(config: Config) -> str:
    return yaml.safe_dump(_object(replace(config, defaults=None)), sort_keys=False, allow_unicode=True)


def _object(made: "DataclassInstance") -> dict[str, Any]:
    """Without what is not set: None, and empty maps."""
    values = {each.name: getattr(made, each.name) for each in fields(made)}
    return {name: _value(name, value) for name, value in values.items() if value is not None and value != {}}


def _value(name: str, value: Any) -> object:
    shown: object = value
    match value:
        case _ if isinstance(value, Secret) or name in _ACCOUNTS:
            shown = SHOWN
        case float() if name in _DURATIONS:
            shown = f"{value:g}s"
        case Host():
            shown = value.written
        case CaFile():
            shown = str(value.path)
        case bytes():
            shown = value.hex(":").upper()
        case Path():
            shown = printable_path(value) if name == "token_file" else str(value)
        case Mapping():
            shown = {str(key): _value("", each) for key, each in value.items()}
        case tuple():
            shown = [_value("", each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            shown = _object(value)
    return shown
