"""exporter.yml, or a few variables of the environment; and the web config file."""

from .hosts import Host
from .load import from_environment, from_file
from .model import CollectorSettings, Config, Gateway, Local, Tls
from .show import shown
from .structure import ConfigError
from .web import WebConfig, web_from_file

__all__ = [
    "CollectorSettings",
    "Config",
    "ConfigError",
    "Gateway",
    "Host",
    "Local",
    "Tls",
    "WebConfig",
    "from_environment",
    "from_file",
    "shown",
    "web_from_file",
]
