"""exporter.yml, or a few variables of the environment; and the web config file."""

from .convert import ConfigError, NoConfig
from .dump import shown
from .hosts import Host
from .layout import section
from .load import found, from_environment, from_file
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
    "found",
    "from_environment",
    "from_file",
    "is_inverter_serial",
    "section",
    "shown",
    "web_from_file",
]
