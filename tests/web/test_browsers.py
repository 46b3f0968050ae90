"""Foreign web pages in a browser of the same network, and markup in the text of a gateway or the config."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exposition import parsed, parsed_openmetrics
from support.response_overrides import ResponseOverrides, responds
from support.served_exporter import ServedExporter, write_config

from envoy_simulator import Simulator
from envoy_simulator.http_types import Json, Request, Response

pytestmark = pytest.mark.integration

PATHS = ("/", "/metrics", "/probe?target=home", "/telemetry", "/sd", "/config", "/-/healthy", "/nothing")
SCRIPT = '"><script>alert(1)</script>'
TEXTS = (
    SCRIPT,
    'a\nenphase_up 5\n"\\',
    "\x1b[31m\u2028\r",
    "'\"`\\",
    "{{7*7}}${7*7}",
    "x" * 1_000_000,
    "\ud800",
    "</td>",
)
SHOWN = {"part_num", "img_pnum_running", "phaseMode", "load_name", "model", "manufacturer", "Enpwr_grid_mode", "phase"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    with (
        Simulator("8.3") as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path_factory.mktemp("home"))) as served,
    ):
        served.get("/metrics")
        yield served


def reloaded_at(served: ServedExporter) -> float:
    reloaded = served.telemetry.registry.get_sample_value(
        "enphase_exporter_config_last_reload_success_timestamp_seconds"
    )
    assert reloaded is not None
    return reloaded


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_reload_with_an_origin_is_rejected(home: ServedExporter, origin: str) -> None:
    loaded = reloaded_at(home)
    rejected = home.get("/-/reload", method="POST", origin=origin)
    assert rejected.status_code == 403
    assert "SIGHUP" in rejected.text
    assert reloaded_at(home) == loaded
    assert home.get("/-/reload", method="POST").status_code == 200
    assert reloaded_at(home) > loaded


@pytest.mark.parametrize("path", PATHS)
def test_routes_responses_are_not_readable_by_other_origins(home: ServedExporter, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        headers = home.get(path, method=method, origin="http://evil.example").headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]:9433", "localhost", "exporter.lan:9433", "evil.example", "<script>", "a, b", "x" * 300]
)
@pytest.mark.parametrize("path", [path for path in PATHS if path != "/sd"])
def test_routes_foreign_host_header_changes_nothing(home: ServedExporter, path: str, host: str) -> None:
    response = home.get(path, host=host)
    assert response.status_code == (404 if path == "/nothing" else 200)
    assert host not in {"evil.example", "<script>"} or host not in response.text


def test_landing_page_policy_allows_only_its_own_style(home: ServedExporter) -> None:
    response = home.get("/")
    (style,) = re.findall("<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(
        directive.strip().split(" ", 1) for directive in response.headers["content-security-policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert not re.search(r"<script|<form|style=|\son\w+=|javascript:", response.text)


def with_text(content: Json, text: str) -> Json:
    if isinstance(content, list):
        return [with_text(item, text) for item in content]
    if isinstance(content, dict):
        return {key: text if key in SHOWN else with_text(item, text) for key, item in content.items()}
    return content


@pytest.mark.parametrize("markup", TEXTS, ids=lambda text: repr(text[:20]))
def test_gateway_text_with_markup_is_escaped_everywhere(
    tmp_path: Path, markup: str, caplog: pytest.LogCaptureFixture
) -> None:
    def add_markup(request: Request, respond: object) -> Response:
        response: Response = respond(request)  # type: ignore[operator]
        if not response.body.startswith((b"{", b"[")):
            return response
        body = json.dumps(with_text(json.loads(response.body), markup)).encode()
        return Response(response.status, response.headers, body)

    gateway = Simulator("8.3", faults=ResponseOverrides({"*": add_markup}))
    with gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        text = served.get("/probe?target=home").text
        openmetrics = served.get("/probe?target=home", accept="application/openmetrics-text").text
        page = served.get("/").text
    exposition = parsed(text)
    assert exposition.samples == parsed_openmetrics(openmetrics).samples
    assert exposition.value("enphase_up") == 1
    values = [value for _, labels in exposition.samples for _, value in labels]
    assert all(value.isprintable() and len(value) <= 64 for value in values)
    assert max(map(len, page.splitlines())) < 100_000
    assert "<script" not in page
    assert page.count("</td>") == page.count("<td>")
    if markup == SCRIPT:
        assert any("<script>" in value for value in values)
        assert "&lt;script&gt;" in page
    assert not [record for record in caplog.records if not record.getMessage().isprintable()]


def test_gateway_error_with_markup_is_escaped(tmp_path: Path) -> None:
    gateway = Simulator("8.3", faults=ResponseOverrides({"/info": responds(200, SCRIPT.encode())}))
    with gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        served.get("/metrics")
        page = served.get("/").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page


def test_config_names_with_markup_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text("gateways: [{host: 127.0.0.1, name: '\"><script>', labels: {a: '\"><script>'}}]")
    with ServedExporter(path) as served:
        assert "<script" not in served.get("/").text
        assert served.get("/sd").headers["content-type"] == "application/json"
        assert served.get("/config").headers["content-type"].startswith("text/plain")
