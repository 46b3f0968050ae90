"""Which credentials a gateway gets: the functions of `login.py`."""

import pytest
from support.documents import documents, information

from envoy_exporter.documents import INFO, Documents
from envoy_exporter.gateway import login
from envoy_exporter.gateway.endpoint_state import NEVER
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.gateway.state import (
    Accepted,
    Log,
    Login,
    LoginState,
    Moment,
    Rejected,
    ReportToken,
    Trying,
    Unknown,
)
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token

NOW = 1_780_000_000.0
SERIAL = "122012345678"
GOOD = Token(Secret("good"), serial=SERIAL, expires=NOW + 1000)
OTHER = Token(Secret("other"), serial=SERIAL, expires=NOW + 2000)
SPENT = Token(Secret("spent"), serial=SERIAL, expires=NOW - 1)
REJECTED = Rejected(5000.0, "/ivp/meters", frozenset({"/ivp/meters"}), "it rejects the token", "get another")


def moment(token: Token | None = None, *, has_source: bool = True) -> Moment:
    settings = Settings(name="home", host="192.0.2.1", token=token)
    return Moment(1000.0, NOW, 0.0, settings, has_source)


@pytest.mark.parametrize(
    ("configured", "stored", "has_source", "expected"),
    [
        (None, None, True, None),
        (None, GOOD, True, GOOD),
        (GOOD, None, True, GOOD),
        (GOOD, OTHER, True, GOOD),
        (SPENT, OTHER, True, OTHER),
        (SPENT, OTHER, False, SPENT),
    ],
)
def test_initial_login_uses_the_stored_token_if_the_other_has_expired(
    configured: Token | None, stored: Token | None, expected: Token | None, *, has_source: bool
) -> None:
    found = login.initial(moment(configured, has_source=has_source), stored)
    assert (found.token, found.configured, found.accepted) == (expected, configured, None)


def test_token_file_with_an_error_keeps_the_token_and_logs_it_once() -> None:
    before = Login(state=Accepted(), token=GOOD, configured=GOOD)
    after, events = login.on_token_file(before, None, "cannot be read", moment())
    assert (after.token, after.file_error, len(events)) == (GOOD, "cannot be read", 1)
    assert isinstance(events[0], Log)
    again, events = login.on_token_file(after, None, "cannot be read", moment())
    assert (again, events) == (after, ())
    other, events = login.on_token_file(after, None, "is empty", moment())
    assert (other.file_error, len(events)) == ("is empty", 1)
    readable, events = login.on_token_file(other, GOOD, "", moment())
    assert (readable, events) == (before, ())


@pytest.mark.parametrize(
    ("token", "state", "has_source", "expected"),
    [
        (OTHER, Accepted(), True, OTHER),
        (SPENT, Accepted(), True, GOOD),
        (SPENT, Accepted(), False, SPENT),
        (SPENT, REJECTED, True, SPENT),
        (None, Accepted(), True, GOOD),
    ],
)
def test_token_file_with_another_token_is_used_unless_it_is_spent(
    token: Token | None, state: LoginState, expected: Token, *, has_source: bool
) -> None:
    before = Login(state=state, token=GOOD, configured=GOOD)
    after, events = login.on_token_file(before, token, "", moment(has_source=has_source))
    assert (after.token, after.configured, events) == (expected, token or GOOD, ())


def test_token_file_with_another_token_is_tried_after_a_rejection() -> None:
    before = Login(state=REJECTED, token=GOOD, configured=GOOD, rejections=3, untested=True)
    after, _ = login.on_token_file(before, OTHER, "", moment())
    assert isinstance(after.state, Rejected)
    assert (after.state.retry_at, after.rejections, after.untested) == (NEVER, 0, False)
    assert login.may_try(after, 0.0)


@pytest.mark.parametrize(("accepted", "expected"), [(True, Accepted()), (False, Unknown())])
def test_token_file_with_another_token_ends_the_trial(expected: LoginState, *, accepted: bool) -> None:
    before = Login(state=Trying(SPENT, GOOD, accepted=accepted), token=GOOD, configured=GOOD)
    after, _ = login.on_token_file(before, OTHER, "", moment())
    assert (after.state, after.token) == (expected, OTHER)


def test_new_token_replaces_a_rejected_one_and_reports_it() -> None:
    after, events = login.on_new_token(Login(state=REJECTED, token=GOOD), OTHER)
    assert (after.token, after.untested, events) == (OTHER, True, (ReportToken(GOOD, accepted=False),))


def test_new_token_is_used_at_once_without_an_old_one() -> None:
    after, events = login.on_new_token(Login(), OTHER)
    assert (after.token, after.untested, events) == (OTHER, True, ())


def identified(firmware: str = "D8.3.5433", serial: str | None = SERIAL) -> Documents:
    return documents({INFO: information(device={"software": firmware, **({"sn": serial} if serial else {})})})


@pytest.mark.parametrize(
    ("before", "firmware", "has_source", "expected"),
    [
        (Login(), "D8.3.5433", True, True),
        (Login(), "D8.3.5433", False, False),
        (Login(), "R5.0.62", True, False),
        (Login(token=GOOD), "D8.3.5433", True, False),
        (Login(token=SPENT), "D8.3.5433", True, True),
        (Login(token=SPENT), "D8.3.5433", False, False),
        (Login(token=SPENT, state=Trying(OTHER, SPENT, accepted=True)), "D8.3.5433", True, False),
        (Login(token=GOOD, state=REJECTED, rejections=1), "D8.3.5433", True, False),
        (Login(token=GOOD, state=REJECTED, rejections=2), "D8.3.5433", True, True),
        (Login(token=GOOD, state=Accepted(), rejections=2), "D8.3.5433", True, False),
    ],
)
def test_token_is_needed_if_none_is_usable(before: Login, firmware: str, *, has_source: bool, expected: bool) -> None:
    """A rejected token is tried once more first: a gateway that starts rejects what it accepts later."""
    assert login.needs_token(before, identified(firmware), moment(has_source=has_source)) is expected


@pytest.mark.parametrize(
    ("before", "firmware", "has_source", "expected"),
    [
        (Login(token=GOOD), "D8.3.5433", True, True),
        (Login(token=GOOD), "D8.3.5433", False, False),
        (Login(token=GOOD), "R5.0.62", True, False),
        (Login(token=GOOD, state=Trying(OTHER, GOOD, accepted=True)), "D8.3.5433", True, False),
    ],
)
def test_token_may_be_renewed_if_no_other_one_is_tried(
    before: Login, firmware: str, *, has_source: bool, expected: bool
) -> None:
    assert login.may_renew(before, identified(firmware), moment(has_source=has_source)) is expected


@pytest.mark.parametrize(
    ("configured", "token", "firmware", "serial", "expected"),
    [
        (None, None, "D8.3.5433", SERIAL, None),
        (SERIAL, None, "D8.3.5433", SERIAL, None),
        (SERIAL, None, "D8.3.5433", "999", SERIAL),
        (SERIAL, None, "D8.3.5433", None, SERIAL),
        (SERIAL, None, "R5.0.62", "999", SERIAL),
        (None, GOOD, "D8.3.5433", SERIAL, None),
        (None, GOOD, "D8.3.5433", "999", SERIAL),
        (None, GOOD, "D8.3.5433", None, SERIAL),
        (None, GOOD, "R5.0.62", "999", None),
        (None, Token(Secret("no claims")), "D8.3.5433", "999", None),
    ],
)
def test_identity_mismatch_for_a_serial_not_in_config_or_token(
    configured: str | None, token: Token | None, firmware: str, serial: str | None, expected: str | None
) -> None:
    """Below firmware 7 no token is sent, so its serial does not matter."""
    settings = Settings(name="home", host="192.0.2.1", serial=configured, token=token)
    error = login.identity_mismatch(Login(token=token), settings, identified(firmware, serial))
    assert (error is None) is (expected is None)
    if error is not None and expected is not None:
        assert error.reason == "wrong_gateway"
        assert expected in str(error)
        assert serial is None or serial in str(error)
