"""The responses of a gateway, made small: every document and every kind of device, but few devices of a kind."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.documents import NOW

from envoy_exporter.documents import Json
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request

_MAX_DIFFERENT = 8
"""Lists up to this length contain phases, meters or kinds of devices; longer ones contain devices of one kind."""
_KEPT_OF_A_KIND = 2


@dataclass(frozen=True)
class GatewayBodies:
    """The bodies of a gateway's responses with status 200, by endpoint."""

    name: str
    now: float
    bodies: Mapping[str, bytes]

    def content(self, endpoint: str) -> Json:
        """None if the body is missing or not JSON."""
        try:
            parsed: Json = json.loads(self.bodies.get(endpoint, b""))
        except ValueError:
            return None
        return parsed


def simulated(profile: str) -> GatewayBodies:
    return _bodies(profile, Simulator(profile, clock=lambda: NOW, tls=False))


def recorded(folder: Path) -> GatewayBodies:
    return _bodies(folder.name, Simulator.of_capture(folder, clock=lambda: NOW))


def _bodies(name: str, gateway: Simulator) -> GatewayBodies:
    bodies = {}
    for endpoint in ENDPOINTS:
        response = gateway.site.document(Request("GET", endpoint.target), NOW)
        if response.status == 200:
            bodies[endpoint.name] = _smaller(response.body)
    return GatewayBodies(name, NOW, bodies)


def _smaller(body: bytes) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return json.dumps(small(content)).encode()


def small(content: Json) -> Json:
    """The first two of many similar items: of a list, or of an object with numbers as keys, such as device_data."""
    if isinstance(content, list):
        return [small(item) for item in (content[:_KEPT_OF_A_KIND] if len(content) > _MAX_DIFFERENT else content)]
    if not isinstance(content, dict):
        return content
    kinds: Counter[object] = Counter()
    kept: dict[str, Json] = {}
    for key, item in content.items():
        kind = item.get("devName") if key.isdigit() and isinstance(item, dict) else key
        kinds[kind] += 1
        if kinds[kind] <= _KEPT_OF_A_KIND:
            kept[key] = small(item)
    return kept
