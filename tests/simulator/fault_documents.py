"""The documents of a gateway: with its active faults, and without."""

from typing import Any

from simulator.helpers import client, document

from envoy_simulator import Simulator

READINGS, SITE, V1 = "/ivp/meters/readings", "/production.json?details=1", "/api/v1/production"
LIST, DETAILS, INVENTORY = "/api/v1/production/inverters", "/ivp/pdm/device_data", "/inventory.json"


def fetch_json(gateway: Simulator, target: str) -> Any:
    """The document that a client receives."""
    with client(gateway) as http:
        return http.get(target).json()


def healthy(gateway: Simulator, target: str) -> Any:
    """The document without faults."""
    return document(gateway, target, gateway.clock())
