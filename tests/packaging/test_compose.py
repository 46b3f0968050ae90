"""The Compose files: what they mount exists, versions are pinned, and only Grafana is reachable from elsewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.prometheus import run

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FOLDERS = ("compose", "demo")
RETENTION = "--storage.tsdb.retention.time="


def load(folder: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / folder / "compose.yml").read_text())
    return loaded


def binds(folder: str) -> list[tuple[str, Path, str]]:
    """Each mounted file or folder: the service, its path here, and its path in the container."""
    mounts = [
        (name, volume.split(":"))
        for name, service in load(folder)["services"].items()
        for volume in service.get("volumes", ())
        if volume.startswith(".")
    ]
    assert all(parts[2:] == ["ro"] for _, parts in mounts), "read-only"
    return [(name, (DEPLOY / folder / parts[0]).resolve(), parts[1]) for name, parts in mounts]


@pytest.mark.parametrize("folder", FOLDERS)
def test_compose_mounts_existing_files(folder: str) -> None:
    assert binds(folder)
    assert [str(path) for _, path, _ in binds(folder) if not path.exists()] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_compose_images_are_pinned(folder: str) -> None:
    images = [service["image"] for service in load(folder)["services"].values() if "image" in service]
    assert len(images) == 3
    assert [image for image in images if not re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", image)] == []


def test_compose_files_use_the_same_images() -> None:
    first, second = (
        {name: service.get("image") for name, service in load(folder)["services"].items()} for folder in FOLDERS
    )
    assert first == second


@pytest.mark.parametrize(("folder", "public"), [("compose", {"3000"}), ("demo", set())])
def test_compose_publishes_only_grafana(folder: str, public: set[str]) -> None:
    ports = [str(port) for service in load(folder)["services"].values() for port in service.get("ports", ())]
    assert {port.rpartition(":")[2] for port in ports} == {"3000", "9090", "9093", "9433"}
    assert {port.rpartition(":")[2] for port in ports if not port.startswith("127.0.0.1:")} == public


def test_compose_secrets_are_files() -> None:
    loaded = load("compose")
    secrets = {name: DEPLOY / "compose" / secret["file"] for name, secret in loaded["secrets"].items()}
    used = [name for service in loaded["services"].values() for name in service.get("secrets", ())]
    assert sorted(used) == sorted(secrets)
    assert {path.parent.name for path in secrets.values()} == {"secrets"}
    assert (DEPLOY / "compose" / "secrets" / ".gitignore").read_text().splitlines()[0] == "*"
    environment = loaded["services"]["grafana"]["environment"]
    assert not [name for name in environment if "PASSWORD" in name and not name.endswith("__FILE")]
    config = yaml.safe_load((DEPLOY / "compose" / "exporter.yml").read_text())
    assert config["gateways"][0]["token_file"].removeprefix("/run/secrets/") in secrets


def test_compose_exporter_is_read_only_without_capabilities() -> None:
    exporter = load("compose")["services"]["exporter"]
    assert exporter["read_only"] is True
    assert exporter["cap_drop"] == ["ALL"]
    assert exporter["volumes"][1].endswith(":/var/lib/envoy-exporter")


@pytest.mark.parametrize("folder", FOLDERS)
def test_compose_state_is_in_declared_volumes(folder: str) -> None:
    loaded = load(folder)
    named = {
        volume.partition(":")[0]
        for service in loaded["services"].values()
        for volume in service.get("volumes", ())
        if not volume.startswith(".")
    }
    assert named == set(loaded.get("volumes", ()))


@pytest.mark.integration
@pytest.mark.parametrize("folder", FOLDERS)
def test_compose_prometheus_config_is_valid_where_it_is_mounted(folder: str, tmp_path: Path) -> None:
    mounts = {target: path for name, path, target in binds(folder) if name == "prometheus"}
    for target, path in mounts.items():
        (tmp_path / target.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / target.lstrip("/")).symlink_to(path)
    command = load(folder)["services"]["prometheus"]["command"]
    (config,) = [word.partition("=")[2] for word in command if word.startswith("--config.file=")]
    rules = len(list((ROOT / "prometheus" / "rules").glob("*.yml")))
    # promtool resolves rule_files beside the config file, and a symlink keeps that folder
    assert run("promtool", "check", "config", tmp_path / config.lstrip("/")).count("rules found") == rules
    (retention,) = [word.removeprefix(RETENTION) for word in command if word.startswith(RETENTION)]
    assert int(retention.removesuffix("y")) >= 2, "a panel compares with the year before"
