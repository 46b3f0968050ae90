"""exporter.yml, or a few variables of the environment; and the web config file."""

from .hosts import Host
from .load import from_environment, from_file
from .model import Array, CollectorSettings, Config, Gateway, Inverter, Local, Tls
from .show import shown
from .structure import ConfigError
from .web import WebConfig, web_from_file

__all__ = [
    "Array",
    "CollectorSettings",
    "Config",
    "ConfigError",
    "Gateway",
    "Host",
    "Inverter",
    "Local",
    "Tls",
    "WebConfig",
    "from_environment",
    "from_file",
    "shown",
    "web_from_file",
]
