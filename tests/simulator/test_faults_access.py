"""Faults of identity and access: another gateway, other firmware, rejected credentials, sessions."""

import pytest
from simulator.fault_documents import DETAILS, LIST
from simulator.helpers import SettableClock
from simulator.raw_client import dial, fetch, receive

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def test_firmware_fault_changes_paths_but_not_the_serial(gateway: Simulator) -> None:
    with gateway.faults.during("firmware", profile="5.0"):
        info = fetch(gateway).body
        assert PROFILES["5.0"].software.encode() in info
        assert f"<sn>{gateway.serial}</sn>".encode() in info
        assert fetch(gateway, LIST, Authorization="").head.count(b"WWW-Authenticate: Digest") == 1
        assert fetch(gateway, DETAILS).status == 404
    assert PROFILES["8.3"].software.encode() in fetch(gateway).body


def test_firmware_fault_can_add_tls() -> None:
    with Simulator("5.0", clock=SettableClock()) as gateway:
        kept = dial(gateway)
        with gateway.faults.during("firmware", profile="8.3"):
            assert receive(kept).end in ("close", "reset")
            kept.close()
            gateway.scheme = "https"
            assert fetch(gateway, "/ivp/meters").status == 200


def test_another_gateway_rejects_the_token(gateway: Simulator) -> None:
    with gateway.faults.during("another-gateway", serial="122211110000"):
        assert b"<sn>122211110000</sn>" in fetch(gateway).body
        assert fetch(gateway, "/ivp/meters").status == 401
    assert fetch(gateway, "/ivp/meters").status == 200


def test_refused_applies_to_one_path_or_all_locked_paths(gateway: Simulator) -> None:
    with gateway.faults.during("refused", When(endpoints=("/ivp/meters",))):
        response = fetch(gateway, "/ivp/meters")
        assert (response.status, b"/login.html" in response.body) == (401, True)
        assert fetch(gateway, "/production.json").status == 200
    with gateway.faults.during("refused"):
        assert [fetch(gateway, path).status for path in ("/info", "/ivp/meters", "/home")] == [200, 401, 401]
    with gateway.faults.during("forbidden"):
        assert fetch(gateway, "/ivp/meters").status == 403


def test_token_faults_reject_tokens(gateway: Simulator, clock: SettableClock) -> None:
    def status(token: str) -> int:
        return fetch(gateway, "/ivp/meters", Authorization=f"Bearer {token}").status

    short = gateway.make_token(exp=int(clock.now) + 3600)
    with gateway.faults.during("token-expired", later=7200):
        assert (status(short), status(gateway.token)) == (401, 200)
    with gateway.faults.during("token-revoked"):
        assert status(gateway.token) == 401
        clock.now += 60
        assert status(gateway.make_token()) == 200
    with gateway.faults.during("wrong-audience"):
        assert status(gateway.token) == 401
    assert status(gateway.token) == 200


def test_check_refused_affects_check_jwt_only(gateway: Simulator) -> None:
    with gateway.faults.during("check-refused"):
        response = fetch(gateway, "/auth/check_jwt")
        assert (response.status, b"/login.html" in response.body) == (401, True)
        assert fetch(gateway, "/ivp/meters").status == 200


def test_sessions_requires_a_cookie_and_limits_sessions(gateway: Simulator, clock: SettableClock) -> None:
    with gateway.faults.during("sessions", most=2, minutes=30.0):
        assert fetch(gateway, "/ivp/meters").status == 401
        opened = fetch(gateway, "/auth/check_jwt")
        cookie = opened.head.partition(b"sessionId=")[2].partition(b";")[0].decode()
        assert fetch(gateway, "/ivp/meters", Cookie=f"sessionId={cookie}").status == 200
        assert [fetch(gateway, "/auth/check_jwt").status for _ in range(2)] == [200, 503]
        clock.now += 1801
        assert fetch(gateway, "/ivp/meters", Cookie=f"sessionId={cookie}").status == 401
        assert fetch(gateway, "/auth/check_jwt").status == 200
