"""What the simulator's tests share: a clock that stands still, questions without sockets, and where captures lie."""

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
"""15 June 2025, 18:00 UTC: day everywhere that a profile stands, noon in Denver."""

METERED = tuple(name for name, profile in PROFILES.items() if profile.meters)


@dataclass
class StandingClock:
    now: float = NOON_IN_JUNE

    def __call__(self) -> float:
        return self.now


def ask(gateway: Simulator, target: str, now: float, **headers: str) -> Response:
    """A GET with the gateway's token, past its sockets."""
    given = {"authorization": f"Bearer {gateway.token}", **headers}
    return gateway.respond(Request("GET", target, given), now)


def document(gateway: Simulator, target: str, now: float) -> Any:
    response = ask(gateway, target, now)
    assert response.status == 200, (target, response)
    return json.loads(response.body)


def a_gateway(profile: str, *, now: float = NOON_IN_JUNE, **options: Any) -> Simulator:
    """One that does not listen; its system begins shortly before `now`."""
    return Simulator(profile, clock=StandingClock(now), tls=False, **options)


def digest_answer(gateway: Simulator, path: str, nonce: str) -> str:
    """An Authorization header by the book (RFC 2617), whoever gave out the nonce."""
    secret = _md5(f"{gateway.username}:enphaseenergy.com:{gateway.password}")
    response = _md5(f"{secret}:{nonce}:00000001:abc:auth:{_md5(f'GET:{path}')}")
    return (
        f'Digest username="{gateway.username}", realm="enphaseenergy.com", nonce="{nonce}", uri="{path}", '
        f'qop=auth, nc=00000001, cnonce="abc", response="{response}"'
    )


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def entry(entries: Any, **wanted: Any) -> Any:
    """The one object of a list with these values."""
    (found,) = [each for each in entries if all(each.get(key) == value for key, value in wanted.items())]
    return found


def captures() -> Path:
    """The folder of captures; the test is skipped where it is not at hand, for they are no part of the project."""
    told = os.environ.get("ENVOY_CAPTURES")
    folder = Path(told) if told else Path(__file__).parents[2].parent / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip(f"no captures at {folder}; ENVOY_CAPTURES names another folder")
    return folder


def recorded(folder: Path) -> Iterator[tuple[str, Path]]:
    """The recordings in a capture: a path of the gateway, and the file of its answer."""
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.endswith("_log.json") and not file.name.startswith("_"):
            yield "/" + _path(file.name), file


def _path(name: str) -> str:
    for plain in ("production.json", "inventory.json"):
        if name.startswith(f"{plain}_") and name.count("_") >= 2:
            key, _, value = name.removeprefix(f"{plain}_").rpartition("_")
            return f"{plain}?{key}={value}"
    for prefix in ("api_v1_production_", "api_v1_", "ivp_ensemble_", "ivp_meters_", "ivp_pdm_", "ivp_ss_", "ivp_sc_"):
        if name.startswith(prefix):
            return prefix.replace("_", "/") + name.removeprefix(prefix)
    return name.replace("admin_lib_", "admin/lib/").replace("ivp_", "ivp/", 1)


def client(gateway: Simulator) -> httpx.Client:
    return httpx.Client(
        base_url=f"{gateway.scheme}://{gateway.address}",
        verify=False,  # noqa: S501  # its certificate is its own
        headers={"authorization": f"Bearer {gateway.token}"},
        trust_env=False,
        timeout=10,
    )


def connect(gateway: Simulator) -> socket.socket:
    host, _, port = gateway.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)
