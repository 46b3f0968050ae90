"""Another gateway, who gets in, a gateway that suffers, and one thing after another."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from simulator.bench import StandingClock
from simulator.documents import DETAILS, LIST, V1, healthy, told
from simulator.wire import ask, dial, hear, request

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def test_another_firmware_has_other_locks_and_paths_but_the_same_serial(gateway: Simulator) -> None:
    with gateway.faults.during("firmware", profile="5.0"):
        info = ask(gateway).body
        assert PROFILES["5.0"].software.encode() in info
        assert f"<sn>{gateway.serial}</sn>".encode() in info
        assert ask(gateway, LIST, Authorization="").head.count(b"WWW-Authenticate: Digest") == 1
        assert ask(gateway, DETAILS).status == 404
    assert PROFILES["8.3"].software.encode() in ask(gateway).body


def test_an_update_brings_tls_to_a_gateway_that_had_none() -> None:
    with Simulator("5.0", clock=StandingClock()) as gateway:
        kept = dial(gateway)
        with gateway.faults.during("firmware", profile="8.3"):
            assert hear(kept).end in ("close", "reset")
            kept.close()
            gateway.scheme = "https"
            assert ask(gateway, "/ivp/meters").status == 200


def test_another_gateway_at_the_address_takes_no_token_of_this_one(gateway: Simulator) -> None:
    with gateway.faults.during("another-gateway", serial="122211110000"):
        assert b"<sn>122211110000</sn>" in ask(gateway).body
        assert ask(gateway, "/ivp/meters").status == 401
    assert ask(gateway, "/ivp/meters").status == 200


# Who gets in.


def test_credentials_are_refused_on_one_path_or_on_all_but_the_open_ones(gateway: Simulator) -> None:
    with gateway.faults.during("refused", When(endpoints=("/ivp/meters",))):
        refused = ask(gateway, "/ivp/meters")
        assert (refused.status, b"/login.html" in refused.body) == (401, True)
        assert ask(gateway, "/production.json").status == 200
    with gateway.faults.during("refused"):
        assert [ask(gateway, path).status for path in ("/info", "/ivp/meters", "/home")] == [200, 401, 401]
    with gateway.faults.during("forbidden"):
        assert ask(gateway, "/ivp/meters").status == 403


def test_tokens_expire_are_revoked_and_are_for_another(gateway: Simulator, clock: StandingClock) -> None:
    def status(token: str) -> int:
        return ask(gateway, "/ivp/meters", Authorization=f"Bearer {token}").status

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


def test_a_check_leads_to_the_login_page_and_all_else_goes_on(gateway: Simulator) -> None:
    with gateway.faults.during("check-refused"):
        refused = ask(gateway, "/auth/check_jwt")
        assert (refused.status, b"/login.html" in refused.body) == (401, True)
        assert ask(gateway, "/ivp/meters").status == 200


def test_a_session_is_wanted_and_there_are_only_so_many(gateway: Simulator, clock: StandingClock) -> None:
    with gateway.faults.during("sessions", most=2, minutes=30.0):
        assert ask(gateway, "/ivp/meters").status == 401
        opened = ask(gateway, "/auth/check_jwt")
        cookie = opened.head.partition(b"sessionId=")[2].partition(b";")[0].decode()
        assert ask(gateway, "/ivp/meters", Cookie=f"sessionId={cookie}").status == 200
        assert [ask(gateway, "/auth/check_jwt").status for _ in range(2)] == [200, 503]
        clock.now += 1801
        assert ask(gateway, "/ivp/meters", Cookie=f"sessionId={cookie}").status == 401
        assert ask(gateway, "/auth/check_jwt").status == 200


# Strain, and one thing after another.


def test_an_answer_takes_longer_the_more_was_asked(gateway: Simulator, clock: StandingClock) -> None:
    def comes_within(seconds: float) -> bool:
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            return hear(connection, patience=seconds).data != b""

    gateway.faults.on("tiring", seconds=0.04)
    assert comes_within(5)
    for _ in range(4):
        assert comes_within(5)
    assert not comes_within(0.1)
    clock.now += 61
    assert comes_within(5)


@pytest.mark.parametrize(("how", "end"), [("freezes", "open"), ("restarts", "reset")])
def test_too_many_requests_or_one_that_is_deadly_have_it_out(
    gateway: Simulator, clock: StandingClock, how: str, end: str
) -> None:
    gateway.faults.on("overload", most=3, seconds=60.0, how=how)
    assert [ask(gateway, patience=0.1).end for _ in range(5)] == ["close"] * 3 + [end] * 2
    clock.now += 61
    assert ask(gateway).status == 200
    gateway.faults.heal()
    gateway.faults.on("deadly", path="/home", seconds=60.0, how=how)
    ends = [ask(gateway, path, patience=0.1).end for path in ("/info", "/home", "/info")]
    assert ends == ["close", end, end]
    clock.now += 61
    assert ask(gateway).status == 200


def test_503_while_too_many_connections_are_open(gateway: Simulator) -> None:
    with gateway.faults.during("too-many", most=1):
        assert ask(gateway).status == 200
        with dial(gateway) as other:
            other.sendall(request(gateway, fate="keep-alive"))
            assert hear(other).status == 200
            assert ask(gateway).status == 503


def test_it_restarts_step_by_step(gateway: Simulator, clock: StandingClock) -> None:
    gateway.faults.on("reboot", down=60.0, busy=30.0, zero=180.0)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway)
    clock.now += 61
    gateway.server.follow_faults()  # type: ignore[union-attr]  # by itself it looks every tenth of a second
    assert ask(gateway, V1).status == 503
    clock.now += 30
    assert told(gateway, V1)["wattHoursLifetime"] == 0
    clock.now += 180
    assert told(gateway, V1) == healthy(gateway, V1)


def test_every_night_it_says_nothing_for_three_minutes(gateway: Simulator, clock: StandingClock) -> None:
    gateway.faults.on("nightly")
    denver = ZoneInfo("America/Denver")
    for hour, minute, answers in ((22, 59, True), (23, 0, False), (23, 2, False), (23, 3, True)):
        for day in (15, 16):
            clock.now = datetime(2025, 6, day, hour, minute, 30, tzinfo=denver).timestamp()
            assert (ask(gateway, patience=0.3 if answers else 0.05).end == "close") == answers, (day, hour, minute)


def test_it_updates_itself(gateway: Simulator, clock: StandingClock) -> None:
    gateway.faults.on("update", profile="7.3", down=60.0)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway)
    clock.now += 61
    gateway.server.follow_faults()  # type: ignore[union-attr]
    assert PROFILES["7.3"].software.encode() in ask(gateway).body
