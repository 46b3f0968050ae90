"""The responses of the exporter: paths, formats, and errors."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.exposition import parsed, parsed_openmetrics
from support.raw_gateway import closed_port
from support.response_overrides import ResponseOverrides
from support.served_exporter import ServedExporter, write_config

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    """One gateway."""
    with (
        Simulator("8.3") as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path_factory.mktemp("home"))) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    """Two gateways, the second with a label."""
    with Simulator("8.3") as house, Simulator("5.0") as barn:
        path = write_config(house, barn, folder=tmp_path_factory.mktemp("farm"))
        path.write_text(path.read_text() + "    labels: {site: field}\n")
        with ServedExporter(path) as served:
            yield served


def test_metrics_one_gateway_follows_the_exporter_metrics(home: ServedExporter) -> None:
    response = home.get("/metrics")
    exposition = parsed(response.text)
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert exposition.value("enphase_up") == 1
    assert exposition.value("enphase_exporter_gateways") == 1
    assert list(exposition.samples).index(("enphase_up", frozenset())) > 10
    assert "process_resident_memory_bytes" in exposition


@pytest.mark.parametrize("accept", [OPENMETRICS, PROMETHEUS_2, PROMETHEUS_3])
def test_metrics_openmetrics_preferred_is_sent(home: ServedExporter, accept: str) -> None:
    response = home.get("/metrics", accept=accept)
    assert response.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    exposition = parsed_openmetrics(response.text)
    assert exposition.types["enphase_production_energy_joules"] == "counter"
    assert exposition.value("enphase_up") == 1
    assert response.text.count("# EOF") == 1
    assert "_created" not in response.text


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain",
        "*/*",
        "",
        "application/openmetrics-text;version=2.0.0",
        f"{OPENMETRICS};q=0",
        "text/html",
        ";;,=,q=x",
    ],
)
def test_metrics_without_openmetrics_preference_are_text(home: ServedExporter, accept: str) -> None:
    assert home.get("/probe?target=home", accept=accept).headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("path", ["/metrics", "/probe?target=home", "/telemetry"])
def test_metrics_gzip_accepted_has_the_same_content(home: ServedExporter, path: str) -> None:
    plain = home.get(path, accept_encoding="identity")
    packed = home.get(path, accept_encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    own = {name for name, _ in parsed(packed.text).samples}
    assert own == {name for name, _ in parsed(plain.text).samples}
    assert home.get(path, accept_encoding="gzip;q=0, identity").headers.get("content-encoding") is None


def test_metrics_gzip_is_a_single_member(home: ServedExporter) -> None:
    with home.connect() as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        response = b"".join(iter(lambda: connection.recv(65536), b""))
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    page = member.decompress(response.partition(b"\r\n\r\n")[2])
    assert member.eof
    assert member.unused_data == b""
    assert b"enphase_up 1.0" in page


def test_head_request_has_no_body(home: ServedExporter) -> None:
    for path in ("/metrics", "/probe?target=home", "/-/healthy", "/-/ready", "/"):
        response = home.get(path, method="HEAD")
        assert (response.status_code, response.content) == (200, b"")


def test_probe_and_telemetry_metrics_are_separate(home: ServedExporter) -> None:
    probe, telemetry = parsed(home.get("/probe?target=home").text), parsed(home.get("/telemetry").text)
    assert not any(name.startswith(("enphase_exporter_", "process_", "python_")) for name, _ in probe.samples)
    assert all(name.startswith(("enphase_exporter_", "process_", "python_")) for name, _ in telemetry.samples)


def test_probe_two_gateways_are_selected_by_name(farm: ServedExporter) -> None:
    assert "enphase_up" not in parsed(farm.get("/metrics").text)
    serials: set[tuple[str, ...]] = set()
    for name in ("home", "barn"):
        exposition = parsed(farm.get(f"/probe?target={name}").text)
        assert exposition.value("enphase_up") == 1
        serials.update(exposition.of("enphase_gateway_info"))
    assert len(serials) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?target=",
        "?target=other",
        "?target=home&target=barn",
        "?target=192.168.1.20",
        "?target=http://169.254.169.254/",
        "?target=home%00",
        "?target=%0d%0aX-A:%20b",
        "?target=" + "x" * 5000,
        "?target=home&collect[]=kettles",
    ],
)
def test_probe_unknown_target_or_collector_is_400(farm: ServedExporter, query: str) -> None:
    response = farm.get(f"/probe{query}")
    assert response.status_code == 400
    assert response.text.count("\n") == 1
    assert len(response.text) < 300
    assert response.text.rstrip("\n").isprintable()


def test_sd_lists_each_gateway_and_the_exporter(farm: ServedExporter) -> None:
    response = farm.get("/sd", host="exporter.lan:9433")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == [
        {
            "targets": ["exporter.lan:9433"],
            "labels": {
                "instance": "home",
                "__metrics_path__": "/probe",
                "__param_target": "home",
                "__scheme__": "http",
            },
        },
        {
            "targets": ["exporter.lan:9433"],
            "labels": {
                "site": "field",
                "instance": "barn",
                "__metrics_path__": "/probe",
                "__param_target": "barn",
                "__scheme__": "http",
            },
        },
        {"targets": ["exporter.lan:9433"], "labels": {"__metrics_path__": "/telemetry", "__scheme__": "http"}},
    ]


@pytest.mark.parametrize("host", ["a b", 'x"', "[::1", "x/y", "x:y"])
def test_sd_invalid_host_header_is_not_used(farm: ServedExporter, host: str) -> None:
    targets = {target for group in farm.get("/sd", host=host).json() for target in group["targets"]}
    assert targets == {f"127.0.0.1:{farm.port}"}


def test_probe_name_and_collect_select_families(home: ServedExporter) -> None:
    names = "name[]=enphase_up&name[]=enphase_production_energy_joules_total&name[]=enphase_gateway_info"
    some = parsed(home.get(f"/probe?target=home&{names}").text)
    assert {name for name, _ in some.samples} == {
        "enphase_up",
        "enphase_production_energy_joules_total",
        "enphase_gateway_info",
    }
    assert {name for name, _ in parsed(home.get("/metrics?name[]=process_open_fds").text).samples} == {
        "process_open_fds"
    }
    batteries = {name for name, _ in parsed(home.get("/probe?target=home&collect[]=batteries").text).samples}
    assert "enphase_storage_charge_ratio" in batteries
    assert "enphase_up" in batteries
    assert "enphase_meter_power_watts" not in batteries


def test_probe_name_selects_exactly_one_family(home: ServedExporter) -> None:
    everything = parsed(home.get("/probe?target=home").text)
    for name in sorted({name for name, _ in everything.samples}):
        assert {family for family, _ in parsed(home.get(f"/probe?target=home&name[]={name}").text).samples} == {name}


def test_config_page_has_no_secret(home: ServedExporter) -> None:
    page = home.get("/config")
    assert page.headers["content-type"].startswith("text/plain")
    text = home.path.read_text()
    secrets = [line.split("token: ")[1] for line in text.splitlines() if "token: " in line]
    assert secrets
    assert not any(secret in page.text for secret in secrets)
    assert "token: <secret>" in page.text
    assert "password: <secret>" in page.text


def test_landing_page_shows_hardware_and_absent_endpoints(farm: ServedExporter) -> None:
    for name in ("home", "barn"):
        farm.get(f"/probe?target={name}")
    page = farm.get("/").text
    for text in (
        "D8.3.",
        "D5.0.62",
        "production: 2 phases (split)",
        "source eim",
        "source v1",
        "<th>inverters</th><td>20</td>",
        "<th>batteries</th>",
        "/ivp/ensemble/inventory: not available: HTTP 404",
    ):
        assert text in page, text


def test_landing_page_shows_rejected_token_and_rejected_values(
    tmp_path: Path,
) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path)
        path.write_text(path.read_text().replace(gateway.token, "hunter2"))
        with ServedExporter(path) as served:
            served.get("/metrics")
            page = served.get("/").text
            assert "HTTP 401" in page
            assert "https://entrez.enphaseenergy.com" in page
            assert "hunter2" not in page
    afternoon = ManualClock(1_781_024_400.0).time  # around midnight every power factor is in its range
    with Simulator("8.3", clock=afternoon) as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        served.get("/metrics")
        assert "pwrFactor of /ivp/meters/readings: range" in served.get("/").text


def test_landing_page_gateway_unreachable_shows_the_error(tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    with closed_port() as port:
        path.write_text(f"gateways: [{{host: '127.0.0.1:{port}', name: '<b>'}}]")
        with ServedExporter(path) as served:
            assert "not requested yet" in served.get("/").text
            served.get("/metrics")
            page = served.get("/").text
    assert 'class="error"' in page
    assert "<td>error</td>" in page
    assert f"cannot connect to 127.0.0.1:{port}: Connection refused" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/metrics/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/config", 405),
        ("GET", "/-/reload", 405),
        ("OPTIONS", "/sd", 405),
    ],
)
def test_routes_other_paths_and_methods_are_rejected(home: ServedExporter, method: str, path: str, status: int) -> None:
    assert home.get(path, method=method).status_code == status


def test_reload_invalid_config_keeps_the_current_one(tmp_path: Path) -> None:
    with (
        Simulator("8.3") as house,
        Simulator("5.0") as barn,
        ServedExporter(write_config(house, folder=tmp_path)) as served,
    ):
        served.get("/probe?target=home")
        requests = house.load.requests["/info"]
        write_config(house, barn, folder=tmp_path)
        assert served.get("/-/reload", method="POST").status_code == 200
        assert parsed(served.get("/probe?target=barn").text).value("enphase_up") == 1
        assert parsed(served.get("/probe?target=home").text).value("enphase_up") == 1
        assert house.load.requests["/info"] == requests, "a reload keeps unchanged gateways"
        served.path.write_text("gateways: [{hots: x}]")
        rejected = served.get("/-/reload", method="POST")
        assert rejected.status_code == 500
        assert "gateways[0].hots: " in rejected.text
        assert '(did you mean "host"?)' in rejected.text
        assert parsed(served.get("/probe?target=barn").text).value("enphase_up") == 1


def test_metrics_gateway_silent_is_200_with_up_0(tmp_path: Path) -> None:
    overrides = ResponseOverrides({})
    overrides.overrides["*"] = overrides.silence
    with (
        Simulator("8.3", faults=overrides) as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path)) as served,
    ):
        response = served.get("/metrics", x_prometheus_scrape_timeout_seconds="1")
        overrides.clear()
    assert response.status_code == 200
    assert parsed(response.text).value("enphase_up") == 0


def test_sd_repeated_returns_the_same_list(home: ServedExporter) -> None:
    assert json.loads(home.get("/sd").text) == home.get("/sd").json()
