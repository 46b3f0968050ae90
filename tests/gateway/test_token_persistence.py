"""When the thread of a gateway uses its token source: fetching, waiting, writing to the disk."""

from dataclasses import dataclass, field

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import closed_port

from envoy_exporter.enlighten.renewal import RenewalStatus
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@dataclass
class Source:
    """A token source without a token, which counts its calls."""

    persisted: int = 0
    fetched: list[tuple[bool, bool]] = field(default_factory=list)

    def stored(self) -> Token | None:
        return None

    def fetch(self, old: Token | None, *, urgent: bool, wait: bool) -> Token | None:  # noqa: ARG002
        self.fetched.append((urgent, wait))
        return None

    def report(self, token: Token, *, accepted: bool) -> None:
        pass

    def persist(self) -> None:
        self.persisted += 1

    @property
    def status(self) -> RenewalStatus:
        return RenewalStatus("", {})


def test_accepted_token_is_persisted_though_the_gateway_is_down() -> None:
    """Otherwise a token that was accepted before the gateway went down in this poll would be lost at a restart."""
    source = Source()
    with closed_port() as port:
        unreachable = Settings(name="home", host="127.0.0.1", port=port, token=Token(Secret("token")))
        InProcessExporter(unreachable, ManualClock(), renewal=source).poll()
    assert (source.persisted, source.fetched) == (1, [])


def test_token_fetch_after_a_poll_does_not_wait_for_another_gateway() -> None:
    """The token is urgent before and after the poll, but the thread must be ready for the next scrape."""
    source = Source()
    with Simulator("8.3") as gateway:
        InProcessExporter(settings(gateway, token=None), ManualClock(), renewal=source).poll()
    during, after = source.fetched[:-1], source.fetched[-1]
    assert set(during) == {(True, True)}
    assert after == (True, False)
