"""The systemd units: valid, hardened, and with credentials that the config loader finds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.cli import main

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
PROGRAM = "/opt/envoy-exporter/bin/envoy-exporter"
MOST_EXPOSURE = 15
"""In tenths, as --threshold takes it."""


def install(folder: Path) -> Path:
    """Copies of the units, with a program that exists on this machine."""
    (folder / "envoy-exporter.service.d").mkdir()
    program = shutil.which("true") or sys.executable
    for name, target in (
        ("envoy-exporter.service", "envoy-exporter.service"),
        ("envoy-exporter.socket", "envoy-exporter.socket"),
        ("socket.conf", "envoy-exporter.service.d/socket.conf"),
    ):
        (folder / target).write_text((FOLDER / name).read_text().replace(PROGRAM, program))
    return folder


def analyze(*arguments: str | Path) -> str:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.integration
@pytest.mark.parametrize("unit", ["envoy-exporter.service", "envoy-exporter.socket"])
def test_unit_passes_systemd_analyze_verify(tmp_path: Path, unit: str) -> None:
    folder = install(tmp_path)
    output = analyze("verify", "--man=no", folder / unit)
    assert [line for line in output.splitlines() if "envoy-exporter" in line] == []


@pytest.mark.integration
def test_service_exposure_is_low(tmp_path: Path) -> None:
    service = install(tmp_path) / "envoy-exporter.service"
    analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager", service)


def test_service_commands_have_valid_flags() -> None:
    commands = re.findall(
        rf"^ExecStart={PROGRAM} (.+)$", "".join(f.read_text() for f in FOLDER.iterdir()), re.MULTILINE
    )
    assert len(commands) == 2
    for command in commands:
        with pytest.raises(SystemExit) as exit_:
            main([*command.split(), "--version"])
        assert exit_.value.code == 0


def test_service_credential_is_found_by_the_config_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LoadCredential with a folder gives each file the name ID_FILE in $CREDENTIALS_DIRECTORY (systemd.exec)."""
    service = (FOLDER / "envoy-exporter.service").read_text()
    (path,) = re.findall(r'token_file: ("\S+")', service)
    (identifier,) = re.findall(r"^LoadCredential=(\w+):", service, re.MULTILINE)
    (tmp_path / f"{identifier}_home.token").write_text("token")
    exporter = tmp_path / "exporter.yml"
    exporter.write_text(f"gateways: [{{host: 192.168.1.20, name: home, token_file: {path}}}]\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    loaded = config.load(exporter, os.environ, COLLECTORS)
    token_file = loaded.gateways[0].token_file
    assert token_file is not None
    assert Path(token_file).read_text() == "token"
