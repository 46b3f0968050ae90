"""Texts of exporter.yml, and the configs that are read from them."""

import re
from pathlib import Path

import pytest

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.config import Config, ConfigError

COMPLETE = """
gateways:
  - host: 192.168.1.20
    name: home
    serial: "122012345678"
    scheme: auto
    local: {username: envoy, password: 012345}
    token: eyJhbGciOiJFUzI1NiJ9.e30.x
    tls: {fingerprint: "FINGERPRINT"}
    labels: {site: farm}
    timezone: Europe/Amsterdam
    keep_alive: auto
    min_interval: 10s
    timeout: 9.5s
    collectors: {meters: false, inverters: {max_age: 5m}}
    inverters: {"122123456789": {name: R1, array: south, row: 1, column: 2, peak_power: 370}}
    arrays: {south: {azimuth: 180, tilt: 35}}
  - host: "[fd00::1]:8443"
defaults: {min_interval: 15s, labels: {region: north}}
state_directory: /var/lib/envoy-exporter
""".replace("FINGERPRINT", ":".join(["AB"] * 32))


def with_every_key(example: str) -> str:
    """The example file with every key that it has in a comment."""
    text = re.sub(r"^( *)# (?=\w+: [^ ])", r"\1", example, flags=re.MULTILINE)
    return re.sub(r"^(?=An? |Names |Collectors |Firmware )", "# ", text, flags=re.MULTILINE)


def layout_config(inverters: str, arrays: str = "{}") -> str:
    """The config of one gateway with this layout, on lines 4 and 5."""
    return f"gateways:\n- host: a\n  name: b\n  inverters: {inverters}\n  arrays: {arrays}\n"


def read(text: str, folder: Path) -> Config:
    path = folder / "exporter.yml"
    path.write_text(text)
    return config.from_file(path, COLLECTORS)


def problems(text: str, folder: Path) -> list[str]:
    """The problems of this config, without the name of the file."""
    with pytest.raises(ConfigError) as error:
        read(text, folder)
    return [problem.removeprefix(f"{folder}/exporter.yml") for problem in error.value.problems]
