"""What `App` does with a config, without a gateway."""

from pathlib import Path
from random import Random

import pytest
from support.clock import ManualClock
from support.configs import read

from envoy_exporter.app import App
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry

TEXT = """
gateways:
- {host: a, token: opaque-token-1}
- {host: b, local: {username: installer, password: plain-password-2}}
- {host: c, serial: "1221", enlighten: {username: me@localhost, password_file: FOLDER/password}}
enlighten: {username: owner@localhost, password: plain-password-4}
"""
"""Secrets that no pattern of `Redaction` matches."""


@pytest.mark.parametrize(
    "secret",
    ["opaque-token-1", "plain-password-2", "me@localhost", "plain-password-3", "owner@localhost", "plain-password-4"],
)
def test_app_secrets_of_the_config_are_redacted(secret: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("plain-password-3\n")
    redaction = Redaction()
    assert redaction.redact(secret) == secret
    app = App(clock=ManualClock(), random=Random(1), telemetry=Telemetry("test"), redaction=redaction, collectors={})
    app.build(read(TEXT.replace("FOLDER", str(tmp_path)), tmp_path))
    app.close()
    assert redaction.redact(f"error: {secret}") == "error: <secret>"
