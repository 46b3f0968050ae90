"""`make demo-prometheus`: the Prometheus that it starts, its rules, and its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from support.prometheus import program
from support.raw_gateway import closed_port

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a command like the one that `make demo` installs."""
    script = tmp_path_factory.mktemp("bin") / "envoy-exporter"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m envoy_exporter "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture(scope="module")
def demo(exporter: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the URL of its Prometheus."""
    program("prometheus")
    with closed_port() as one, closed_port() as other:
        environment = {**os.environ, "EXPORTER_PORT": str(one), "PROMETHEUS_PORT": str(other)}
    process = subprocess.Popen(  # a shell that starts with SIGINT ignored, as in the background, cannot trap it
        ["env", "--default-signal=INT", ROOT / "deploy" / "demo" / "demo.sh", exporter],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process, f"http://localhost:{other}"
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT)
    assert process.stdout is not None
    process.stdout.close()


def fetch_data(url: str) -> dict[str, list[dict[str, object]]]:
    """Return `data` of Prometheus's response, empty while it does not listen."""
    try:
        data: dict[str, list[dict[str, object]]] = httpx.get(url, timeout=10, trust_env=False).json()["data"]
    except (httpx.HTTPError, ValueError):
        return {}
    return data


def test_demo_prometheus_scrapes_the_exporter_and_loads_all_rules(
    demo: tuple[subprocess.Popen[str], str],
) -> None:
    _, url = demo
    until = time.monotonic() + TIMEOUT
    while not fetch_data(f'{url}/api/v1/query?query=enphase_up{{instance="demo"}}').get("result"):
        assert time.monotonic() < until, "no sample of the demo gateway"
        time.sleep(0.5)
    groups = fetch_data(f"{url}/api/v1/rules")["groups"]
    in_files = [
        group["name"]
        for path in (ROOT / "prometheus" / "rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    assert sorted(str(group["name"]) for group in groups) == sorted(in_files)


def test_demo_ctrl_c_ends_all_processes(demo: tuple[subprocess.Popen[str], str]) -> None:
    process, url = demo
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT) == 0
    assert fetch_data(f"{url}/api/v1/rules") == {}
    assert children
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def test_demo_compose_mounts_existing_files_and_pins_images() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "demo" / "compose.yml").read_text())
    services = compose["services"]
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())]
    assert mounted
    for path in mounted:
        assert (ROOT / "deploy" / "demo" / path).exists(), path
    assert all(service["image"].count(":") == 1 for service in services.values() if "image" in service), "pinned"
    assert {service.get("network_mode") for name, service in services.items() if name != "exporter"} == {
        "service:exporter"
    }
