"""Settings for the simulated gateways, as a user would write them."""

from typing import Any

from envoy_exporter.gateway.auth import Local
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.gateway.token import parse
from envoy_exporter.secret import Secret
from envoy_exporter.simulator import Simulator


def settings(gateway: Simulator, **changes: Any) -> Settings:
    """How to reach this gateway, with both kinds of credentials: the firmware decides which it wants."""
    host, _, port = gateway.address.rpartition(":")
    told: dict[str, Any] = {
        "name": "home",
        "host": host,
        "port": int(port),
        "scheme": gateway.scheme,
        "token": parse(gateway.token),
        "local": Local(gateway.username, Secret(gateway.password)),
    }
    return Settings(**{**told, **changes})
