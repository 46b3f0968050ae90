"""exporter.yml, or a few variables of the environment; and the web config file."""

from .hosts import Host
from .load import found, from_environment, from_file
from .model import Array, CollectorSettings, Config, Enlighten, Gateway, Inverter, Local, Tls
from .roof import section
from .show import shown
from .structure import ConfigError, NoConfig
from .values import is_inverter_serial
from .web import WebConfig, web_from_file

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
    "found",
    "from_environment",
    "from_file",
    "is_inverter_serial",
    "section",
    "shown",
    "web_from_file",
]
