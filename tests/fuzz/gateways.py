"""What a gateway answers, small: every document and every kind of device, but no more than two or three of a kind."""

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

_MANY = 8
"""Lists up to here hold phases, meters or kinds of devices; longer ones hold devices that are all alike."""
_ENOUGH = 2


@dataclass(frozen=True)
class Plant:
    """A gateway's bodies by endpoint, those with status 200."""

    name: str
    now: float
    bodies: Mapping[str, bytes]

    def content(self, endpoint: str) -> Json:
        """None of what is no JSON, or not there."""
        try:
            parsed: Json = json.loads(self.bodies.get(endpoint, b""))
        except ValueError:
            return None
        return parsed


def simulated(profile: str) -> Plant:
    return _asked(profile, Simulator(profile, clock=lambda: NOW, tls=False))


def recorded(folder: Path) -> Plant:
    return _asked(folder.name, Simulator.of_capture(folder, clock=lambda: NOW))


def _asked(name: str, gateway: Simulator) -> Plant:
    bodies = {}
    for endpoint in ENDPOINTS:
        response = gateway.site.document(Request("GET", endpoint.target), NOW)
        if response.status == 200:
            bodies[endpoint.name] = _smaller(response.body)
    return Plant(name, NOW, bodies)


def _smaller(body: bytes) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body
    return json.dumps(small(content)).encode()


def small(content: Json) -> Json:
    """The first two of many that are alike: in a list, or in an object by number, as device_data has them."""
    if isinstance(content, list):
        return [small(each) for each in (content[:_ENOUGH] if len(content) > _MANY else content)]
    if not isinstance(content, dict):
        return content
    kinds: Counter[object] = Counter()
    kept: dict[str, Json] = {}
    for key, each in content.items():
        kind = each.get("devName") if key.isdigit() and isinstance(each, dict) else key
        kinds[kind] += 1
        if kinds[kind] <= _ENOUGH:
            kept[key] = small(each)
    return kept
