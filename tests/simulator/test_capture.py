"""A replay of a capture returns the recorded responses, byte for byte."""

import json
from pathlib import Path

import httpx
import pytest
from simulator.helpers import NOON_IN_JUNE, SettableClock, captures, recordings

from envoy_simulator import Simulator
from envoy_simulator.capture import Capture, CaptureError

pytestmark = pytest.mark.integration

INVERTERS = "/api/v1/production/inverters"

INFO = b"""<?xml version='1.0' encoding='UTF-8'?>
<envoy_info><time>1700000000</time><device><sn>122200000123</sn><pn>800-00555-r03</pn>
<software>%s</software></device></envoy_info>
"""


def folder_of(parent: Path, firmware: bytes, **files: bytes) -> Path:
    """A capture of an imaginary gateway."""
    folder = parent / "capture"
    folder.mkdir()
    (folder / "info").write_bytes(INFO % firmware)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def log(code: int, **headers: str) -> bytes:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return json.dumps({"code": code, "headers": named}).encode()


def get(gateway: Simulator, path: str) -> httpx.Response:
    """A GET with the token or the password."""
    url = f"{gateway.scheme}://{gateway.address}{path}"
    if gateway.requires_token:
        headers = {"authorization": f"Bearer {gateway.token}"}
        return httpx.get(url, headers=headers, verify=False, trust_env=False)  # noqa: S501  # its certificate is self-signed
    return httpx.get(url, auth=httpx.DigestAuth(gateway.username, gateway.password), trust_env=False)


def every_capture() -> list[str]:
    try:
        return sorted(folder.name for folder in captures().iterdir() if folder.is_dir())
    except pytest.skip.Exception:
        return ["not available"]


@pytest.mark.parametrize("name", every_capture())
def test_capture_is_replayed_byte_for_byte(name: str) -> None:
    folder = captures() / name
    with Simulator.of_capture(folder, tls=False) as gateway:
        assert gateway.serial.encode() in (folder / "info").read_bytes()
        count = 0
        for path, file in recordings(folder):
            logged = file.with_name(f"{file.name}_log.json")
            code = json.loads(logged.read_bytes())["code"] if logged.exists() else 200
            response = get(gateway, path)
            assert (response.status_code, response.content) == (code, file.read_bytes()), path
            count += 1
        assert count > 2
        assert gateway.load.codes[("/info", 200)] == 1


def test_capture_3_9_36_keeps_its_invalid_401_header() -> None:
    with Simulator.of_capture(captures() / "3.9.36_bad_auth") as gateway:
        response = httpx.get(f"http://{gateway.address}{INVERTERS}", trust_env=False)
        assert response.status_code == 401
        (header,) = [value for name, value in response.headers.raw if name.lower() == b"www-authenticate"]
        assert header == "\u00d8\u00c9\u00c6A".encode("latin-1")


def test_capture_headers_are_replayed_except_connection_headers(tmp_path: Path) -> None:
    headers = {
        "content_type": "text/odd",
        "x_odd": "\u00d8\r\nInjected: yes",
        "content_length": "7",
        "connection": "close",
    }
    folder = folder_of(tmp_path, b"D8.2.127", home=b"{}\n", home_log=b"")
    (folder / "home_log.json").write_bytes(log(200, **headers, transfer_encoding="chunked"))
    with Simulator.of_capture(folder, tls=False) as gateway:
        response = get(gateway, "/home")
        assert response.content == b"{}\n"
        assert response.headers["content-type"] == "text/odd"
        assert "injected" not in response.headers
        assert response.headers["connection"] == "keep-alive"
        assert response.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in response.headers


@pytest.mark.parametrize(
    ("firmware", "path", "body"),
    [
        (b"R4.10.35", "/ivp/meters", b'{ "error" : "404 - Not Found" }'),
        (b"D5.0.62", "/ivp/ss/gen_config", b' { "err": "404 - Not Found" }'),
        (b"D8.2.127", "/ivp/pdm/device_data", b' { "err": "404 - Not Found" }'),
        (b"D8.2.127", "/info_log.json", b' { "err": "404 - Not Found" }'),
        (b"D8.2.127", "/../capture/info", b' { "err": "404 - Not Found" }'),
        (b"D8.2.127", "/", b' { "err": "404 - Not Found" }'),
    ],
)
def test_capture_path_that_was_not_recorded_is_404(tmp_path: Path, firmware: bytes, path: str, body: bytes) -> None:
    folder = folder_of(tmp_path, firmware, **{"info_log.json": log(200)})
    with Simulator.of_capture(folder, tls=False) as gateway:
        response = get(gateway, path)
        assert (response.status_code, response.content) == (404, body)


def test_capture_path_with_query_falls_back_to_the_path(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, b"D8.2.127", **{"production.json": b"plain"})
    with Simulator.of_capture(folder, tls=False) as gateway:
        assert get(gateway, "/production.json?details=1").content == b"plain"
        (folder / "production.json_details_1").write_bytes(b"by phase")
        assert get(gateway, "/production.json?details=1").content == b"by phase"
        assert get(gateway, "/production.json").content == b"plain"


def test_capture_old_firmware_requires_digest_for_inverters(tmp_path: Path) -> None:
    files = {"api_v1_production": b"{}", "api_v1_production_inverters": b"[]", "production": b"{}"}
    with Simulator.of_capture(folder_of(tmp_path, b"D5.0.62", **files)) as gateway:
        url = f"http://{gateway.address}"
        statuses = {
            path: httpx.get(url + path, trust_env=False).status_code
            for path in ("/info", "/api/v1/production", "/production", INVERTERS)
        }
        assert statuses == {"/info": 200, "/api/v1/production": 200, "/production": 200, INVERTERS: 401}
        assert get(gateway, INVERTERS).content == b"[]"
        assert gateway.password == "000123"
        assert gateway.system is None


def test_capture_recorded_401_ignores_credentials(tmp_path: Path) -> None:
    files = {
        "api_v1_production_inverters": b"no",
        "api_v1_production_inverters_log.json": log(401, www_authenticate="Nonsense"),
    }
    with Simulator.of_capture(folder_of(tmp_path, b"R3.9.36", **files)) as gateway:
        response = get(gateway, INVERTERS)
        assert (response.status_code, response.content) == (401, b"no")
        assert response.headers["www-authenticate"] == "Nonsense"


def test_capture_from_7_on_requires_the_token_over_tls(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, b"D7.6.175", ivp_meters=b"[]")
    with Simulator.of_capture(folder) as gateway:
        assert gateway.scheme == "https"
        assert get(gateway, "/ivp/meters").content == b"[]"
        url = f"https://{gateway.address}"
        assert httpx.get(f"{url}/ivp/meters", verify=False, trust_env=False).status_code == 401  # noqa: S501  # self-signed
        assert httpx.get(f"{url}/info", verify=False, trust_env=False).status_code == 200  # noqa: S501  # self-signed


def test_capture_at_present_moves_dates_and_keeps_ages(tmp_path: Path) -> None:
    inverters = b'[ {"serialNumber": "1700000000", "lastReportDate" : 1699999700, "maxReportWatts": 300} ]'
    folder = folder_of(tmp_path, b"D8.2.127", api_v1_production_inverters=inverters)
    clock = SettableClock()
    with Simulator.of_capture(folder, tls=False, at_present=True, clock=clock) as gateway:
        for passed in (0, 3600):
            clock.now = NOON_IN_JUNE + passed
            assert f"<time>{int(clock.now)}</time>" in get(gateway, "/info").text
            (inverter,) = get(gateway, INVERTERS).json()
            assert inverter == {
                "serialNumber": "1700000000",
                "lastReportDate": int(clock.now) - 300,
                "maxReportWatts": 300,
            }


@pytest.mark.parametrize(("info", "word"), [(None, "missing"), (b"<html>", "invalid"), (INFO % b"nonsense", "invalid")])
def test_capture_folder_without_a_valid_info_is_rejected(tmp_path: Path, info: bytes | None, word: str) -> None:
    if info is not None:
        (tmp_path / "info").write_bytes(info)
    with pytest.raises(CaptureError, match=word):
        Capture.read(tmp_path)
