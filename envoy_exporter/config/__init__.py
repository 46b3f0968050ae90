"""Loads exporter.yml (or a few variables of the environment) and the web config file."""

from .convert import ConfigError, NoConfig, unknown
from .dump import dump
from .hosts import Host
from .layout import as_yaml as layout_as_yaml
from .load import from_environment, from_file, load
from .model import Array, CollectorSettings, Config, Enlighten, Gateway, Inverter, Local, Tls
from .values import is_inverter_serial
from .web import WebConfig, check_web_files, web_from_file

__all__ = [
    "Array",
    "CollectorSettings",
    "Config",
    "ConfigError",
    "Enlighten",
    "Gateway",
    "Host",
    "Inverter",
    "Local",
    "NoConfig",
    "Tls",
    "WebConfig",
    "check_web_files",
    "dump",
    "from_environment",
    "from_file",
    "is_inverter_serial",
    "layout_as_yaml",
    "load",
    "unknown",
    "web_from_file",
]
