"""Settings of simulated gateways, as a user would write them."""

from random import Random
from typing import Any

from envoy_exporter.app import COLLECTORS
from envoy_exporter.clock import Clock
from envoy_exporter.gateway.auth import Local
from envoy_exporter.gateway.gateway import Gateway
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Secret
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.token import parse
from envoy_simulator import Simulator


def settings(gateway: Simulator, **changes: Any) -> Settings:
    """How to reach this gateway, with both kinds of credentials: the firmware decides which one is used."""
    host, _, port = gateway.address.rpartition(":")
    values: dict[str, Any] = {
        "name": "home",
        "host": host,
        "port": int(port),
        "scheme": gateway.scheme,
        "token": parse(gateway.token),
        "local": Local(gateway.username, Secret(gateway.password)),
    }
    return Settings(**{**values, **changes})


def unpolled_gateway(clock: Clock) -> Gateway:
    """A gateway that is not polled: a test sets its documents."""
    return Gateway(
        Settings(name="home", host="192.0.2.1", collectors=frozenset(COLLECTORS)),
        clock=clock,
        random=Random(1),
        telemetry=Telemetry("test"),
        register_secret=lambda _: None,
        user_agent="test",
    )
