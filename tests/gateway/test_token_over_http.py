"""A token is sent over plain HTTP only if `scheme: http` is configured, whatever responds at the address."""

import logging
import ssl
from dataclasses import dataclass, replace

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_exporter import documents
from envoy_exporter.enlighten.renewal import RenewalStatus
from envoy_exporter.gateway.state import Accepted, Trying
from envoy_exporter.token import Token, parse
from envoy_simulator import Simulator
from envoy_simulator.faults import NoFaults

pytestmark = pytest.mark.integration

NEXT_SCRAPE = 15.0


class _Impostor(NoFaults):
    """Presents its own certificate once, rejects TLS from then on, and responds over plain HTTP."""

    def __init__(self) -> None:
        self._handshakes = 0

    def context(self, usual: ssl.SSLContext | None) -> ssl.SSLContext | None:
        self._handshakes += 1
        return usual if self._handshakes == 1 else None


@dataclass
class _OneToken:
    """A token source with one token: the next request sends it, and the old one if the gateway rejects it."""

    token: Token | None

    def stored(self) -> Token | None:
        return None

    def persist(self) -> None:
        pass

    def fetch(self, old: Token | None, *, urgent: bool, wait: bool) -> Token | None:  # noqa: ARG002
        fetched, self.token = self.token, None
        return fetched

    def report(self, token: Token, *, accepted: bool) -> None:  # noqa: ARG002
        raise AssertionError("no request can show whether it is accepted")

    @property
    def status(self) -> RenewalStatus:
        return RenewalStatus("", {})


@pytest.mark.parametrize("on_trial", [False, True], ids=["token in use", "token on trial"])
def test_impostor_that_drops_tls_gets_no_token(
    on_trial: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The impostor repeats the serial on plain HTTP, because a serial is not secret."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        port = int(gateway.address.rpartition(":")[2])
        source = _OneToken(parse(gateway.make_token(jti="new"))) if on_trial else None
        exporter = InProcessExporter(settings(gateway, scheme="auto"), clock, renewal=source)
        assert exporter.scrape().value("enphase_up") == 1
    assert isinstance(exporter.gateway.state.login.state, Trying if on_trial else Accepted)
    clock.advance(NEXT_SCRAPE)
    with Simulator("8.3", clock=clock.time, port=port, faults=_Impostor()) as impostor:
        assert exporter.scrape().value("enphase_up") == 0
        assert impostor.load.requests == {documents.INFO: 1}, "over plain HTTP and without a token"
        assert b"Bearer" not in impostor.received_bytes
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "scheme: http" in vars(record)["error"]


def test_reload_from_http_to_auto_sends_no_token_over_http() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time, tls=False) as gateway:
        plain = settings(gateway, scheme="http")
        exporter = InProcessExporter(plain, clock)
        assert exporter.scrape().value("enphase_up") == 1
        assert b"Bearer" in gateway.received_bytes
        gateway.reset_load()
        exporter.gateway.change(replace(plain, scheme="auto", collectors=exporter.gateway.settings.collectors))
        clock.advance(NEXT_SCRAPE)
        assert exporter.scrape().value("enphase_up") == 0
        assert b"Bearer" not in gateway.received_bytes


def test_impostor_with_another_serial_gets_no_token_after_a_reload() -> None:
    """A reload opens a new connection; the certificate that the gateway had before is still the known one."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert exporter.scrape().value("enphase_up") == 1
        gateway.reset_load()
        exporter.gateway.change(replace(exporter.gateway.settings, min_interval=5.0))
        clock.advance(NEXT_SCRAPE)
        with gateway.faults.during("another-gateway"):
            assert exporter.scrape().value("enphase_up") == 0
            assert b"Bearer" not in gateway.received_bytes
