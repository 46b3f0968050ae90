"""A gateway on a bench: what it says now, whatever is on, and what it would say in good health."""

from typing import Any

from simulator.bench import client, document

from envoy_simulator import Simulator

READINGS, SITE, V1 = "/ivp/meters/readings", "/production.json?details=1", "/api/v1/production"
LIST, DETAILS, INVENTORY = "/api/v1/production/inverters", "/ivp/pdm/device_data", "/inventory.json"


def told(gateway: Simulator, target: str) -> Any:
    with client(gateway) as asking:
        return asking.get(target).json()


def healthy(gateway: Simulator, target: str) -> Any:
    return document(gateway, target, gateway.clock())
