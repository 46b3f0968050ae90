"""Shared by the tests of the simulator: a clock, requests without sockets, and the folder of captures."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

import httpx
import pytest

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.http_types import Request, Response

NOON_IN_JUNE = 1_750_010_400.0
"""15 June 2025, 18:00 UTC: daylight at the site of every profile, noon in Denver."""

METERED = tuple(name for name, profile in PROFILES.items() if profile.meters)


@dataclass
class SettableClock:
    """A clock that changes only when a test sets `now`."""

    now: float = NOON_IN_JUNE

    def __call__(self) -> float:
        return self.now


def respond(gateway: Simulator, target: str, now: float, **headers: str) -> Response:
    """The response to a GET with the gateway's token, without sockets."""
    all_headers = {"authorization": f"Bearer {gateway.token}", **headers}
    return gateway.respond(Request("GET", target, all_headers), now)


def document(gateway: Simulator, target: str, now: float) -> Any:
    response = respond(gateway, target, now)
    assert response.status == 200, (target, response)
    return json.loads(response.body)


def make_gateway(profile: str, *, now: float = NOON_IN_JUNE, **options: Any) -> Simulator:
    """A gateway that does not listen; its system begins shortly before `now`."""
    return Simulator(profile, clock=SettableClock(now), tls=False, **options)


def digest_authorization(gateway: Simulator, path: str, nonce: str) -> str:
    """A valid Authorization header (RFC 2617) for any nonce."""
    secret = _md5(f"{gateway.username}:enphaseenergy.com:{gateway.password}")
    response = _md5(f"{secret}:{nonce}:00000001:abc:auth:{_md5(f'GET:{path}')}")
    return (
        f'Digest username="{gateway.username}", realm="enphaseenergy.com", nonce="{nonce}", uri="{path}", '
        f'qop=auth, nc=00000001, cnonce="abc", response="{response}"'
    )


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def entry(entries: Any, **fields: Any) -> Any:
    """The only entry of a list with these values."""
    (match,) = [entry for entry in entries if all(entry.get(key) == value for key, value in fields.items())]
    return match


def captures() -> Path:
    """The folder of captures. Captures are not part of the project: without the folder, the test is skipped."""
    setting = os.environ.get("ENVOY_CAPTURES")
    folder = Path(setting) if setting else Path(__file__).parents[2].parent / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip(f"no captures at {folder}; set ENVOY_CAPTURES to another folder")
    return folder


def recordings(folder: Path) -> Iterator[tuple[str, Path]]:
    """The recordings in a capture: a path of the gateway, and the file with its response."""
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.endswith("_log.json") and not file.name.startswith("_"):
            yield "/" + _path(file.name), file


def _path(name: str) -> str:
    for document_name in ("production.json", "inventory.json"):
        if name.startswith(f"{document_name}_") and name.count("_") >= 2:
            key, _, value = name.removeprefix(f"{document_name}_").rpartition("_")
            return f"{document_name}?{key}={value}"
    for prefix in ("api_v1_production_", "api_v1_", "ivp_ensemble_", "ivp_meters_", "ivp_pdm_", "ivp_ss_", "ivp_sc_"):
        if name.startswith(prefix):
            return prefix.replace("_", "/") + name.removeprefix(prefix)
    return name.replace("admin_lib_", "admin/lib/").replace("ivp_", "ivp/", 1)


def client(gateway: Simulator) -> httpx.Client:
    return httpx.Client(
        base_url=f"{gateway.scheme}://{gateway.address}",
        verify=False,  # noqa: S501  # its certificate is self-signed
        headers={"authorization": f"Bearer {gateway.token}"},
        trust_env=False,
        timeout=10,
    )


def connect(gateway: Simulator) -> socket.socket:
    host, _, port = gateway.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)
