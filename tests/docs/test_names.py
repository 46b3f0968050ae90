"""The pages name only metrics, flags, HTTP paths, endpoints and configuration keys that exist."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from support.configs import with_every_key
from support.prometheus import check_queries

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.cli import _parser
from envoy_exporter.config import Array, CollectorSettings, Config, Enlighten, Gateway, Inverter, Local, Tls
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway_collector import families
from envoy_exporter.telemetry import Telemetry

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "exporter.example.yml"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONFIGS = [
    (page, block)
    for page in PAGES
    for block in re.findall(r"^```yaml\n(gateways:.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
]
NOT_REQUESTED = {"/installer/pcu_comm_check", "/stream/meter", "/inv"}
"""Endpoints of a gateway that docs/polling.md explains not to request."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_metrics_that_exist(page: Path) -> None:
    own = {f"{metric.name}{'_total' * (metric.type == 'counter')}" for metric in Telemetry("").registry.collect()}
    found = re.findall(r"(?<!:)\benphase_\w+", page.read_text())  # after a colon it is a recorded series
    names = {name for name in found if not name.endswith("_")}
    assert names - {"enphase_envoy"} <= {family.name for family in families()} | own  # Home Assistant's integration


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_exporter_flags_that_exist(page: Path) -> None:
    flags = set(re.findall(r"--[\w.-]+", _parser().format_help()))
    names = re.findall(r"(?<![\w.-])--(?:config|web|collector|no-collector|log|demo)\b[\w.-]*", page.read_text())
    assert {name for name in names if name != "--collector.NAME"} <= flags


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_names_endpoints_that_are_requested(page: Path) -> None:
    requested = {name for endpoint in ENDPOINTS for name in (endpoint.name, endpoint.target)}
    names = set(re.findall(r"`(/(?:ivp|api|admin|installer|stream|inv|production|home)[\w./?=-]*)`", page.read_text()))
    repeated = {name for name in names if name.startswith("/ivp/meters/") and page.name == "polling.md"}
    assert names - repeated - NOT_REQUESTED <= requested


@pytest.mark.parametrize(("page", "block"), CONFIGS, ids=lambda value: getattr(value, "name", "config"))
def test_configuration_example_is_valid(page: Path, block: str, tmp_path: Path) -> None:
    assert config.from_file(_with_files(block, tmp_path), COLLECTORS).gateways, page.name


def test_example_file_is_valid_as_it_is() -> None:
    assert config.from_file(EXAMPLE, COLLECTORS).gateways
    assert yaml.safe_load(EXAMPLE.read_text()).keys() == {"gateways"}


def test_example_file_with_every_key_is_valid(tmp_path: Path) -> None:
    loaded = config.from_file(_with_files(with_every_key(EXAMPLE.read_text()), tmp_path), COLLECTORS)
    assert loaded.defaults
    assert loaded.enlighten
    assert loaded.gateways[0].arrays
    assert loaded.gateways[0].tls


def test_example_file_names_every_key() -> None:
    classes = (Config, Gateway, Local, Enlighten, Tls, CollectorSettings, Inverter, Array)
    keys = {field.name for cls in classes for field in fields(cls)}
    assert {key for key in keys if not re.search(rf"\b{key}\b", EXAMPLE.read_text())} == set()


def _with_files(text: str, folder: Path) -> Path:
    """The text as a file, with files that exist, and a complete fingerprint."""
    secret = folder / "secret"
    secret.write_text("secret")
    text = re.sub(r"(_file: )(?:\"[^\"]*\"|[^\s},]+)", rf"\g<1>{secret}", text)
    text = text.replace('"AB:CD:..."', f'"{":".join(["AB"] * 32)}"')
    file = folder / "exporter.yml"
    file.write_text(re.sub(r"(state_directory: )\S+", rf"\g<1>{folder}", text))
    return file


@pytest.mark.integration
def test_choosing_metrics_page_query_is_valid(tmp_path: Path) -> None:
    (load,) = re.findall(r"```promql\n(.*?)```", (ROOT / "docs" / "choosing-metrics.md").read_text(), re.DOTALL)
    check_queries([" ".join(load.split())], tmp_path)
