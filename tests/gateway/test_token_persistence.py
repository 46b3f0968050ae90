"""When a gateway's thread lets the token source write an accepted token to the disk."""

from dataclasses import dataclass

import pytest
from support.clock import ManualClock
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import closed_port

from envoy_exporter.enlighten.renewal import RenewalStatus
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token

pytestmark = pytest.mark.integration


@dataclass
class Source:
    """A token source that has nothing, and counts how often it may write."""

    persisted: int = 0
    fetched: int = 0

    def stored(self) -> Token | None:
        return None

    def fetch(self, old: Token | None, *, urgent: bool) -> Token | None:  # noqa: ARG002
        self.fetched += 1
        return None

    def report(self, token: Token, *, accepted: bool) -> None:
        pass

    def persist(self) -> None:
        self.persisted += 1

    @property
    def status(self) -> RenewalStatus:
        return RenewalStatus("", {})


def test_accepted_token_is_persisted_though_the_gateway_is_down() -> None:
    """Else a token that was accepted before the gateway went down in the same poll would be lost at a restart."""
    source = Source()
    with closed_port() as port:
        settings = Settings(name="home", host="127.0.0.1", port=port, token=Token(Secret("token")))
        InProcessExporter(settings, ManualClock(), renewal=source).poll()
    assert (source.persisted, source.fetched) == (1, 0)
